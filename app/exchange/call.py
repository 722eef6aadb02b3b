"""A call: where it stands, what its caller heard, and what the caller does about it.

The upper half is for whoever plays the caller (tests, the test phone, `partnerline call`); the lower half for the
verbs. A verb lets time pass only by `pass_time`, and what ends a verb early reaches it there.
"""

import asyncio
import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

from app.exchange.events import Connected, Decline, Event, Input, Key, PickUp, Spoken, Talk
from app.exchange.failures import Failure
from app.exchange.interrupts import CallerHungUp, Ending, HungUp, Interrupt

if TYPE_CHECKING:
    from app.exchange.document import Goto
    from app.exchange.exchange import Exchange
    from app.exchange.people import Callee
    from app.exchange.progress import Progress
    from app.exchange.webhooks import Difference, Request

Purpose = Literal["answer", "keys", "recording", "queue", "dial", "conference", "nothing"]
FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
"""The statuses of a call that is over, or about to be."""
LONGEST_LISTENING = 3600.0
"""Seconds that `listen` goes on, at most."""


class Connection(Protocol):
    """What connects a call to somebody else: a bridge, or a seat in a conference."""

    def release(self, call: "Call") -> None:
        """Whoever is on the other side of `call` hangs up."""


class Call:
    """One leg. Made by `Exchange.dial`, by a Dial, or by the service with REST."""

    def __init__(
        self, exchange: "Exchange", *, to: str, caller: str, direction: str = "inbound",
        parent: "Call | None" = None, extra: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.exchange = exchange
        self.sid = "CA" + exchange.new_id()
        self.to, self.caller, self.direction, self.parent = to, caller, direction, parent
        self.extra = dict(extra or {})
        self.status = "ringing"
        self.over = False
        self.status_told = False
        self.heard: list[Event] = []
        self.requests: list[Request] = []
        self.errors: list[Failure] = []
        self.differences: list[Difference] = []
        self.waiting_in: str | None = None
        self.waits_for: Purpose = "nothing"
        self.asked_for_keys = 0
        """How many Gathers have begun to listen."""
        self.bridge: Connection | None = None
        self.connected_to: str | None = None
        """Who is on the other end: a number, or the queue that the call was taken from."""
        self.fallback: Goto | None = None
        self.status_callback: Goto | None = None
        """Whom to tell that an inbound call has ended."""
        self.progress: Progress | None = None
        """Whom to tell how an outbound call comes along."""
        self.callee: Callee | None = None
        """A person who acts by themselves; None: the phone is played by hand, or an inbound call."""
        self.began = exchange.clock.now()
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self._accepts: tuple[type[Input], ...] = ()
        self._parking: asyncio.Future[Input | None] | None = None
        self._quiet = False
        self._interrupts: deque[Interrupt] = deque()

    # What the caller can do and see

    @property
    def seconds(self) -> float:
        """Seconds since the call began."""
        return (self.exchange.clock.now() - self.began).total_seconds()

    @property
    def number(self) -> str:
        """The number of the person on this leg."""
        return self.caller if self.direction == "inbound" else self.to

    @property
    def is_ending(self) -> bool:
        """The call is over, or somebody has hung up already."""
        return self.over or self.status in FINAL

    @property
    def is_quiet(self) -> bool:
        """Nothing is being said: who listens has heard all there is for now."""
        return self._quiet

    async def answer(self, *, listen: bool = True) -> None:
        """Picks up a phone that rings, then listens."""
        await self._react(PickUp())
        if listen:
            await self.listen()

    async def decline(self) -> None:
        """Turns away a call that rings: the service is told `busy`."""
        await self._react(Decline())

    async def listen(self, at_most: float = LONGEST_LISTENING) -> None:
        """Listens until the service is silent and waits: for keys, in music, ringing, talking, or for ever."""
        await self.exchange.timeline.run_until(lambda: self.over or self._quiet, at_most)

    async def press(self, keys: str, *, listen: bool = True) -> None:
        """Presses the keys one after another, then listens. A comma: listens first to what is said."""
        for key in keys:
            if key == ",":
                await self.listen()
            elif key in "0123456789*#":
                await self._give(Key(key))
            else:
                raise ValueError(f"{key!r} is not on the keypad")
        if listen:
            await self.listen()

    async def speak(self, text: str, confidence: float = 0.9) -> None:
        """Says something; heard only by a Gather that listens for speech."""
        await self._give(Spoken(text, confidence))
        await self.listen()

    async def talk(self, seconds: float, words: str = "") -> None:
        """Talks for so many seconds; kept only where a Record runs."""
        await self._give(Talk(seconds, words))
        await self.wait(seconds)

    async def leave_message(self, seconds: float, key: str | None = "#", words: str = "") -> None:
        """Talks onto the recording, then ends it with the key, or with silence (None)."""
        await self.talk(seconds, words)
        if key is not None:
            await self.press(key)
            return
        await self.exchange.timeline.run_until(lambda: self.waits_for != "recording", LONGEST_LISTENING)
        await self.listen()

    async def wait(self, seconds: float) -> None:
        """Does nothing for so many seconds."""
        await self.exchange.timeline.run_for(seconds)

    async def hangup(self) -> None:
        """Puts the phone down; returns when the service has been told all there is to tell."""
        self.put_down()
        await self.exchange.timeline.settle()

    async def drop(self) -> None:
        """The line breaks: this leg ends as `failed`, wherever it is."""
        self.fail()
        await self.exchange.timeline.settle()

    async def _react(self, reaction: PickUp | Decline) -> None:
        if self.waits_for != "answer":
            raise LookupError(f"{self.to} does not ring")
        await self._give(reaction)

    async def _give(self, given: Input) -> None:
        """Hands over a key or words. Lost unless a verb listens: the exchange keeps no keys for later."""
        await self.exchange.timeline.settle()
        self.give(given)
        await self.exchange.timeline.settle()

    # What the verbs need

    def give(self, given: Input) -> bool:
        """Hands over a key or words now. False: nothing listens for them, and they are lost."""
        if self._parking is None or self._parking.done() or not isinstance(given, self._accepts):
            return False
        self.exchange.timeline.wake(self._parking, given)
        return True

    def put_down(self) -> None:
        """The person on this leg hangs up; on a phone that only rings this turns the call away."""
        if self.direction == "inbound" or self.answered_at is not None:
            self._gone(CallerHungUp(), "completed")
        elif self.waits_for == "answer":
            self.cut("busy")

    def fail(self) -> None:
        """The line breaks."""
        self._gone(HungUp("failed"), "failed")

    def cut(self, status: str = "completed") -> None:
        """The exchange ends the call."""
        self._gone(HungUp(status), status)

    def _gone(self, ending: Ending, status: str) -> None:
        """From this moment on the call is in no queue, and nobody can be connected to it."""
        if not self.is_ending:
            self.status = status
            self.pull_out(ending)

    def pull_out(self, interrupt: Interrupt) -> None:
        """Interrupts the call, and takes it out of the queue at once: who comes later does not find it there."""
        if self.waiting_in is not None:
            self.exchange.queue(self.waiting_in).leave(self)
        self.interrupt(interrupt)

    def hear(self, event: Event) -> None:
        """Lets the caller perceive something now."""
        self.heard.append(dataclasses.replace(event, at=self.seconds))

    @contextmanager
    def waiting_for(self, purpose: Purpose, *accepts: type[Input]) -> Iterator[None]:
        """What the call waits for, and which input is not lost, within the block."""
        before = self.waits_for, self._accepts
        self.waits_for, self._accepts = purpose, accepts
        self.asked_for_keys += purpose == "keys"
        if self.callee and purpose == "keys" and Key in accepts:
            self.callee.asked()
        try:
            yield
        finally:
            self.waits_for, self._accepts = before

    async def pass_time(self, seconds: float | None, *, quiet: bool = False) -> Input | None:
        """Waits so many seconds (None: without end), or until the caller gives input that is accepted.

        `quiet`: nothing is said meanwhile, so that a caller who listens has heard all there is.
        """
        self.checkpoint()
        self._parking = asyncio.get_running_loop().create_future()
        self._quiet = quiet
        try:
            given: Input | None = await self.exchange.timeline.park(self._parking, seconds)
        finally:
            self._parking, self._quiet = None, False
        self.checkpoint()
        return given

    def interrupt(self, interrupt: Interrupt) -> None:
        """Ends what the call waits for, now or as soon as it waits."""
        self._interrupts.append(interrupt)
        self.nudge()

    def nudge(self) -> None:
        """Lets the call look again at what it waits for."""
        if self._parking is not None:
            self.exchange.timeline.wake(self._parking)

    def checkpoint(self) -> None:
        """Raises what has interrupted the call meanwhile."""
        if self._interrupts:
            raise self._interrupts.popleft()

    def forget(self, *kinds: type[Interrupt]) -> None:
        """Drops interrupts of what the call has left: they would strike what it does next."""
        self._interrupts = deque(left for left in self._interrupts if not isinstance(left, kinds))

    def connect(self, bridge: Connection, to: str) -> None:
        """Notes that somebody is on the other end."""
        self.bridge, self.connected_to = bridge, to
        self.hear(Connected(to))
        if self.callee:
            self.callee.connected()

    def disconnect(self) -> None:
        """Nobody is on the other end any more."""
        self.bridge = self.connected_to = None

    def pick_up(self) -> None:
        """The call is answered."""
        self.status, self.answered_at = "in-progress", self.seconds

    @property
    def talked(self) -> int:
        """Whole seconds from the answer to the end, or to now."""
        until = self.seconds if self.ended_at is None else self.ended_at
        return 0 if self.answered_at is None else int(until - self.answered_at)

    def end(self, status: str) -> None:
        """The last thing that happens to a call."""
        self.status, self.over, self.ended_at = status, True, self.seconds

    def bare_form(self) -> dict[str, str]:
        """What names the call, and no more."""
        return {"CallSid": self.sid, "AccountSid": self.exchange.account_sid}

    def standard_form(self) -> dict[str, str]:
        """The parameters of every request about this call. Blank ones are sent, and signed, as blank."""
        places = {f"{who}{what}": "" for who in ("From", "To") for what in ("City", "State", "Zip", "Country")}
        parent = {"ParentCallSid": self.parent.sid} if self.parent else {}
        return {
            **self.bare_form(),
            "From": self.caller,
            "Caller": self.caller,
            "To": self.to,
            "Called": self.to,
            "CallStatus": self.status,
            "ApiVersion": "2010-04-01",
            "Direction": self.direction,
            **places,
            **parent,
            **self.extra,
        }
