"""Sets up the account at the provider as `ivr_flows/` has it: where each number leads, and the queues.

A plan says what is to be done and changes nothing; each of its steps can then be carried out. When all have been, the
next plan has none.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never, cast
from urllib.parse import urlsplit

from app.domain.lines import digits_of
from app.flows.flow import Flows
from app.provider.rest import NumberFacts, NumberUrls, Provider, request_name

# The provider's own default, said aloud: a queue that is full turns callers away.
QUEUE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a number, by its name in the provider's answers; `present` is empty for none."""

    name: str
    present: str
    wanted: str

    def __str__(self) -> str:
        return f"{request_name(self.name)} {self.wanted}, was {_without_secrets(self.present)}"


@dataclass(frozen=True, slots=True)
class SetNumber:
    """A number of the account that does not lead to us yet, or not wholly. `name`: the number and what it is for."""

    name: str
    sid: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class CreateQueue:
    name: str
    max_size: int = QUEUE_SIZE


Step = SetNumber | CreateQueue


@dataclass(frozen=True, slots=True)
class Plan:
    """`right` names what is as it should be; `problems` are what only the operator can put right, with the remedy."""

    right: tuple[str, ...]
    steps: tuple[Step, ...]
    problems: tuple[str, ...]


def addresses(public_url: str, fallback: str | None = None) -> NumberUrls:
    """Where every number of ours leads. `fallback`: a copy of the fallback document on another host."""
    base = f"{public_url.rstrip('/')}/twilio"
    return NumberUrls(
        voice_url=f"{base}/voice",
        voice_method="POST",
        voice_fallback_url=fallback or f"{base}/fallback.xml",
        voice_fallback_method="GET",
        status_callback=f"{base}/status",
        status_callback_method="POST",
    )


def plan(flows: Flows, urls: NumberUrls, owned: Sequence[NumberFacts], queues: Collection[str]) -> Plan:
    """What it takes to make the account, with its numbers and the names of its queues, as the flows have it."""
    by_digits = {digits_of(number.phone_number): number for number in owned}
    right = [f"queue {name}" for name in flows.queues if name in queues]
    steps: list[Step] = [CreateQueue(name) for name in flows.queues if name not in queues]
    problems = []
    for digits, use in _ours(flows).items():
        if (facts := by_digits.get(digits)) is None:
            problems.append(f"{use.name} is no number of this account; buy it or bring it there, or correct {use.file}")
            continue
        if changes := tuple(_changes(facts, urls)):
            steps.append(SetNumber(use.name, facts.sid, changes))
        else:
            right.append(use.name)
        problems += _overrides(facts, use)
    problems += _fallback_problems(flows, urls, by_digits)
    return Plan(tuple(right), tuple(steps), tuple(problems))


async def look(provider: Provider, flows: Flows, urls: NumberUrls) -> Plan:
    """The plan for the account as it is now. Raises ProviderError."""
    return plan(flows, urls, await provider.numbers(), await provider.queue_sids())


async def carry_out(provider: Provider, step: Step) -> None:
    """Takes one step. Taken twice it changes nothing more. Raises ProviderError."""
    match step:
        case SetNumber(_, sid, changes):
            await provider.set_number(sid, **cast(NumberUrls, {change.name: change.wanted for change in changes}))
        case CreateQueue(name, max_size):
            await provider.create_queue(name, max_size)
        case _:
            assert_never(step)


@dataclass(frozen=True, slots=True)
class _Use:
    """A number as the flows write it, what it is for, and the file to correct it in."""

    number: str
    purpose: str
    file: str

    @property
    def name(self) -> str:
        return f"{self.number} ({self.purpose})"


def _ours(flows: Flows) -> dict[str, _Use]:
    """What we answer, by digits.

    Not the numbers of an external line, which is answered elsewhere, nor the fallback number, which rings a person.
    """
    found: dict[str, _Use] = {}
    for line in flows.lines.by_name.values():
        for number in line.numbers if line.external is None else ():
            found[digits_of(number)] = _Use(number, line.name, "lines.yaml")
    for region in flows.regions.values():
        desk = _Use(region.desk_number, f"desk of {region.name}", "regions.yaml")
        found.setdefault(digits_of(region.desk_number), desk)
    for digits in ("", digits_of(flows.fallback_number)):
        found.pop(digits, None)
    return found


def _changes(facts: NumberFacts, urls: NumberUrls) -> Iterator[Change]:
    for name, wanted in urls.items():
        present = getattr(facts, name) or ""
        if present != wanted:
            yield Change(name, present, str(wanted))


def _overrides(facts: NumberFacts, use: _Use) -> Iterator[str]:
    """An application or a trunk takes the calls, whatever the number's own addresses say."""
    kinds = (("VoiceApplicationSid", facts.voice_application_sid), ("TrunkSid", facts.trunk_sid))
    for name, sid in kinds:
        if sid:
            yield (
                f"{use.name} has the {name} {sid}, which overrides its addresses: its calls do not"
                " come here; take it off the number in the provider's console"
            )


def _fallback_problems(flows: Flows, urls: NumberUrls, by_digits: Mapping[str, NumberFacts]) -> Iterator[str]:
    """The fallback number stands in for this service, so it must not lead here."""
    digits = digits_of(flows.fallback_number)
    for region in flows.regions.values():
        if digits and digits_of(region.desk_number) == digits:
            yield (
                f"{flows.fallback_number} is the fallback number and the desk_number of {region.name}; a call would"
                " come back here when this service is away: give fallback_number in lines.yaml a person's phone"
            )
            return
    facts = by_digits.get(digits)
    if facts is not None and facts.voice_url == urls["voice_url"]:
        yield (
            f"{flows.fallback_number} is the fallback number and leads here, where nobody answers when it is needed;"
            " lead it to a person's phone in the provider's console"
        )


def _without_secrets(address: str) -> str:
    """An address that somebody set earlier, without the user, the password and the query that it may hold."""
    parts = urlsplit(address)
    if not parts.netloc:
        return address or "none"
    rest = "?…" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{rest}"
