"""A live call on SQLite. One thread writes: whatever arrives while it commits becomes the next commit, all together.

Reads happen on the event loop: a point look-up takes ten microseconds, a thread hop sixty, and with a write-ahead log
no reader waits for the writer.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from app.store.hot import PATIENCE, NumberTaken, Row, StoreRefused, StoreUnavailable
from app.store.instants import instant_text
from app.store.records import Turn
from app.store.statements import ANSWER, Statement, statements

LARGEST_GROUP = 200
READ_PATIENCE = 0.1
CACHED_STATEMENTS = 256

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


class SqliteStore:
    """See `hot.HotStore`."""

    def __init__(self, path: Path) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._reader = _File(path, READ_PATIENCE)
        self._writer = _File(path, PATIENCE)
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        self._thread = threading.Thread(target=self._write_all, name="sqlite writer", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Waits for what is being written."""
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None
        self._reader.close()

    async def fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        try:
            return self._reader.connection().execute(sql, bound(params)).fetchall()
        except (sqlite3.Error, OSError) as error:
            self._reader.close()
            raise StoreUnavailable(str(error)) from error

    async def write(self, record: Turn) -> str | None:
        job = _Job(record)
        self._jobs.put(job)
        return await job.done

    def _write_all(self) -> None:
        """The writer thread."""
        while (group := self._next_group()) is not None:
            outcomes = self._commit(group)
            # One wake-up of the loop for the group, not one a job.
            group[0].loop.call_soon_threadsafe(_finish, group, outcomes)
        self._writer.close()

    def _next_group(self) -> list[_Job] | None:
        job = self._jobs.get()
        if job is None:
            return None
        group = [job]
        while len(group) < LARGEST_GROUP and not self._jobs.empty():
            another = self._jobs.get()
            if another is None:
                self._jobs.put(None)
                break
            group.append(another)
        return group

    def _commit(self, group: Sequence[_Job]) -> list[Outcome]:
        try:
            connection = self._writer.connection()
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_write_one(connection, job.record) for job in group]
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._writer.failed()
            return [StoreUnavailable(str(error))] * len(group)
        self._writer.succeeded()
        return outcomes


def _finish(group: Sequence[_Job], outcomes: Sequence[Outcome]) -> None:
    for job, outcome in zip(group, outcomes, strict=True):
        job.finish(outcome)


def _write_one(connection: sqlite3.Connection, record: Turn) -> Outcome:
    """One record within the group's transaction. What goes wrong with it alone is undone alone."""
    (turn, values), *others = statements(record)
    connection.execute("SAVEPOINT record")
    try:
        if connection.execute(turn, bound(values)).rowcount == 0:
            row = connection.execute(ANSWER, bound({"call_sid": record.call.call_sid, "turn": record.turn})).fetchone()
            outcome: Outcome = str(row[0])
        else:
            _run(connection, others)
            outcome = None
    except sqlite3.IntegrityError as error:
        connection.execute("ROLLBACK TO record")
        outcome = NumberTaken(str(error)) if "cases.number" in str(error) else StoreRefused(str(error))
    connection.execute("RELEASE record")
    return outcome


def _run(connection: sqlite3.Connection, some: Sequence[Statement]) -> None:
    for sql, params in some:
        connection.execute(sql, bound(params))


def bound(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as SQLite keeps them: a moment as text."""
    return {name: instant_text(v) if isinstance(v, datetime) else v for name, v in params.items()}


class _File:
    """A connection that notices when its file was taken away: SQLite would go on writing into the old one."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._healthy = True

    def connection(self) -> sqlite3.Connection:
        """The open connection. Raises sqlite3.Error or OSError while the file is missing, empty or not ours."""
        stat = os.stat(self._path)
        if self._connection is not None and stat.st_ino == self._inode:
            return self._connection
        self.close()
        if stat.st_size == 0:
            # Opening an empty file would throw away the write-ahead log beside it.
            raise sqlite3.OperationalError(f"{self._path} is empty")
        self._connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._patience if self._healthy else 0,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=CACHED_STATEMENTS,
        )
        self._inode = stat.st_ino
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        return self._connection

    def failed(self) -> None:
        """From now on nobody waits for this file, until it works again."""
        self._healthy = False
        self.close()

    def succeeded(self) -> None:
        if not self._healthy:
            self._healthy = True
            self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
