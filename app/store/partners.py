"""The partner directory, a partner at a time. A whole file comes in by `partner_import`."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.store.database import Transaction
from app.store.paging import Key, Order, Page, page
from app.store.rows import Row, first
from app.store.tables import partner_phones, partners

BY_PID = Order((partners.c.pid,), tuple[Key])


class DialledTaken(Exception):
    """Another partner is dialled by the same digits, or has just come in under the same PID."""


async def listed(tx: Transaction, cursor: str | None, limit: int) -> Page:
    return await page(tx, select(partners), BY_PID, cursor, limit)


async def one(tx: Transaction, pid: str) -> Row | None:
    return await first(tx, select(partners).where(partners.c.pid == pid))


async def dialling(tx: Transaction, digits: str) -> Row | None:
    return await first(tx, select(partners).where(partners.c.dialled == digits))


async def save(tx: Transaction, id_: int | None, values: Mapping[str, Any], phones: Sequence[str]) -> Row:
    """Changes the partner of an id, or with None adds one. Raises DialledTaken."""
    query = insert(partners) if id_ is None else update(partners).where(partners.c.id == id_)
    try:
        row = (await tx.execute(query.values(**values).returning(*partners.c))).one()
    except IntegrityError as error:
        raise DialledTaken(str(error.orig)) from error
    await tx.execute(delete(partner_phones).where(partner_phones.c.partner_id == row.id))
    if phones:
        rows = [{"number": number, "partner_id": row.id} for number in phones]
        await tx.execute(insert(partner_phones), rows)
    return dict(row._mapping)
