"""Faults that really happen to a database, each with its end: `with TableLocked(url).struck(): …`.

A fault that `hides` the directory leaves nothing to read; the others only refuse what is written.
"""

import os
import signal
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import psycopg
from sqlalchemy.engine import make_url

from tests.support.postgres import Postgres


class Fault(ABC):
    """Something that goes wrong with a database, and is mended again."""

    hides = True

    @abstractmethod
    def strike(self) -> None: ...

    @abstractmethod
    def mend(self) -> None: ...

    @contextmanager
    def struck(self) -> Iterator[None]:
        self.strike()
        try:
            yield
        finally:
            self.mend()


class SqliteFault(Fault):
    def __init__(self, url: str) -> None:
        self.path = Path(make_url(url).database or "")
        self.away = self.path.with_name("away.db")

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None)


class Locked(SqliteFault):
    """Another program writes, and does not come to an end."""

    hides = False

    def strike(self) -> None:
        self.other = self.connect()
        self.other.execute("BEGIN EXCLUSIVE")

    def mend(self) -> None:
        self.other.close()


class Moved(SqliteFault):
    """The file is moved away."""

    def strike(self) -> None:
        self.path.rename(self.away)

    def mend(self) -> None:
        self.away.replace(self.path)


class ReplacedByNothing(Moved):
    """An empty file stands where it was."""

    def strike(self) -> None:
        super().strike()
        self.path.touch()


class ReplacedByGarbage(Moved):
    def strike(self) -> None:
        super().strike()
        self.path.write_bytes(b"this is no database " * 5000)


class ReplacedByAnother(Moved):
    """Another program's database stands where it was, beside a write-ahead log that is still ours."""

    def strike(self) -> None:
        self._another("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')")

    def _another(self, content: str) -> None:
        another = self.path.with_name("another.db")
        connection = sqlite3.connect(another)
        connection.executescript(content)
        connection.close()
        super().strike()
        another.rename(self.path)
        self.before = self.path.read_bytes()

    def mend(self) -> None:
        assert self.path.read_bytes() == self.before, "another program's database was written to"
        super().mend()


class Overwritten(SqliteFault):
    """The file itself holds garbage, and then again what it held."""

    def strike(self) -> None:
        self.before = self.path.read_bytes()
        self.path.write_bytes(b"garbage")

    def mend(self) -> None:
        self.path.write_bytes(self.before)


class Truncated(Overwritten):
    """Nothing is left in the file itself, and then again what it held."""

    def strike(self) -> None:
        super().strike()
        os.truncate(self.path, 0)


class TablesMissing(SqliteFault):
    """It was never migrated."""

    hides = False

    def strike(self) -> None:
        self._rename("turns", "turns_before")

    def mend(self) -> None:
        self._rename("turns_before", "turns")

    def _rename(self, old: str, new: str) -> None:
        connection = self.connect()
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        connection.close()


class WithoutAnyTable(ReplacedByAnother):
    """An empty database, as before the first migration."""

    def strike(self) -> None:
        self._another("PRAGMA user_version = 1")


class FolderGone(SqliteFault):
    """The whole folder is moved away, with the log beside the file."""

    def strike(self) -> None:
        self.elsewhere = self.path.parent.with_name(self.path.parent.name + "-away")
        self.path.parent.rename(self.elsewhere)

    def mend(self) -> None:
        self.elsewhere.rename(self.path.parent)


SQLITE = (
    Locked,
    Moved,
    ReplacedByNothing,
    ReplacedByGarbage,
    ReplacedByAnother,
    Overwritten,
    Truncated,
    TablesMissing,
    WithoutAnyTable,
    FolderGone,
)


class PostgresFault(Fault):
    def __init__(self, server: Postgres, url: str) -> None:
        self.server = server
        self.url = url.replace("+psycopg", "")
        self.others: list[psycopg.Connection[tuple[object, ...]]] = []

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        other = psycopg.connect(self.url, autocommit=True)
        self.others.append(other)
        return other

    def mend(self) -> None:
        for other in self.others:
            other.close()


class Stopped(PostgresFault):
    """The server crashes."""

    def strike(self) -> None:
        self.server.stop("immediate")

    def mend(self) -> None:
        self.server.start()


class Frozen(PostgresFault):
    """The server takes connections and never answers, as behind a network that swallows everything."""

    def strike(self) -> None:
        self._signal(signal.SIGSTOP)

    def mend(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        for process in self.server.processes():
            # One whose client has left may end as soon as the server goes on.
            with suppress(ProcessLookupError):
                os.kill(process, which)


class NotAllowed(PostgresFault):
    """All connections are cut, and no new one is let in: too many, or a password changed."""

    def strike(self) -> None:
        admin = psycopg.connect(self.url.rpartition("/")[0] + "/postgres", autocommit=True)
        self.others.append(admin)
        self.name = self.url.rpartition("/")[2]
        self.admin = admin
        admin.execute(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS false'.encode())
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self.name,))

    def mend(self) -> None:
        self.admin.execute(f'ALTER DATABASE "{self.name}" ALLOW_CONNECTIONS true'.encode())
        super().mend()


class TableLocked(PostgresFault):
    """Somebody holds the lock of a table that every turn is written to."""

    hides = False

    def strike(self) -> None:
        other = self.connect()
        other.execute("BEGIN")
        other.execute("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE")


class TablesRenamed(PostgresFault):
    """It was never migrated."""

    hides = False

    def strike(self) -> None:
        self.connect().execute("ALTER TABLE turns RENAME TO turns_before")

    def mend(self) -> None:
        self.connect().execute("ALTER TABLE turns_before RENAME TO turns")
        super().mend()


class ReadOnly(PostgresFault):
    """The server is a replica now, or its disk is full."""

    hides = False

    def strike(self) -> None:
        name = self.url.rpartition("/")[2]
        other = self.connect()
        other.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        self._cut(other)

    def mend(self) -> None:
        name = self.url.rpartition("/")[2]
        other = self.connect()
        other.execute(b"SET default_transaction_read_only = off")
        other.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'.encode())
        self._cut(other)
        super().mend()

    def _cut(self, other: psycopg.Connection[tuple[object, ...]]) -> None:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


POSTGRES = (Stopped, Frozen, NotAllowed, TableLocked, TablesRenamed, ReadOnly)


class Stopwatch:
    """How long each webhook takes, in real seconds, and that each is answered as the provider needs it."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.longest = 0.0
        self.slowest = ""
        self._request = http.request
        http.request = self._timed  # type: ignore[assignment]  # because the exchange is given this client

    async def _timed(self, method: str, url: str, **rest: Any) -> httpx2.Response:
        began = monotonic()
        response = await self._request(method, url, **rest)
        seconds = monotonic() - began
        if url.startswith("/twilio/"):
            path = url.partition("?")[0]
            if seconds > self.longest:
                self.longest, self.slowest = seconds, path
            assert seconds < 5, f"{path} took {seconds:.1f} s"
            assert response.status_code in (200, 204), f"{path}: {response.status_code}"
        return response
