"""What changed, in order, for whoever watches. Written in the transaction of the change itself."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from app.store.database import Transaction
from app.store.tables import events


async def note(tx: Transaction, at: datetime, kind: str, subject: str, **detail: Any) -> None:
    """`subject` names the thing, as `case 1234567897` or `agent 3f2a`; the detail holds no number of a caller."""
    await tx.execute(insert(events).values(at=at, kind=kind, subject=subject, detail=json.dumps(detail, default=str)))


async def after(tx: Transaction, id_: int, limit: int) -> Sequence[dict[str, Any]]:
    """Those that came after an event, the oldest first."""
    rows = await tx.execute(select(events).where(events.c.id > id_).order_by(events.c.id).limit(limit))
    return [{**row._mapping, "detail": json.loads(row.detail)} for row in rows]


async def newest(tx: Transaction) -> int:
    return int((await tx.execute(select(func.max(events.c.id)))).scalar() or 0)


async def forget_before(tx: Transaction, at: datetime) -> None:
    await tx.execute(delete(events).where(events.c.at < at))
