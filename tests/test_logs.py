"""What is never written down of a caller: `app/logs.py`, and the errors of background work."""

import logging

import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app import logs
from app.store.database import Database
from app.store.tables import agents
from tests.jobs.work import Work

REACH = "+12065550199"
PERSON = {"reach": REACH, "queues": (), "code": "1", "state": "offline", "since": None}


async def write(database: Database) -> None:
    """Fails in the way in which PostgreSQL quotes the whole row."""
    async with database.transaction() as tx:
        await tx.execute(insert(agents).values(id="a", name="Amy", **PERSON))


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_number_is_in_the_log_of_a_row_that_cannot_be_written(
    database_url: str, log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(database_url)
    logs.configure(log_format)
    with pytest.raises(IntegrityError) as failed:
        await write(database)
    await database.close()
    structlog.get_logger().error("it failed", exc_info=failed.value)
    written = capsys.readouterr().err
    assert "it failed" in written
    assert "IntegrityError" in written
    assert "test_logs.py" in written
    assert REACH not in written


async def test_nor_is_it_in_what_the_server_writes_of_an_error(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(database_url)
    logs.configure("text")
    with pytest.raises(IntegrityError) as failed:
        await write(database)
    await database.close()
    for logger in map(logging.getLogger, logs.OF_OTHERS):
        # A server that ran in this process before has turned its propagation off.
        logger.addHandler(caplog.handler)
        logger.error("Exception in ASGI application", exc_info=failed.value)
        logger.removeHandler(caplog.handler)
    assert caplog.text.count("IntegrityError") >= len(logs.OF_OTHERS)
    assert REACH not in caplog.text


def test_of_a_group_of_errors_too_only_the_first_lines_are_told() -> None:
    group = ExceptionGroup("two tasks", [ValueError(f"no good\nDETAIL:  ({REACH})"), KeyError("b")])
    told = logs.traceback_of((type(group), group, None))
    assert REACH not in told
    for words in ("two tasks", "ValueError: no good", "KeyError: 'b'"):
        assert words in told


@pytest.mark.parametrize(
    ("database", "shared"), [("sqlite_url", False), ("postgres_url", False), ("postgres_url", True)]
)
async def test_no_number_is_in_the_error_of_a_job_that_has_failed(
    request: pytest.FixtureRequest, database: str, shared: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Work(request.getfixturevalue(database), shared=shared).open() as work:
        logs.configure("json")

        async def handler() -> None:
            await write(work.database)

        work.handlers["write"] = handler
        await work.defer("write")
        for _ in range(12):
            await work.runs()
            await work.passes(301)
        ((name, error),) = await work.failed()
    assert (name, error.partition("(")[0]) == ("write", "IntegrityError")
    written = capsys.readouterr().err
    assert "a job has failed for good" in written
    assert REACH not in error + written
