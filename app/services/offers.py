"""An offer: one waiting call rung to one agent (agents.md, "An offer"). The leg's purpose `offer`."""

from datetime import datetime, timedelta

from app.domain import agents as rules
from app.domain.dispatch import RINGS_FOR, Offer
from app.flows.turn import Confer, Hangup, Heard, Keyed
from app.runtime import Runtime
from app.services import legs, spoken, talks
from app.store import agents, calls, cases, events, places
from app.store import legs as leg_rows
from app.store.database import Transaction
from app.store.rows import Row

# After the ringing: the telephone company's five seconds of grace, the whisper, and the time to press a key.
BEYOND_RINGING = timedelta(seconds=35)
TAKE, DECLINE = "1", "2"


async def make(runtime: Runtime, tx: Transaction, offer: Offer, agent: rules.Agent, queue: str) -> None:
    """Rings an agent for a waiting call. Raises IntegrityError where either has an open offer already."""
    now = runtime.now()
    id_ = f"{offer.call_sid}/{offer.slot}/{now.timestamp():.3f}"
    await places.change(tx, offer.call_sid, last_agent=agent.id)
    plan = legs.Plan("offer", id_, agent.reach, shown_for(runtime, queue), int(RINGS_FOR.total_seconds()))
    planned = await legs.plan(runtime, tx, plan)
    expires = planned.not_before + RINGS_FOR + BEYOND_RINGING
    await places.add_offer(
        tx,
        {
            "id": id_,
            "call_sid": offer.call_sid,
            "slot": offer.slot,
            "agent_id": agent.id,
            "made_at": now,
            "expires_at": expires,
        },
    )
    await agents.save(tx, rules.offered(agent, now))
    await events.note(tx, now, "offered", f"agent {agent.id}", call=offer.call_sid)
    await runtime.jobs.defer(tx, "offer_is_over", at=expires, offer=id_)


def shown_for(runtime: Runtime, queue: str) -> str:
    """The number that somebody sees who is rung: of the queue's region, else of the default line's."""
    known = runtime.flows.queues.get(queue)
    return runtime.flows.region(known.region if known else None).outbound_number


async def wanted(runtime: Runtime, tx: Transaction, subject: str) -> bool:
    offer = await places.offer(tx, subject)
    return offer is not None and offer["ended_at"] is None


async def answered(runtime: Runtime, leg: Row) -> str:
    """The whisper. A voice mailbox hears it too, and presses nothing."""
    async with runtime.database.transaction() as tx:
        offer = await places.offer(tx, leg["subject"])
        place = await places.one(tx, offer["call_sid"]) if offer else None
        if offer is None or place is None or offer["ended_at"] is not None:
            return _too_late(runtime, offer, place)
        await places.offer_is_answered(tx, offer["id"], runtime.now())
        case = await cases.one(tx, place["case_number"])
    assert case is not None, "a place is a case's"  # noqa: S101 because the database keeps it
    said = spoken.say(
        runtime,
        case["line"],
        "agent_whisper",
        severity=case["severity"].removeprefix("S"),
        line=case["line"],
        partner=spoken.partner(runtime, case),
        waited=str(int((runtime.now() - place["since"]).total_seconds()) // 60),
    )
    return spoken.document((spoken.one_key(said), Hangup()), legs.next_url(runtime, leg))


async def keyed(runtime: Runtime, leg: Row, heard: Heard) -> str:
    """1 takes the call, 2 declines. Anything else is no person."""
    match heard:
        case Keyed(keys) if keys.startswith(TAKE):
            return await _take(runtime, leg)
        case Keyed(keys) if keys.startswith(DECLINE):
            await _close(runtime, leg["subject"], "declined")
    return spoken.hang_up()


async def _take(runtime: Runtime, leg: Row) -> str:
    async with runtime.database.transaction() as tx:
        offer = await places.offer(tx, leg["subject"])
        if offer is None:
            return spoken.hang_up()
        place = await places.locked_with_agents(tx, offer["call_sid"], own=offer["agent_id"])
        if await leg_rows.has_ended(tx, leg["key"]):
            # The news of its end came first: the caller would be alone.
            return spoken.hang_up()
        result = await _begin(runtime, tx, leg, offer)
        if not isinstance(result, talks.Begun):
            await close(runtime, tx, offer["id"], "gone" if isinstance(result, talks.Gone) else "taken")
    runtime.jobs.wake()
    if isinstance(result, talks.Begun):
        prompt = "agent_connecting" if result.kind == "call" else "agent_calling_back"
        line = await _line(runtime, offer["call_sid"])
        return spoken.document((spoken.say(runtime, line, prompt), Confer(result.talk)), legs.next_url(runtime, leg))
    return _too_late(runtime, offer, place)


async def _begin(runtime: Runtime, tx: Transaction, leg: Row, offer: Row) -> talks.Begun | talks.Taken | talks.Gone:
    """The talk, where the offer still holds, or the same key has begun it before."""
    agent = await agents.locked(tx, offer["agent_id"])
    # As it is now that nobody else changes it.
    current = await places.offer(tx, offer["id"])
    ended = current is None or current["ended_at"] is not None
    if agent is None or (ended and await places.talk_of_leg(tx, leg["key"]) is None):
        return talks.Gone()
    return await talks.begin(runtime, tx, offer["call_sid"], talks.Answerer(agent.name, leg["key"], agent.id))


async def over(runtime: Runtime, tx: Transaction, leg: Row, status: str) -> None:
    """The agent's leg has ended: an open offer was missed, an open talk is over."""
    offer = await places.offer(tx, leg["subject"])
    if offer is None:
        return
    await places.locked_with_agents(tx, offer["call_sid"], own=offer["agent_id"])
    talk = await places.talk_of_leg(tx, leg["key"])
    if talk is not None:
        await talks.leg_is_over(runtime, tx, talk, status)
    await close(runtime, tx, offer["id"], "missed")


async def offer_is_over(runtime: Runtime, offer: str) -> None:
    """A job, when an offer's time has passed. A phone that never rang, for all that is known, was not missed."""
    async with runtime.database.transaction() as tx:
        leg = await leg_rows.of_subject(tx, "offer", offer)
        rang = leg is not None and (leg["sid"] is not None or leg["status"] is not None)
        await close(runtime, tx, offer, "missed" if rang else "gone")
    runtime.jobs.wake()


async def _close(runtime: Runtime, id_: str, result: str) -> None:
    """Ends an open offer, and lets the next agent have the call at once."""
    async with runtime.database.transaction() as tx:
        await close(runtime, tx, id_, result)
    runtime.jobs.wake()


async def close(runtime: Runtime, tx: Transaction, id_: str, result: str) -> None:
    now = runtime.now()
    offer = await places.offer(tx, id_)
    agent = await agents.locked(tx, offer["agent_id"]) if offer else None
    if offer is None or not await places.end_offer(tx, id_, result, now):
        return
    if agent is not None:
        after = _afterwards(agent, result, await places.one(tx, offer["call_sid"]), now)
        await agents.save(tx, after)
        if after.state == "away":
            await events.note(tx, now, "agent", f"agent {agent.id}", state=after.state)
    await legs.drop(runtime, tx, "offer", id_)
    await events.note(tx, now, f"offer {result}", f"agent {offer['agent_id']}", call=offer["call_sid"])
    await runtime.jobs.defer(tx, "dispatch", key="dispatch")


def _afterwards(agent: rules.Agent, result: str, place: Row | None, now: datetime) -> rules.Agent:
    match result:
        case "missed":
            return rules.missed(agent, place["severity"] if place else "S3", now)
        case "declined":
            return rules.declined(agent, now)
        case _:
            return rules.released(agent, now)


def caller_has_gone(runtime: Runtime) -> str:
    """The document for somebody who took a call whose caller hung up in the same moment."""
    return _too_late(runtime, None, None)


def _too_late(runtime: Runtime, offer: Row | None, place: Row | None) -> str:
    prompt = "call_is_taken" if place is not None and place["taken_by"] else "caller_has_gone"
    return spoken.hang_up(spoken.say(runtime, runtime.flows.lines.default.name, prompt))


async def _line(runtime: Runtime, call_sid: str) -> str:
    async with runtime.database.reading() as tx:
        call = await calls.one(tx, call_sid)
    return str(call["line"]) if call else runtime.flows.lines.default.name
