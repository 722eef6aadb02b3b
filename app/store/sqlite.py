"""A live call on SQLite. Only the disk is waited for in a thread: what arrives meanwhile becomes the next commit.

Reads happen on the event loop: a point look-up takes ten microseconds, a thread hop sixty, and with a write-ahead log
no reader waits for the writer.
"""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from app.store.deferring import Defer, in_jobs_table
from app.store.foreign import refuse_foreign
from app.store.groups import Groups
from app.store.hot import LOCK_PATIENCE, HotStore, NumberTaken, Row, StoreRefused, StoreUnavailable
from app.store.instants import instant_text
from app.store.records import Turn
from app.store.statements import ANSWER, statements

# A read holds up the event loop. Only a file that is no longer in WAL mode, or is being recovered, makes one wait.
READ_PATIENCE = 0.05
CACHED_STATEMENTS = 256
# What is wrong with a record, not with the database.
REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ArithmeticError,
    TypeError,
    ValueError,
)

# Seconds between two tries at a file that another process is writing to.
BETWEEN_TRIES = 0.005

sqlite3.register_adapter(datetime, instant_text)


class SqliteStore(HotStore):
    """See `hot.HotStore`."""

    def __init__(self, path: Path, defer: Defer = in_jobs_table) -> None:
        super().__init__(defer)
        self._reader = _File(path, READ_PATIENCE)
        self._writer = _File(path, 0)
        self._writes = Groups(self._commit, self._commit_alone)
        self._disk = ThreadPoolExecutor(1, "sqlite commit")
        self._committing: Future[sqlite3.Cursor] | None = None

    async def open(self) -> None:
        """The file is opened when it is first used."""

    async def close(self) -> None:
        await self._writes.close()
        self._disk.shutdown()
        self._writer.close()
        self._reader.close()

    async def _fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        try:
            return self._reader.connection().execute(sql, params).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._reader.failed()
            raise StoreUnavailable(str(error)) from error

    async def _write(self, record: Turn) -> str | None:
        return await self._writes.do(record)

    async def _commit(self, group: Sequence[Turn]) -> list[str | None]:
        """The statements take microseconds and run here; only the disk is waited for in a thread."""
        try:
            connection = self._writer.connection()
            await self._undo_what_was_cut_off(connection)
            await _begin(connection)
            for record in group:
                for sql, params in statements(record, self.defer):
                    connection.execute(sql, params)
            self._committing = self._disk.submit(connection.execute, "COMMIT")
            await asyncio.wrap_future(self._committing)
        except REFUSALS as error:
            self._writer.rollback()
            raise _refusal(error) from error
        except Exception as error:
            self._writer.failed()
            raise StoreUnavailable(str(error)) from error
        return [None] * len(group)

    async def _undo_what_was_cut_off(self, connection: sqlite3.Connection) -> None:
        """A group whose loop was closed in the middle: its commit may still be under way, or was never asked for."""
        if self._committing is not None and not self._committing.done():
            await asyncio.wait([asyncio.wrap_future(self._committing)])
        connection.rollback()

    async def _commit_alone(self, record: Turn) -> str | None:
        try:
            await self._commit([record])
        except StoreRefused as error:
            if "turns.call_sid" not in str(error):
                raise
            key = {"call_sid": record.call.call_sid, "turn": record.turn}
            return str((await self._fetch(ANSWER, key))[0][0])
        return None


async def _begin(connection: sqlite3.Connection) -> None:
    """Takes the file for writing. While another process has it, this one waits without holding up anybody."""
    give_up = monotonic() + LOCK_PATIENCE
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > give_up:
                raise
            await asyncio.sleep(BETWEEN_TRIES)
        else:
            return


def _refusal(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError) and "cases.number" in str(error):
        return NumberTaken(str(error))
    return StoreRefused(f"{type(error).__name__}: {error}")


class _File:
    """A connection to a file that may be taken away, replaced or spoilt at any moment.

    SQLite notices none of it: it goes on in the old file, and reads the write-ahead log beside a file into whatever
    now stands there. So the file is looked at before each use, and opened only when it is ours by itself.
    """

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._seen: os.stat_result | None = None
        self._before: sqlite3.Connection | None = None

    def connection(self) -> sqlite3.Connection:
        """The open connection. Raises sqlite3.Error or OSError while the file is missing or not ours."""
        stat = os.stat(self._path)
        if self._connection is not None and self._seen is not None and _same(self._seen, stat):
            return self._connection
        self.failed()
        self._connection, self._seen = _opened(self._path, self._patience), stat
        self._close_the_one_before()
        return self._connection

    def failed(self) -> None:
        """The next use opens the file anew. What is open stays open until then.

        The last connection that closes writes the log into the file and removes it: if the file was spoilt, that would
        be the end of what only the log holds.
        """
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            self._close_the_one_before()
            self._before, self._connection = self._connection, None

    def rollback(self) -> None:
        if self._connection is not None:
            self._connection.rollback()

    def close(self) -> None:
        self.failed()
        self._close_the_one_before()

    def _close_the_one_before(self) -> None:
        if self._before is not None:
            self._before.close()
            self._before = None


def _same(seen: os.stat_result, now: os.stat_result) -> bool:
    """A file of ours never shrinks."""
    return os.path.samestat(seen, now) and now.st_size >= seen.st_size


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    refuse_foreign(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
    )
    try:
        # At power loss nothing is lost whose number was spoken.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
