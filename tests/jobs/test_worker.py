"""`partnerline worker`: what it needs, what it says, and how it stops."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import typer

from app.cli import errors, worker
from app.settings import Settings
from app.store import schema
from tests.support.facts import FLOWS_DIR


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setenv("PARTNERLINE_FLOWS_DIR", str(FLOWS_DIR))
    app = typer.Typer()
    worker.add_to(app)
    return app


def test_on_sqlite_the_service_does_it_itself(
    command: typer.Typer, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", sqlite_url)
    assert errors.run(command, []) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "a worker of its own needs PostgreSQL" in said


def test_a_schema_that_is_not_the_newest_is_refused(
    command: typer.Typer, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", postgres_url)
    schema.downgrade(postgres_url, "-1")
    assert errors.run(command, []) == 1
    assert "run `partnerline migrate` first" in capsys.readouterr().err


@asynccontextmanager
async def told_to_stop(told: list[str]) -> AsyncIterator[None]:
    """The process is sent a signal as soon as it works, and says how it came to its end."""
    told.append("begun")
    os.kill(os.getpid(), signal.SIGTERM)
    try:
        yield
    finally:
        await asyncio.sleep(0.1)
        told.append("ended")


def test_a_signal_lets_it_come_to_its_end(
    command: typer.Typer, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []

    async def work(settings: Settings) -> None:
        async with told_to_stop(told):
            await asyncio.sleep(60)

    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", postgres_url)
    monkeypatch.setattr("app.main.work", work, raising=False)
    assert errors.run(command, []) == 0
    assert told == ["begun", "ended"]
    (said,) = capsys.readouterr().out.splitlines()
    assert said.startswith("Partnerline does background work")
