"""Calls and their turns, read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from app.store.database import Transaction
from app.store.paging import Key, Moment, Order, Page, page
from app.store.rows import Row, every, first
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
    return await first(tx, select(*FIELDS).where(calls.c.call_sid == call_sid))


async def turns_of(tx: Transaction, call_sid: str) -> Sequence[Row]:
    """The turns of a call, in the order in which they were written."""
    query = (
        select(turns.c.turn, turns.c.at, turns.c.heard, turns.c.path, turns.c.why)
        .where(turns.c.call_sid == call_sid)
        .order_by(turns.c.at, turns.c.turn)
    )
    return await every(tx, query)
