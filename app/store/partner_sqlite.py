"""Staging a partner file in SQLite: a temporary database of the connection's own, outside the one that calls use."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.store.partner_staging import FIELDS, MIGRATE, PATIENCE, TABLE, Batch, Unusable

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    # KiB, for the directory and for what is staged.
    "cache_size = -32000",
    "temp.page_size = 65536",
    "temp.cache_size = -32000",
)
_INSERT = f"INSERT INTO staged VALUES ({', '.join('?' * (1 + len(FIELDS)))})"


class SqliteStaging:
    """See `partner_staging.Staging`."""

    differs_from = "IS NOT"
    numbers = """SELECT n.value, p.id FROM partners p, json_each('["' || replace(p.phones, ';', '","') || '"]') AS n"""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def stage(self, batches: Iterable[Batch]) -> None:
        self.run(f"CREATE TEMP TABLE staged ({TABLE}, PRIMARY KEY (id))")
        self.run("BEGIN")
        for batch in batches:
            self._connection.executemany(_INSERT, zip(batch.lines, *batch.columns, strict=True))
        self.run("COMMIT")

    def index(self) -> bool:
        try:
            self.run("CREATE UNIQUE INDEX temp.staged_pid ON staged (pid)")
            self.run("CREATE UNIQUE INDEX temp.staged_dialled ON staged (dialled)")
        except sqlite3.IntegrityError:
            return False
        return True

    def begin(self, *, writing: bool) -> None:
        self.run("BEGIN IMMEDIATE" if writing else "BEGIN")

    def run(self, sql: str) -> sqlite3.Cursor:
        return self._connection.execute(sql)

    def stream(self, sql: str) -> Iterator[tuple[str | None, ...]]:
        return iter(self.run(sql))

    def copy_all(self) -> None:
        # In this form SQLite moves the rows, and where both tables have the same indexes these too, unread.
        self.run("INSERT INTO partners SELECT * FROM staged")

    def commit(self) -> None:
        self.run("COMMIT")


@contextmanager
def opened(path: Path) -> Iterator[SqliteStaging]:
    """A connection to the directory. Raises Unusable."""
    if not path.is_file():
        raise Unusable(f"there is no database {path}: {MIGRATE}")
    with _faults(), closing(_connected(path)) as connection:
        yield SqliteStaging(connection)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if "no such table" in str(error):
            raise Unusable(f"the database has no tables yet: {MIGRATE}") from None
        if "locked" in str(error):
            raise Unusable(f"the database was busy for {PATIENCE} seconds: try again") from None
        raise Unusable(f"the database cannot be used: {error}") from None
