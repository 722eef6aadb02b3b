"""Lists, a page at a time. A cursor is the key of the last row given, so a page stays right while rows come and go."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Select, literal, tuple_

from app.store.database import Transaction
from app.store.rows import Row

T = TypeVar("T", bound=tuple[Any, ...])

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
# What a column of ours holds: no NUL, which PostgreSQL refuses.
Key = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$", max_length=200)]
Id = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class BadCursor(Exception):
    """The cursor is none of ours. Take it from `next` of the page before, or leave it away for the first page."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list; `next` is the cursor of the page after it, None on the last."""

    rows: Sequence[Row]
    next: str | None


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """How a list is ordered: by these columns, which together are unique. `key` is the type of their values."""

    columns: Sequence[ColumnElement[Any]]
    key: type[T]
    newest_first: bool = False


async def page(tx: Transaction, query: Select[Any], order: Order[T], cursor: str | None, limit: int) -> Page:
    """The rows of a query after the cursor. Raises BadCursor."""
    if cursor is not None:
        query = query.where(_after(order, _read(cursor, order.key)))
    sorting = [column.desc() if order.newest_first else column.asc() for column in order.columns]
    # One more than is given tells whether there is a next page.
    found = await tx.execute(query.order_by(*sorting).limit(limit + 1))
    rows = [dict(row._mapping) for row in found]
    more = len(rows) > limit
    return Page(rows[:limit], _write(rows[limit - 1], order) if more else None)


def _after(order: Order[T], key: T) -> ColumnElement[bool]:
    own = tuple_(*order.columns)
    values = [literal(value, column.type) for column, value in zip(order.columns, key, strict=True)]
    return own < tuple_(*values) if order.newest_first else own > tuple_(*values)


def _write(row: Row, order: Order[T]) -> str:
    key = [row[str(column.key)] for column in order.columns]
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _read(cursor: str, key: type[T]) -> T:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found: T = msgspec.json.decode(raw, type=key)
        return found
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise BadCursor from None
