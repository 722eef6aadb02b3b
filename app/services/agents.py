"""Agents: what each does now, and what is done at a desk (agents.md, "Agents" and "An offer").

A deed is one transaction: the agent is locked, the rule applied, and what changed is noted for whoever watches.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from app.domain import agents as rules
from app.domain.agents import Agent, Wanted
from app.runtime import Runtime
from app.services import talks, verifying
from app.services.csv_table import closest, shown
from app.services.refusals import Conflict, Missing, Unfit
from app.store import agents, audit, desks, events, legs, places
from app.store.database import Transaction
from app.store.paging import Page
from app.store.rows import Row

# A phone that was rung to see whether it is right has stopped by then.
RINGS_AT_MOST = timedelta(minutes=1)
IN_WORDS = {
    "offline": "offline",
    "available": "available",
    "offered": "being rung",
    "on_call": "on a call",
    "wrap_up": "wrapping up",
    "away": "away",
}


async def listed(runtime: Runtime, cursor: str | None, limit: int) -> Page:
    """Agents by name, each with the caller at hand."""
    async with runtime.database.reading() as tx:
        page = await desks.listed(tx, cursor, limit)
        work = await desks.work_of(tx, [row["id"] for row in page.rows])
    return Page([_shown(row, work.get(row["id"]), runtime.now()) for row in page.rows], page.next)


async def everyone(runtime: Runtime) -> list[Agent]:
    """All agents by name, with their reach, for who looks after them."""
    async with runtime.database.reading() as tx:
        return await agents.all_of_them(tx)


async def one(runtime: Runtime, id_: str) -> Row:
    """An agent with the caller at hand. Raises Missing."""
    async with runtime.database.reading() as tx:
        return await _one(runtime, tx, id_)


async def set_state(runtime: Runtime, id_: str, wanted: Wanted, reason: str, actor: str) -> Row:
    """Raises Missing, and Unfit where somebody is to be away without a reason.

    While rung or talking the choice is kept, and holds afterwards; a wrap-up it ends at once.
    """

    def change(agent: Agent, now: datetime) -> Agent:
        changed = rules.set_state(agent, wanted, reason, now)
        if isinstance(changed, rules.Refusal):
            raise Unfit(reason=changed.reason)
        return changed

    return await _change(runtime, id_, change, actor, f"agent set {wanted}")


async def end_wrap_up(runtime: Runtime, id_: str, actor: str) -> Row:
    """The agent is as before the call. Raises Missing, and Conflict where there is no wrap-up."""
    return await _change(runtime, id_, _only_wrapping_up(rules.wrapped_up), actor, "wrap-up ended")


async def prolong(runtime: Runtime, id_: str, actor: str) -> Row:
    """A minute more of wrap-up. Raises Missing, and Conflict where there is none."""
    return await _change(runtime, id_, _only_wrapping_up(rules.prolonged), actor, "wrap-up prolonged")


async def hand_over(runtime: Runtime, id_: str, queue: str, note: str, actor: str) -> Row:
    """Passes the agent's caller on to another queue. Raises Missing, Unfit, and Conflict where there is no caller."""
    if queue not in runtime.flows.queues:
        raise Unfit(queue=f"{shown(queue)} is no queue; {closest(queue, runtime.flows.queues)}")
    async with runtime.database.transaction() as tx:
        agent = await _locked(tx, id_)
        talk = await places.open_talk(tx, agent_id=id_)
        if talk is None or talk["connected_at"] is None:
            raise Conflict(f"{agent.name} has no caller on the line now: there is nobody to hand over.")
        if talk["queue"] == queue:
            raise Unfit(queue="is where the call came from; give another queue")
        if not await talks.hand_over(runtime, tx, talk, queue, note):
            raise Conflict("The call has just ended: there is nobody to hand over.")
        await _write_down(runtime, tx, agent, actor, "call handed over", f"case {talk['case_number']} to {queue}")
        found = await _one(runtime, tx, id_)
    runtime.jobs.wake()
    return found


async def ring_once(runtime: Runtime, id_: str, actor: str) -> Row:
    """Rings the agent's phone, to see that the reach is right. Raises Missing, and Conflict while it is in use."""
    async with runtime.database.transaction() as tx:
        agent = await _locked(tx, id_)
        if agent.state in ("offered", "on_call") or await _is_rung(runtime, tx, id_):
            raise Conflict(f"The telephone of {agent.name} is in use: try again when it is free.")
        await verifying.ring_once(runtime, tx, id_)
        await _write_down(runtime, tx, agent, actor, "agent rung once", agent.reach)
        found = await _one(runtime, tx, id_)
    runtime.jobs.wake()
    return found


async def _is_rung(runtime: Runtime, tx: Transaction, id_: str) -> bool:
    leg = await legs.of_subject(tx, "verify", id_)
    return leg is not None and leg["state"] != "ended" and leg["planned_at"] > runtime.now() - RINGS_AT_MOST


Change = Callable[[Agent, datetime], Agent]


def _only_wrapping_up(change: Change) -> Change:
    def checked(agent: Agent, now: datetime) -> Agent:
        if agent.state != "wrap_up":
            raise Conflict(f"{agent.name} has no wrap-up now, but is {IN_WORDS[agent.state]}.")
        return change(agent, now)

    return checked


async def _change(runtime: Runtime, id_: str, change: Change, actor: str, action: str) -> Row:
    async with runtime.database.transaction() as tx:
        before = await _locked(tx, id_)
        after = change(before, runtime.now())
        if after != before:
            await agents.save(tx, after)
            await _write_down(runtime, tx, after, actor, action, after.reason)
            await runtime.jobs.defer(tx, "dispatch", key="dispatch")
        found = await _one(runtime, tx, id_)
    runtime.jobs.wake()
    return found


async def _locked(tx: Transaction, id_: str) -> Agent:
    agent = await agents.locked(tx, id_)
    if agent is None:
        raise Missing(f"agent {id_}")
    return agent


async def _write_down(runtime: Runtime, tx: Transaction, agent: Agent, actor: str, action: str, detail: str) -> None:
    """For who watches, the agent as it is now; for the audit log, who did what."""
    now = runtime.now()
    known = await agents.locked(tx, agent.id) or agent
    await events.note(tx, now, "agent", f"agent {agent.id}", state=known.state, afterwards=known.before)
    await audit.note(tx, audit.Entry(now, actor, action, f"agent {agent.name}", detail))


async def _one(runtime: Runtime, tx: Transaction, id_: str) -> Row:
    row = await desks.one(tx, id_)
    if row is None:
        raise Missing(f"agent {id_}")
    work = await desks.work_of(tx, [id_])
    return _shown(row, work.get(id_), runtime.now())


def _shown(row: Row, work: Row | None, now: datetime) -> Row:
    """`afterwards`: the state that holds once the offer, the call or the wrap-up is over."""
    busy = row["state"] in rules.WITH_A_CALL
    return {**row, "afterwards": row["before"] if busy else None, "work": _work(work, now) if work else None}


def _work(work: Row, now: datetime) -> dict[str, Any]:
    """`waited`: in seconds, until somebody took the call."""
    talk = work.get("talk")
    until = work["since"] if talk else now
    waited = int((until - work["waits_since"]).total_seconds()) if work["waits_since"] else None
    return {
        **work,
        "kind": "talk" if talk else "offer",
        "connected_at": work.get("connected_at"),
        "waited": waited,
    }
