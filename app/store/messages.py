"""Text messages and mails that the service sends, one row each. The key is made by the writer: a repeat is seen."""

from typing import Any

from sqlalchemy import bindparam, select, text, update

from app.store.columns import Instant
from app.store.database import Transaction
from app.store.rows import Row, first
from app.store.tables import messages

ADD = text(
    "INSERT INTO messages (key, channel, recipient, subject, text, state, planned_at)"
    " VALUES (:key, :channel, :recipient, :subject, :text, 'planned', :planned_at) ON CONFLICT (key) DO NOTHING"
).bindparams(bindparam("planned_at", type_=Instant()))


async def add(tx: Transaction, values: Row) -> bool:
    """Plans a message. Whether it is new."""
    return bool((await tx.execute(ADD, values)).rowcount)


async def one(tx: Transaction, key: str) -> Row | None:
    return await first(tx, select(messages).where(messages.c.key == key))


async def move(tx: Transaction, key: str, before: str, **values: Any) -> bool:
    """Changes a message that is in this state. Whether it was."""
    this = (messages.c.key == key) & (messages.c.state == before)
    return bool((await tx.execute(update(messages).where(this).values(**values))).rowcount)
