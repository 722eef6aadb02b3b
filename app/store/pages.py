"""Pages: cases that somebody on duty must take, and whom they have reached so far."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, text, update

from app.store.columns import Instant
from app.store.database import Transaction
from app.store.rows import Row, every, first
from app.store.tables import cases, page_tries, pages, waiting

# A page that was opened already stays as it is.
OPEN = text(
    "INSERT INTO pages (id, case_number, tier, reason, call_sid, climbs, opened_at, next_at)"
    " VALUES (:id, :case_number, :tier, :reason, :call_sid, :climbs, :at, :at) ON CONFLICT (id) DO NOTHING"
).bindparams(bindparam("at", type_=Instant()))
STILL_OPEN = pages.c.accepted_at.is_(None)


async def add(
    tx: Transaction,
    id_: str,
    *,
    case_number: str,
    tier: int,
    reason: str,
    call_sid: str | None,
    at: datetime,
    climbs: int | None = None,
) -> bool:
    """Opens a page that is looked at from `at` on. Whether it is new. With `climbs` no limit holds it back."""
    values = {"id": id_, "case_number": case_number, "tier": tier, "reason": reason, "call_sid": call_sid}
    return bool((await tx.execute(OPEN, {**values, "climbs": climbs, "at": at})).rowcount)


async def add_for_case(tx: Transaction, id_: str, case: Row, reason: str, at: datetime) -> None:
    """Somebody of support asks for the contacts on duty of a case's tier. Who waits for it is connected with them."""
    caller = select(waiting.c.call_sid).where(waiting.c.case_number == case["number"], waiting.c.taken_by.is_(None))
    call_sid = await tx.scalar(caller.order_by(waiting.c.since).limit(1))
    tier = case["tier"]
    await add(tx, id_, case_number=case["number"], tier=tier, reason=reason, call_sid=call_sid, at=at, climbs=tier)


async def one(tx: Transaction, id_: str) -> Row | None:
    return await first(tx, select(pages).where(pages.c.id == id_))


async def locked(tx: Transaction, id_: str) -> Row | None:
    """A page that nobody else changes until this transaction ends."""
    return await first(tx, select(pages).where(pages.c.id == id_).with_for_update())


async def change(tx: Transaction, id_: str, **values: Any) -> None:
    await tx.execute(update(pages).where(pages.c.id == id_).values(**values))


async def is_paged(tx: Transaction, call_sid: str) -> bool:
    """Whether a page of this call waits for somebody to accept it."""
    query = select(pages.c.id).where(pages.c.call_sid == call_sid, STILL_OPEN).limit(1)
    return (await tx.execute(query)).first() is not None


async def accept_of_call(tx: Transaction, call_sid: str, who: str, now: datetime) -> Sequence[str]:
    """Somebody talks to the caller of these pages: nobody else need be rung. Gives their ids."""
    taken = update(pages).where(pages.c.call_sid == call_sid, STILL_OPEN)
    values = {"accepted_at": now, "accepted_by": who, "next_at": None}
    return list((await tx.execute(taken.values(**values).returning(pages.c.id))).scalars())


async def late(tx: Transaction, before: datetime) -> Sequence[str]:
    """The open pages that should have been looked at before this moment."""
    return list((await tx.execute(select(pages.c.id).where(STILL_OPEN, pages.c.next_at < before))).scalars())


# Pages for unverified callers


async def of_unverified_locked(tx: Transaction, tier: int) -> list[Row]:
    """The open pages of a tier for unverified callers, the oldest first. In one order, so that two looks take turns."""
    query = (
        select(pages)
        .join(cases, cases.c.number == pages.c.case_number)
        .where(pages.c.tier == tier, cases.c.verified.is_(False), STILL_OPEN)
        .order_by(pages.c.opened_at, pages.c.id)
        .with_for_update(of=pages)
    )
    return await every(tx, query)


async def merged(tx: Transaction, tier: int) -> Sequence[str]:
    """The pages that another of their tier stands for, the oldest first."""
    query = select(pages.c.id).where(
        pages.c.tier == tier, STILL_OPEN, pages.c.climbs.is_(None), pages.c.next_at.is_(None)
    )
    return list((await tx.execute(query.order_by(pages.c.opened_at, pages.c.id))).scalars())


async def begun_since(tx: Transaction, tier: int, since: datetime) -> list[datetime]:
    """When the tier's pages for unverified callers began to ring somebody."""
    query = (
        select(page_tries.c.at)
        .join(pages, pages.c.id == page_tries.c.page_id)
        .join(cases, cases.c.number == pages.c.case_number)
        .where(
            page_tries.c.at > since,
            page_tries.c.round == 1,
            page_tries.c.rung == 1,
            pages.c.tier == tier,
            cases.c.verified.is_(False),
        )
    )
    return list((await tx.execute(query)).scalars())


# Tries: one contact reached for a page


async def add_try(tx: Transaction, values: Row) -> None:
    await tx.execute(insert(page_tries).values(**values))


async def one_try(tx: Transaction, id_: str) -> Row | None:
    return await first(tx, select(page_tries).where(page_tries.c.id == id_))


async def tries_of(tx: Transaction, page: str) -> list[Row]:
    """Whom a page has reached, in order."""
    query = select(page_tries).where(page_tries.c.page_id == page)
    return await every(tx, query.order_by(page_tries.c.round, page_tries.c.rung))


async def handed(tx: Transaction, id_: str, now: datetime) -> None:
    """The telephone company is asked to ring the contact."""
    await tx.execute(update(page_tries).where(page_tries.c.id == id_).values(handed_at=now))


async def end_try(tx: Transaction, id_: str, result: str, now: datetime) -> bool:
    """Whether this says something new: a try ends once, but one whose time was over may be accepted all the same."""
    is_open = page_tries.c.ended_at.is_(None)
    still = or_(is_open, page_tries.c.result != "accepted") if result == "accepted" else is_open
    changed = await tx.execute(
        update(page_tries).where(page_tries.c.id == id_, still).values(ended_at=now, result=result)
    )
    return bool(changed.rowcount)
