"""Which region takes a call, looked up instead of decided: for many questions about the same hours.

A day falls into a few stretches within which nothing opens or closes. They are made by `regions.first_open`, a day at a
time, when a question first falls on the day.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.domain.regions import DAY, Choice, Closure, Region, first_open, windows_on

SECONDS_A_DAY = 86400


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which nothing opens or closes. `number` is the same for stretches with the same choice."""

    choice: Choice
    number: int
    opens_at: datetime | None


class Timetable:
    """The stretches of all regions, for one state of the closures."""

    def __init__(self, regions: Mapping[str, Region], closures: Sequence[Closure] = ()) -> None:
        self._regions = regions
        self._closures = tuple(closures)
        self._days: dict[tuple[str, int], tuple[list[float], list[Stretch]]] = {}
        self._numbers: dict[Choice, int] = {}

    def at(self, dialled: str, moment: datetime) -> Stretch:
        """The stretch that holds a moment, for a line of the region `dialled`."""
        seconds = moment.timestamp()
        key = (dialled, int(seconds // SECONDS_A_DAY))
        day = self._days.get(key)
        if day is None:
            day = self._days[key] = self._day(*key)
        starts, stretches = day
        return stretches[bisect_right(starts, seconds) - 1]

    def _day(self, dialled: str, number: int) -> tuple[list[float], list[Stretch]]:
        start = datetime.fromtimestamp(number * SECONDS_A_DAY, UTC)
        edges = sorted({start, *(edge for edge in self._edges(start) if start < edge < start + DAY)})
        return [edge.timestamp() for edge in edges], [self._stretch(dialled, edge) for edge in edges]

    def _edges(self, start: datetime) -> Iterator[datetime]:
        """Every moment near a UTC day at which something may open or close."""
        for region in self._regions.values():
            for days in (-2, -1, 0, 1, 2):
                local = (start + timedelta(days=days)).date()
                yield datetime.combine(local, time.min, region.zone).astimezone(UTC)
                for span in windows_on(region.windows, local, region.zone):
                    yield from (span.start, span.end)
        for closure in self._closures:
            yield from (closure.starts_at, closure.ends_at)

    def _stretch(self, dialled: str, at: datetime) -> Stretch:
        choice = first_open(self._regions, dialled, at, self._closures)
        number = self._numbers.setdefault(choice, len(self._numbers))
        opens_at = self._regions[dialled].next_opening(at, self._closures) if choice.region is None else None
        return Stretch(choice, number, opens_at)
