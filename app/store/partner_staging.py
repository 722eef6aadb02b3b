"""Where a partner file waits to be merged: a temporary table in the database that it goes to.

What an import does differently in SQLite and in PostgreSQL is behind `Staging`; the rest is `partner_import`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from app.store.tables import partners

Column = Sequence[str | None]

FIELDS = tuple(column.name for column in partners.columns if column.name != "id")
NULLABLE = frozenset(column.name for column in partners.columns if column.nullable)
# As partners, with the line of the file for an id.
TABLE = ", ".join(f"{c.name} {c.type}{'' if c.nullable else ' NOT NULL'}" for c in partners.columns)
# Seconds that an import waits for another writer.
PATIENCE = 30
MIGRATE = "run `partnerline migrate` first"


class Unusable(Exception):
    """The directory cannot be read or written; the message says in one line why and what to do."""


class Batch(NamedTuple):
    """Rows of the file by column: `columns` in the order of FIELDS, `lines` where each row begins."""

    lines: Sequence[int]
    columns: Sequence[Column]


class Staging(Protocol):
    """A connection to the directory, with a temporary table `staged`. What is not committed is undone."""

    differs_from: str
    numbers: str
    """A query for each number of a partner `p`, with the partner's id."""

    def stage(self, batches: Iterable[Batch]) -> None:
        """Fills `staged`. Locks nothing."""
        ...

    def index(self) -> bool:
        """False if two staged rows have the same PID or are dialled alike."""
        ...

    def begin(self, *, writing: bool) -> None:
        """Begins to read, or to write, the directory: to its end nobody else changes it."""
        ...

    def run(self, sql: str) -> Any:
        """A cursor."""
        ...

    def stream(self, sql: str) -> Iterator[tuple[str | None, ...]]:
        """The rows of a query, few of them in memory at a time."""
        ...

    def copy_all(self) -> None:
        """Everything staged into the empty directory."""
        ...

    def commit(self) -> None: ...
