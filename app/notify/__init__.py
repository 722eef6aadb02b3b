"""Ways to reach a contact on duty: phone, SMS, mail. To add one, copy the nearest file.

A notice is planned in the transaction that makes it necessary, under a key of its own, and leaves after the commit, by
a job. So nobody is told of what did not happen, and a repeat is seen.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from app.domain.duty import Contact
from app.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Notice:
    """What a contact is told. `key` names the event and the contact; `shown` is the number that the contact sees.

    `subject` and `text` are for who reads: tier, severity, partner, case, what happened, what to do. Neither holds a
    caller's number.
    """

    key: str
    shown: str
    subject: str
    text: str


class Channel(Protocol):
    """A way to reach a contact."""

    name: ClassVar[str]

    def reach(self, contact: Contact) -> str:
        """Where the contact is reached this way; empty where not."""
        ...

    async def plan(self, tx: Transaction, to: str, notice: Notice) -> bool:
        """Plans that the contact is told, once for each key. Whether this was the first time."""
        ...
