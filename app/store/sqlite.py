"""A live call on SQLite. One thread writes: whatever arrives while it commits becomes the next commit, all together.

Reads happen on the event loop: a point look-up takes ten microseconds, a thread hop sixty, and with a write-ahead log
no reader waits for the writer.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from app.store.hot import LOCK_PATIENCE, PATIENCE, HotStore, NumberTaken, Row, StoreRefused, StoreUnavailable
from app.store.instants import instant_text
from app.store.records import Turn
from app.store.statements import ANSWER, statements

LARGEST_GROUP = 200
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

Outcome = str | Exception | None


class _Job:
    """A record on its way to the writer thread and its outcome on the way back."""

    __slots__ = ("done", "loop", "record")

    def __init__(self, record: Turn) -> None:
        self.record = record
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[str | None] = self.loop.create_future()

    def finish(self, outcome: Outcome) -> None:
        if self.done.done():
            return
        if isinstance(outcome, Exception):
            self.done.set_exception(outcome)
        else:
            self.done.set_result(outcome)


class SqliteStore(HotStore):
    """See `hot.HotStore`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._reader = _File(path, READ_PATIENCE)
        self._writer = _File(path, LOCK_PATIENCE)
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        self._thread = threading.Thread(target=self._write_all, name="sqlite writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._reader.close()

    async def _fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        try:
            return self._reader.connection().execute(sql, bound(params)).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._reader.failed()
            raise StoreUnavailable(str(error)) from error

    async def _write(self, record: Turn) -> str | None:
        job = _Job(record)
        self._jobs.put(job)
        try:
            async with asyncio.timeout(PATIENCE):
                return await job.done
        except TimeoutError:
            raise StoreUnavailable("the disk does not answer") from None

    def _write_all(self) -> None:
        """The writer thread. Nothing that happens to a group ends it."""
        while (group := self._next_group()) is not None:
            try:
                outcomes = self._commit([job.record for job in group])
            except Exception as error:
                self._writer.failed()
                outcomes = [StoreUnavailable(str(error)) for _ in group]
            # One wake-up of the loop for the group, not one a job. A loop that is closed has nobody who waits.
            with suppress(RuntimeError):
                group[0].loop.call_soon_threadsafe(_finish, group, outcomes)
        self._writer.close()

    def _next_group(self) -> list[_Job] | None:
        """What is to be written next, without what nobody waits for any more; None at the end."""
        job = self._jobs.get()
        group = []
        while job is not None:
            if not job.done.cancelled():
                group.append(job)
            if len(group) == LARGEST_GROUP or (group and self._jobs.empty()):
                return group
            job = self._jobs.get()
        if group:
            self._jobs.put(None)
        return group or None

    def _commit(self, group: Sequence[Turn]) -> list[Outcome]:
        connection = self._writer.connection()
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_write_one(connection, record) for record in group]
        connection.execute("COMMIT")
        return outcomes


def _finish(group: Sequence[_Job], outcomes: Sequence[Outcome]) -> None:
    for job, outcome in zip(group, outcomes, strict=True):
        job.finish(outcome)


def _write_one(connection: sqlite3.Connection, record: Turn) -> Outcome:
    """One record within the group's transaction. What goes wrong with it alone is undone alone."""
    connection.execute("SAVEPOINT record")
    try:
        for sql, params in statements(record):
            connection.execute(sql, bound(params))
        outcome: Outcome = None
    except REFUSALS as error:
        connection.execute("ROLLBACK TO record")
        outcome = _refusal(connection, record, error)
    connection.execute("RELEASE record")
    return outcome


def _refusal(connection: sqlite3.Connection, record: Turn, error: Exception) -> Outcome:
    """Why a record was not taken: it is there already, then with its answer; or its number is."""
    if isinstance(error, sqlite3.IntegrityError):
        if "turns.call_sid" in str(error):
            key = {"call_sid": record.call.call_sid, "turn": record.turn}
            return str(connection.execute(ANSWER, key).fetchone()[0])
        if "cases.number" in str(error):
            return NumberTaken(str(error))
    return StoreRefused(f"{type(error).__name__}: {error}")


def bound(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as SQLite keeps them: a moment as text."""
    return {name: instant_text(v) if isinstance(v, datetime) else v for name, v in params.items()}


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
        self._connection, self._seen = _opened(self._path.absolute().as_uri(), self._patience), stat
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


def _opened(uri: str, patience: float) -> sqlite3.Connection:
    _refuse_foreign(uri)
    connection = sqlite3.connect(
        f"{uri}?mode=rw",
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


def _refuse_foreign(uri: str) -> None:
    """Reads the file alone, `immutable`: without its log, and without a lock."""
    alone = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)
    try:
        alone.execute("SELECT 1 FROM turns LIMIT 1")
    finally:
        alone.close()
