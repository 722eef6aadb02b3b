"""Staging a partner file in PostgreSQL: COPY into a temporary table, in one transaction with the merge."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import psycopg
from psycopg import errors

from app.store.partner_staging import FIELDS, MIGRATE, NULLABLE, PATIENCE, TABLE, Batch, Column, Unusable

_SETTINGS = (
    f"lock_timeout = '{PATIENCE}s'",
    "work_mem = '64MB'",
    "maintenance_work_mem = '64MB'",
    "temp_buffers = '64MB'",
    # What is staged is looked at by two columns, which few rows describe as well.
    "default_statistics_target = 10",
    # Compiling the few statements takes longer than it saves.
    "jit = off",
)
_TAKE_IDS = """SELECT setval(sequence, nextval(sequence) + lines) - lines
FROM pg_get_serial_sequence('partners', 'id') AS sequence, (SELECT max(id) AS lines FROM staged) AS s"""
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_ESCAPED = str.maketrans(_ESCAPES)


class PostgresStaging:
    """See `partner_staging.Staging`."""

    differs_from = "IS DISTINCT FROM"
    numbers = "SELECT unnest(string_to_array(p.phones, ';')), p.id FROM partners p"

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def stage(self, batches: Iterable[Batch]) -> None:
        for setting in _SETTINGS:
            self.run(f"SET LOCAL {setting}")
        self.run(f"CREATE TEMP TABLE staged ({TABLE}) ON COMMIT DROP")
        with self._connection.cursor().copy(b"COPY staged FROM STDIN") as copy:
            for batch in batches:
                copy.write(_as_copied(batch))

    def index(self) -> bool:
        try:
            with self._connection.transaction():
                self.run("CREATE UNIQUE INDEX ON staged (dialled)")
        except errors.UniqueViolation:
            return False
        finally:
            self.run("ANALYZE staged")
        # Two rows of one PID are dialled alike too, unless one has a code; an index for these few is not worth it.
        twice = "SELECT 1 FROM staged c JOIN staged s ON s.pid = c.pid AND s.id <> c.id WHERE c.dial_code <> '' LIMIT 1"
        return not self.run(twice).fetchone()

    def begin(self, *, writing: bool) -> None:
        if writing:
            self.run("LOCK TABLE partners IN SHARE ROW EXCLUSIVE MODE")

    def run(self, sql: str) -> psycopg.Cursor:
        return self._connection.execute(sql.encode())

    def stream(self, sql: str) -> Iterator[tuple[str | None, ...]]:
        with self._connection.cursor(name="exported") as cursor:
            cursor.itersize = 5_000
            yield from cursor.execute(sql.encode())

    def copy_all(self) -> None:
        fields = ", ".join(FIELDS)
        # All ids at once: asking the sequence for each one takes a tenth of the time.
        before: int = self.run(_TAKE_IDS).fetchall()[0][0]
        # Sorted, because both indexes of the directory like the order of the PIDs.
        self.run(f"INSERT INTO partners (id, {fields}) SELECT {before} + id, {fields} FROM staged ORDER BY pid")

    def commit(self) -> None:
        self._connection.commit()


def _as_copied(batch: Batch) -> str:
    """The rows in COPY's text format."""
    if not batch.lines:
        return ""
    columns = map(_column_as_copied, FIELDS, batch.columns)
    return "\n".join(map("\t".join, zip(map(str, batch.lines), *columns, strict=True))) + "\n"


def _column_as_copied(field: str, column: Column) -> Iterable[str]:
    if field in NULLABLE:
        # Dates, which need no escape.
        return [text or r"\N" for text in column]
    texts = cast("Sequence[str]", column)
    written = "".join(texts)
    if any(sign in written for sign in _ESCAPES):
        return [text.translate(_ESCAPED) for text in texts]
    return texts


@contextmanager
def opened(database_url: str) -> Iterator[PostgresStaging]:
    """A connection to the directory, in a transaction. Raises Unusable."""
    with _faults(), psycopg.connect(database_url, connect_timeout=10) as connection:
        yield PostgresStaging(connection)
        # What is to stay was committed by name.
        connection.rollback()


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except errors.UndefinedTable:
        raise Unusable(f"the database has no tables yet: {MIGRATE}") from None
    except errors.LockNotAvailable:
        raise Unusable(f"the database was busy for {PATIENCE} seconds: try again") from None
    except psycopg.Error as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise Unusable(f"the database cannot be used: {reason}") from None
