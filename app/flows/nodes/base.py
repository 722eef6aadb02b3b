"""What every kind of node is.

A node is entered, may wait, and then hears something. Each time it says how the conversation goes on: to another node
(Go), nowhere until something is heard (Wait), or only once the outside answers (Asks).

In a flow file a target is the name of a node, with its flow before a dot where it is another's: `identify.pid`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import msgspec

from app.domain.digits import spaced
from app.domain.lines import Line
from app.domain.routing import Severity
from app.flows.asks import Ask
from app.flows.session import Session, change

if TYPE_CHECKING:
    from app.flows.flow import Flows, Wording
    from app.flows.turn import Directive, Heard, Say

Target = str
Prompts = str | tuple[str, ...]
# Filled in by `Values`; a prompt that names another is a mistake that `flows check` reports.
PLACEHOLDERS = frozenset({"case_number", "team", "opens_at", "number", "position", "minutes", "days_kept"})


@dataclass(frozen=True)
class Here:
    """Where the conversation stands: what a node may look at."""

    flows: "Flows"
    session: Session
    now: datetime

    @cached_property
    def line(self) -> Line:
        return self.flows.lines.by_name[self.session.line]

    @property
    def region(self) -> str:
        """The region that takes the call: as decided, else the line's."""
        return self.session.way.region if self.session.way else self.line.region

    def say(self, prompts: Prompts) -> "tuple[Say, ...]":
        """Prompts as spoken: each in every language of the line.

        A prompt is left out while what it speaks of is not known: only a committed case number is ever spoken.
        """
        session = self.session
        known = {"case_number": session.case, "number": session.number, "opens_at": session.opens_at}
        unknown = {name for name, value in known.items() if not value}
        wordings = [self.flows.wording[language] for language in self.line.languages]
        return tuple(
            wording.say(prompt, Values(self, wording))
            for prompt in prompts_in(prompts)
            for wording in wordings
            if unknown.isdisjoint(wording.placeholders(prompt))
        )

    def turn_to(self, **changes: object) -> "Here":
        return Here(self.flows, change(self.session, **changes), self.now)


@dataclass(frozen=True, slots=True)
class Values(Mapping[str, str]):
    """What the placeholders in a prompt stand for, in one language."""

    here: Here
    wording: "Wording"

    def __getitem__(self, name: str) -> str:
        session, flows = self.here.session, self.here.flows
        match name:
            case "case_number":
                return spaced(session.case or "")
            case "team":
                return self.wording.texts[f"team_{self.here.region}"]
            case "opens_at":
                at = datetime.fromtimestamp(session.opens_at or 0, UTC)
                return self.wording.time_in_words(at, flows.regions[self.here.line.region])
            case "number":
                return spaced((session.number or "").removeprefix("+"))
            case "position":
                return str(session.position)
            case "minutes":
                return str(session.minutes)
            case "days_kept":
                return str(flows.days_kept)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(PLACEHOLDERS)

    def __len__(self) -> int:
        return len(PLACEHOLDERS)


@dataclass(frozen=True, slots=True)
class Go:
    """On to another node, at once."""

    to: Target
    session: Session
    directives: "tuple[Directive, ...]" = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """The caller gets the directives; the next webhook says what was heard."""

    session: Session
    directives: "tuple[Directive, ...]"


@dataclass(frozen=True, slots=True)
class Asks:
    """Something must be supplied from outside before the conversation goes on."""

    ask: Ask
    session: Session
    directives: "tuple[Directive, ...]" = ()


Step = Go | Wait | Asks


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Facts that a flow file may set."""

    severity: Severity | None = None
    assumed: bool | None = None
    settled: bool | None = None

    def put(self, session: Session) -> Session:
        known = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return change(session, **known) if known else session


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The kinds inherit from this. `kind` is the key that marks it in a flow file."""

    kind: ClassVar[str]
    waits: ClassVar[bool] = False

    def enter(self, here: Here) -> Step:
        raise NotImplementedError  # because every kind says how it is entered

    def hear(self, here: Here, heard: "Heard") -> Step | None:
        """What follows on something heard here; None when this kind has no use for it."""
        return None

    def targets(self) -> Iterator[tuple[str, Target]]:
        """Where the conversation may go from here, each with the reason as a word for the diagram."""
        raise NotImplementedError  # because every kind knows its ways out

    def prompts(self) -> Iterator[str]:
        """The prompts this node may speak."""
        return iter(())

    def mistakes(self) -> Iterator[str]:
        """What is wrong with the node in itself."""
        return iter(())


def prompts_in(prompts: Prompts) -> tuple[str, ...]:
    return (prompts,) if isinstance(prompts, str) else prompts
