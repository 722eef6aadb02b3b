"""Case stubs, their updates and their pages. A case opened by phone is written by `statements`."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.flows.flow import Queue
from app.store.database import Transaction
from app.store.hot import NumberTaken
from app.store.paging import Key, Moment, Order, Page, page
from app.store.rows import Row, first
from app.store.tables import Instant, calls, case_updates, cases, pages

# What was told to a lead is not the reader's business.
FIELDS = tuple(column for column in cases.c if column.name not in ("response_warned", "update_warned"))
NEWEST = Order((cases.c.opened_at, cases.c.number), tuple[Moment, Key], newest_first=True)
IN_ORDER = Order((case_updates.c.at, case_updates.c.id), tuple[Moment, Key])


@dataclass(frozen=True, slots=True)
class Filters:
    """Which cases are meant; None is any."""

    call_sid: str | None = None
    pid: str | None = None
    status: str | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of a case's history. `id` is made by the writer, so that a repeat finds its own."""

    id: str
    at: datetime
    author: str
    kind: str
    note: str


async def listed(tx: Transaction, filters: Filters, cursor: str | None, limit: int) -> Page:
    """Cases, the newest first."""
    return await page(tx, select(*FIELDS).where(*_conditions(filters)), NEWEST, cursor, limit)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.call_sid is not None:
        # The call's own case, or the one that its caller went on with.
        joined = select(calls.c.case_number).where(calls.c.call_sid == filters.call_sid)
        found.append(or_(cases.c.call_sid == filters.call_sid, cases.c.number.in_(joined)))
    if filters.pid is not None:
        found.append(cases.c.pid == filters.pid)
    if filters.status is not None:
        found.append(cases.c.status == filters.status)
    if filters.severity is not None:
        found.append(cases.c.severity == filters.severity)
    return found


async def one(tx: Transaction, number: str) -> Row | None:
    return await first(tx, select(*FIELDS).where(cases.c.number == number))


async def locked(tx: Transaction, number: str) -> Row | None:
    """A case that nobody else changes until this transaction ends."""
    return await first(tx, select(*FIELDS).where(cases.c.number == number).with_for_update())


async def add(tx: Transaction, values: Mapping[str, Any]) -> Row:
    """A new case. Raises NumberTaken when there is one with its number."""
    try:
        row = (await tx.execute(insert(cases).values(**values).returning(*FIELDS))).one()
    except IntegrityError as error:
        raise NumberTaken(str(error.orig)) from error
    return dict(row._mapping)


async def change(tx: Transaction, number: str, values: Mapping[str, Any]) -> Row:
    query = update(cases).where(cases.c.number == number).values(**values).returning(*FIELDS)
    return dict((await tx.execute(query)).one()._mapping)


async def add_update(tx: Transaction, number: str, entry: Update) -> None:
    """Raises NumberTaken when the same update was written meanwhile."""
    values = {"id": entry.id, "at": entry.at, "author": entry.author, "kind": entry.kind, "note": entry.note}
    try:
        await tx.execute(insert(case_updates).values(case_number=number, **values))
    except IntegrityError as error:
        raise NumberTaken(str(error.orig)) from error


async def update_with_id(tx: Transaction, id_: str) -> Row | None:
    return await first(tx, select(case_updates).where(case_updates.c.id == id_))


async def updates_of(tx: Transaction, number: str, cursor: str | None, limit: int) -> Page:
    """The history of a case, in order."""
    query = select(case_updates).where(case_updates.c.case_number == number)
    return await page(tx, query, IN_ORDER, cursor, limit)


async def is_taken(tx: Transaction, number: str, who: str, now: datetime) -> None:
    """A person answers: the case has its first response, and is in progress unless it is escalated."""
    values = {
        "status": case((cases.c.status == "escalated", cases.c.status), else_="in_progress"),
        "first_response_at": func.coalesce(cases.c.first_response_at, literal(now, Instant())),
    }
    await tx.execute(update(cases).where(cases.c.number == number, cases.c.status != "resolved").values(**values))
    await add_update(tx, number, Update(secrets.token_hex(16), now, who, "taken", f"{who} took the call"))


async def is_handed_over(tx: Transaction, number: str, queue: Queue, who: str, note: str, now: datetime) -> None:
    """The case waits in another queue, for the team that it belongs to."""
    values: dict[str, Any] = {"queue": queue.name, "tier": queue.tier, "status": "waiting"}
    if queue.region is not None:
        values["region"] = queue.region
    await tx.execute(update(cases).where(cases.c.number == number, cases.c.status != "resolved").values(**values))
    words = f"{who} handed the call over to {queue.name}" + (f": {note}" if note else "")
    await add_update(tx, number, Update(secrets.token_hex(16), now, who, "handed over", words))


async def is_being_paged(tx: Transaction, number: str) -> bool:
    """Whether a page of this case waits for somebody to accept it."""
    waiting = exists().where(pages.c.case_number == number, pages.c.accepted_at.is_(None))
    return bool((await tx.execute(select(waiting))).scalar_one())
