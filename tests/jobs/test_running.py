"""The runner beside a service: what happens at once, slowly, twice, and while the database is away."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import bindparam, text

from app import jobs
from app.jobs import embedded, procrastinate
from app.store.hot import StoreUnavailable
from app.store.tables import Instant
from tests.jobs.work import Work
from tests.support.faults import Fault, Moved

ROOT = Path(__file__).parents[2]


async def test_a_commit_is_followed_at_once(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not only when the worker looks by itself."""
    for kind in (embedded, procrastinate):
        monkeypatch.setattr(kind, "BETWEEN_LOOKS", 20.0)
    async with work.running():
        await work.listens()
        await work.defer("note", what="at once")
        await work.until(lambda: "at once" in work.done)


async def test_a_job_runs_within_a_second_of_its_moment_and_not_before(work: Work) -> None:
    async def late() -> None:
        work.done.append(f"{(work.now() - due).total_seconds()}")

    work.handlers["late"] = late
    async with work.running():
        due = work.after(1.3)
        await work.defer("late", at=due)
        await work.until(lambda: bool(work.done))
    assert 0 <= float(work.done[0]) < 1.2


async def test_a_worker_whose_clock_is_behind_the_databases_waits_for_it(shared_work: Work) -> None:
    async def look() -> None:
        shared_work.done.append("in time" if shared_work.now() >= due else "too early: nothing to do")

    shared_work.handlers["look"] = look
    due = shared_work.after(0.5)
    await shared_work.defer("look", at=due)
    async with shared_work.database.transaction() as tx:
        await tx.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now()"))
    assert await shared_work.runs() == ["in time"]


async def test_a_job_that_failed_for_good_can_be_let_try_again_by_hand(shared_work: Work) -> None:
    await shared_work.defer("of a newer release", what="once more")
    await shared_work.runs()
    assert await shared_work.failed() == [("of a newer release", "there is no handler")]
    shared_work.handlers["of a newer release"] = shared_work.note
    async with shared_work.database.transaction() as tx:
        await tx.execute(text("UPDATE procrastinate_jobs SET status = 'todo'"))
    assert await shared_work.runs() == ["once more"]


async def test_a_slow_job_holds_up_nobody(work: Work) -> None:
    released = asyncio.Event()

    async def slow() -> None:
        await released.wait()
        work.done.append("slow")

    work.handlers["slow"] = slow
    async with work.running():
        await work.defer("slow")
        await work.defer("note", what="quick")
        await work.until(lambda: work.done == ["quick"])
        released.set()
        await work.until(lambda: work.done == ["quick", "slow"])


async def test_what_has_begun_comes_to_its_end_before_the_runner_stops(work: Work) -> None:
    begun = asyncio.Event()

    async def slow() -> None:
        begun.set()
        await asyncio.sleep(0.3)
        work.done.append("slow")

    work.handlers["slow"] = slow
    async with work.running():
        await work.defer("slow")
        await begun.wait()
    assert work.done == ["slow"]
    assert await work.left() == 0


async def test_what_takes_too_long_then_begins_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("embedded", "procrastinate"):
        monkeypatch.setattr(f"app.jobs.{module}.GRACE", 0.1)

    async def slow() -> None:
        work.done.append("begun")
        await asyncio.sleep(60 if work.done == ["begun"] else 0)
        work.done.append("ended")

    work.handlers["slow"] = slow
    async with work.running():
        await work.defer("slow")
        await work.until(lambda: bool(work.done))
    async with work.running(work.another_runner()):
        await work.until(lambda: work.done == ["begun", "begun", "ended"])


async def test_a_process_that_is_killed_leaves_its_job_to_another(work: Work, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-m", "tests.jobs.process", work.url, "shared" if work.shared else "alone", str(log)]
    await work.defer("slow")
    with subprocess.Popen(command, cwd=ROOT) as first:
        await work.until(log.exists)
        first.kill()
    with subprocess.Popen(command, cwd=ROOT) as second:
        await work.until(lambda: log.read_text().splitlines() == ["begun", "begun", "done"])
        second.kill()


async def test_workers_share_the_work(shared_work: Work) -> None:
    work, running, most = shared_work, 0, 0

    async def slow(what: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        work.done.append(f"{what}")

    work.handlers["slow"] = slow
    for what in range(40):
        await work.defer("slow", what=what)
    async with work.running(work.jobs, work.another_runner()):
        await work.until(lambda: len(work.done) == 40)
    assert sorted(map(int, work.done)) == list(range(40))
    assert most > jobs.AT_ONCE


# The database


async def test_the_database_goes_away_and_comes_back(work: Work, database_away: Fault) -> None:
    begun, released = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await released.wait()
        work.done.append("slow")

    work.handlers["slow"] = slow
    async with work.running():
        await work.defer("slow")
        await begun.wait()
        with structlog.testing.capture_logs() as logs:
            with database_away.struck():
                await asyncio.sleep(0.5)
                released.set()
                await asyncio.sleep(2)
                with pytest.raises(StoreUnavailable):
                    await work.defer("note", what="away")
            await work.defer("note", what="back")
            await work.until(lambda: "back" in work.done, 6)
        assert {entry["event"] for entry in logs} == {"background work waits for the database"}
        for _ in range(100):
            if not await work.left():
                break
            await asyncio.sleep(0.1)
    assert await work.left() == 0
    # What had begun and could not be noted as done may come twice.
    assert set(work.done) == {"slow", "back"}
    if not work.shared:
        assert work.done.count("slow") == 1


async def test_a_look_at_a_database_that_is_away_says_so(work: Work, database_away: Fault) -> None:
    with database_away.struck(), pytest.raises(StoreUnavailable):
        await work.jobs.run_due(work.now())
    await work.defer("note", what="back")
    assert await work.runs() == ["back"]


# Whether it turns


@dataclass
class Reads:
    """Reads as the hot store does."""

    work: Work

    async def fetch(self, sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        moments = [bindparam(name, type_=Instant()) for name in params]
        async with self.work.database.reading() as tx:
            return [tuple(row) for row in await tx.execute(text(sql).bindparams(*moments), params)]


async def test_work_that_nobody_does_shows_after_a_minute(work: Work) -> None:
    await work.defer("note", what="looked")
    await work.defer("note", at=work.after(3600), what="later")
    await work.defer("nobody")
    assert await work.jobs.turning(Reads(work))
    await work.passes(65)
    assert not await work.jobs.turning(Reads(work))
    await work.runs()
    assert await work.jobs.turning(Reads(work))


async def test_a_runner_that_stands_still_shows(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.embedded.UNSEEN", 0.2)
    async with Work(sqlite_url, shared=False).open() as work, work.running():
        await work.defer("note", what="looked")
        await work.until(lambda: bool(work.done))
        assert await work.jobs.turning(Reads(work))
        with Moved(sqlite_url).struck():
            await asyncio.sleep(1.5)
        assert not await work.jobs.turning(Reads(work))
