"""What is on the agents' desks: who they are, and the caller each is rung for or talks to."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Select, func, select

from app.store.database import Transaction
from app.store.paging import Key, Order, Page, page
from app.store.rows import Row, first
from app.store.tables import agents, cases, offers, talks, waiting, wrong_pids

# Neither where an agent is rung nor the code.
FIELDS = (
    agents.c.id,
    agents.c.name,
    agents.c.queues,
    agents.c.state,
    agents.c.reason,
    agents.c.before,
    agents.c.since,
    agents.c.wrap_until,
)
BY_NAME = Order((agents.c.name,), tuple[Key])
# Of the caller: who it is and what about. No number.
CALLER = (
    cases.c.number.label("case_number"),
    cases.c.line,
    cases.c.severity,
    cases.c.pid,
    cases.c.partner_name,
    cases.c.partner_type,
    cases.c.certified,
    cases.c.verified,
    cases.c.loa,
)


async def listed(tx: Transaction, cursor: str | None, limit: int) -> Page:
    """Agents in the order of their names."""
    return await page(tx, select(*FIELDS), BY_NAME, cursor, limit)


async def one(tx: Transaction, id_: str) -> Row | None:
    return await first(tx, select(*FIELDS).where(agents.c.id == id_))


async def work_of(tx: Transaction, ids: Collection[str]) -> Mapping[str, Row]:
    """The open offer or talk of each agent who has one, by agent.

    `since` is when it began, `waits_since` the caller's first waiting time.
    """
    found: dict[str, Row] = {}
    for query in (_offers(ids), _talks(ids)):
        for row in await tx.execute(query):
            found[row.agent_id] = dict(row._mapping)
    wrong = await _wrong_pids(tx, {work["call_sid"] for work in found.values()})
    return {agent: {**work, "pid_attempts": wrong.get(work["call_sid"], 0)} for agent, work in found.items()}


def _offers(ids: Collection[str]) -> Select[Any]:
    return (
        select(
            offers.c.agent_id,
            offers.c.call_sid,
            offers.c.made_at.label("since"),
            waiting.c.queue,
            waiting.c.since.label("waits_since"),
            *CALLER,
        )
        .join(waiting, waiting.c.call_sid == offers.c.call_sid)
        .join(cases, cases.c.number == waiting.c.case_number)
        .where(offers.c.ended_at.is_(None), offers.c.agent_id.in_(ids))
    )


def _talks(ids: Collection[str]) -> Select[Any]:
    return (
        select(
            talks.c.agent_id,
            talks.c.id.label("talk"),
            talks.c.call_sid,
            talks.c.began.label("since"),
            talks.c.connected_at,
            talks.c.queue,
            waiting.c.since.label("waits_since"),
            *CALLER,
        )
        .join(cases, cases.c.number == talks.c.case_number)
        .outerjoin(waiting, waiting.c.call_sid == talks.c.call_sid)
        .where(talks.c.ended_at.is_(None), talks.c.agent_id.in_(ids))
    )


async def _wrong_pids(tx: Transaction, call_sids: Collection[str]) -> Mapping[str, int]:
    """How many wrong Partner IDs were keyed in each call."""
    if not call_sids:
        return {}
    query = select(wrong_pids.c.call_sid, func.count()).where(wrong_pids.c.call_sid.in_(call_sids))
    rows = await tx.execute(query.group_by(wrong_pids.c.call_sid))
    return {call_sid: int(count) for call_sid, count in rows}
