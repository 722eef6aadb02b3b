"""A call: where it stands, what its caller heard, and what the caller does about it.

The upper half is for whoever plays the caller (tests, the test phone, `partnerline call`); the lower half for the
verbs. A verb lets time pass only by `pass_time`, and what ends a verb early reaches it there.
"""

import asyncio
import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from app.exchange.events import Connected, Event, Input, Key, Spoken, Talk
from app.exchange.failures import Failure
from app.exchange.interrupts import CallerHungUp, Interrupt

if TYPE_CHECKING:
    from app.exchange.bridge import Bridge
    from app.exchange.exchange import Exchange
    from app.exchange.webhooks import Difference, Request

Purpose = Literal["keys", "recording", "queue", "dial", "nothing"]
LONGEST_LISTENING = 3600.0
"""Seconds that `listen` goes on, at most."""


class Call:
    """One leg. Made by `Exchange.dial`."""

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
        self.bridge: Bridge | None = None
        self.began = exchange.clock.now()
        self._accepts: tuple[type[Input], ...] = ()
        self._parking: asyncio.Future[Input | None] | None = None
        self._quiet = False
        self._interrupts: deque[Interrupt] = deque()

    # What the caller can do and see

    @property
    def seconds(self) -> float:
        """Seconds since the call began."""
        return (self.exchange.clock.now() - self.began).total_seconds()

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
        if not self.over:
            self.status = "completed"
            self.interrupt(CallerHungUp())
        await self.exchange.timeline.settle()

    async def _give(self, given: Input) -> None:
        """Hands over a key or words. Lost unless a verb listens: the exchange keeps no keys for later."""
        await self.exchange.timeline.settle()
        if self._parking is not None and isinstance(given, self._accepts):
            self.exchange.timeline.wake(self._parking, given)
        await self.exchange.timeline.settle()

    # What the verbs need

    def hear(self, event: Event) -> None:
        """Lets the caller perceive something now."""
        self.heard.append(dataclasses.replace(event, at=self.seconds))

    @contextmanager
    def waiting_for(self, purpose: Purpose, *accepts: type[Input]) -> Iterator[None]:
        """What the call waits for, and which input is not lost, within the block."""
        before = self.waits_for, self._accepts
        self.waits_for, self._accepts = purpose, accepts
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

    def connect(self, bridge: "Bridge", to: str) -> None:
        """Notes that somebody is on the other end."""
        self.bridge = bridge
        self.hear(Connected(to))

    def end(self, status: str) -> None:
        """The last thing that happens to a call."""
        self.status, self.over = status, True

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
