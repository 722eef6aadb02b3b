"""A live call on PostgreSQL: plain psycopg, all statements of a turn in one pipeline, one commit."""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar

from psycopg import AsyncConnection, Error, IntegrityError, OperationalError
from psycopg.errors import UniqueViolation
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from app.store.hot import PATIENCE, NumberTaken, Row, StoreRefused, StoreUnavailable
from app.store.records import Turn
from app.store.statements import ANSWER, statements

T = TypeVar("T")
CONNECTIONS = 8
_NAME = re.compile(r"(?<!:):([a-z_0-9]+)")


@cache
def percent(sql: str) -> bytes:
    """`:name` as psycopg writes it."""
    return _NAME.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


class PostgresStore:
    """See `hot.HotStore`."""

    def __init__(self, url: str) -> None:
        self._pool = AsyncConnectionPool(
            url.replace("postgresql+psycopg://", "postgresql://"),
            min_size=1,
            max_size=CONNECTIONS,
            timeout=PATIENCE,
            reconnect_timeout=5,
            open=False,
            kwargs={
                "autocommit": True,
                "connect_timeout": 2,
                "options": f"-c statement_timeout={int(PATIENCE * 1000)} -c lock_timeout={int(PATIENCE * 1000)}",
            },
        )

    async def open(self) -> None:
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close()

    async def fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        async def read(connection: AsyncConnection[Row]) -> list[Row]:
            return await (await connection.execute(percent(sql), params)).fetchall()

        return await self._with_connection(read)

    async def write(self, record: Turn) -> str | None:
        async def commit(connection: AsyncConnection[Row]) -> str | None:
            return await _write(connection, record)

        try:
            return await self._with_connection(commit)
        except UniqueViolation as error:
            raise NumberTaken(str(error)) from error
        except IntegrityError as error:
            raise StoreRefused(str(error)) from error

    async def _with_connection(self, use: Callable[[AsyncConnection[Row]], Awaitable[T]]) -> T:
        """Uses a connection, and once more a fresh one when the first was stale: every statement may run twice."""
        try:
            try:
                async with self._pool.connection() as connection:
                    return await use(connection)
            except OperationalError as error:
                if isinstance(error, PoolTimeout):
                    raise
                await self._pool.check()
                async with self._pool.connection() as connection:
                    return await use(connection)
        except IntegrityError:
            raise
        except (Error, PoolTimeout, PoolClosed, OSError) as error:
            raise StoreUnavailable(str(error)) from error


async def _write(connection: AsyncConnection[Row], record: Turn) -> str | None:
    async with connection.pipeline(), connection.transaction():
        (turn, values), *others = statements(record)
        inserted = await connection.execute(percent(turn), values)
        for sql, params in others:
            await connection.execute(percent(sql), params)
    if inserted.rowcount:
        return None
    found = await connection.execute(percent(ANSWER), {"call_sid": record.call.call_sid, "turn": record.turn})
    row = await found.fetchone()
    return str(row[0]) if row else None
