"""Regions and their hours. Source: support-model "Hours", call-flows "All regions closed".

A window holds its first minute and not its last. What decides, strongest first: an emergency closure, a holiday, a
closure by hand, an opening by hand, the weekly hours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

ClosureKind = Literal["emergency", "closed", "open"]
DAY = timedelta(days=1)
DAYS_SEARCHED_FOR_AN_OPENING = 400
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some weekdays (Monday is 0) on the region's wall clock. A close not after its open is the next day's."""

    days: frozenset[int]
    opens: time
    closes: time

    @property
    def ends_next_day(self) -> bool:
        return self.closes <= self.opens


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to but not including `end`, in UTC."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Closure:
    """A region closed or opened by hand, from `starts_at` up to but not including `ends_at`."""

    region: str
    kind: ClosureKind
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    id: int = 0

    def holds(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether a region is open at a moment, and the rule that says so."""

    open: bool
    why: str


def windows_on(windows: Sequence[Window], day: date, zone: ZoneInfo) -> tuple[Span, ...]:
    """The windows that begin on a local day, as moments: a clock change inside a window makes it longer or shorter."""
    spans = []
    for window in windows:
        if day.weekday() in window.days:
            last = day + DAY if window.ends_next_day else day
            spans.append(Span(_moment(day, window.opens, zone), _moment(last, window.closes, zone)))
    return tuple(spans)


def _moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, wall, zone).astimezone(UTC)


def _days_in_words(days: frozenset[int]) -> str:
    """`Mon-Fri` where the days follow each other, else each by its name."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    first, last = min(days), max(days)
    if len(days) > 2 and len(days) == last - first + 1:
        return f"{names[first]}-{names[last]}"
    return " ".join(names[day] for day in sorted(days))


def no_holidays(year: int) -> Mapping[date, str]:
    return {}


@dataclass(frozen=True)
class Region:
    """A team with its hours. `fallback` names the regions asked, in order, while this one is closed.

    `countries`: where a number without its country's code is read.
    """

    name: str
    zone: ZoneInfo
    windows: tuple[Window, ...]
    fallback: tuple[str, ...]
    holidays: Callable[[int], Mapping[date, str]] = no_holidays
    countries: tuple[str, ...] = ()
    outbound_number: str = ""
    desk_number: str = ""
    _days: dict[date, tuple[Span, ...]] = field(default_factory=dict, repr=False, compare=False)

    def holiday(self, day: date) -> str | None:
        """The name of the holiday on a local day, None on any other."""
        return self.holidays(day.year).get(day)

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < SATURDAY and self.holiday(day) is None

    def hours(self, at: datetime, closures: Sequence[Closure] = ()) -> Hours:
        """Whether the region is open at `at` (aware), and why."""
        own = [c for c in closures if c.region == self.name and c.holds(at)] if closures else ()
        for closure in own:
            if closure.kind == "emergency":
                return Hours(False, f"{self.name} is closed: emergency closure ({closure.reason})")
        local = at.astimezone(self.zone)
        today = local.date()
        if (name := self.holiday(today)) is not None:
            return Hours(False, f"{self.name} is closed: {name}, {today:%-d %B %Y}")
        for kind in ("closed", "open"):
            for closure in own:
                if closure.kind == kind:
                    return Hours(kind == "open", f"{self.name} is {kind} by hand ({closure.reason})")
        if any(span.holds(at) for span in self._spans(today)):
            return self._weekly_open
        return self._weekly_closed

    def next_opening(self, at: datetime, closures: Sequence[Closure] = ()) -> datetime | None:
        """The first moment, at or after `at`, at which the region is open. None if there is none within 400 days."""
        return next((m for m in self._possible_openings(at, closures) if self.hours(m, closures).open), None)

    def _possible_openings(self, at: datetime, closures: Sequence[Closure]) -> Iterator[datetime]:
        """The moments, in order, at which a closed region can become open: windows, midnights, ends of closures."""
        first = at.astimezone(self.zone).date()
        edges = sorted({m for c in closures if c.region == self.name for m in (c.starts_at, c.ends_at) if m > at})
        yield at
        for n in range(DAYS_SEARCHED_FOR_AN_OPENING):
            day = first + n * DAY
            midnight = _moment(day, time.min, self.zone)
            of_day = {midnight, *(span.start for span in windows_on(self.windows, day, self.zone))}
            of_day.update(m for m in edges if midnight <= m < _moment(day + DAY, time.min, self.zone))
            yield from sorted(m for m in of_day if m > at)

    def _spans(self, day: date) -> tuple[Span, ...]:
        """The windows that may hold a moment of a local day: its own, and those that began the day before."""
        spans = self._days.get(day)
        if spans is None:
            spans = windows_on(self.windows, day - DAY, self.zone) + windows_on(self.windows, day, self.zone)
            self._days[day] = spans
        return spans

    @cached_property
    def _weekly_open(self) -> Hours:
        return Hours(True, f"{self.name} is open: {self._hours_in_words}")

    @cached_property
    def _weekly_closed(self) -> Hours:
        return Hours(False, f"{self.name} is closed: it is open {self._hours_in_words}")

    @cached_property
    def _hours_in_words(self) -> str:
        spans = (f"{_days_in_words(w.days)} {w.opens:%H:%M}-{w.closes:%H:%M}" for w in self.windows)
        return f"{', '.join(spans)} {self.zone.key}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The region that takes a call; `region` is None while every region is closed."""

    region: str | None
    why: tuple[str, ...]


def first_open(regions: Mapping[str, Region], dialled: str, at: datetime, closures: Sequence[Closure] = ()) -> Choice:
    """The dialled line's region, or while that is closed the first open one in its order."""
    why: list[str] = []
    for name in (dialled, *regions[dialled].fallback):
        hours = regions[name].hours(at, closures)
        why.append(hours.why)
        if hours.open:
            return Choice(name, tuple(why))
    return Choice(None, tuple(why))
