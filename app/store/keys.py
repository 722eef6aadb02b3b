"""API keys. Only an HMAC of a key is kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.store.database import Transaction
from app.store.rows import Row, every, first
from app.store.tables import api_keys


class NameTaken(Exception):
    """There is a key of this name already."""


async def with_id(tx: Transaction, id_: str) -> Row | None:
    return await first(tx, select(api_keys).where(api_keys.c.id == id_))


async def listed(tx: Transaction) -> list[Row]:
    return await every(tx, select(api_keys).order_by(api_keys.c.name))


async def add(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Raises NameTaken."""
    try:
        await tx.execute(insert(api_keys).values(**values))
    except IntegrityError as error:
        raise NameTaken(str(error.orig)) from error


async def mark_used(tx: Transaction, id_: str, at: datetime, unless_since: datetime) -> None:
    """Notes the use of a key, unless one was noted since."""
    before = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < unless_since)
    await tx.execute(update(api_keys).where(api_keys.c.id == id_, before).values(last_used_at=at))


async def revoke(tx: Transaction, name: str, at: datetime) -> bool:
    """Whether there was such a key, not revoked before."""
    query = update(api_keys).where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None)).values(revoked_at=at)
    return (await tx.execute(query)).rowcount == 1
