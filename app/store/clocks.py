"""Cases whose initial response or next update is due soon, and of which nobody was told yet.

Both look-ups have an index of their own, which holds only what they can find: see `tables.cases`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, or_, select, text, update

from app.domain.routing import Severity
from app.store.database import Transaction
from app.store.rows import Row, every
from app.store.tables import RESPONSE_TO_TELL, UPDATE_TO_TELL, cases

Kind = Literal["response", "update"]
DUE = {"response": cases.c.first_response_due_at, "update": cases.c.next_update_due_at}
WARNED = {"response": cases.c.response_warned, "update": cases.c.update_warned}


@dataclass(frozen=True, slots=True)
class Until:
    """Cases of a severity, of one region or of any (None), that are due until then."""

    severity: Severity
    region: str | None
    at: datetime


async def responses(tx: Transaction, until: Iterable[Until], promised_until: datetime, limit: int) -> Sequence[Row]:
    """Without a response; those with a promised callback are given until another moment, and are yet to be judged."""
    due = cases.c.first_response_due_at
    soon = [and_(cases.c.callback_at.is_(None), cases.c.severity == u.severity, due <= u.at) for u in until]
    found = or_(and_(cases.c.callback_at.is_not(None), due <= promised_until), *soon)
    # Said once for all branches, so that the index is used.
    latest = max([promised_until, *(u.at for u in until)])
    query = select(cases).where(text(RESPONSE_TO_TELL), due <= latest, found).order_by(due, cases.c.number)
    return await every(tx, query.limit(limit))


async def updates(tx: Transaction, until: Iterable[Until], limit: int) -> Sequence[Row]:
    due, until = cases.c.next_update_due_at, list(until)
    known = {u.region for u in until if u.region is not None}
    soon = [
        and_(
            cases.c.severity == u.severity,
            cases.c.region == u.region if u.region is not None else cases.c.region.not_in(known),
            due <= u.at,
        )
        for u in until
    ]
    latest = max(u.at for u in until)
    query = select(cases).where(text(UPDATE_TO_TELL), due <= latest, or_(*soon)).order_by(due, cases.c.number)
    return await every(tx, query.limit(limit))


async def told(tx: Transaction, number: str, kind: Kind, due: datetime) -> bool:
    """Notes that somebody was told of this moment. Whether it is news, and still the moment."""
    warned = WARNED[kind]
    this = and_(cases.c.number == number, DUE[kind] == due, or_(warned.is_(None), warned != due))
    return bool((await tx.execute(update(cases).where(this).values({warned: due}))).rowcount)
