"""The path of a live call to its database: two verbs, the same on SQLite and on PostgreSQL.

SQLAlchemy takes a millisecond a turn here, the drivers a fifth of it (bench/README.md); so what every webhook does is
plain SQL on the driver, and all else (API, commands, migrations) goes through SQLAlchemy.
"""

from typing import Any, Protocol

from app.store.records import Turn

Row = tuple[Any, ...]
# The telephone company waits 15 seconds at most and a caller hears silence meanwhile: a call never waits longer than
# this for the database before it goes on without.
PATIENCE = 1.5


class StoreUnavailable(Exception):
    """The database cannot be reached, is locked, or is not ours. The call goes on without it."""


class StoreRefused(StoreUnavailable):
    """The database works, and does not take this record: a fault of ours. It is kept aside."""


class NumberTaken(Exception):
    """Another case has drawn this number already: draw the next."""


class HotStore(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        """Rows of a SELECT with `:name` parameters. Raises StoreUnavailable."""
        ...

    async def write(self, record: Turn) -> str | None:
        """Commits a turn. Where it was written before: the answer given then.

        Raises StoreUnavailable when nothing was written, and NumberTaken.
        """
        ...
