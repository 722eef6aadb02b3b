"""What a leg is for, and who then knows what to do: one module a purpose, each with the same four functions."""

from typing import Protocol

from app.flows.turn import Heard
from app.runtime import Runtime
from app.services import callbacks, offers, paging, verifying
from app.store.database import Transaction
from app.store.rows import Row


class Purpose(Protocol):
    async def wanted(self, runtime: Runtime, tx: Transaction, subject: str) -> bool:
        """Whether somebody is still to be rung."""
        ...

    async def answered(self, runtime: Runtime, leg: Row) -> str:
        """The document for somebody, or something, that answered. Repeats get the same."""
        ...

    async def keyed(self, runtime: Runtime, leg: Row, heard: Heard) -> str:
        """The document after a key."""
        ...

    async def over(self, runtime: Runtime, tx: Transaction, leg: Row, status: str) -> None:
        """The leg is over, or was never placed: `status` is the provider's. Comes at least once."""
        ...


PURPOSES: dict[str, Purpose] = {"offer": offers, "page": paging, "callback": callbacks, "verify": verifying}
