"""Calls and their turns, read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from app.store.database import Transaction
from app.store.paging import Key, Moment, Order, Page, Row, page
from app.store.tables import calls, turns

FIELDS = (
    calls.c.call_sid,
    calls.c.line,
    calls.c.called,
    calls.c.caller,
    calls.c.status,
    calls.c.started_at,
    calls.c.ended_at,
    calls.c.duration,
    calls.c.pid,
    calls.c.case_number,
    calls.c.outcome,
)
NEWEST = Order((calls.c.started_at, calls.c.call_sid), tuple[Moment, Key], newest_first=True)


async def listed(tx: Transaction, call_sid: str | None, pid: str | None, cursor: str | None, limit: int) -> Page:
    """Calls, the newest first."""
    query: Select[Any] = select(*FIELDS)
    if call_sid is not None:
        query = query.where(calls.c.call_sid == call_sid)
    if pid is not None:
        query = query.where(calls.c.pid == pid)
    return await page(tx, query, NEWEST, cursor, limit)


async def one(tx: Transaction, call_sid: str) -> Row | None:
    row = (await tx.execute(select(*FIELDS).where(calls.c.call_sid == call_sid))).first()
    return dict(row._mapping) if row else None


async def turns_of(tx: Transaction, call_sid: str) -> Sequence[Row]:
    """The turns of a call, in the order in which they were written."""
    query = (
        select(turns.c.turn, turns.c.at, turns.c.heard, turns.c.path, turns.c.why)
        .where(turns.c.call_sid == call_sid)
        .order_by(turns.c.at, turns.c.turn)
    )
    return [dict(row._mapping) for row in await tx.execute(query)]
