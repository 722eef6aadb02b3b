"""Talks that go on for a while, with the leg of who answers: its end may never have been heard."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from app.store.database import Transaction
from app.store.rows import Row, every
from app.store.tables import legs, talks


async def open_talks(tx: Transaction, before: datetime, limit: int) -> Sequence[Row]:
    """So many of the talks that began before then, drawn anew each time, so that each has its turn.

    `key`, `state` and `sid` are those of the leg; without a key the talk was taken by dialling in, and `leg` is the
    agent's call.
    """
    query = (
        select(talks.c.leg, legs.c.key, legs.c.state, legs.c.sid)
        .join(legs, legs.c.key == talks.c.leg, isouter=True)
        .where(talks.c.ended_at.is_(None), talks.c.began < before)
        .order_by(func.random())
        .limit(limit)
    )
    return await every(tx, query)
