"""keys create, keys list, keys revoke: as somebody in a terminal meets them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.keys import app
from app.services import keys
from app.services.keys import Caller
from app.store.database import Database
from tests.support.service import TUESDAY

SECRET = "s" * 32


@pytest.fixture(autouse=True)
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARTNERLINE_SECRET_KEY", SECRET)
    monkeypatch.setenv("PARTNERLINE_CLOCK", "2026-03-03T18:00:00Z")


def ran(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def caller(database_url: str, key: str, now: datetime = TUESDAY) -> Caller | None:
    async def ask() -> Caller | None:
        database = Database(database_url)
        try:
            return await keys.caller(database, lambda text: keys.hash_key(SECRET.encode(), text), key, now)
        finally:
            await database.close()

    return asyncio.run(ask())


def test_a_key_is_made_and_opens_the_api(database_url: str) -> None:
    code, key, complaint = ran("create", "--name", "portal", "--role", "agent")
    assert (code, complaint, key.count("\n")) == (0, "", 1)
    assert caller(database_url, key.strip()) == Caller("portal", "agent")


def test_a_key_is_shown_once() -> None:
    _, key, _ = ran("create", "--name", "portal", "--role", "agent")
    code, shown, _ = ran("list")
    assert code == 0
    assert shown.startswith("portal  agent  made 2026-03-03T18:00:")
    assert "never used" in shown
    assert key.strip() not in shown


def test_a_revoked_key_opens_nothing(database_url: str) -> None:
    _, key, _ = ran("create", "--name", "portal", "--role", "viewer")
    assert ran("revoke", "portal")[:2] == (0, "The key portal is revoked.\n")
    assert caller(database_url, key.strip()) is None
    assert "revoked 2026-03-03" in ran("list")[1]
    code, _, complaint = ran("revoke", "portal")
    assert (code, complaint.count("\n")) == (1, 1)


def test_a_key_may_expire(database_url: str) -> None:
    _, key, _ = ran("create", "--name", "guest", "--role", "viewer", "--expires", "2026-03-04T01:00:00+01:00")
    assert caller(database_url, key.strip()) is not None
    assert caller(database_url, key.strip(), datetime(2026, 3, 4, tzinfo=UTC)) is None
    assert "expires 2026-03-04T00:00:00Z" in ran("list")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["create", "--name", "a", "--role", "boss"], 2, "there is no role 'boss'"),
        (["create", "--name", " ", "--role", "agent"], 2, "a name has"),
        (["create", "--name", "a\nb", "--role", "agent"], 2, "a name has"),
        (["create", "--name", "\udc80", "--role", "agent"], 2, "a name has"),
        (["create", "--name", "n" * 101, "--role", "agent"], 2, "a name has"),
        (["create", "--name", "a", "--role", "agent", "--expires", "tomorrow"], 2, "no ISO 8601 moment"),
        (["create", "--name", "a", "--role", "agent", "--expires", "2027-01-01T00:00:00"], 2, "offset"),
        (["create", "--name", "a", "--role", "agent", "--expires", "2026-01-01T00:00:00Z"], 2, "has passed"),
        (["create", "--name", "a", "--role", "agent", "--expires", "9999-12-31T23:59:59-14:00"], 2, "no ISO 8601"),
        (["revoke", "nobody"], 1, "There is no key named nobody"),
        (["revoke", "\udc80"], 2, "a name has"),
    ],
)
def test_wrong_use_is_one_clear_line(sqlite_url: str, arguments: list[str], code: int, word: str) -> None:
    found, shown, complaint = ran(*arguments)
    assert (found, shown) == (code, "")
    assert word in complaint
    assert complaint.count("\n") == 1


def test_a_name_is_used_once() -> None:
    ran("create", "--name", "portal", "--role", "agent")
    code, shown, complaint = ran("create", "--name", "portal", "--role", "agent")
    assert (code, shown) == (1, "")
    assert "choose another name" in complaint
