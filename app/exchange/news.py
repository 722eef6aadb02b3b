"""What a telephone shows and lets be heard, piece by piece: for somebody who holds it while time passes by itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from app.exchange.call import Call
from app.exchange.events import Connected, Ringing

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange

Kind = Literal["rings", "hears", "connected", "keys", "recording", "queue", "over"]
"""`text` is, in this order: the number shown; what is heard; who is on the other end; nothing where keys are asked for,
or a recording runs; the queue waited in; the final status."""


@dataclass(frozen=True, slots=True)
class News:
    """`at` in seconds since the call began."""

    kind: Kind
    at: float
    text: str = ""


@dataclass(slots=True)
class _Follower:
    """Tells what is new on one call since it was last asked."""

    call: Call
    heard: int = 0
    asked: int = 0
    queue: str | None = None
    records: bool = False

    def news(self) -> Iterator[News]:
        call = self.call
        for event in call.heard[self.heard :]:
            self.heard += 1
            match event:
                case Ringing(number=number) if call.direction != "inbound":
                    yield News("rings", event.at, number)
                case Connected(to=other):
                    yield News("connected", event.at, other)
                case _:
                    yield News("hears", event.at, str(event))
        if call.over:
            yield News("over", call.seconds if call.ended_at is None else call.ended_at, call.status)
            return
        yield from self._state()

    def _state(self) -> Iterator[News]:
        """What the call waits for, once each time."""
        call, now = self.call, self.call.seconds
        if call.waiting_in != self.queue:
            self.queue = call.waiting_in
            if self.queue is not None:
                yield News("queue", now, self.queue)
        if call.waits_for == "keys" and call.is_quiet and call.asked_for_keys != self.asked:
            self.asked = call.asked_for_keys
            yield News("keys", now)
        records = call.waits_for == "recording"
        if records and not self.records:
            yield News("recording", now)
        self.records = records


@dataclass(slots=True)
class Phone:
    """The telephone of a number, call after call from the one that it is on. Of two at once: one, then the other."""

    exchange: "Exchange"
    number: str
    _looked_at: int = 0
    _follower: _Follower | None = field(default=None)

    def __post_init__(self) -> None:
        """What was over before is no news."""
        calls = self.exchange.calls
        past = (index for index, call in enumerate(calls) if call.number == self.number and not call.over)
        self._looked_at = next(past, len(calls))

    def news(self) -> Iterator[News]:
        """All that is new since this was last asked."""
        while self._follower is not None or self._next():
            assert self._follower is not None  # noqa: S101 because the loop has just seen to it
            yield from self._follower.news()
            if not self._follower.call.over:
                return
            self._follower = None

    def _next(self) -> bool:
        """Turns to the next call that has reached this number. A call that still waits for its turn has not."""
        calls = self.exchange.calls
        while self._looked_at < len(calls):
            call = calls[self._looked_at]
            if call.number == self.number and call.status in ("queued", "initiated") and not call.over:
                return False
            self._looked_at += 1
            if call.number == self.number and (call.heard or not call.over):
                self._follower = _Follower(call)
                return True
        return False
