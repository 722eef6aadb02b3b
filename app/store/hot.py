"""The path of a live call to its database: two verbs, the same on SQLite and on PostgreSQL.

SQLAlchemy takes a millisecond a turn here, the drivers a fifth of it (bench/README.md); so what every webhook does is
plain SQL on the driver, and all else (API, commands, migrations) goes through SQLAlchemy.
"""

from abc import ABC, abstractmethod
from time import monotonic
from typing import Any, Protocol

from app.store.deferring import Defer
from app.store.records import Turn

Row = tuple[Any, ...]
# Seconds. The telephone company waits 15 at most and a caller hears silence meanwhile: a call never waits longer than
# this for an answer of the database before it goes on without.
PATIENCE = 1.5
# What the database itself is told to wait for a lock, so that it is the one to say why.
LOCK_PATIENCE = 1.2
# Seconds in which nobody asks a database again that has just failed to answer.
PAUSE = 1.0


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked, or is not ours. The call goes on without it."""


class StoreRefused(StoreUnavailable):
    """The database works, and does not take this record: a fault of ours. It is kept aside."""


class NumberTaken(Exception):
    """Another case has drawn this number already: draw the next."""


class Readable(Protocol):
    async def fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        """Rows of a SELECT with `:name` parameters. Raises StoreUnavailable."""
        ...


def first_line(error: BaseException) -> str:
    """What an error says, without the server's details: those quote the row."""
    return str(error).partition("\n")[0]


class HotStore(ABC):
    """A kind of database says how it reads and commits; here is how long a call puts up with one that does not.

    Reading and writing are judged apart: a database that is locked against writers still knows its partners.
    """

    def __init__(self, defer: Defer) -> None:
        self.defer = defer
        """Background work is deferred with what makes it necessary, in one transaction."""
        self._reading = _Trust()
        self._writing = _Trust()

    @abstractmethod
    async def open(self) -> None:
        """Succeeds whether the database is there or not."""

    @abstractmethod
    async def close(self) -> None:
        """Waits for what is being written."""

    async def fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        """Rows of a SELECT with `:name` parameters. Raises StoreUnavailable within PATIENCE."""
        before = self._reading.before_trying()
        try:
            rows = await self._fetch(sql, params)
        except StoreUnavailable:
            self._reading.disappointed(before)
            raise
        self._reading.satisfied()
        return rows

    async def write(self, record: Turn) -> str | None:
        """Commits a turn. Where it was written before: the answer given then.

        Raises StoreUnavailable within PATIENCE when nothing was written as far as is known, and NumberTaken.
        """
        before = self._writing.before_trying()
        try:
            answer = await self._write(record)
        except (StoreRefused, NumberTaken):
            self._writing.satisfied()
            raise
        except StoreUnavailable:
            self._writing.disappointed(before)
            raise
        self._writing.satisfied()
        return answer

    @property
    def takes_writes(self) -> bool:
        """Whether the last that was written, or was to be, went well."""
        return not self._writing.lost

    def look_again(self) -> None:
        """Lets the next read and the next write try, however recently one has failed."""
        self._reading.look_again()
        self._writing.look_again()

    @abstractmethod
    async def _fetch(self, sql: str, params: dict[str, Any]) -> list[Row]: ...

    @abstractmethod
    async def _write(self, record: Turn) -> str | None: ...


class _Trust:
    """Whether it is worth waiting. After a failure all are refused at once, and every PAUSE one may try again.

    One failure among successes is no reason: a single row may be locked while everything else goes on.
    """

    def __init__(self) -> None:
        self._successes = 0
        self.lost = False
        self._next_try = 0.0

    def before_trying(self) -> int:
        if self.lost:
            now = monotonic()
            if now < self._next_try:
                raise StoreUnavailable("it did not answer a moment ago")
            # The others do not wait for the one that tries.
            self._next_try = now + PATIENCE + PAUSE
        return self._successes

    def satisfied(self) -> None:
        self._successes += 1
        self.lost = False

    def disappointed(self, before: int) -> None:
        """A try has failed that began after so many successes."""
        if self._successes == before:
            self.lost = True
            self._next_try = monotonic() + PAUSE

    def look_again(self) -> None:
        self._next_try = 0.0
