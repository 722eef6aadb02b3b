"""Regions closed and opened by hand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select

from app.domain.regions import Closure
from app.store.database import Transaction
from app.store.paging import Id, Order, Page, page
from app.store.rows import Row, first
from app.store.tables import closures

IN_ORDER = Order((closures.c.id,), tuple[Id])


async def listed(tx: Transaction, region: str | None, cursor: str | None, limit: int) -> Page:
    query: Select[Any] = select(closures)
    if region is not None:
        query = query.where(closures.c.region == region)
    return await page(tx, query, IN_ORDER, cursor, limit)


async def add(tx: Transaction, values: Mapping[str, Any]) -> Row:
    row = (await tx.execute(insert(closures).values(**values).returning(*closures.c))).one()
    return dict(row._mapping)


async def remove(tx: Transaction, id_: int) -> Row | None:
    """The closure that was removed; None where there is none."""
    return await first(tx, delete(closures).where(closures.c.id == id_).returning(*closures.c))


async def at(tx: Transaction, now: datetime) -> tuple[Closure, ...]:
    """What is closed or opened by hand, now and later, as the rules know it."""
    query = select(closures).where(closures.c.ends_at > now).order_by(closures.c.id)
    return tuple(
        Closure(row.region, row.kind, row.starts_at, row.ends_at, row.reason, row.id) for row in await tx.execute(query)
    )
