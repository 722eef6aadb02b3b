"""Staging a partner file in SQLite: a temporary database of the connection's own, outside the one that calls use."""

import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app.store.partner_staging import FIELDS, MIGRATE, PATIENCE, TABLE, Batch, Unusable

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    # KiB, for the directory and for what is staged.
    "cache_size = -32000",
    "temp.cache_size = -32000",
)
WIDTH = 1 + len(FIELDS)
# SQLite takes 32,766 parameters. Always as many rows, so that the statement is prepared once.
STATEMENT = 2_000 * WIDTH
_ROW = f"({', '.join('?' * WIDTH)})"


class SqliteStaging:
    """See `partner_staging.Staging`."""

    differs_from = "IS NOT"
    numbers = """json_each('["' || replace(p.phones, ';', '","') || '"]') AS n"""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def stage(self, batches: Iterable[Batch]) -> None:
        self.run(f"CREATE TEMP TABLE staged ({TABLE}, PRIMARY KEY (id))")
        self.run("BEGIN")
        # SQLite lets go of the interpreter's lock while it inserts, so the next batch is read and checked meanwhile.
        with ThreadPoolExecutor(1) as other:
            inserted: Future[None] | None = None
            for values in _statements(batches):
                if inserted:
                    inserted.result()
                inserted = other.submit(self._insert, values)
            if inserted:
                inserted.result()
        self.run("COMMIT")

    def _insert(self, values: list[Any]) -> None:
        # One statement for many rows: executemany takes half as long again.
        rows = ", ".join([_ROW] * (len(values) // WIDTH))
        self._connection.execute(f"INSERT INTO staged VALUES {rows}", values)

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


def _statements(batches: Iterable[Batch]) -> Iterator[list[Any]]:
    """The values of each statement, row after row."""
    values: list[Any] = []
    for batch in batches:
        values += _by_row(batch)
        while len(values) >= STATEMENT:
            yield values[:STATEMENT]
            del values[:STATEMENT]
    if values:
        yield values


def _by_row(batch: Batch) -> list[Any]:
    values: list[Any] = [None] * (WIDTH * len(batch.lines))
    values[::WIDTH] = batch.lines
    for place, column in enumerate(batch.columns, 1):
        values[place::WIDTH] = column
    return values


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
