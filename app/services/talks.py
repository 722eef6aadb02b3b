"""A caller and the person who answers, together in a conference of their own (agents.md, "An offer").

The caller leaves the queue only once somebody has pressed 1, and keeps the place until the talk is over: whatever goes
wrong in between, it is there.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from app.domain import agents as rules
from app.provider.inbound import FAILED
from app.runtime import Runtime
from app.services import legs
from app.store import agents, callbacks, calls, cases, events, pages, places
from app.store import legs as leg_rows
from app.store.database import Transaction
from app.store.rows import Row

How = Literal["hung_up", "dropped", "handed_over", "gone"]
# By then a caller whose conference has ended has asked for what comes next.
TO_COME_BACK = timedelta(seconds=5)
# By then a partner who was called back has heard what follows.
TO_SAY_GOODBYE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who takes a call: an agent, or a contact on duty (then `agent_id` is None). `leg` is the key of their leg."""

    who: str
    leg: str
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """The talk that a key has begun. `kind` is that of the place: a call in a queue, or a callback."""

    talk: str
    kind: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else was faster."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The caller waits no more."""


async def begin(runtime: Runtime, tx: Transaction, call_sid: str, answerer: Answerer) -> Begun | Taken | Gone:
    """Somebody pressed 1: from here on the call is theirs. The same key a second time gets the same talk."""
    now = runtime.now()
    if mine := await places.talk_of_leg(tx, answerer.leg):
        return Begun(mine["id"], await _kind(tx, mine["call_sid"])) if mine["ended_at"] is None else Gone()
    place = await places.locked(tx, call_sid)
    if place is None:
        return Gone()
    if place["taken_by"] is not None:
        return Taken()
    talk = secrets.token_hex(12)
    await take(runtime, tx, talk, place, answerer, now)
    await runtime.jobs.defer(tx, "connect" if place["kind"] == "call" else "call_partner", talk=talk)
    return Begun(talk, place["kind"])


async def take(runtime: Runtime, tx: Transaction, talk: str, place: Row, answerer: Answerer, at: datetime) -> None:
    """A locked place that nobody has taken becomes a talk: nobody else is rung for it any more."""
    call_sid = place["call_sid"]
    await places.add_talk(
        tx,
        {
            "id": talk,
            "call_sid": call_sid,
            "case_number": place["case_number"],
            "agent_id": answerer.agent_id,
            "who": answerer.who,
            "leg": answerer.leg,
            "queue": place["queue"],
            "began": at,
        },
    )
    await places.change(tx, call_sid, taken_by=talk, last_agent=answerer.agent_id or place["last_agent"])
    await _end_offers(runtime, tx, call_sid, answerer)
    agent = await agents.locked(tx, answerer.agent_id) if answerer.agent_id else None
    if agent is not None:
        await agents.save(tx, rules.took(agent, at))
    for page in await pages.accept_of_call(tx, call_sid, answerer.who, at):
        # Phones that ring for it stop, and pages that it stood for are looked at.
        await runtime.jobs.defer(tx, "look_at_page", page=page)
    await events.note(tx, at, "talk began", f"case {place['case_number']}", who=answerer.who, call=call_sid)


async def _kind(tx: Transaction, call_sid: str) -> str:
    place = await places.one(tx, call_sid)
    return str(place["kind"]) if place else "call"


async def _end_offers(runtime: Runtime, tx: Transaction, call_sid: str, answerer: Answerer) -> None:
    """The answerer's own offer is accepted; a second agent whose phone rings for the same S1 hears that it is taken."""
    for offer in await places.open_offers(tx, call_sid):
        if offer["agent_id"] == answerer.agent_id:
            await places.end_offer(tx, offer["id"], "accepted", runtime.now())
            continue
        await places.end_offer(tx, offer["id"], "taken", runtime.now())
        agent = await agents.locked(tx, offer["agent_id"])
        if agent is not None:
            await agents.save(tx, rules.released(agent, runtime.now()))
        await legs.drop(runtime, tx, "offer", offer["id"])
        await runtime.jobs.defer(tx, "dispatch", key="dispatch")


async def is_connected(runtime: Runtime, talk: str, now: datetime, turn: int) -> Row | None:
    """The caller's side has come in, and asks for `turn` when it is over. The talk; None where that is over already."""
    async with runtime.database.transaction() as tx:
        row = await places.talk(tx, talk)
        if row is None or row["ended_at"] is not None:
            return None
        if row["connected_at"] is None:
            await connect(tx, row, now, turn)
        return row


async def connect(tx: Transaction, talk: Row, at: datetime, turn: int | None) -> None:
    """Both are on the line. Only now is the case answered: who had hung up by then was not."""
    await places.change_talk(tx, talk["id"], connected_at=at, turn=turn)
    await places.change(tx, talk["call_sid"], entered=None)
    await cases.is_taken(tx, talk["case_number"], talk["who"], at)
    await events.note(tx, at, "talk connected", f"case {talk['case_number']}", who=talk["who"])


async def end(runtime: Runtime, tx: Transaction, talk: Row, how: How, **values: Any) -> bool:
    """The talk is over, once: whoever learns of it first says how. Whether it was still open."""
    now = runtime.now()
    current = await places.talk(tx, talk["id"])
    if current is None or current["ended_at"] is not None:
        return False
    connected = current["connected_at"]
    seconds = int((now - connected).total_seconds()) if connected else None
    await places.change_talk(tx, talk["id"], ended_at=now, how=how, seconds=seconds, **values)
    await _free_agent(runtime, tx, current, how)
    match how:
        case "hung_up":
            await places.remove(tx, talk["call_sid"])
            await callbacks.withdraw(tx, talk["case_number"])
        case "dropped" | "handed_over":
            await _wait_again(runtime, tx, talk)
        case "gone":
            # Whether the caller keeps the place, to be rung back, is for who found out to say.
            pass
    if connected is None:
        await legs.drop(runtime, tx, "callback", talk["id"])
    elif leg := await leg_rows.of_subject(tx, "callback", talk["id"]):
        await runtime.jobs.defer(tx, "hang_up_leg", at=now + TO_SAY_GOODBYE, leg=leg["key"])
    await events.note(tx, now, "talk ended", f"case {talk['case_number']}", who=talk["who"], how=how)
    await runtime.jobs.defer(tx, "dispatch", key="dispatch")
    return True


async def _wait_again(runtime: Runtime, tx: Transaction, talk: Row) -> None:
    """The call, or the callback, has its place again; a caller who has hung up meanwhile is rung back, or gone."""
    call_sid = talk["call_sid"]
    # Who was paged for the call has accepted: where nobody takes it now, somebody is paged again.
    await places.change(tx, call_sid, taken_by=None, leaves=False, paged=False)
    call = await calls.one(tx, call_sid)
    if await _kind(tx, call_sid) == "callback":
        await callbacks.waits_again(tx, talk["case_number"])
    elif call is not None and call["ended_at"] is not None:
        await places.caller_left(tx, call_sid, talk["case_number"], to_dial(runtime, call))


def to_dial(runtime: Runtime, call: Row) -> str | None:
    """The caller's number, where it may be dialled."""
    line = runtime.flows.lines.by_name.get(call["line"], runtime.flows.lines.default)
    return runtime.dialable(call["caller"] or "", line.region)


async def _free_agent(runtime: Runtime, tx: Transaction, talk: Row, how: How) -> None:
    """After a talk comes the wrap-up; who found nobody on the line is available again at once."""
    agent = await agents.locked(tx, talk["agent_id"]) if talk["agent_id"] else None
    if agent is not None:
        now = runtime.now()
        after = rules.released(agent, now) if how == "gone" else rules.talked(agent, now)
        await agents.save(tx, after)
        if after.state == "wrap_up":
            await events.note(tx, now, "agent", f"agent {agent.id}", state=after.state)


async def leg_is_over(runtime: Runtime, tx: Transaction, talk: Row, status: str) -> None:
    """The answerer's leg has ended: before the caller came in, or by a failure, the caller is not finished."""
    lost = status in FAILED or talk["connected_at"] is None
    ended = await end(runtime, tx, talk, "dropped" if lost else "hung_up")
    if ended and talk["connected_at"] is not None:
        # Who came into the conference in the same moment is alone in it.
        await runtime.jobs.defer(tx, "bring_back", at=runtime.now() + TO_COME_BACK, talk=talk["id"])


async def hand_over(runtime: Runtime, tx: Transaction, talk: Row, queue: str, note: str) -> bool:
    """Passes the caller on to another queue, with the first waiting time. Whether the talk was still open.

    The agent's leg ends, and with it the conference: the caller's side then asks how it ended, and is told.
    """
    if await leg_rows.one(tx, talk["leg"]) is None:
        # Taken by dialling in: the agent's call is not ours to end.
        return False
    if not await end(runtime, tx, talk, "handed_over", to_queue=queue, note=note):
        return False
    await places.change(tx, talk["call_sid"], queue=queue, also=None)
    await cases.is_handed_over(tx, talk["case_number"], runtime.flows.queues[queue], talk["who"], note, runtime.now())
    await runtime.jobs.defer(tx, "hang_up_leg", leg=talk["leg"])
    return True
