"""The migrations: up, down, up again; the same as the tables; one process at a time; clear words when it cannot be."""

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    NullPool,
    Table,
    create_engine,
    event,
    func,
    inspect,
    select,
    text,
)

from app.store import schema, tables
from app.store.schema import SchemaError
from tests.support.postgres import Postgres

# Columns that a check in the database limits to certain values.
CHECKED = {
    "cases.severity": "S2",
    "closures.kind": "closed",
    "api_keys.role": "viewer",
    "agents.state": "away",
    "waiting.kind": "call",
    "legs.purpose": "offer",
    "legs.state": "asked",
    "messages.channel": "sms",
    "messages.state": "sent",
}
LATER = {"closures.ends_at"}
COMPARED = {"version_table": schema.VERSION_TABLE, "include_name": schema.is_ours}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    if url.startswith("sqlite"):
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    with engine.begin() as connection:
        yield connection


def value(column: Column[Any]) -> Any:
    """Something that the column takes; every reference leads to the one row of the other table."""
    for key in column.foreign_keys:
        return value(key.column)
    if str(column) in CHECKED:
        return CHECKED[str(column)]
    match column.type:
        case tables.Instant():
            return datetime(2026, 3, 8 if str(column) in LATER else 7, 12, tzinfo=UTC)
        case tables.Strings():
            return ("one", "two")
        case Boolean():
            return True
        case Date():
            return date(2026, 3, 7)
        case Integer():
            return 7
        case LargeBinary():
            return b"RIFF"
        case _:
            return f"0042 {column.name}"


def row(table: Table) -> dict[str, Any]:
    return {column.name: value(column) for column in table.columns}


def fill(url: str) -> None:
    with connected(url) as connection:
        for table in tables.metadata.sorted_tables:
            connection.execute(table.insert().values(row(table)))


def differences(url: str) -> list[Any]:
    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
        return list(compare_metadata(context, tables.metadata))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that nobody has migrated."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/var/partnerline.db"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create_database()
    yield postgres.url(name)
    postgres.drop_database(name)


def test_up_down_and_up_again_with_a_row_in_every_table(database_url: str) -> None:
    fill(database_url)
    schema.downgrade(database_url, "base")
    with connected(database_url) as connection:
        assert inspect(connection).get_table_names() == [schema.VERSION_TABLE]
    assert not schema.is_current(database_url)

    schema.upgrade(database_url)
    fill(database_url)
    assert schema.is_current(database_url)
    with connected(database_url) as connection:
        for table in tables.metadata.sorted_tables:
            assert connection.execute(select(table)).mappings().one() == row(table)


def test_every_step_goes_down_and_up_with_rows(database_url: str) -> None:
    fill(database_url)
    revisions = list(schema._scripts().walk_revisions())
    for script in revisions:
        schema.downgrade(database_url, "-1")
        assert not schema.is_current(database_url), script.revision
    schema.upgrade(database_url)
    assert schema.is_current(database_url)


def test_migrations_and_tables_say_the_same(database_url: str) -> None:
    assert differences(database_url) == []


def test_migrating_again_keeps_what_is_there(database_url: str) -> None:
    fill(database_url)
    schema.upgrade(database_url)
    with connected(database_url) as connection:
        for table in tables.metadata.sorted_tables:
            assert connection.scalar(select(func.count()).select_from(table)) == 1


def test_a_database_is_made_where_there_was_none(empty_url: str) -> None:
    assert not schema.is_current(empty_url)
    schema.upgrade(empty_url)
    assert schema.is_current(empty_url)


def test_asking_about_a_missing_file_does_not_make_it(tmp_path: Path) -> None:
    assert not schema.is_current(f"sqlite:///{tmp_path}/partnerline.db")
    assert list(tmp_path.iterdir()) == []


def test_sqlite_writes_ahead(sqlite_url: str) -> None:
    with connected(sqlite_url) as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"


def test_several_at_once_do_not_collide(empty_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(schema.upgrade, [empty_url] * 8)
    assert schema.is_current(empty_url)
    assert differences(empty_url) == []


def test_a_migration_that_fails_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    same_name_twice = dict(tables.metadata.naming_convention) | {"ix": "ix_same"}
    monkeypatch.setattr(tables.metadata, "naming_convention", same_name_twice)
    with pytest.raises(SchemaError, match="already exists"):
        schema.upgrade(empty_url)
    with connected(empty_url) as connection:
        assert inspect(connection).get_table_names() == []


def refusal(url: str) -> str:
    with pytest.raises(SchemaError) as refused:
        schema.upgrade(url)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_a_database_of_someone_else_is_refused(empty_url: str) -> None:
    schema.downgrade(empty_url, "base")
    with connected(empty_url) as connection:
        connection.execute(text(f"DROP TABLE {schema.VERSION_TABLE}"))
        connection.execute(text("CREATE TABLE invoices (id INTEGER)"))
    message = refusal(empty_url)
    assert "tables that are not ours (invoices)" in message
    assert "empty database" in message


def test_a_database_of_a_newer_release_is_refused(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608 because the name is ours
    message = refusal(database_url)
    assert "9999" in message
    assert "install the newer release" in message


def test_an_unknown_revision_to_go_back_to_is_refused(database_url: str) -> None:
    with pytest.raises(SchemaError, match="cannot be migrated"):
        schema.downgrade(database_url, "nowhere")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "partners.csv"
    file.write_text("pid,name\n" * 200, encoding="utf-8")
    message = refusal(f"sqlite:///{file}")
    assert "file is not a database" in message
    assert schema.SETTING in message


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    assert "unable to open database file" in refusal(f"sqlite:///{tmp_path}")


def test_a_place_without_room_for_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder", encoding="utf-8")
    assert "has no folder" in refusal(f"sqlite:///{tmp_path}/var/partnerline.db")


def test_a_read_only_sqlite_file_is_refused(sqlite_url: str) -> None:
    schema.downgrade(sqlite_url, "base")
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
    with file.open("r+b") as raw_file:
        # The write version of the file format: one that is too new makes a file read-only, even to root.
        raw_file.seek(18)
        raw_file.write(b"\x03")
    message = refusal(sqlite_url)
    assert "readonly database" in message
    assert "may write it" in message


def test_a_read_only_postgres_is_refused(postgres: Postgres) -> None:
    name = postgres.create_database()
    with connected(postgres.url("postgres")) as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    message = refusal(postgres.url(name))
    assert "read-only transaction" in message
    assert "may create tables" in message
    postgres.drop_database(name)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    message = refusal("postgresql+psycopg://partnerline:hush@127.0.0.1:9/partnerline")
    assert "Connection refused" in message
    assert "that the server runs" in message
    assert "hush" not in message


def test_a_missing_postgres_database_is_refused(postgres: Postgres) -> None:
    assert '"nowhere" does not exist' in refusal(postgres.url("nowhere"))


@pytest.mark.parametrize("url", ["partnerline.db", "sqlite://", "sqlite:///:memory:", ""])
def test_an_address_that_names_no_database_is_refused(url: str) -> None:
    assert schema.SETTING in refusal(url)
