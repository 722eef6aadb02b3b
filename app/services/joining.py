"""The caller's side of a talk: out of the queue, into the conference, and what follows when that is over."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

import msgspec
import structlog

from app.flows import asks
from app.flows.asks import Answer
from app.flows.session import Session
from app.flows.turn import Confer
from app.provider import twiml
from app.provider.inbound import FAILED, FINAL, Webhook
from app.provider.rest import AnswerLost, NotThere, ProviderError
from app.runtime import Runtime
from app.services import ringing_back, talks
from app.store import calls, legs, lookups, places
from app.store.hot import StoreUnavailable
from app.store.rows import Row

log = structlog.get_logger()
# Seconds to ask the telephone company what became of the other side. The caller hears nothing meanwhile.
SECONDS_TO_ASK = 1.0
# Where it still calls the leg in progress, which is over or about to be.
SECONDS_TO_ASK_AGAIN = 0.3
BETWEEN_TRIES = timedelta(seconds=1)
# For so long the telephone company is asked for the caller, while the answerer waits.
PATIENCE = timedelta(seconds=20)


async def connect(runtime: Runtime, talk: str) -> None:
    """A job: takes the caller out of the queue, to the conference where the answerer is.

    Tried again it does no harm: the telephone company takes a caller out of a queue once. It looks again where the
    caller is not in the queue yet: an agent may be faster than the words that are said before.
    """
    async with runtime.database.reading() as tx:
        row = await places.talk_now(tx, talk)
    if row is None or row["ended_at"] is not None or row["connected_at"] is not None:
        return
    if runtime.now() - row["began"] > PATIENCE:
        await _give_up(runtime, row)
        return
    try:
        await runtime.provider.dequeue(row["queue"], row["call_sid"], runtime.address(f"/twilio/join?t={talk}"))
    except AnswerLost:
        # It may have been done: then the caller comes in, and the next look finds nothing to do.
        await _look_again(runtime, talk)
    except NotThere:
        if await _is_over(runtime, row["call_sid"]):
            await ringing_back.caller_has_gone(runtime, row)
        else:
            # The case number is still being spoken to the caller, or the way into the conference has begun.
            await _look_again(runtime, talk)


async def _look_again(runtime: Runtime, talk: str) -> None:
    async with runtime.database.transaction() as tx:
        await runtime.jobs.defer(tx, "connect", at=runtime.now() + BETWEEN_TRIES, talk=talk)


async def _is_over(runtime: Runtime, call_sid: str) -> bool:
    """Whether the caller has hung up. We are told, but perhaps late."""
    async with runtime.database.reading() as tx:
        call = await calls.one(tx, call_sid)
    if call is not None and call["ended_at"] is not None:
        return True
    try:
        async with asyncio.timeout(SECONDS_TO_ASK):
            return await runtime.provider.call_status(call_sid) in FINAL
    except NotThere:
        return True
    except (ProviderError, TimeoutError):
        return False


async def _give_up(runtime: Runtime, talk: Row) -> None:
    """The telephone company does not answer: the caller waits on, and the next who is free is rung."""
    log.error("a caller could not be taken out of the queue", call_sid=talk["call_sid"])
    async with runtime.database.transaction() as tx:
        await talks.end(runtime, tx, talk, "dropped")
        await runtime.jobs.defer(tx, "hang_up_leg", leg=talk["leg"])


async def session_of(runtime: Runtime, call_sid: str) -> Session | None:
    """Where a call stands that is in a talk: its conversation goes on from there."""
    so_far = await lookups.call_so_far(runtime.store, call_sid)
    return msgspec.json.decode(so_far.session, type=Session) if so_far and so_far.session else None


async def join(runtime: Runtime, hook: Webhook, talk: str, session: Session) -> str | None:
    """The document for a caller who was taken out of the queue; None where the talk is over already."""
    row = await talks.is_connected(runtime, talk, runtime.now(), session.turn)
    return _into(runtime, hook, session, talk) if row else None


async def talk_of(runtime: Runtime, talk: str, call_sid: str) -> bool:
    """Whether a talk is this call's."""
    async with runtime.database.reading() as tx:
        row = await places.talk_now(tx, talk)
    return row is not None and row["call_sid"] == call_sid


async def bring_back(runtime: Runtime, talk: str) -> None:
    """A job: a caller who is left alone in the conference asks for what comes next."""
    async with runtime.database.reading() as tx:
        row = await places.talk_now(tx, talk)
        call = await calls.one(tx, row["call_sid"]) if row else None
    if row is None or call is None or call["ended_at"] is not None or call["turn"] >= (row["turn"] or 0):
        return
    session = await session_of(runtime, row["call_sid"])
    if session is not None:
        token = runtime.tokens.write(session, row["call_sid"])
        with suppress(NotThere):
            await runtime.provider.redirect(row["call_sid"], runtime.address(f"/twilio/step?s={token}"))


async def document(runtime: Runtime, hook: Webhook, session: Session) -> str | None:
    """The same for a caller whose place in the queue has just ended, where somebody has taken the call."""
    try:
        async with runtime.database.reading() as tx:
            row = await places.open_talk_now(tx, hook.call_sid)
    except StoreUnavailable:
        return None
    return _into(runtime, hook, session, row["id"]) if row else None


async def join_by_leaving(runtime: Runtime, hook: Webhook, session: Session) -> str | None:
    """The same for a caller who left the queue by our own word, in the moment in which somebody took the call."""
    try:
        async with runtime.database.reading() as tx:
            row = await places.open_talk_now(tx, hook.call_sid)
            call = await calls.one(tx, hook.call_sid)
        if row is None or call is None or call["turn"] >= session.turn:
            # Nobody has, or this is a late copy: the caller may be elsewhere by now.
            return None
        return await join(runtime, hook, row["id"], session)
    except StoreUnavailable:
        return None


def _into(runtime: Runtime, hook: Webhook, session: Session, talk: str) -> str:
    token = runtime.tokens.write(session, hook.call_sid)
    return twiml.render((Confer(talk),), runtime.urls(token))


async def how_it_ended(runtime: Runtime, hook: Webhook, turn: int) -> Answer:
    """Why the caller is back from a conference. Only a line that failed, or a hand-over, leads on to somebody else.

    In doubt it was the line: a caller who is finished hangs up in any case.
    """
    async with runtime.database.reading() as tx:
        row = await places.talk_before(tx, hook.call_sid, turn)
        leg = await legs.one(tx, row["leg"]) if row else None
    if row is None or leg is None:
        return asks.No()
    if row["how"] == "handed_over":
        queue = runtime.flows.queues.get(row["to_queue"])
        region = queue.region if queue else None
        tier = queue.tier if queue else 1
        return asks.HandedOver(row["to_queue"], tier, region or runtime.flows.lines.default.region)
    in_doubt: talks.How = "hung_up" if hook.status in FINAL else "dropped"
    return asks.AgentLost() if await settled(runtime, row, leg, in_doubt) == "dropped" else asks.No()


def not_known(runtime: Runtime, hook: Webhook, turn: int) -> Answer:
    """The same while the database is away. Who still is on the line waits again, also when it is back."""
    if hook.status in FINAL:
        return asks.No()
    # Before all else that could not be written: the end of the answerer's leg would take the caller's place away.
    runtime.unwritten.insert(0, partial(_was_lost, runtime, hook.call_sid, turn))
    return asks.AgentLost()


async def _was_lost(runtime: Runtime, call_sid: str, turn: int) -> None:
    async with runtime.database.transaction() as tx:
        row = await places.talk_before(tx, call_sid, turn)
        if row is not None:
            await talks.end(runtime, tx, row, "dropped")


async def settled(runtime: Runtime, talk: Row, leg: Row, in_doubt: talks.How = "hung_up") -> talks.How:
    """How a talk ended whose conference is over; where nobody has said so yet, by what became of the answerer's leg."""
    how: talks.How | None = talk["how"]
    if how is None:
        status = await _status_of(runtime, leg)
        how = in_doubt if status is None else "dropped" if status in FAILED else "hung_up"
    if talk["ended_at"] is None:
        async with runtime.database.transaction() as tx:
            await talks.end(runtime, tx, talk, how)
    return how


async def _status_of(runtime: Runtime, leg: Row) -> str | None:
    """How the answerer's leg ended, which may be told later than the end of the conference. None in doubt."""
    status: str | None = leg["status"]
    if status is not None or leg["sid"] is None:
        return status
    try:
        async with asyncio.timeout(SECONDS_TO_ASK):
            while (status := await runtime.provider.call_status(leg["sid"])) not in FINAL:
                await asyncio.sleep(SECONDS_TO_ASK_AGAIN)
            return status
    except (ProviderError, TimeoutError) as error:
        log.warning("what became of a leg is not known", reason=type(error).__name__)
        return None
