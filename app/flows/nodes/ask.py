"""ask: has something looked up or done outside, and goes on by the answer.

    find-partner:
      ask: find_partner
      answers: {found: welcome, no: pid, unavailable: unverified}

Every ask must say where to go when the answer is `unavailable`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from app.flows import asks, drafts
from app.flows.asks import Ask
from app.flows.nodes.base import Asks, Go, Here, Node, Step, Target
from app.flows.session import Session, change
from app.flows.turn import Heard


@dataclass(frozen=True, slots=True)
class Question:
    """How an ask is put, and which answers besides `unavailable` it can have."""

    put: Callable[[Here], Ask]
    answers: frozenset[str]


def _facts(*names: str) -> frozenset[str]:
    return frozenset(names)


DONE = _facts("done")
QUESTIONS: dict[str, Question] = {
    "may_ask_for_pid": Question(lambda here: asks.MayAskForPid(), _facts("yes", "no")),
    "find_partner": Question(lambda here: asks.FindPartner(here.session.entered), _facts("found", "no")),
    "offer_registered": Question(lambda here: asks.FindRegistered(), _facts("found", "no")),
    "take_registered": Question(lambda here: asks.FindRegistered(), _facts("found", "no")),
    "toggle_agent": Question(lambda here: asks.ToggleAgent(here.session.entered), _facts("available", "offline", "no")),
    "find_case": Question(
        lambda here: asks.FindCase(here.session.entered, here.session.partner.id if here.session.partner else None),
        _facts("found", "no"),
    ),
    "callers_number": Question(lambda here: asks.CallersNumber(), _facts("found", "no")),
    "open_case": Question(drafts.open_or_join, DONE),
    "case_taken": Question(lambda here: asks.CaseTaken(here.session.case, drafts.taken_at(here)), DONE),
    "case_left": Question(lambda here: asks.CaseLeft(here.session.case), DONE),
    "keep_message": Question(drafts.message, DONE),
    "request_callback": Question(drafts.callback, DONE),
    "keep_number": Question(
        lambda here: asks.KeepNumber(here.session.case, here.session.entered), _facts("found", "no")
    ),
}


class AskNode(Node, frozen=True):
    kind: ClassVar[str] = "ask"

    ask: str
    answers: dict[str, Target]

    def enter(self, here: Here) -> Asks:
        return Asks(QUESTIONS[self.ask].put(here), here.session)

    def hear(self, here: Here, heard: Heard) -> Step | None:
        name = answer_name(heard)
        if name is None:
            return None
        session = here.session if self.ask == "offer_registered" else learn(here.session, self.ask, heard)
        return Go(self.answers[name], session, why=(f"{self.ask.replace('_', ' ')}: {name}",))

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield from self.answers.items()

    def mistakes(self) -> Iterator[str]:
        question = QUESTIONS.get(self.ask)
        if question is None:
            yield f"ask: there is no `{self.ask}`; there are {', '.join(sorted(QUESTIONS))}"
            return
        expected = question.answers | {"unavailable"}
        for name in sorted(expected - self.answers.keys()):
            yield f"answers: say where to go when the answer is `{name}`"
        for name in sorted(self.answers.keys() - expected):
            yield f"answers: `{self.ask}` is never answered by `{name}`"


def answer_name(heard: Heard) -> str | None:
    match heard:
        case asks.Yes():
            return "yes"
        case asks.No():
            return "no"
        case asks.Done() | asks.Opened():
            return "done"
        case asks.FoundPartner() | asks.FoundCase() | asks.FoundNumber():
            return "found"
        case asks.Toggled(state):
            return state
        case asks.Unavailable():
            return "unavailable"
        case _:
            return None


def learn(session: Session, ask: str, answer: Heard) -> Session:
    """What the conversation knows once it has the answer."""
    match answer:
        case asks.FoundPartner(partner):
            by = "caller_id" if ask == "take_registered" else "pid"
            return change(session, partner=partner, verified_by=by)
        case asks.FoundCase(number) | asks.Opened(number):
            return change(session, case=number)
        case asks.FoundNumber(number):
            return change(session, number=number, has_number=True)
        case _:
            return session
