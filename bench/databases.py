"""A SQLite file and a PostgreSQL server, both as durable as in production, with 100,000 partners."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, func, insert, select, text

from app.store import schema, tables
from tests.support.postgres import Postgres

PARTNERS = 100_000
FIRST_PID = 100_000
ROWS_AT_ONCE = 10_000


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a filled database on a server of its own."""
    server = Postgres(fsync=True)
    try:
        server.start()
        yield filled(server.url(server.create_database()))
    finally:
        server.close()


@contextmanager
def both(folder: Path) -> Iterator[dict[str, str]]:
    """The addresses of a filled database of each kind, by its name."""
    with postgres() as server:
        yield {"SQLite": sqlite(folder), "PostgreSQL": server}


def sqlite(folder: Path) -> str:
    """The address of a filled database file."""
    return filled(f"sqlite:///{folder / 'partnerline.db'}")


def filled(url: str) -> str:
    schema.upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for first in range(FIRST_PID, FIRST_PID + PARTNERS, ROWS_AT_ONCE):
            connection.execute(insert(tables.partners), [_partner(n) for n in range(first, first + ROWS_AT_ONCE)])
    with engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()
    return url


def _partner(number: int) -> dict[str, Any]:
    return {
        "pid": str(number),
        "dialled": str(number),
        "name": f"Partner {number}",
        "type": "agency",
        "region": "us",
        "parent_account": "",
        "status": "active",
        "dial_code": "",
        "phones": "",
        "loa_customers": "",
    }


def rows(url: str, *names: str) -> tuple[int, ...]:
    """How many rows some tables hold."""
    engine = create_engine(url)
    try:
        return tuple(_count(engine, name) for name in names)
    finally:
        engine.dispose()


def _count(engine: Engine, name: str) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(tables.metadata.tables[name])) or 0
