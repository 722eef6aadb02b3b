"""What becomes of a case whose partner is called back, and how often a number was called."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.store import cases
from app.store.cases import Update
from app.store.database import Transaction
from app.store.tables import legs, waiting

# A case that is further than its callback is not put back by it.
PUT_BACK = frozenset({"callback_requested", "in_progress", "waiting", "open", "abandoned"})


async def since(tx: Transaction, number: str, moment: datetime) -> list[datetime]:
    """When a number was called back since then, the first first. One that was planned counts, until it is dropped."""
    called = legs.c.asked_at.is_not(None) | (legs.c.state != "ended")
    query = select(legs.c.planned_at).where(
        legs.c.purpose == "callback", legs.c.number == number, legs.c.planned_at > moment, called
    )
    return list((await tx.execute(query.order_by(legs.c.planned_at))).scalars())


async def waits_again(tx: Transaction, number: str, flag: str | None = None) -> None:
    """The case waits for the next callback."""
    await _put_back(tx, number, "callback_requested", flag)


async def is_open_again(tx: Transaction, number: str, flag: str) -> None:
    """No callback follows."""
    await _put_back(tx, number, "open", flag)


async def withdraw(tx: Transaction, number: str) -> bool:
    """A case's callback that nobody makes at this moment is no longer needed. Whether there was one."""
    still = (waiting.c.kind == "callback") & waiting.c.taken_by.is_(None)
    gone = await tx.execute(waiting.delete().where(waiting.c.case_number == number, still))
    return bool(gone.rowcount)


async def write_down(tx: Transaction, talk: Mapping[str, Any], at: datetime, words: str) -> None:
    """In the history of the case, once for a talk."""
    entry = Update(f"{talk['id']}/callback", at, talk["who"], "callback", words)
    await cases.add_update(tx, talk["case_number"], entry)


async def _put_back(tx: Transaction, number: str, status: str, flag: str | None) -> None:
    case = await cases.locked(tx, number)
    if case is None:
        return
    flags = case["flags"] if flag is None or flag in case["flags"] else (*case["flags"], flag)
    put_back = status if case["status"] in PUT_BACK else case["status"]
    if (put_back, flags) != (case["status"], case["flags"]):
        await cases.change(tx, number, {"status": put_back, "flags": flags})
