"""Where a call would go, and why: the question of `partnerline route`, its batch and `GET /route`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from app.domain import routing
from app.domain.lines import Line, digits_of
from app.domain.partners import Partner
from app.domain.regions import Closure
from app.domain.routing import ASSUMED_SEVERITY, Caller, Destination, Severity
from app.domain.timetable import Timetable
from app.flows.flow import Flows
from app.flows.nodes.base import Here
from app.flows.nodes.route import SPOKEN
from app.flows.session import Session, Way

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
CENTURY = range(2000, 2100)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadQuestion(Exception):
    """The question cannot be answered; the message says what is wrong and what to give instead."""


class DescribedCaller(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A caller without a PID, described."""

    type: Literal["agency", "resale", "wholesale"]
    certified: bool
    status: Literal["active", "suspended"] = "active"
    loa: bool = False


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`line` is a line's name or one of its numbers. `pid` and `caller` exclude each other; neither: unverified."""

    line: str
    pid: str | None = None
    severity: Severity | None = None
    at: Moment | None = None
    caller: DescribedCaller | msgspec.UnsetType | None = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.pid is not None and self.caller is not msgspec.UNSET:
            raise ValueError("give `pid` or `caller`, not both")
        if self.at is not None and self.at.year not in CENTURY:
            raise ValueError("the moment is not in this century")


class Answer(msgspec.Struct, frozen=True):
    """As interfaces says; `messages` are what the caller is told on the way, in words."""

    tier: int
    region: str
    destination: Destination
    queue: str | None
    opens_at: datetime | None
    pages: bool
    messages: tuple[str, ...]
    why: tuple[str, ...]


class Router:
    """Answers questions for one revision of the flows and one state of the closures.

    Questions alike in all but the moment within one stretch of opening hours have one answer: it is made once.
    """

    def __init__(self, flows: Flows, closures: Sequence[Closure] = ()) -> None:
        self._flows = flows
        self._timetable = Timetable(flows.regions, closures)
        self._answers: dict[tuple[object, ...], Answer] = {}
        self._line = lru_cache(maxsize=1024)(self._find_line)

    def answer(self, question: Question, partner: Partner | None, now: datetime) -> Answer:
        """Where the call goes. `partner` is whom `pid` names, None for nobody. Raises BadQuestion."""
        line, note = self._line(question.line)
        at = question.at or now
        caller, who = self._caller(question, partner, at)
        stretch = self._timetable.at(line.region, at)
        key = (line.name, caller, question.severity, stretch.number)
        answer = self._answers.get(key)
        if answer is None:
            call = routing.Call(
                line, caller, question.severity or ASSUMED_SEVERITY, at, assumed=question.severity is None
            )
            answer = self._answers[key] = self._of(routing.row(call, self._flows.lines, stretch.choice), line)
        if answer.destination == "callback":
            answer = msgspec.structs.replace(answer, opens_at=stretch.opens_at)
        if note or who:
            answer = msgspec.structs.replace(answer, why=(*note, *who, *answer.why))
        return answer

    def _of(self, decision: routing.Decision, line: Line) -> Answer:
        return Answer(
            tier=decision.tier,
            region=decision.region,
            destination=decision.destination,
            queue=decision.queue,
            opens_at=None,
            pages=decision.pages,
            messages=self._in_words(line, decision.region, decision.messages),
            why=decision.why,
        )

    def _find_line(self, given: str) -> tuple[Line, tuple[str, ...]]:
        lines = self._flows.lines
        if line := lines.by_name.get(given):
            return line, ()
        if given.startswith("+") and (digits := digits_of(given)):
            if line := lines.by_number.get(digits):
                return line, ()
            return lines.default, (f"{given} is none of our numbers: the default line, {lines.default.name}",)
        names = ", ".join(f"`{name}`" for name in lines.by_name)
        raise BadQuestion(f"line: there is no line {given!r}; give a number as in +18888988733, or one of {names}")

    def _caller(
        self, question: Question, partner: Partner | None, at: datetime
    ) -> tuple[Caller | None, tuple[str, ...]]:
        described = question.caller
        if isinstance(described, DescribedCaller):
            return Caller(described.type, described.certified, described.status, described.loa), ()
        if question.pid is None:
            return None, ()
        if partner is None:
            return None, (f"no partner has the PID {question.pid}",)
        return routing.caller_of(partner, at, self._flows.regions), ()

    def _in_words(self, line: Line, region: str, messages: tuple[routing.Message, ...]) -> tuple[str, ...]:
        """What is said in the line's first language."""
        way = Way(1, region, "queue", None, pages=False)
        session = Session(self._flows.revision, line.name, "", way=way)
        prompts = tuple(SPOKEN.get(message, message) for message in messages)
        return tuple(said.text for said in Here(self._flows, session, EPOCH).say(prompts)[:: len(line.languages)])
