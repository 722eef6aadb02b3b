"""Runs documents: top to bottom, from one to the next, with the fallback when one fails."""

from typing import assert_never

from app.exchange import verbs
from app.exchange.call import Call
from app.exchange.dialling import dial
from app.exchange.document import Document, Goto, Start
from app.exchange.events import Disconnected, Said
from app.exchange.failures import EndlessLoop, Failure
from app.exchange.gathering import gather
from app.exchange.interrupts import CallerHungUp, HungUp, LeftQueue, Redirected
from app.exchange.queueing import enqueue
from app.exchange.recording import record
from app.exchange.speaking import speak
from app.exchange.telling import tell_status
from app.exchange.verbs import Place, Verb
from app.exchange.webhooks import fetch, replay

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."


async def live(call: Call, start: Start) -> None:
    """The life of a call that has somebody on it, from its first document to the status callback."""
    status = "completed"
    try:
        await _run_with_fallback(call, start)
        call.hear(Disconnected())
    except CallerHungUp:
        pass
    except HungUp as hung_up:
        status = hung_up.status
        call.hear(Disconnected())
    call.end(status)
    await _afterwards(call)


async def run(call: Call, start: Start, place: Place = "call") -> None:
    """Fetches a document and runs it and those it leads to, until one runs out."""
    following: Start | None = start
    while following:
        document = following if isinstance(following, Document) else await fetch(call, following, place)
        following = await _play(call, document)


async def _play(call: Call, document: Document) -> Goto | None:
    """Runs the verbs of a document; the first that leads elsewhere leaves it for good."""
    if call.status == "ringing" and not _rejects(document):
        call.pick_up()
    for verb in document.verbs:
        call.checkpoint()
        if following := await _execute(call, verb, document):
            return following
    return None


def _rejects(document: Document) -> bool:
    return bool(document.verbs) and isinstance(document.verbs[0], verbs.Reject)


async def _execute(call: Call, verb: Verb, here: Document) -> Goto | None:
    match verb:
        case verbs.Say() | verbs.Play() | verbs.Pause():
            await speak(call, verb)
        case verbs.Gather():
            return await gather(call, verb, here)
        case verbs.Record():
            return await record(call, verb, here)
        case verbs.Enqueue():
            return await enqueue(call, verb, here, run)
        case verbs.Dial():
            return await dial(call, verb, here, run)
        case verbs.Redirect(url, method):
            return here.goto(url, method)
        case verbs.Leave():
            raise LeftQueue
        case verbs.Hangup():
            raise HungUp
        case verbs.Reject(reason):
            raise HungUp("busy" if reason == "busy" else "no-answer")
        case _:
            assert_never(verb)
    return None


async def _run_with_fallback(call: Call, start: Start) -> None:
    """What fails is followed by the fallback document; when that fails too the caller hears an apology."""
    following: Start | None = start
    while following:
        try:
            await run(call, following)
            return
        except Redirected as redirected:
            following = redirected.start
        except Failure as failure:
            call.errors.append(failure)
            following = _fallback(call, failure)
    call.hear(Said(APPLICATION_ERROR))


def _fallback(call: Call, failure: Failure) -> Goto | None:
    fallback = call.fallback
    if fallback is None or isinstance(failure, EndlessLoop) or failure.url == fallback.url:
        return None
    return Goto(fallback.url, fallback.method, {"ErrorCode": str(failure.code), "ErrorUrl": failure.url})


async def _afterwards(call: Call) -> None:
    """The status callback, and whatever the exchange does wrong after a call."""
    await tell_status(call)
    if call.exchange.misbehaviour.replay_late:
        await replay(call)
