"""The phone: the contact is rung, and says with a key what becomes of the case."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from app.domain.duty import Contact
from app.notify import Notice
from app.store import legs
from app.store.database import Transaction

Ring = Callable[[Transaction, str, str, str], Awaitable[object]]
"""Plans a call in a transaction: what it is for, the number, the number shown."""
PURPOSE = "page"


class Phone:
    name: ClassVar[str] = "phone"

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def reach(self, contact: Contact) -> str:
        return contact.phone

    async def plan(self, tx: Transaction, to: str, notice: Notice) -> bool:
        if await legs.of_subject(tx, PURPOSE, notice.key):
            return False
        await self._ring(tx, notice.key, to, notice.shown)
        return True
