"""Rows as mappings from column to value: what the queries of this package give."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable

from app.store.database import Transaction

Row = Mapping[str, Any]


async def first(tx: Transaction, query: Executable) -> Row | None:
    """The first row; None where there is none."""
    row = (await tx.execute(query)).first()
    return dict(row._mapping) if row else None


async def every(tx: Transaction, query: Executable) -> list[Row]:
    """All rows, in the order of the query."""
    return [dict(row._mapping) for row in await tx.execute(query)]
