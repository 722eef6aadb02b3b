"""Regions closed and opened by hand."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, delete, insert, select

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
