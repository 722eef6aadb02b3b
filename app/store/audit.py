"""Who changed what, and when. Written in the transaction of the change itself."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from app.store.database import Transaction
from app.store.tables import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """`subject` names the thing changed, as `case 1234567897`; `detail` says how, in words."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = ""


async def note(tx: Transaction, entry: Entry) -> None:
    await tx.execute(
        insert(audit).values(
            at=entry.at, actor=entry.actor, action=entry.action, subject=entry.subject, detail=entry.detail
        )
    )
