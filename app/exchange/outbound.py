"""A call that the service places by REST: it waits for its turn, rings, and runs a document once it is answered."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.exchange.call import Call
from app.exchange.document import Goto, Start
from app.exchange.interpreter import live
from app.exchange.interrupts import HungUp
from app.exchange.progress import Progress
from app.exchange.ringing import ring
from app.exchange.telling import tell_status

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange

LONGEST_RINGING = 600


class Outbound:
    """Places calls, so many a second; those beyond that are queued at the provider."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self.a_second: float | None = 1.0
        """New calls a second; None: no limit."""
        self._next: datetime = exchange.clock.now()

    def place(
        self, to: str, shown: str, start: Start, *, fallback: Goto | None = None, progress: Progress | None = None,
        timeout: float = 60,
    ) -> Call:  # fmt: skip
        """Orders a call, which lives on by itself; it is `queued` until its turn has come."""
        call = Call(self._exchange, to=to, caller=shown, direction="outbound-api")
        call.status, call.fallback, call.progress = "queued", fallback, progress
        self._exchange.add(call)
        self._exchange.timeline.spawn(_live(call, start, self._turn(), min(timeout, LONGEST_RINGING)))
        return call

    def _turn(self) -> float:
        """Seconds until the next call may begin."""
        now = self._exchange.clock.now()
        if self.a_second is None:
            return 0.0
        begins = max(now, self._next)
        self._next = begins + timedelta(seconds=1 / self.a_second)
        return (begins - now).total_seconds()


async def _live(call: Call, start: Start, turn: float, timeout: float) -> None:
    """The life of an outbound call. One that ends while it is queued is told to nobody, as the provider does."""
    try:
        call.checkpoint()
        if turn:
            await call.pass_time(turn, quiet=True)
    except HungUp as canceled:
        call.end(canceled.status)
        return
    try:
        status = await ring(call, timeout)
    except HungUp as hung_up:
        status = hung_up.status
    if status == "in-progress":
        await live(call, start)
        return
    call.end(status)
    await tell_status(call)
