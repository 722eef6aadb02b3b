"""Who is on call for escalations, around the clock. Source: support-model "Escalation", agents "Contacts on duty"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.regions import DAY, Span, Window, windows_on


@dataclass(frozen=True, slots=True)
class Contact:
    """A person to reach. Reaches are tried by the channels that have one."""

    name: str
    role: str
    phone: str
    sms: str = ""
    mail: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The contacts of one tier in one region, lowest rung first, and the window in which they are on duty."""

    tier: int
    region: str
    window: Window
    zone: ZoneInfo
    rungs: tuple[Contact, ...]

    def spans(self, day: date) -> tuple[Span, ...]:
        """The window as moments, for the local day and the one before it."""
        return windows_on([self.window], day - DAY, self.zone) + windows_on([self.window], day, self.zone)

    def span_at(self, at: datetime) -> Span | None:
        today = at.astimezone(self.zone).date()
        return next((span for span in self.spans(today) if span.holds(at)), None)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without anybody on duty for a tier, in UTC."""

    tier: int
    span: Span


def on_duty(ladders: Sequence[Ladder], tier: int, region: str, at: datetime) -> Ladder | None:
    """The ladder whose window holds. Where two overlap: that of the case's region, else the one that ends last."""
    holding = [(span.end, ladder) for ladder in ladders if ladder.tier == tier and (span := ladder.span_at(at))]
    for _, ladder in holding:
        if ladder.region == region:
            return ladder
    return max(holding, key=lambda h: h[0])[1] if holding else None


def gaps(ladders: Sequence[Ladder], tier: int, year: int) -> list[Gap]:
    """Every time of a UTC year without a window of the tier, to the second."""
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    spans = sorted(_spans_between(ladders, tier, start, end), key=lambda s: s.start)
    found, covered_to = [], start
    for span in spans:
        if span.start > covered_to:
            found.append(Gap(tier, Span(covered_to, min(span.start, end))))
        covered_to = max(covered_to, span.end)
    if covered_to < end:
        found.append(Gap(tier, Span(covered_to, end)))
    return found


def _spans_between(ladders: Sequence[Ladder], tier: int, start: datetime, end: datetime) -> list[Span]:
    days = [(start - 2 * DAY).date() + timedelta(days=n) for n in range((end - start).days + 4)]
    spans = [
        span
        for ladder in ladders
        if ladder.tier == tier
        for day in days
        for span in windows_on([ladder.window], day, ladder.zone)
    ]
    return [s for s in spans if s.end > start and s.start < end]
