"""What background work promises, whoever runs it: `app/jobs/__init__.py`."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
import structlog
from sqlalchemy import func, insert, select

from app import jobs
from app.store.postgres import percent
from app.store.tables import rates
from tests.jobs.work import Work

ROOT = Path(__file__).parents[2]


async def test_a_job_runs_once_its_transaction_is_committed(work: Work) -> None:
    async with work.database.transaction() as tx:
        await work.jobs.defer(tx, "note", what="a case is open")
        assert await work.left() == 0
    assert await work.runs() == ["a case is open"]
    assert await work.runs() == []
    assert await work.left() == 0


async def test_a_transaction_that_is_undone_leaves_no_job(work: Work) -> None:
    with suppress(RuntimeError):
        async with work.database.transaction() as tx:
            await work.jobs.defer(tx, "note", what="a case is open")
            raise RuntimeError("a mistake of ours")
    assert await work.runs() == []


async def test_the_transaction_of_a_live_call_defers_too(work: Work) -> None:
    sql, params = work.jobs.statement("note", None, "dispatch", {"what": "somebody waits"})
    if work.url.startswith("sqlite"):
        with closing(sqlite3.connect(work.url.removeprefix("sqlite:///"))) as file, file:
            file.execute(sql, params)
    else:
        with psycopg.connect(work.url.replace("+psycopg", "")) as connection:
            connection.execute(percent(sql), params)
    assert await work.runs() == ["somebody waits"]


async def test_arguments_arrive_as_they_were_given(work: Work) -> None:
    async def page(case: str, tier: int) -> None:
        work.done.append(f"{case!r} {tier!r}")

    work.handlers["page"] = page
    await work.defer("page", case="0042 'ü' :a %s", tier=2)
    assert await work.runs() == ["\"0042 'ü' :a %s\" 2"]


async def test_a_job_waits_for_its_moment(work: Work) -> None:
    await work.defer("note", at=work.after(20), what="the offer is over")
    assert await work.runs() == []
    await work.passes(19)
    assert await work.runs() == []
    await work.passes(2)
    assert await work.runs() == ["the offer is over"]


async def test_a_moment_that_has_passed_is_now(work: Work) -> None:
    await work.defer("note", at=work.after(-3600), what="late")
    assert await work.runs() == ["late"]


async def test_jobs_run_in_the_order_they_were_deferred_in(work: Work) -> None:
    for what in "abcdef":
        await work.defer("note", what=what)
    assert await work.runs() == list("abcdef")


async def test_what_is_due_earlier_comes_first(work: Work) -> None:
    for seconds in (30, 10, 20):
        await work.defer("note", at=work.after(seconds), what=f"{seconds}")
    for _ in range(3):
        await work.passes(10.1)
        await work.runs()
    assert work.done == ["10", "20", "30"]


async def test_a_job_may_defer_another(work: Work) -> None:
    async def climb(rung: int) -> None:
        work.done.append(f"rung {rung}")
        if rung < 3:
            await work.defer("climb", rung=rung + 1)

    work.handlers["climb"] = climb
    await work.defer("climb", rung=1)
    assert await work.runs() == ["rung 1", "rung 2", "rung 3"]


# With a key


async def test_equal_jobs_that_wait_are_one_and_no_error(work: Work) -> None:
    async with work.database.transaction() as tx:
        await tx.execute(insert(rates).values(name="before", next_at=work.now()))
        for _ in range(2):
            await work.jobs.defer(tx, "note", key="dispatch", what="looked")
        await tx.execute(insert(rates).values(name="after", next_at=work.now()))
    for _ in range(3):
        await work.defer("note", key="dispatch", what="looked")
    await work.defer("note", key="other", what="other")
    assert await work.runs() == ["looked", "other"]
    assert await work.left() == 0
    async with work.database.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(rates)) == 2


async def test_of_two_equal_jobs_the_earlier_moment_counts(work: Work) -> None:
    """Else a look far ahead would hold back the one that is needed now."""
    await work.defer("note", key="dispatch", at=work.after(3600), what="looked")
    await work.defer("note", key="dispatch", what="looked")
    assert await work.runs() == ["looked"]


async def test_an_equal_job_is_deferred_anew_while_one_runs(work: Work) -> None:
    async def look() -> None:
        work.done.append("looked")
        if len(work.done) == 1:
            await work.defer("look", key="dispatch")

    work.handlers["look"] = look
    await work.defer("look", key="dispatch")
    assert await work.runs() == ["looked", "looked"]


async def test_a_job_that_is_dropped_has_its_transaction_seen(work: Work) -> None:
    """An equal job is begun in the very moment in which a transaction leaves its work to it."""

    async def look() -> None:
        async with work.database.reading() as tx:
            work.done.append(f"{await tx.scalar(select(func.count()).select_from(rates))} seen")

    work.handlers["look"] = look
    await work.defer("look", key="dispatch")
    async with work.database.transaction() as tx:
        await tx.execute(insert(rates).values(name="waits", next_at=work.now()))
        await work.jobs.defer(tx, "look", key="dispatch")
        meanwhile = asyncio.create_task(work.jobs.run_due(work.now()))
        await asyncio.sleep(0.3)
    await meanwhile
    await work.runs()
    assert work.done[-1] == "1 seen"


async def test_no_transaction_waits_for_another_that_defers_the_same(shared_work: Work) -> None:
    async with shared_work.database.transaction() as one:
        await shared_work.jobs.defer(one, "note", key="dispatch", what="looked")
        async with asyncio.timeout(1):
            await shared_work.defer("note", key="dispatch", what="looked")
    assert await shared_work.runs() == ["looked"]


# Handlers that fail


async def test_a_handler_that_fails_is_tried_again_after_growing_pauses(work: Work) -> None:
    async def ring() -> None:
        work.done.append("rang")
        if len(work.done) <= 3:
            raise ConnectionError("the provider does not answer")

    work.handlers["ring"] = ring
    await work.defer("ring")
    with structlog.testing.capture_logs() as logs:
        assert await work.runs() == ["rang"]
        for pause in (1, 2, 4):
            await work.passes(pause - 0.5)
            assert await work.runs() == []
            await work.passes(0.6)
            assert await work.runs() == ["rang"]
    assert [entry["log_level"] for entry in logs] == ["warning"] * 3
    assert await work.left() == 0


async def test_a_job_that_always_fails_is_kept_with_its_error_and_blocks_nobody(work: Work) -> None:
    async def ring() -> None:
        work.done.append("rang")
        raise ConnectionError("the provider does not answer")

    work.handlers["ring"] = ring
    await work.defer("ring")
    await work.defer("note", what="another")
    with structlog.testing.capture_logs() as logs:
        assert await work.runs() == ["rang", "another"]
        for _ in range(12):
            await work.passes(301)
            await work.runs()
    assert work.done.count("rang") == jobs.TRIES
    assert await work.failed() == [("ring", "ConnectionError('the provider does not answer')")]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["a job has failed for good"]


async def test_a_job_that_nobody_knows_is_logged_and_kept(work: Work) -> None:
    await work.defer("of a newer release", number="+12065550199")
    with structlog.testing.capture_logs() as logs:
        await work.defer("note", what="another")
        assert await work.runs() == ["another"]
    assert [(entry["event"], entry["job"]) for entry in logs] == [
        ("there is no handler for a job", "of a newer release")
    ]
    assert await work.failed() == [("of a newer release", "there is no handler")]


async def test_what_fails_is_not_told_to_who_watches_the_terminal(
    work: Work, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Arguments are numbers and names of callers."""

    async def ring(number: str) -> None:
        raise ConnectionError

    work.handlers["ring"] = ring
    await work.defer("ring", number="+12065550199")
    await work.defer("nobody", number="+12065550199")
    await work.runs()
    shown = capfd.readouterr()
    assert "+12065550199" not in shown.out + shown.err + caplog.text


def test_pauses_grow_to_five_minutes_at_most() -> None:
    pauses = [jobs.pause_after(tries) for tries in range(1, jobs.TRIES + 1)]
    assert [pause.total_seconds() for pause in pauses if pause] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert pauses[-1] is None
