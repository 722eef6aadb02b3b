"""Written messages: planned as a row, sent by the job `send_message`, at most once.

Where nobody can say whether a message left, it is `unknown` and stays so: to be told twice at night is worse than to
miss a copy of what the phone says anyway.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from app.jobs import Jobs
from app.notify import Notice
from app.provider.rest_errors import AnswerLost, Busy, Refused
from app.store import messages
from app.store.database import Database, Transaction
from app.store.rows import Row

log = structlog.get_logger()
JOB = "send_message"
# What a text message may hold at the provider.
LONGEST = 1600


class Sender(Protocol):
    """Sends a planned message. Raises Busy (surely not sent), AnswerLost (may have been), Refused (and would be)."""

    async def send(self, message: Row, shown: str) -> None: ...


class Outbox:
    """`now` is the service's clock."""

    def __init__(self, database: Database, jobs: Jobs, now: Callable[[], datetime]) -> None:
        self._database, self._jobs, self._now = database, jobs, now

    async def plan(self, tx: Transaction, channel: str, to: str, notice: Notice) -> bool:
        """Writes the message down and defers its sending. Whether it is new."""
        key = f"{notice.key}/{channel}"
        values = {
            "key": key,
            "channel": channel,
            "recipient": to,
            "subject": notice.subject,
            "text": notice.text[:LONGEST],
            "planned_at": self._now(),
        }
        if not await messages.add(tx, values):
            return False
        await self._jobs.defer(tx, JOB, message=key, shown=notice.shown)
        return True

    async def send(self, key: str, shown: str, senders: dict[str, Sender]) -> None:
        """Sends a planned message, once. Raises Busy: it was not sent, and is to be tried again."""
        async with self._database.transaction() as tx:
            message = await messages.one(tx, key)
            if message is None:
                return
            if not await messages.move(tx, key, "planned", state="asked", asked_at=self._now()):
                # This job was cut off after it asked: whether the message left is not known.
                await messages.move(tx, key, "asked", state="unknown", error="cut off while it was sent")
                return
        try:
            await senders[message["channel"]].send(message, shown)
        except Busy as error:
            await self._becomes(key, "planned", str(error))
            raise
        except AnswerLost as error:
            await self._becomes(key, "unknown", str(error))
        except Refused as error:
            log.error("a message could not be sent", channel=message["channel"], reason=str(error))
            await self._becomes(key, "failed", str(error))
        else:
            await self._becomes(key, "sent", None)

    async def _becomes(self, key: str, state: str, error: str | None) -> None:
        async with self._database.transaction() as tx:
            await messages.move(tx, key, "asked", state=state, error=error)
