"""The legs of a Dial to numbers. Each is a call with a life of its own: it rings, hears its whisper, then talks."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.events import Ringing
from app.exchange.failures import Failure
from app.exchange.interrupts import BridgeEnded, CallerHungUp, HungUp, Redirected
from app.exchange.progress import Progress
from app.exchange.ringing import ring
from app.exchange.telling import tell_status
from app.exchange.verbs import Place, Target

Run = Callable[[Call, Goto, Place], Awaitable[None]]
"""Fetches a document and runs it, and those it leads to, to the end: `interpreter.run`."""


class Watch:
    """A caller waits for something to become of legs."""

    def __init__(self, call: Call) -> None:
        self._call, self._looks = call, False

    async def until(self, condition: Callable[[], bool]) -> None:
        """Lets time pass until the condition holds."""
        self._looks = True
        try:
            while not condition():
                # A leg may hang up in the moment in which it became ready.
                with suppress(BridgeEnded):
                    await self._call.pass_time(None, quiet=True)
        finally:
            self._looks = False

    def changed(self) -> None:
        """Something has become of a leg."""
        if self._looks:
            self._call.nudge()


class Leg:
    """One dialled person: a child of the caller's call."""

    def __init__(self, parent: Call, target: Target, here: Document, caller_id: str, watch: Watch) -> None:
        self.parent, self.target, self.here = parent, target, here
        self._watch = watch
        caller = caller_id or parent.caller
        self.call = Call(parent.exchange, to=target.address, caller=caller, direction="outbound-dial", parent=parent)
        if target.status_callback:
            url = here.goto(target.status_callback, target.status_callback_method).url
            self.call.progress = Progress(url, target.status_callback_method, target.status_callback_event)
        self.bridge = Bridge(target.address)
        self.bridge.sides.append(parent)
        self.ready = False
        """The whisper is over, and the person may be connected."""
        self.elsewhere = False
        """The service has sent it to another document, and it lives on by itself."""

    @property
    def status(self) -> str:
        """What the Dial makes of it. We count one that was never to be connected as not answered."""
        if self.elsewhere or (self.answered and not self.ready and self.call.status == "completed"):
            return "no-answer"
        return self.call.status

    @property
    def answered(self) -> bool:
        return self.call.answered_at is not None

    @property
    def over(self) -> bool:
        """Nobody will talk on this leg."""
        return self.elsewhere or self.call.is_ending

    def starts(self, timeout: float, run: Run) -> None:
        """The number is rung."""
        exchange = self.parent.exchange
        exchange.add(self.call)
        self.parent.hear(Ringing(self.target.address))
        self.call.status = "initiated"
        exchange.timeline.spawn(self._live(timeout, run))

    async def _live(self, timeout: float, run: Run) -> None:
        """Until the leg ends, or is sent elsewhere and lives on by itself."""
        try:
            status = await self._rings_and_talks(timeout, run)
        except CallerHungUp:
            status = "completed"
        except HungUp as hung_up:
            status = hung_up.status
        except Redirected as elsewhere:
            self.elsewhere = True
            self._watch.changed()
            self.call.exchange.lives_on(self.call, elsewhere.start)
            return
        self.call.end(status)
        self._watch.changed()
        await tell_status(self.call)

    async def _rings_and_talks(self, timeout: float, run: Run) -> str:
        status = await ring(self.call, timeout)
        self._watch.changed()
        if status != "in-progress":
            return status
        if self.target.url:
            await self._whisper(run)
        self.ready = True
        self._watch.changed()
        await self.bridge.talk(self.call, self.call.caller)
        return "completed"

    async def _whisper(self, run: Run) -> None:
        try:
            await run(self.call, self.here.goto(self.target.url or "", self.target.method), "callee")
        except Failure as failure:
            self.parent.errors.append(failure)
            raise HungUp("failed") from failure


async def first_answer(legs: list[Leg], timeout: float, run: Run, watch: Watch) -> Leg | None:
    """Rings the legs together; the others stop ringing when one answers. None: nobody is to be connected."""
    for leg in legs:
        leg.starts(timeout, run)
    await watch.until(lambda: any(leg.answered for leg in legs) or all(leg.over for leg in legs))
    first = next((leg for leg in legs if leg.answered), None)
    for leg in legs:
        if leg is not first:
            leg.call.cut("canceled")
    if first:
        await watch.until(lambda: first.ready or first.over)
    return first if first and first.ready else None
