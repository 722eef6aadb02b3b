"""Looks at who waits and who is free, and does what follows. The rules are in `domain`; here they are carried out.

Nothing has to be remembered: whoever changes something that matters defers a look, and each look defers the next one,
for the moment at which time alone will change something.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain import agents as rules
from app.domain import dispatch as deciding
from app.domain import waiting
from app.domain.agents import Agent
from app.domain.regions import Closure
from app.runtime import Runtime
from app.services import climbing, offers
from app.store import agents, events, lookups, places
from app.store.database import Transaction
from app.store.places import Waits

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def dispatch(runtime: Runtime) -> None:
    """A job: one look."""
    now = runtime.now()
    async with runtime.database.transaction() as tx:
        # In this order everywhere: agents first, then places. Two looks at once wait for each other here.
        known = [await _in_time(tx, agent, now) for agent in await agents.all_locked(tx)]
        waits = await places.untaken(tx)
        await _end_stale_offers(runtime, tx, {w.place.call_sid for w in waits})
        by_hand, served = await lookups.closures(runtime.store, now), rules.served(known)
        judged = [await _at_its_limit(runtime, tx, w, served, by_hand, now) for w in waits]
        waits = [w for w, _ in judged]
        await _offer(runtime, tx, waits, known, now)
        moments = [moment for _, moment in judged]
        moments += [deciding.look_again([w.place for w in waits], now)]
        moments += [agent.wrap_until for agent in known if agent.state == "wrap_up"]
        await _look_again(runtime, tx, moments, now)


async def _in_time(tx: Transaction, agent: Agent, now: datetime) -> Agent:
    """The agent, with a wrap-up ended whose time has passed."""
    if not rules.wrap_up_is_over(agent, now):
        return agent
    back = rules.wrapped_up(agent, now)
    await agents.save(tx, back)
    await events.note(tx, now, "agent", f"agent {agent.id}", state=back.state)
    return back


async def _end_stale_offers(runtime: Runtime, tx: Transaction, wait: set[str]) -> None:
    """Phones that ring for a caller who has gone stop."""
    for offer in await places.open_offers(tx):
        if offer["call_sid"] not in wait:
            await offers.close(runtime, tx, offer["id"], "gone")


async def _at_its_limit(
    runtime: Runtime,
    tx: Transaction,
    w: Waits,
    served: frozenset[str] | None,
    by_hand: Sequence[Closure],
    now: datetime,
) -> tuple[Waits, datetime | None]:
    """What the rules say of a call that has waited for some time: how it waits now, and when they say otherwise."""
    since = _limits_count_from(w)
    if since is None or since > now or w.leaves:
        return w, None
    flows = runtime.flows
    queue = flows.queues.get(w.place.queue)
    follows = waiting.next_queue(queue.tier, queue.region, w.region, flows.regions, now, by_hand) if queue else None
    verdict = waiting.verdict(
        flows.waiting,
        w.place.severity,
        now - since,
        queue=w.place.queue,
        next_queue=follows,
        served=served,
        line=w.line,
    )
    if verdict.also and verdict.also != w.place.also:
        await places.change(tx, w.place.call_sid, also=verdict.also)
        w = replace(w, place=replace(w.place, also=verdict.also))
    if verdict.callback:
        await places.change(tx, w.place.call_sid, leaves=True)
    if verdict.page and not w.paged:
        await climbing.page_for_waiting(runtime, tx, w)
    # After that only the hours of other regions change anything, or somebody who comes.
    return w, since + verdict.look_at if verdict.look_at is not None else now + MINUTE


def _limits_count_from(w: Waits) -> datetime | None:
    """None for a caller who is being connected, and for a callback: but an S1 that has hung up is still an S1."""
    if w.place.kind == "call":
        return w.entered
    return (w.place.due_at or w.place.since) if w.place.severity == "S1" else None


async def _offer(
    runtime: Runtime, tx: Transaction, waits: Iterable[Waits], known: Iterable[Agent], now: datetime
) -> None:
    can_be = await places.offerable(tx)
    by_id = {agent.id: agent for agent in known}
    by_call = {w.place.call_sid: w.place for w in waits if w.place.call_sid in can_be}
    for offer in deciding.decide(by_call.values(), by_id.values(), now):
        agent = by_id[offer.agent_id]
        place = by_call[offer.call_sid]
        queue = place.queue if place.queue in agent.queues else place.also or place.queue
        await offers.make(runtime, tx, offer, agent, queue)


async def _look_again(runtime: Runtime, tx: Transaction, moments: Iterable[datetime | None], now: datetime) -> None:
    """Whole seconds, so that one look serves all that changes within one."""
    ahead = [moment for moment in moments if moment is not None and moment > now]
    if ahead:
        at = min(ahead).replace(microsecond=0) + SECOND
        await runtime.jobs.defer(tx, "dispatch", at=at, key=f"dispatch {at:%Y-%m-%dT%H:%M:%S}")
