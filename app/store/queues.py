"""Who waits in the queues, as somebody sees it who looks after them."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import or_, select

from app.store.database import Transaction
from app.store.rows import Row
from app.store.tables import agents, cases, offers, waiting


async def who_waits(tx: Transaction, now: datetime, queue: str | None = None) -> list[Row]:
    """Every place that nobody has taken, of one queue or of all, with the agents who are rung for it now.

    A callback waits once it is due, and where there is a number to call.
    """
    is_due = waiting.c.number.is_not(None) & or_(waiting.c.due_at.is_(None), waiting.c.due_at <= now)
    query = (
        select(
            waiting.c.call_sid,
            waiting.c.case_number,
            waiting.c.kind,
            waiting.c.queue,
            waiting.c.also,
            waiting.c.severity,
            waiting.c.certified,
            waiting.c.since,
            waiting.c.entered,
            waiting.c.due_at,
            cases.c.line,
            cases.c.pid,
            cases.c.partner_name,
        )
        .join(cases, cases.c.number == waiting.c.case_number)
        .where(waiting.c.taken_by.is_(None), or_(waiting.c.kind == "call", is_due))
    )
    if queue is not None:
        query = query.where(waiting.c.queue == queue)
    rung = await _rung(tx)
    return [{**row._mapping, "rings": rung.get(row.call_sid, [])} for row in await tx.execute(query)]


async def _rung(tx: Transaction) -> dict[str, list[str]]:
    """The names of the agents with an open offer, by call."""
    query = select(offers.c.call_sid, agents.c.name).join(agents, agents.c.id == offers.c.agent_id)
    found: dict[str, list[str]] = defaultdict(list)
    for call_sid, name in await tx.execute(query.where(offers.c.ended_at.is_(None)).order_by(offers.c.slot)):
        found[call_sid].append(name)
    return found
