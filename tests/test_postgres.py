"""The PostgreSQL harness: it starts, stops, crashes and comes back where it was."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres as harness
from tests.support.postgres import Postgres, PostgresMissing


@pytest.fixture
def server() -> Iterator[Postgres]:
    server = Postgres(fsync=True)
    server.start()
    yield server
    server.close()


def ask(server: Postgres, database: str, question: str) -> object:
    with psycopg.connect(server.url(database).replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(question.encode())
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index] # because each has a row


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_it_comes_back_with_what_was_committed(server: Postgres, mode: str) -> None:
    assert ask(server, "postgres", "SHOW fsync") == "on"
    ask(server, "postgres", "CREATE TABLE calls AS SELECT 42 AS answer")

    server.stop("fast" if mode == "fast" else "immediate")
    assert not server.running
    with pytest.raises(psycopg.OperationalError, match="refused"):
        ask(server, "postgres", "SELECT 1")

    server.start()
    assert ask(server, "postgres", "SELECT answer FROM calls") == 42


def test_a_restart_ends_connections_and_keeps_the_address(server: Postgres) -> None:
    before = server.url("postgres")
    with psycopg.connect(before.replace("+psycopg", "")) as connection:
        server.restart("immediate")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert server.url("postgres") == before
    assert ask(server, "postgres", "SELECT 1") == 1


def test_databases_are_copies_that_do_not_share(postgres: Postgres) -> None:
    template = postgres.create_database()
    ask(postgres, template, "CREATE TABLE partners AS SELECT 1 AS pid")
    one, other = postgres.create_database(template), postgres.create_database(template)
    ask(postgres, one, "DELETE FROM partners")
    assert ask(postgres, one, "SELECT count(*) FROM partners") == 0
    assert ask(postgres, other, "SELECT count(*) FROM partners") == 1
    for name in (one, other, template):
        postgres.drop_database(name)


def test_a_database_in_use_can_be_dropped(postgres: Postgres) -> None:
    name = postgres.create_database()
    with psycopg.connect(postgres.url(name).replace("+psycopg", "")) as connection:
        postgres.drop_database(name)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_closing_leaves_nothing_behind() -> None:
    server = Postgres()
    server.start()
    server.close()
    assert not server.running
    assert not server._folder.exists()


def test_missing_programs_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(harness, "_folders", lambda: iter([tmp_path]))
    with pytest.raises(PostgresMissing, match="apt-get install postgresql"):
        Postgres()
