"""The database for the API, the console and the commands: SQLAlchemy Core, one transaction a use case.

A use case opens its transaction, and has left it, so committed it, before its answer is built.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.store.foreign import refuse_foreign
from app.store.hot import StoreUnavailable, first_line

# Seconds. Nobody is on the phone here, so a request waits longer for the database than a call does.
LOCK_PATIENCE = 3
CONNECT_PATIENCE = 2
STATEMENT_PATIENCE = 10
CONNECTIONS = 4
# Set on a connection before it begins: SQLite then takes the write lock at once, so that no two transactions read the
# same count and both write it back.
WRITING = "writing"

Transaction = AsyncConnection


class Database:
    """Makes transactions. Every fault of the database comes out of one as StoreUnavailable."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = _sqlite(url) if url.startswith("sqlite") else _postgres(url)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that writes: committed when the block ends, undone when it raises."""
        async with self._begun(writing=True) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A transaction that only reads; it waits for no writer."""
        async with self._begun(writing=False) as connection:
            yield connection

    @asynccontextmanager
    async def _begun(self, *, writing: bool) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(**{WRITING: writing})
                async with connection.begin():
                    yield connection
        except (IntegrityError, DataError):
            raise
        except DBAPIError as error:
            raise StoreUnavailable(first_line(error.orig or error)) from error
        except (PoolTimeout, OSError) as error:
            raise StoreUnavailable(str(error)) from error


def _postgres(url: str) -> AsyncEngine:
    patience = f"-c statement_timeout={STATEMENT_PATIENCE * 1000} -c lock_timeout={LOCK_PATIENCE * 1000}"
    # No commit is told of before it is on disk, whatever the server's default.
    options = f"{patience} -c synchronous_commit=on"
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS,
        pool_timeout=CONNECT_PATIENCE,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_PATIENCE, "options": options},
    )


def _sqlite(url: str) -> AsyncEngine:
    """A new connection for each transaction: a pooled one would go on writing into a file that was replaced."""
    path = Path(make_url(url).database or "").absolute()
    place = URL.create("sqlite+aiosqlite", database=path.as_uri(), query={"mode": "rw", "uri": "true"})
    engine = create_async_engine(
        place,
        hide_parameters=True,
        poolclass=NullPool,
        connect_args={"timeout": LOCK_PATIENCE, "isolation_level": None},
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def look_at_it(*_: object) -> None:
        refuse_foreign(path)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(raw: Any, _record: object) -> None:
        cursor = raw.cursor()
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
