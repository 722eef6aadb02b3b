"""Jobs in the service's own process, in the table `jobs`. One process only; time is what it is given.

A job that has begun is marked as taken, and its row goes when it has ended. Whatever is taken when a runner starts was
cut off in the middle: it begins again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Executable, Row, bindparam, delete, func, select, text, update

from app.jobs import AT_ONCE, GRACE, Arguments, Handler, carry_out, cut_off, kept_error, pause_after, stop_if_told
from app.store.database import Database, Transaction
from app.store.deferring import JOB, Statement, in_jobs_table
from app.store.hot import Readable, StoreUnavailable
from app.store.tables import Instant, jobs

log = structlog.get_logger()
# Seconds between two looks, at most and at least.
BETWEEN_LOOKS = 1.0
BREATH = 0.02
# Seconds without a look after which nobody looks any more.
UNSEEN = 5.0
LATENESS = timedelta(seconds=60)

WAITING = jobs.c.taken_at.is_(None) & jobs.c.failed_at.is_(None)
_DEFER = text(JOB).bindparams(bindparam("at", type_=Instant()))
LATE = "SELECT 1 FROM jobs WHERE taken_at IS NULL AND failed_at IS NULL AND at < :long_ago LIMIT 1"
Clock = Callable[[], datetime]


class EmbeddedJobs:
    """See `jobs.Jobs`. Handlers may be added to the mapping until the first job runs."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler], now: Clock) -> None:
        self._database = database
        self._handlers = handlers
        self._now = now
        self._woken = asyncio.Event()
        # Jobs that this process has taken, and what has to be written about those of them that have ended.
        self._taken: set[int] = set()
        self._ended: dict[int, Executable] = {}
        self._others_released = False
        self._next: datetime | None = None
        self._looked: float | None = None

    async def defer(
        self, tx: Transaction, name: str, *, at: datetime | None = None, key: str | None = None, **args: str | int
    ) -> None:
        await tx.execute(_DEFER, self.statement(name, at, key, args)[1])

    def statement(self, name: str, at: datetime | None, key: str | None, args: Arguments) -> Statement:
        return in_jobs_table(name, at or self._now(), key, args)

    def wake(self) -> None:
        self._woken.set()

    async def turning(self, store: Readable) -> bool:
        unseen = self._looked is not None and monotonic() - self._looked > UNSEEN
        return not unseen and not await store.fetch(LATE, {"long_ago": self._now() - LATENESS})

    async def run_due(self, now: datetime) -> int:
        ran = 0
        while (job := await self._begin_next(now)) is not None:
            await self._run(job, lambda: now)
            ran += 1
        return ran

    async def keep_running(self) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                stop_if_told()
                self._woken.clear()
                pause = await self._look(running)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
        finally:
            await self._wind_up(running)

    async def _look(self, running: "set[asyncio.Task[None]]") -> float:
        """Begins what is due. Returns the seconds until the next look."""
        try:
            while len(running) < AT_ONCE and (job := await self._begin_next(self._now())) is not None:
                task = asyncio.create_task(self._run_beside(job))
                running.add(task)
                task.add_done_callback(running.discard)
            await self._write_what_ended()
            self._looked = monotonic()
        except StoreUnavailable as error:
            log.warning("background work waits for the database", reason=str(error))
        except Exception as error:
            log.error("background work cannot go on", error=type(error).__name__, exc_info=error)
        else:
            if self._next is not None and len(running) < AT_ONCE:
                return min(max((self._next - self._now()).total_seconds(), BREATH), BETWEEN_LOOKS)
        return BETWEEN_LOOKS

    async def _run_beside(self, job: Row[Any]) -> None:
        await self._run(job, self._now)
        self.wake()

    async def _wind_up(self, running: "set[asyncio.Task[None]]") -> None:
        """What does not come to its end in time stays taken, and begins again with the next start."""
        self._looked = None
        if running:
            await asyncio.wait(set(running), timeout=GRACE)
        await cut_off(list(running))
        with suppress(StoreUnavailable):
            await self._write_what_ended()

    async def _begin_next(self, now: datetime) -> Row[Any] | None:
        """Takes the next job that is due, and writes what became of those that ended."""
        if not self._others_released:
            await self._release_others()
        async with self._database.reading() as tx:
            self._next = await tx.scalar(select(func.min(jobs.c.at, type_=Instant())).where(WAITING))
        if self._next is not None and self._next <= now:
            return await self._take(now)
        await self._write_what_ended()
        return None

    async def _release_others(self) -> None:
        """What is taken and not by us was cut off in the middle, or we never heard that we have it."""
        cut_off = jobs.c.taken_at.is_not(None) & jobs.c.id.not_in(self._taken)
        async with self._database.transaction() as tx:
            await tx.execute(update(jobs).where(cut_off).values(taken_at=None))
        self._others_released = True

    async def _take(self, now: datetime) -> Row[Any] | None:
        first = (
            select(jobs.c.id)
            .where(WAITING, jobs.c.at <= now)
            .order_by(jobs.c.at, jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        # Its key is free from here on: what is deferred now is for the next one.
        take = update(jobs).where(jobs.c.id == first).values(taken_at=now, key=None, attempts=jobs.c.attempts + 1)
        self._others_released = False
        async with self._database.transaction() as tx:
            written = await self._write_ends(tx)
            job: Row[Any] | None = (await tx.execute(take.returning(jobs))).one_or_none()
        self._others_released = True
        self._forget(written)
        if job is not None:
            self._taken.add(job.id)
        return job

    async def _write_what_ended(self) -> None:
        if self._ended:
            async with self._database.transaction() as tx:
                written = await self._write_ends(tx)
            self._forget(written)

    async def _write_ends(self, tx: Transaction) -> list[int]:
        ended = list(self._ended.items())
        for _, statement in ended:
            await tx.execute(statement)
        return [job for job, _ in ended]

    def _forget(self, written: list[int]) -> None:
        for job in written:
            del self._ended[job]
            self._taken.discard(job)

    async def _run(self, job: Row[Any], now: Clock) -> None:
        """Runs a job, and keeps what has to be written about it."""
        try:
            self._ended[job.id] = await self._end_of(job, now)
        except asyncio.CancelledError:
            self._taken.discard(job.id)
            self._others_released = False
            raise

    async def _end_of(self, job: Row[Any], now: Clock) -> Executable:
        this = jobs.c.id == job.id
        handler = self._handlers.get(job.name)
        if handler is None:
            log.error("there is no handler for a job", job=job.name)
            return update(jobs).where(this).values(taken_at=None, failed_at=now(), error="there is no handler")
        try:
            await carry_out(handler, json.loads(job.args))
        except Exception as error:
            kept = kept_error(error)
            return update(jobs).where(this).values(taken_at=None, error=kept, **_after(job, error, now()))
        return delete(jobs).where(this)


def _after(job: Row[Any], error: Exception, now: datetime) -> dict[str, datetime]:
    pause = pause_after(job.attempts)
    if pause is None:
        log.error("a job has failed for good", job=job.name, error=type(error).__name__, exc_info=error)
        return {"failed_at": now}
    log.warning("a job failed and is tried again", job=job.name, error=type(error).__name__, reason=f"in {pause}")
    return {"at": now + pause}
