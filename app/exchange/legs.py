"""The legs of a Dial to numbers: ringing, the first answer, the whisper, and what is reported about each."""

from email.utils import format_datetime

from app.exchange.call import Call
from app.exchange.document import Document
from app.exchange.events import Ringing
from app.exchange.people import NOBODY
from app.exchange.verbs import Target
from app.exchange.webhooks import notify


class Leg:
    """One dialled person: a call of its own, a child of the caller's."""

    def __init__(self, parent: Call, target: Target, here: Document, caller_id: str) -> None:
        self.parent, self.target, self.here = parent, target, here
        caller = caller_id or parent.caller
        self.call = Call(parent.exchange, to=target.address, caller=caller, direction="outbound-dial", parent=parent)
        self.person = parent.exchange.people.get(target.address, NOBODY)
        self._reported = 0
        self._answered_at: float | None = None

    def starts(self) -> None:
        """The number is rung."""
        self._report("initiated", "initiated")
        self.parent.hear(Ringing(self.target.address))
        self._report("ringing", "ringing")

    def answers_within(self, timeout: float) -> bool:
        return self.person.reaction == "answers" and self.person.after <= timeout

    def fails_after(self, timeout: float) -> float:
        """Seconds until it is known that this leg does not answer."""
        return timeout if self.status_unanswered == "no-answer" else min(self.person.after, timeout)

    @property
    def status_unanswered(self) -> str:
        """The final status of a leg that did not answer in time."""
        return "no-answer" if self.person.reaction == "answers" else self.person.reaction

    @property
    def talked(self) -> int:
        """Whole seconds since the answer."""
        return 0 if self._answered_at is None else int(self.parent.seconds - self._answered_at)

    def answered(self) -> None:
        self._answered_at = self.parent.seconds
        self._report("answered", "in-progress")

    def ended(self, status: str) -> None:
        """The first final status stands."""
        if not self.call.over:
            self._report("completed", status)
            self.call.end(status)

    def _report(self, event: str, status: str) -> None:
        """Tells the service, in its own time: these callbacks may arrive in any order."""
        self.call.status = status
        target = self.target
        if not target.status_callback or event not in target.status_callback_event:
            return
        duration = {"CallDuration": str(self.talked)} if event == "completed" else {}
        form = self.call.standard_form() | duration | {
            "Timestamp": format_datetime(self.parent.exchange.clock.now()),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self._reported),
        }  # fmt: skip
        self._reported += 1
        goto = self.here.goto(target.status_callback, target.status_callback_method, form)
        self.parent.exchange.timeline.spawn(notify(self.call, goto))


async def first_answer(call: Call, legs: list[Leg], timeout: float) -> Leg | None:
    """Rings the legs together. None: nobody answered."""
    for leg in legs:
        leg.starts()
    try:
        answering = [leg for leg in legs if leg.answers_within(timeout)]
        if not answering:
            await call.pass_time(max(leg.fails_after(timeout) for leg in legs), quiet=True)
            for leg in legs:
                leg.ended(leg.status_unanswered)
            return None
        first = min(answering, key=lambda leg: leg.person.after)
        await call.pass_time(first.person.after, quiet=True)
        first.answered()
        return first
    finally:
        for leg in legs:
            if leg.call.status != "in-progress":
                leg.ended("canceled")
