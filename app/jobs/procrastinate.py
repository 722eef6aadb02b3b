"""Jobs on PostgreSQL, shared by any number of workers: procrastinate, and what it leaves to us.

All our jobs are one task of it. A worker begins a job, runs its handler, and removes it. Time is the database's: a job
is deferred for so long after now, whatever the service's clock says, and never begins early by that clock either.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.worker import Worker
from psycopg import AsyncConnection, Error
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text

from app.jobs import AT_ONCE, GRACE, Arguments, Handler, carry_out, cut_off, kept_error, pause_after, stop_if_told
from app.store.database import Transaction
from app.store.deferring import Statement
from app.store.hot import Readable, StoreUnavailable, first_line
from app.store.instants import instant_from_text, instant_text

log = structlog.get_logger()
# It quotes the arguments of jobs; what is worth saying is said here.
logging.getLogger("procrastinate").setLevel(logging.CRITICAL)

TASK = "partnerline"
# Seconds. A commit wakes the workers; the look is for what becomes due, and for a wake-up that was lost.
BETWEEN_LOOKS = 1.0
# Seconds without a sign of life after which a worker counts as dead, and others do its jobs.
SILENCE = 20.0
# Seconds by which the clocks of two machines may differ.
SKEW = 5.0
CONNECT_PATIENCE = 2
CONNECTION: dict[str, str | int] = {
    "connect_timeout": CONNECT_PATIENCE,
    "options": "-c statement_timeout=10000 -c lock_timeout=3000 -c enable_seqscan=off",
    # A server that vanished without a word is given up after about ten seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10000,
}

# `clock_timestamp`, since the transaction may have begun a while ago: no job may come before its moment.
DEFER = f"""
SELECT procrastinate_defer_jobs_v1(CAST(ARRAY[ROW(
    '{TASK}', '{TASK}', 0, NULL, NULL, CAST(:args AS jsonb),
    CASE WHEN CAST(:at AS timestamptz) <= CAST(:now AS timestamptz) THEN now()
         ELSE clock_timestamp() + (CAST(:at AS timestamptz) - CAST(:now AS timestamptz)) END
)] AS procrastinate_job_to_defer_v1[]))
"""
_DEFER = text(DEFER)
# Equal jobs are all kept, and become one when the first of them begins: whoever deferred one that goes here has
# committed already, so the handler, which has not looked yet, will see all that was written with it. Dropping a second
# one when it is deferred would lose it where the first is just being fetched, or make transactions wait for each other.
DROP_EQUALS = """
DELETE FROM procrastinate_jobs
WHERE args ->> 'key' = %(key)s AND status = 'todo' AND scheduled_at <= now() AND id <> %(id)s
"""
KEEP_ERROR = """
UPDATE procrastinate_jobs SET args = args || jsonb_build_object('error', CAST(%(error)s AS text)) WHERE id = %(id)s
"""
LATE = """
SELECT 1 FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at < now() - interval '60 seconds' LIMIT 1
"""


class ProcrastinateJobs:
    """See `jobs.Jobs`. Handlers may be added to the mapping until the first job runs."""

    def __init__(
        self, url: str, handlers: Mapping[str, Handler], now: Callable[[], datetime], silence: float = SILENCE
    ) -> None:
        self._place = make_conninfo(url.replace("postgresql+psycopg://", "postgresql://"), **CONNECTION)
        self._handlers = handlers
        self._now = now
        self._silence = silence
        self._ran = 0

    async def defer(
        self, tx: Transaction, name: str, *, at: datetime | None = None, key: str | None = None, **args: str | int
    ) -> None:
        await tx.execute(_DEFER, self.statement(name, at, key, args)[1])

    def statement(self, name: str, at: datetime | None, key: str | None, args: Arguments) -> Statement:
        now = self._now()
        at = at or now
        job = {"name": name, "key": key, "at": instant_text(at), "args": dict(args)}
        return DEFER, {"args": json.dumps(job), "at": at, "now": now}

    def wake(self) -> None:
        """Workers are told by the database."""

    async def turning(self, store: Readable) -> bool:
        return not await store.fetch(LATE, {})

    async def run_due(self, now: datetime) -> int:
        """Runs what is due by the database's clock: `now` has no say."""
        before = self._ran
        async with self._app() as app:
            await _run(self._worker(app, wait=False, listen_notify=False, concurrency=1))
        return self._ran - before

    async def keep_running(self) -> None:
        while True:
            try:
                async with self._app() as app:
                    stop_if_told()
                    await self._work(app)
            except StoreUnavailable as error:
                log.warning("background work waits for the database", reason=str(error))
            except Exception as error:
                log.error("background work cannot go on", error=type(error).__name__, exc_info=error)
            stop_if_told()
            await asyncio.sleep(BETWEEN_LOOKS)

    async def _work(self, app: App) -> None:
        """Works until cancelled, then lets what has begun come to its end; or until the database is lost."""
        worker = self._worker(app, wait=True, listen_notify=True, concurrency=AT_ONCE)
        living = asyncio.create_task(self._keep_living(app, worker))
        try:
            await _run(worker)
        finally:
            await cut_off([living])

    async def _keep_living(self, app: App, worker: Worker) -> None:
        """Gives signs of life, also after one that failed, and begins again what a worker had begun that is dead."""
        while True:
            with suppress(ConnectorException):
                if worker.worker_id is not None:
                    await app.job_manager.update_heartbeat(worker.worker_id)
                for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._silence):
                    # Another worker may have been faster.
                    with suppress(ConnectorException):
                        await app.job_manager.retry_job(job)
            await asyncio.sleep(self._silence / 4)

    def _worker(self, app: App, *, wait: bool, listen_notify: bool, concurrency: int) -> Worker:
        return Worker(
            app,
            queues=[TASK],
            wait=wait,
            listen_notify=listen_notify,
            concurrency=concurrency,
            fetch_job_polling_interval=BETWEEN_LOOKS,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
            install_signal_handlers=False,
            update_heartbeat_interval=self._silence / 4,
            stalled_worker_timeout=self._silence,
        )

    @asynccontextmanager
    async def _app(self) -> AsyncIterator[App]:
        """Procrastinate with its connections. Every fault of the database comes out as StoreUnavailable."""
        try:
            async with self._connected() as app:
                yield app
        except ConnectorException as error:
            raise StoreUnavailable(first_line(error.__cause__ or error)) from error
        except (Error, OSError) as error:
            raise StoreUnavailable(first_line(error)) from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[App]:
        # A pool tries on and on by itself, each time later; a connection says at once that the database is away.
        await (await AsyncConnection.connect(self._place)).close()
        pool = AsyncConnectionPool(
            self._place,
            min_size=1,
            max_size=AT_ONCE + 2,
            timeout=CONNECT_PATIENCE,
            open=False,
            check=AsyncConnectionPool.check_connection,
        )
        app = App(connector=PsycopgConnector())
        app.task(name=TASK, queue=TASK, pass_context=True, retry=_Retry())(self._begin)
        try:
            await pool.open(wait=True, timeout=CONNECT_PATIENCE)
            await app.open_async(pool)
            yield app
        finally:
            await pool.close()

    async def _begin(
        self, context: JobContext, /, *, name: str, key: str | None, at: str, args: dict[str, Any], **_: str
    ) -> None:
        """One that a person lets try again after it had failed has its error in it too."""
        self._ran += 1
        _forget_how_it_ends()
        handler = self._handlers.get(name)
        job = context.job
        if handler is None:
            log.error("there is no handler for a job", job=name)
            await _keep_error(context, "there is no handler")
            raise _NoHandler
        if (early := (instant_from_text(at) - self._now()).total_seconds()) > 0:
            await asyncio.sleep(min(early, SKEW))
        if key is not None and job.attempts == 0:
            await context.app.connector.execute_query_async(DROP_EQUALS, key=key, id=job.id)
        try:
            await carry_out(handler, args)
        except Exception as error:
            pause = pause_after(job.attempts + 1)
            if pause is None:
                log.error("a job has failed for good", job=name, error=type(error).__name__, exc_info=error)
                await _keep_error(context, kept_error(error))
            else:
                log.warning(
                    "a job failed and is tried again", job=name, error=type(error).__name__, reason=f"in {pause}"
                )
            raise


async def _run(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call] # because procrastinate leaves it so


class _NoHandler(Exception):
    """Nobody here knows what to do for a job of this name. It is kept."""


def _forget_how_it_ends() -> None:
    """Where a job's end cannot be written, it is begun again later: asyncio need not complain that nobody noticed."""
    task = asyncio.current_task()
    if task is not None:
        task.add_done_callback(lambda task: task.cancelled() or task.exception())


async def _keep_error(context: JobContext, error: str) -> None:
    await context.app.connector.execute_query_async(KEEP_ERROR, error=error, id=context.job.id)


class _Retry(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        match exception:
            case _NoHandler():
                return None
            case Exception():
                pause = pause_after(job.attempts + 1)
                return None if pause is None else RetryDecision(retry_in={"seconds": int(pause.total_seconds())})
            case _:
                # Cut off because this worker stops: another takes over.
                return RetryDecision()
