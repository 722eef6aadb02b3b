"""Runs documents: top to bottom, from one to the next, with the fallback when one fails."""

from typing import assert_never

from app.exchange import verbs
from app.exchange.call import Call
from app.exchange.dialling import dial
from app.exchange.document import Document, Goto
from app.exchange.events import Disconnected, Said
from app.exchange.failures import EndlessLoop, Failure
from app.exchange.gathering import gather
from app.exchange.interrupts import CallerHungUp, HungUp, LeftQueue
from app.exchange.queueing import enqueue
from app.exchange.recording import record
from app.exchange.speaking import speak
from app.exchange.verbs import Place, Verb
from app.exchange.webhooks import fetch, replay, tell_status

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."


async def live(call: Call) -> None:
    """The whole life of an inbound call, from its first webhook to the status callback."""
    status = "completed"
    try:
        await _run_with_fallback(call)
        call.hear(Disconnected())
    except CallerHungUp:
        pass
    except HungUp as hung_up:
        status = hung_up.status
        call.hear(Disconnected())
    call.end(status)
    await _afterwards(call)


async def run(call: Call, goto: Goto, place: Place = "call") -> None:
    """Fetches a document and runs it and those it leads to, until one runs out."""
    following: Goto | None = goto
    while following:
        document = await fetch(call, following, place)
        following = await _play(call, document)


async def _play(call: Call, document: Document) -> Goto | None:
    """Runs the verbs of a document; the first that leads elsewhere leaves it for good."""
    if call.status == "ringing" and not _rejects(document):
        call.status = "in-progress"
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


async def _run_with_fallback(call: Call) -> None:
    """What fails is followed by the fallback document; when that fails too the caller hears an apology."""
    goto: Goto | None = call.exchange.voice
    while goto:
        try:
            await run(call, goto)
            return
        except Failure as failure:
            call.errors.append(failure)
            goto = _fallback(call, failure)
    call.hear(Said(APPLICATION_ERROR))


def _fallback(call: Call, failure: Failure) -> Goto | None:
    fallback = call.exchange.fallback
    if isinstance(failure, EndlessLoop) or failure.url == fallback.url:
        return None
    return Goto(fallback.url, fallback.method, {"ErrorCode": str(failure.code), "ErrorUrl": failure.url})


async def _afterwards(call: Call) -> None:
    """The status callback, and whatever the exchange does wrong after a call."""
    await tell_status(call)
    if call.exchange.misbehaviour.replay_late:
        await replay(call)
