"""The flows and the facts, loaded: all that the engine runs on. Immutable; a change of any file is a new revision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from string import Formatter

from app.domain.duty import Ladder
from app.domain.lines import Lines
from app.domain.regions import Region
from app.domain.targets import Targets
from app.domain.waiting import WaitingRules
from app.flows.nodes import Node
from app.flows.turn import Say


@cache
def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)


@dataclass(frozen=True, slots=True)
class Queue:
    """A place where callers wait. `region` is None for the on-call queues, which no region's hours govern."""

    name: str
    tier: int
    region: str | None


@dataclass(frozen=True, slots=True)
class Wording:
    """The prompts of one language. `voice` is the provider's name of the voice that speaks `locale`, as in en-US."""

    language: str
    locale: str
    voice: str
    texts: Mapping[str, str]
    days: Sequence[str]
    months: Sequence[str]
    time: str

    def placeholders(self, prompt: str) -> frozenset[str]:
        """What a prompt speaks of, by name."""
        return _placeholders(self.texts[prompt])

    def say(self, prompt: str, values: Mapping[str, str]) -> Say:
        return Say(self.texts[prompt].format_map(values), self.locale, self.voice)

    def time_in_words(self, at: datetime, region: Region) -> str:
        """A moment as it is said to a caller: the region's wall clock, with its zone."""
        local = at.astimezone(region.zone)
        return self.time.format(
            day=self.days[local.weekday()],
            date=local.day,
            month=self.months[local.month - 1],
            hour=f"{local.hour}:{local.minute:02}",
            zone=self.texts[f"zone_{region.name}"],
        )


@dataclass(frozen=True, slots=True)
class Flows:
    """`nodes` are keyed `flow.node`; `starts` gives each flow's first node.

    `days_kept`: how long a recorded message is kept, as the caller is told.
    """

    revision: str
    nodes: Mapping[str, Node]
    starts: Mapping[str, str]
    lines: Lines
    regions: Mapping[str, Region]
    ladders: Sequence[Ladder]
    targets: Targets
    queues: Mapping[str, Queue]
    waiting: WaitingRules
    wording: Mapping[str, Wording]
    fallback_number: str
    days_kept: int = 90

    def region(self, name: str | None) -> Region:
        """A region by its name; the default line's where that is none, or none any more."""
        return self.regions.get(name or "") or self.regions[self.lines.default.region]

    @property
    def countries(self) -> dict[str, tuple[str, ...]]:
        """Where a number without its country's code is read, by region."""
        return {name: region.countries for name, region in self.regions.items()}
