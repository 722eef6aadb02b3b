"""Brings a database to the newest schema, and says whether it is there.

The steps are in `migrations/versions`, beside the package. A migration is one transaction, and only one process at a
time migrates a database: the others wait, then find nothing left to do.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parents[2] / "migrations"
SETTING = "PARTNERLINE_DATABASE_URL"
# A name of our own: another program's Alembic database is never taken for ours.
VERSION_TABLE = "partnerline_schema"
# Any number will do, as long as it stays the same.
POSTGRES_LOCK = 7_278_637_546
# Seconds: for another writer to finish, for a server to answer.
PATIENCE = {"sqlite": {"timeout": 30}, "postgresql": {"connect_timeout": 10}}


class SchemaError(Exception):
    """The database cannot be used; the message says in one line why and what to do."""


def upgrade(url: str) -> None:
    """Brings the database to the newest schema; an empty one is filled, a missing SQLite file is made."""
    if not is_current(url):
        _migrate(url, lambda config: command.upgrade(config, "head"))


def downgrade(url: str, revision: str) -> None:
    """Takes the database back to a revision; `base` removes every table."""
    _migrate(url, lambda config: command.downgrade(config, revision))


def is_current(url: str) -> bool:
    """Whether the schema is the newest. Changes nothing. Raises SchemaError when the database cannot be read."""
    place = _place(url)
    if _on_sqlite(place) and not _file(place).exists():
        return False
    with _transaction(place, writing=False) as connection:
        return _revisions(connection) == set(_scripts().get_heads())


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """For Alembic: what to compare with our tables. Those of procrastinate are its own affair."""
    return kind != "table" or not (name or "").startswith("procrastinate_")


def _migrate(url: str, change: Callable[[Config], None]) -> None:
    place = _place(url)
    with _only_one(place), _transaction(place, writing=True) as connection:
        _refuse_foreign(place, connection)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            change(config)
        except CommandError as error:
            raise SchemaError(f"{_named(place)} cannot be migrated: {error}") from None


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _revisions(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_heads())


def _refuse_foreign(place: URL, connection: Connection) -> None:
    tables = inspect(connection).get_table_names()
    if tables and VERSION_TABLE not in tables:
        raise SchemaError(
            f"{_named(place)} holds tables that are not ours ({', '.join(sorted(tables)[:3])}): "
            f"give {SETTING} an empty database, or one that `partnerline migrate` has made."
        )
    known = {script.revision for script in _scripts().walk_revisions()}
    if unknown := _revisions(connection) - known:
        raise SchemaError(
            f"{_named(place)} is at revision {', '.join(unknown)}, which this release does not know: "
            "install the newer release that made it."
        )


def _place(url: str) -> URL:
    try:
        place = make_url(url)
    except ArgumentError:
        raise SchemaError(f"{SETTING} is no address of a database: see `partnerline settings`.") from None
    if not _on_sqlite(place):
        return place
    if place.database in (None, "", ":memory:"):
        raise SchemaError(f"{SETTING} names no file: give one, as in sqlite:///var/partnerline.db")
    return place.set(drivername="sqlite")


def _on_sqlite(place: URL) -> bool:
    return place.get_backend_name() == "sqlite"


def _file(place: URL) -> Path:
    return Path(str(place.database))


def _named(place: URL) -> str:
    return f"The database {place.render_as_string(hide_password=True)}"


@contextmanager
def _transaction(place: URL, *, writing: bool) -> Iterator[Connection]:
    """A connection in a transaction of its own; what the database complains of becomes a SchemaError."""
    engine = create_engine(place, poolclass=NullPool, connect_args=PATIENCE[place.get_backend_name()])
    if _on_sqlite(place):
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
        event.listen(engine, "connect", _prepare_to_write if writing else _leave_transactions_to_us)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    try:
        with engine.begin() as connection:
            if writing and not _on_sqlite(place):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRES_LOCK})
            yield connection
    except DBAPIError as error:
        raise SchemaError(f"{_named(place)} cannot be used ({_complaint(error)}): {_remedy(place)}") from None


def _leave_transactions_to_us(raw: Any, _record: object) -> None:
    # The driver on its own would commit before each CREATE TABLE.
    raw.isolation_level = None


def _prepare_to_write(raw: Any, record: object) -> None:
    _leave_transactions_to_us(raw, record)
    raw.execute("PRAGMA journal_mode = WAL")


def _complaint(error: DBAPIError) -> str:
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]


def _remedy(place: URL) -> str:
    if _on_sqlite(place):
        return f"check that {SETTING} names a database file, and that this user may write it and its folder."
    return f"check that {SETTING} is right, that the server runs, and that this user may create tables there."


@contextmanager
def _folder_lock(place: URL) -> Iterator[None]:
    """Makes the file's folder and locks it: the file need not exist yet, and turning on WAL waits for nobody."""
    folder = _file(place).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise SchemaError(f"{_named(place)} has no folder ({error.strerror}): {_remedy(place)}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _only_one(place: URL) -> AbstractContextManager[None]:
    # PostgreSQL has a lock that belongs to the transaction.
    return _folder_lock(place) if _on_sqlite(place) else nullcontext()
