"""Agents who call a region's desk number take waiting calls without the dispatcher (agents.md, "Dialling in").

It is how calls are taken while the database is away: the agents of the last good reading are known then. The agent's
queues are asked in turn, in the agent's own order, until somebody comes or the agent hangs up. What is kept of such a
conversation is a talk like any other; without the database it is held all the same, and noted where the database is
back before it is over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

import structlog

from app.domain.lines import digits_of
from app.flows.turn import DialEnded, Heard, Say, TakeFromQueue
from app.patience import within
from app.provider import twiml
from app.provider.inbound import Webhook
from app.runtime import Runtime
from app.services import spoken, talks
from app.store import agents, lookups, places
from app.store.database import Transaction
from app.store.hot import StoreUnavailable
from app.store.lookups import DeskAgent
from app.store.rows import Row

log = structlog.get_logger()
# Seconds that each queue is asked before the next one is; the provider takes no less.
SECONDS_A_QUEUE = 5
# Between two rounds where a queue is not there: the provider answers that at once.
SECONDS_OF_SILENCE = 3
# The caller hears silence meanwhile.
SECONDS_TO_KEEP = 1.5
SECONDS_BETWEEN_READINGS = 60.0
Reading = tuple[DeskAgent, ...]


async def keep_reading(runtime: Runtime) -> None:
    """Runs beside the service: who the agents are must be known before the database is away."""
    while True:
        try:
            await _read(runtime)
        except StoreUnavailable:
            pass  # Who is asked then are the agents of the last good reading.
        except Exception as error:
            log.error("who the agents are could not be read", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(SECONDS_BETWEEN_READINGS)


async def agent_calling(runtime: Runtime, hook: Webhook) -> DeskAgent | None:
    """The agent who calls a desk number; None for any other caller, or number."""
    if not is_desk(runtime, hook.called) or hook.caller is None:
        return None
    try:
        known = await _read(runtime)
    except StoreUnavailable:
        known = runtime.last_reading.agents
    caller = _bare(hook.caller)
    return next((agent for agent in known if _bare(agent.reach) == caller and agent.queues), None)


async def _read(runtime: Runtime) -> Reading:
    runtime.last_reading.agents = await lookups.desk_agents(runtime.store)
    return runtime.last_reading.agents


def is_desk(runtime: Runtime, called: str) -> bool:
    dialled = digits_of(called)
    return bool(dialled) and any(digits_of(region.desk_number) == dialled for region in runtime.flows.regions.values())


def _bare(reach: str) -> str:
    """An address without what may be added to it on the way."""
    return reach.partition(";")[0].lower()


def welcome(runtime: Runtime, hook: Webhook, agent: DeskAgent) -> str:
    """The document for an agent who has just called."""
    line = runtime.flows.lines.called(hook.called).name
    return _document(runtime, agent, 0, spoken.say(runtime, line, "desk_welcome"))


async def go_on(runtime: Runtime, hook: Webhook, asked: int, heard: Heard) -> str:
    """The next queue; or, after a conversation, the end. `asked` is the number of the queue that was asked."""
    match heard:
        case DialEnded(status, _, bridged) if bridged or status in ("completed", "answered"):
            await is_over(runtime, hook.call_sid)
            return spoken.hang_up()
    agent = await agent_calling(runtime, hook)
    if agent is None:
        return spoken.hang_up()
    waited = isinstance(heard, DialEnded) and heard.status == "no-answer"
    return _document(runtime, agent, asked + 1, silence=0 if waited else SECONDS_OF_SILENCE)


def _document(runtime: Runtime, agent: DeskAgent, number: int, *said: Say, silence: int = 0) -> str:
    """Asks the agent's queue of this number; after the last comes the first."""
    number %= len(agent.queues)
    queue = agent.queues[number]
    base = f"{runtime.path_prefix}/twilio/desk"
    urls = twiml.Urls(
        step=f"{base}/next?n={number}",
        wait="",
        screen=f"{base}/connected?{urlencode({'a': agent.id})}",
        music="",
        recordings="",
    )
    return twiml.render((*said, TakeFromQueue(queue, SECONDS_A_QUEUE, silence)), urls)


async def connected(runtime: Runtime, hook: Webhook, agent_id: str) -> str:
    """What the caller hears before the two are connected. With the database, the agent is on a call from here on."""
    now = runtime.now()
    note = partial(_write, runtime, lambda tx: _is_taken(runtime, tx, hook, agent_id, now))
    try:
        await _at_once(runtime, note)
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("a call was taken by dialling in, and is not noted yet", reason=type(error).__name__)
        runtime.unwritten.append(note)
    except Exception as error:
        log.error("a call was taken by dialling in, and cannot be noted", error=type(error).__name__, exc_info=error)
    runtime.jobs.wake()
    line = runtime.flows.lines.called(hook.called).name
    return spoken.document((spoken.say(runtime, line, "desk_connected"),))


async def _is_taken(runtime: Runtime, tx: Transaction, hook: Webhook, agent_id: str, now: datetime) -> None:
    """The conversation as a talk: the caller's place is taken, and nobody else is rung for it."""
    leg = hook.fields.get("DequeingCallSid", "")
    place = await places.locked_with_agents(tx, hook.call_sid, own=agent_id)
    agent = await agents.locked(tx, agent_id)
    if agent is None or place is None or not leg or not await _is_free(runtime, tx, place):
        return
    if before := await places.open_talk(tx, agent_id=agent_id):
        # Its end was never told: nobody talks on two telephones.
        await talks.end(runtime, tx, before, "hung_up")
    # The agent's call and the caller's: repeated, it is the same talk.
    id_ = f"{leg}/{hook.call_sid}"
    await talks.take(runtime, tx, id_, place, talks.Answerer(agent.name, leg, agent_id), now)
    if talk := await places.talk(tx, id_):
        await talks.connect(tx, talk, now, None)


async def _is_free(runtime: Runtime, tx: Transaction, place: Row) -> bool:
    """Whether nobody talks to the caller. Somebody who has pressed 1 and still waits for them waits in vain."""
    if place["taken_by"] is None:
        return True
    other = await places.talk(tx, place["taken_by"])
    if other is None or other["connected_at"] is not None:
        return False
    await talks.end(runtime, tx, other, "gone")
    await runtime.jobs.defer(tx, "hang_up_leg", leg=other["leg"])
    return True


async def is_over(runtime: Runtime, leg: str) -> None:
    """An agent's conversation has ended, or the agent's call: it comes twice, or never while the database is away."""
    note = partial(_write, runtime, lambda tx: _has_ended(runtime, tx, leg))
    try:
        if runtime.unwritten:
            raise StoreUnavailable("that it began may be among what is not written yet")
        await _at_once(runtime, note)
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("the end of a call taken by dialling in is not noted yet", reason=type(error).__name__)
        runtime.unwritten.append(note)
    runtime.jobs.wake()


async def _has_ended(runtime: Runtime, tx: Transaction, leg: str) -> None:
    talk = await places.talk_of_leg(tx, leg)
    if talk is not None:
        await talks.end(runtime, tx, talk, "hung_up")


async def _at_once(runtime: Runtime, note: Callable[[], Awaitable[None]]) -> None:
    """Nobody waits for a note while the database takes nothing. Raises StoreUnavailable, TimeoutError."""
    if not runtime.store.takes_writes:
        raise StoreUnavailable("the database took nothing a moment ago")
    await within(SECONDS_TO_KEEP, note())


async def _write(runtime: Runtime, deed: Callable[[Transaction], Awaitable[None]]) -> None:
    async with runtime.database.transaction() as tx:
        await deed(tx)
