"""Calls that we place, one row each, and how fast they may be placed."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from app.store.database import Transaction
from app.store.rows import Row, first
from app.store.tables import legs, rates


async def next_slot(tx: Transaction, name: str, now: datetime, apart: timedelta) -> datetime:
    """The moment at which the next of a kind may be done; the one after it comes `apart` later."""
    taken = (await tx.execute(select(rates.c.next_at).where(rates.c.name == name).with_for_update())).scalar()
    slot = max(now, taken or now)
    if taken is None:
        await tx.execute(insert(rates).values(name=name, next_at=slot + apart))
    else:
        await tx.execute(update(rates).where(rates.c.name == name).values(next_at=slot + apart))
    return slot


async def add(tx: Transaction, values: Row) -> None:
    await tx.execute(insert(legs).values(**values))


async def one(tx: Transaction, key: str) -> Row | None:
    return await first(tx, select(legs).where(legs.c.key == key))


async def has_ended(tx: Transaction, key: str) -> bool:
    """Whether a leg is over. It does not end before this transaction does."""
    state = (await tx.execute(select(legs.c.state).where(legs.c.key == key).with_for_update())).scalar()
    return state in (None, "ended")


async def of_subject(tx: Transaction, purpose: str, subject: str) -> Row | None:
    """The newest leg for something."""
    query = select(legs).where(legs.c.purpose == purpose, legs.c.subject == subject)
    return await first(tx, query.order_by(legs.c.planned_at.desc()).limit(1))


async def move(tx: Transaction, key: str, before: tuple[str, ...], **values: Any) -> bool:
    """Changes a leg that is in one of these states. Whether it was."""
    changed = await tx.execute(update(legs).where(legs.c.key == key, legs.c.state.in_(before)).values(**values))
    return bool(changed.rowcount)


async def learn_sid(tx: Transaction, key: str, sid: str) -> bool:
    """Keeps the provider's id of a leg. Whether it is this one's: no other call may use its address."""
    await tx.execute(update(legs).where(legs.c.key == key, legs.c.sid.is_(None)).values(sid=sid))
    return (await tx.execute(select(legs.c.sid).where(legs.c.key == key))).scalar() == sid
