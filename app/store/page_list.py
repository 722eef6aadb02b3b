"""Pages and their tries, as somebody sees them who looks after them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import msgspec
from sqlalchemy import Select, case, select

from app.store.database import Transaction
from app.store.paging import Key, Moment, Order, Page, page
from app.store.rows import Row
from app.store.tables import cases, page_tries, pages

Flag = Annotated[int, msgspec.Meta(ge=0, le=1)]
IS_OPEN = case((pages.c.accepted_at.is_(None), 1), else_=0).label("is_open")
FIELDS = (
    pages.c.id,
    pages.c.case_number,
    pages.c.tier,
    pages.c.climbs,
    pages.c.reason,
    pages.c.opened_at,
    pages.c.next_at,
    pages.c.round,
    pages.c.merged,
    pages.c.alarmed_at,
    pages.c.accepted_at,
    pages.c.accepted_by,
    pages.c.call_sid.is_not(None).label("caller_waits"),
    IS_OPEN,
    cases.c.severity,
    cases.c.region,
    cases.c.line,
    cases.c.pid,
    cases.c.partner_name,
)
OPEN_FIRST = Order((IS_OPEN, pages.c.opened_at, pages.c.id), tuple[Flag, Moment, Key], newest_first=True)
TRIES = (
    page_tries.c.page_id,
    page_tries.c.contact,
    page_tries.c.tier,
    page_tries.c.round,
    page_tries.c.at,
    page_tries.c.handed_at,
    page_tries.c.ended_at,
    page_tries.c.result,
)


async def listed(tx: Transaction, cursor: str | None, limit: int) -> Page:
    """Those that nobody has accepted first, then the newest."""
    found = await page(tx, _pages(), OPEN_FIRST, cursor, limit)
    return Page(await _with_tries(tx, found.rows), found.next)


async def one(tx: Transaction, id_: str) -> Row | None:
    row = (await tx.execute(_pages().where(pages.c.id == id_))).first()
    return (await _with_tries(tx, [dict(row._mapping)]))[0] if row else None


def _pages() -> Select[Any]:
    return select(*FIELDS).join(cases, cases.c.number == pages.c.case_number)


async def _with_tries(tx: Transaction, rows: Collection[Row]) -> list[Row]:
    tries = await _tries(tx, [row["id"] for row in rows])
    return [{**row, "tries": tries.get(row["id"], [])} for row in rows]


async def _tries(tx: Transaction, ids: Collection[str]) -> Mapping[str, list[Row]]:
    """Whom each page has reached, in order. No telephone number."""
    found: dict[str, list[Row]] = defaultdict(list)
    query = select(*TRIES).where(page_tries.c.page_id.in_(ids)).order_by(page_tries.c.at, page_tries.c.id)
    for row in await tx.execute(query):
        found[row.page_id].append(dict(row._mapping))
    return found
