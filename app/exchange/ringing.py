"""A phone rings: what the person there does, or somebody by hand, or nobody."""

from typing import assert_never

from app.exchange.call import Call
from app.exchange.events import Decline, PickUp, Ringing
from app.exchange.people import NOBODY, Callee, Person
from app.exchange.telling import report


async def ring(call: Call, timeout: float) -> str:
    """Rings for so many seconds at most. The status after that: `in-progress`, or the final one."""
    person = call.exchange.people.get(call.to, NOBODY)
    report(call, "initiated")
    call.status = "ringing"
    call.hear(Ringing(call.caller))
    report(call, "ringing")
    with call.waiting_for("answer", PickUp, Decline):
        given = await call.pass_time(min(_until_reaction(person), timeout), quiet=True)
    status = _by_hand(given) if isinstance(given, PickUp | Decline) else _by_person(person, timeout)
    if status == "in-progress":
        call.pick_up()
        report(call, "answered")
        # Somebody who picks up by hand also plays the rest by hand.
        call.callee = None if given else Callee(call, person)
    return status


def _until_reaction(person: Person) -> float:
    return float("inf") if person.reaction == "no-answer" else person.after


def _by_hand(given: PickUp | Decline) -> str:
    return "in-progress" if isinstance(given, PickUp) else "busy"


def _by_person(person: Person, timeout: float) -> str:
    if person.after > timeout:
        return "no-answer"
    match person.reaction:
        case "answers":
            return "in-progress"
        case "declines" | "busy":
            return "busy"
        case "failed" | "no-answer":
            return person.reaction
        case _:
            assert_never(person.reaction)
