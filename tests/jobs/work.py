"""What the tests of background work share: a runner, a log of what its handlers did, and time that can pass."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from app.jobs import Handler, Jobs
from app.jobs.embedded import EmbeddedJobs
from app.jobs.procrastinate import ProcrastinateJobs
from app.store.database import Database
from app.store.tables import jobs as table

# Seconds of silence after which a worker counts as dead. Nobody wants to wait for more in a test.
SILENCE = 2.0


def runner(
    url: str, database: Database, handlers: dict[str, Handler], now: Callable[[], datetime], shared: bool
) -> Jobs:
    return ProcrastinateJobs(url, handlers, now, SILENCE) if shared else EmbeddedJobs(database, handlers, now)


@dataclass
class Work:
    """`shared`: with procrastinate, else embedded."""

    url: str
    shared: bool
    done: list[str] = field(default_factory=list)
    handlers: dict[str, Handler] = field(default_factory=dict)
    passed: timedelta = timedelta(0)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Work"]:
        self.database = Database(self.url)
        self.jobs = self.another_runner()
        self.handlers["note"] = self.note
        yield self
        await self.database.close()

    def another_runner(self) -> Jobs:
        return runner(self.url, self.database, self.handlers, self.now, self.shared)

    async def note(self, what: str) -> None:
        """A handler that only says that it ran."""
        self.done.append(what)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def after(self, seconds: float) -> datetime:
        return self.now() + timedelta(seconds=seconds)

    async def passes(self, seconds: float) -> None:
        """Time passes in an instant: where it is the database's, what is waiting comes nearer."""
        self.passed += timedelta(seconds=seconds)
        if self.shared:
            nearer = "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - CAST(:by AS interval)"
            async with self.database.transaction() as tx:
                await tx.execute(text(nearer), {"by": timedelta(seconds=seconds)})

    async def defer(self, name: str, *, at: datetime | None = None, key: str | None = None, **args: str | int) -> None:
        """Defers a job in a transaction of its own."""
        async with self.database.transaction() as tx:
            await self.jobs.defer(tx, name, at=at, key=key, **args)
        self.jobs.wake()

    async def runs(self) -> list[str]:
        """Runs what is due, and what becomes due by that; returns what was done."""
        before = len(self.done)
        while await self.jobs.run_due(self.now()):
            pass
        return self.done[before:]

    @asynccontextmanager
    async def running(self, *runners: Jobs) -> AsyncIterator[None]:
        """The runner runs beside the test, or the given ones."""
        tasks = [asyncio.create_task(one.keep_running()) for one in runners or (self.jobs,)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, what: Callable[[], bool], seconds: float = 10.0) -> None:
        """Waits until something is so."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not what():
                    await asyncio.sleep(0.01)
        assert what(), self.done

    async def listens(self) -> None:
        """Waits until the runner hears of commits: what is committed before is found when it looks by itself."""
        await self.defer("note", what="found by a look")
        await self.until(lambda: "found by a look" in self.done, 40)
        while self.shared and not await self._somebody_listens():
            await asyncio.sleep(0.05)

    async def _somebody_listens(self) -> bool:
        listeners = text("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()")
        async with self.database.reading() as tx:
            return (await tx.execute(listeners)).first() is not None

    # What the database holds

    async def left(self) -> int:
        """How many jobs there are, of whatever kind."""
        count = (
            text("SELECT count(*) FROM procrastinate_jobs") if self.shared else select(func.count()).select_from(table)
        )
        async with self.database.reading() as tx:
            return int((await tx.execute(count)).scalar_one())

    async def failed(self) -> list[tuple[str, str]]:
        """The jobs that are kept because they failed: name and error."""
        kept: Any = select(table.c.name, table.c.error).where(table.c.failed_at.is_not(None))
        if self.shared:
            kept = text("SELECT args ->> 'name', args ->> 'error' FROM procrastinate_jobs WHERE status = 'failed'")
        async with self.database.reading() as tx:
            return [(name, error) for name, error in await tx.execute(kept)]
