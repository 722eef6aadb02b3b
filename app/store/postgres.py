"""A live call on PostgreSQL: plain psycopg. Turns that come together are one pipeline and one commit, look-ups too."""

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from psycopg import AsyncConnection, DataError, Error, IntegrityError, OperationalError, ProgrammingError
from psycopg.errors import DeadlockDetected, UniqueViolation
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from app.patience import within
from app.store.deferring import Defer, Statement, in_jobs_table
from app.store.groups import Groups
from app.store.hot import (
    LOCK_PATIENCE,
    PATIENCE,
    HotStore,
    NumberTaken,
    Row,
    StoreRefused,
    StoreUnavailable,
    first_line,
)
from app.store.records import Turn
from app.store.statements import ANSWER, statements

T = TypeVar("T")
Use = Callable[[AsyncConnection[Row]], Awaitable[T]]
CONNECTIONS = 8
_MILLISECONDS = int(LOCK_PATIENCE * 1000)
# No commit is told of before it is on disk, whatever the server's default. A call looks rows up by their keys: a plan
# that was made while a table was still empty must not go on to read all of it once it is full.
_OPTIONS = (
    f"-c statement_timeout={_MILLISECONDS} -c lock_timeout={_MILLISECONDS} -c synchronous_commit=on"
    " -c enable_seqscan=off"
)
_NAME = re.compile(r"(?<!:):([a-z_0-9]+)")


@cache
def percent(sql: str) -> bytes:
    """`:name` as psycopg writes it."""
    return _NAME.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


class PostgresStore(HotStore):
    """See `hot.HotStore`."""

    def __init__(self, url: str, defer: Defer = in_jobs_table) -> None:
        super().__init__(defer)
        self._pool = AsyncConnectionPool(
            url.replace("postgresql+psycopg://", "postgresql://"),
            min_size=1,
            max_size=CONNECTIONS,
            timeout=PATIENCE,
            reconnect_timeout=5,
            open=False,
            kwargs={"autocommit": True, "connect_timeout": 2, "options": _OPTIONS},
        )
        self._reads = Groups(self._read, self._read_alone)
        self._writes = Groups(self._commit, self._commit_alone)

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._writes.close()
        await self._pool.close()

    async def _fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        return await self._reads.do((sql, params))

    async def _read(self, group: Sequence[Statement]) -> list[list[Row]]:
        async def read(connection: AsyncConnection[Row]) -> list[list[Row]]:
            async with connection.pipeline():
                cursors = [await connection.execute(percent(sql), params) for sql, params in group]
                return [await cursor.fetchall() for cursor in cursors]

        return await self._with_patience(read)

    async def _read_alone(self, look_up: Statement) -> list[Row]:
        return (await self._read([look_up]))[0]

    async def _write(self, record: Turn) -> str | None:
        return await self._writes.do(record)

    async def _commit(self, group: Sequence[Turn]) -> list[str | None]:
        # In order of the calls, so that two processes never wait for each other.
        in_order = sorted(group, key=lambda record: record.call.call_sid)

        async def commit(connection: AsyncConnection[Row]) -> list[str | None]:
            async with connection.pipeline(), connection.transaction():
                await _execute(connection, [statements(record, self.defer) for record in in_order])
            return [None] * len(group)

        return await self._with_patience(commit)

    async def _commit_alone(self, record: Turn) -> str | None:
        async def commit(connection: AsyncConnection[Row]) -> str | None:
            return await _commit(connection, record.call.call_sid, record.turn, statements(record, self.defer))

        return await self._with_patience(commit)

    async def _with_patience(self, use: Use[T]) -> T:
        try:
            return await within(PATIENCE, self._with_connection(use))
        except (IntegrityError, DataError, ArithmeticError, TypeError, ValueError) as error:
            raise StoreRefused(_reason(error)) from error
        except (Error, PoolTimeout, PoolClosed, OSError) as error:
            if isinstance(error, ProgrammingError) and error.sqlstate is None:
                # The driver's own complaint: it cannot even send it.
                raise StoreRefused(_reason(error)) from error
            raise StoreUnavailable(_reason(error)) from error

    async def _with_connection(self, use: Use[T]) -> T:
        """Uses a connection. One that a restart of the server left stale is thrown away, and the next one tried."""
        met = False
        for _ in range(CONNECTIONS + 1):
            async with self._pool.connection() as connection:
                try:
                    return await use(connection)
                except DeadlockDetected:
                    # All is undone, and whoever this had met in the way has passed. Twice is a fault.
                    if met:
                        raise
                    met = True
                except OperationalError:
                    if not connection.closed:
                        raise
        raise OperationalError("every connection was stale")


def _reason(error: Exception) -> str:
    """For the log."""
    return f"{type(error).__name__}: {first_line(error)}"


async def _commit(
    connection: AsyncConnection[Row], call_sid: str, turn: int, all_of_it: Sequence[Statement]
) -> str | None:
    try:
        async with connection.pipeline(), connection.transaction():
            for sql, params in all_of_it:
                await connection.execute(percent(sql), params)
    except UniqueViolation as error:
        match error.diag.constraint_name:
            case "pk_turns":
                found = await connection.execute(percent(ANSWER), {"call_sid": call_sid, "turn": turn})
                row = await found.fetchone()
                return str(row[0]) if row else None
            case "pk_cases":
                raise NumberTaken(_reason(error)) from error
        raise
    return None


async def _execute(connection: AsyncConnection[Row], records: Sequence[Sequence[Statement]]) -> None:
    """The turns together and their calls together, which costs a third of one by one; then the deeds, in order."""
    for alike in zip(*(record[:2] for record in records), strict=True):
        await connection.cursor().executemany(percent(alike[0][0]), [params for _, params in alike])
    for record in records:
        for sql, params in record[2:]:
            await connection.execute(percent(sql), params)
