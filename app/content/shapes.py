"""What each file of facts may hold, and how it becomes what the domain knows. ValueError says what is wrong."""

from datetime import date, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec

from app.domain.duty import Contact, Ladder
from app.domain.lines import Line, LineKind
from app.domain.regions import Window
from app.domain.routing import Severity
from app.domain.targets import Target
from app.domain.waiting import WaitingRules

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Text = Annotated[str, msgspec.Meta(min_length=1)]
Number = Annotated[str, msgspec.Meta(pattern=r"^\+[0-9][0-9 ]{6,24}$")]
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class WindowShape(Shape, frozen=True, kw_only=True):
    opens: Clock
    closes: Clock
    days: tuple[Day, ...] = DAYS

    def window(self) -> Window:
        if self.opens == self.closes or self.opens == "24:00":
            raise ValueError(
                f"a window from {self.opens} to {self.closes} has no length; a whole day is 00:00 to 24:00"
            )
        if not self.days:
            raise ValueError("a window without days never holds; name the days, as in [mon, tue]")
        return Window(frozenset(DAYS.index(day) for day in self.days), _time(self.opens), _time(self.closes))


def _time(clock: str) -> time:
    return time.min if clock == "24:00" else time.fromisoformat(clock)


class HolidaysShape(Shape, frozen=True, kw_only=True):
    country: Text | None = None
    subdivision: Text | None = None
    add: dict[date, Text] = {}
    remove: tuple[date, ...] = ()


Country = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]


class RegionShape(Shape, frozen=True, kw_only=True):
    zone: Text
    countries: Annotated[tuple[Country, ...], msgspec.Meta(min_length=1)]
    hours: tuple[WindowShape, ...]
    holidays: HolidaysShape = HolidaysShape()
    fallback: tuple[Text, ...] = ()
    outbound_number: Number
    desk_number: Number


class RegionsShape(Shape, frozen=True, kw_only=True):
    regions: dict[str, RegionShape]


class LineShape(Shape, frozen=True, kw_only=True):
    name: Text
    region: Text
    kinds: Annotated[tuple[LineKind, ...], msgspec.Meta(min_length=1)]
    numbers: Annotated[tuple[Number, ...], msgspec.Meta(min_length=1)]
    flow: Text
    languages: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)] = ("en",)
    external: Number | None = None
    offer_caller_id: bool = False

    def line(self) -> Line:
        return Line(
            name=self.name,
            region=self.region,
            kinds=frozenset(self.kinds),
            numbers=tuple(compact(n) for n in self.numbers),
            flow=self.flow,
            languages=self.languages,
            external=compact(self.external) if self.external else None,
            offer_caller_id=self.offer_caller_id,
        )


class LinesShape(Shape, frozen=True, kw_only=True):
    default: Text
    fallback_number: Number
    lines: Annotated[tuple[LineShape, ...], msgspec.Meta(min_length=1)]


class QueueShape(Shape, frozen=True, kw_only=True):
    tier: Literal[1, 2]
    region: Text | None = None


Minutes = Annotated[int, msgspec.Meta(ge=1, le=60)]


class WaitingShape(Shape, frozen=True, kw_only=True):
    limits: dict[Severity, Minutes]
    longest: Minutes
    music: Text
    lines: dict[str, dict[Severity, Minutes]] = {}

    def rules(self) -> WaitingRules:
        by_line = {line: _lengths(limits) for line, limits in self.lines.items()}
        return WaitingRules(_lengths(self.limits), timedelta(minutes=self.longest), self.music, by_line)


def _lengths(minutes: dict[Severity, Minutes]) -> dict[Severity, timedelta]:
    return {severity: timedelta(minutes=n) for severity, n in minutes.items()}


class QueuesShape(Shape, frozen=True, kw_only=True):
    queues: dict[str, QueueShape]
    waiting: WaitingShape


Hours = Annotated[float, msgspec.Meta(gt=0)]


class TargetShape(Shape, frozen=True, kw_only=True):
    initial_response: Hours
    update: Hours
    business_days: bool

    def target(self) -> Target:
        return Target(timedelta(hours=self.initial_response), timedelta(hours=self.update), self.business_days)


class TargetsShape(Shape, frozen=True, kw_only=True):
    targets: dict[Severity, TargetShape]


class ContactShape(Shape, frozen=True, kw_only=True):
    name: Text
    role: Text
    phone: Number
    sms: Number | None = None
    mail: Text | None = None

    def contact(self) -> Contact:
        sms = compact(self.sms) if self.sms else ""
        return Contact(self.name, self.role, compact(self.phone), sms, self.mail or "")


class DutyWindowShape(Shape, frozen=True, kw_only=True):
    zone: Text
    opens: Clock
    closes: Clock


class LadderShape(Shape, frozen=True, kw_only=True):
    tier: Literal[1, 2]
    region: Text
    window: DutyWindowShape
    contacts: Annotated[tuple[ContactShape, ...], msgspec.Meta(min_length=1)]

    def ladder(self) -> Ladder:
        window = WindowShape(opens=self.window.opens, closes=self.window.closes).window()
        rungs = tuple(contact.contact() for contact in self.contacts)
        return Ladder(self.tier, self.region, window, zone(self.window.zone), rungs)


class DutyShape(Shape, frozen=True, kw_only=True):
    ladders: Annotated[tuple[LadderShape, ...], msgspec.Meta(min_length=1)]


class WordingShape(Shape, frozen=True, kw_only=True):
    locale: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}-[A-Z]{2}$")]
    voice: Text
    days: Annotated[tuple[Text, ...], msgspec.Meta(min_length=7, max_length=7)]
    months: Annotated[tuple[Text, ...], msgspec.Meta(min_length=12, max_length=12)]
    time: Text
    prompts: dict[str, str]


class FlowShape(Shape, frozen=True, kw_only=True):
    start: Text
    nodes: dict[str, dict[str, object]]


def zone(name: str) -> ZoneInfo:
    """A time zone by its name. Raises ValueError for one that does not exist."""
    try:
        return ZoneInfo(name)
    except Exception:
        raise ValueError(f"there is no time zone {name}; write it as in Europe/London") from None


def compact(number: str) -> str:
    return number.replace(" ", "")
