"""SMS, by the telephone company."""

from typing import ClassVar

from app.domain.duty import Contact
from app.notify import Notice
from app.notify.outbox import Outbox
from app.provider.rest import Provider
from app.store.database import Transaction
from app.store.rows import Row


class Sms:
    name: ClassVar[str] = "sms"

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def reach(self, contact: Contact) -> str:
        return contact.sms

    async def plan(self, tx: Transaction, to: str, notice: Notice) -> bool:
        return await self._outbox.plan(tx, self.name, to, notice)


class SmsSender:
    """See `outbox.Sender`."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def send(self, message: Row, shown: str) -> None:
        await self._provider.message(to=message["recipient"], sender=shown, text=message["text"])
