"""What the service is told about a call and need not answer: how it comes along, and how it ended."""

from dataclasses import replace
from email.utils import format_datetime

from app.exchange.call import FINAL, Call
from app.exchange.document import Goto
from app.exchange.failures import Failure
from app.exchange.progress import Progress, Step
from app.exchange.webhooks import fetch, notify


async def inform(call: Call, goto: Goto) -> None:
    """Requests a document that has no one to hear it any more: the caller is gone. It has to be good all the same."""
    if call.is_ending and call.exchange.misbehaviour.status_first:
        await tell_status(call)
    try:
        await fetch(call, goto)
    except Failure as failure:
        call.errors.append(failure)


async def tell_status(call: Call) -> None:
    """The status callback of a call that has ended; sent once."""
    if call.status_told:
        return
    call.status_told = True
    report(call, "completed")
    if call.status_callback is None:
        return
    seconds = round(call.seconds)
    duration = {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
    wrong = call.exchange.misbehaviour
    goto = replace(call.status_callback, form=duration)
    if wrong.drop_status:
        return
    if wrong.status_late:
        call.exchange.later(wrong.status_late, lambda: notify(call, goto))
        return
    await notify(call, goto)


def report(call: Call, step: Step) -> None:
    """Tells how an outbound call comes along, in its own time: these callbacks may arrive in any order."""
    progress, wrong = call.progress, call.exchange.misbehaviour
    if progress is None or step not in progress.steps:
        return
    goto = Goto(progress.url, progress.method, _progress_form(call, progress, step))
    ends = step == "completed"
    if ends and wrong.drop_status:
        return
    call.exchange.later(wrong.status_late if ends else wrong.progress_late, lambda: notify(call, goto))


def _progress_form(call: Call, progress: Progress, step: Step) -> dict[str, str]:
    """The status is that of this moment, however late the callback is."""
    seconds = call.talked
    duration = {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))} if call.status in FINAL else {}
    return {
        "CallStatus": "initiated" if step == "initiated" else call.status,
        **duration,
        "Timestamp": format_datetime(call.exchange.clock.now()),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(next(progress.told)),
    }
