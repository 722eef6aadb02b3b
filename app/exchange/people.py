"""Who picks up when the exchange rings a number, and what they do then, by themselves.

    exchange.people["+12065550121"] = Person(after=4, keys=("1",), talks=300)
    exchange.people["+12065550122"] = Person("busy")
    exchange.people["+12065550123"] = mailbox(after=18)

A number without a person rings until its phone is answered by hand (`Exchange.rings`), or nobody does.
"""

from dataclasses import dataclass
from typing import Literal

from app.exchange.call import Call
from app.exchange.events import Key

Reaction = Literal["answers", "busy", "no-answer", "failed", "declines"]
BETWEEN_KEYS = 0.3
"""Seconds between the keys of one entry."""


@dataclass(frozen=True, slots=True)
class Press:
    """Keys for one Gather, keyed so many seconds after it began to listen, also into its prompt. Empty: none."""

    keys: str
    after: float = 2.0


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody takes a call. All times in seconds."""

    reaction: Reaction = "answers"
    after: float = 3.0
    """Ringing before the answer, or before the exchange learns that there is none."""
    talks: float | None = None
    """Talk, from the moment of being connected, before they hang up; None: until the other side does."""
    keys: tuple[str | Press, ...] = ()
    """What they key into the Gathers that they hear, one after another; after the last they key nothing."""
    stays: float | None = None
    """They hang up so long after the answer, whatever happens."""
    fails: float | None = None
    """So long after being connected their line breaks: the leg ends as `failed`."""


NOBODY = Person("no-answer", after=float("inf"))


def mailbox(after: float = 20.0, stays: float = 30.0) -> Person:
    """A voice mailbox: answers, presses nothing, records what it hears, and hangs up."""
    return Person(after=after, stays=stays)


class Callee:
    """A person on a call that was answered. Told by the call what happens, does the rest in their own time."""

    def __init__(self, call: Call, person: Person) -> None:
        self._call, self._person = call, person
        self._presses = (Press(keys) if isinstance(keys, str) else keys for keys in person.keys)
        self._talks = False
        if person.stays is not None:
            call.exchange.later(person.stays, self._hang_up)

    def asked(self) -> None:
        """A Gather listens for keys."""
        if press := next(self._presses, None):
            self._call.exchange.timeline.spawn(self._key(press))

    def connected(self) -> None:
        """Somebody is on the other end; only the first time counts."""
        if self._talks:
            return
        self._talks = True
        if self._person.talks is not None:
            self._call.exchange.later(self._person.talks, self._hang_up)
        if self._person.fails is not None:
            self._call.exchange.later(self._person.fails, self._fail)

    async def _key(self, press: Press) -> None:
        pause = press.after
        for key in press.keys:
            await self._call.exchange.timeline.sleep(pause)
            self._call.give(Key(key))
            pause = BETWEEN_KEYS

    async def _hang_up(self) -> None:
        self._call.put_down()

    async def _fail(self) -> None:
        self._call.fail()
