"""Work after the commit: what must reach the network, or must be looked at again later, is a job.

A job is deferred in the transaction that makes it necessary: it is there when that one is committed, and only then. It
runs at least once, so it may come twice, late, or for what is done already, and then finds nothing to do. Its handler
is found by name. One that fails is tried again; after the last try it is kept, with its error, for a person to see.

Two runners keep these promises: `embedded` in the one process of a service on SQLite, `procrastinate` in workers of
their own on PostgreSQL.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from app.store.database import Transaction
from app.store.deferring import Statement
from app.store.hot import Readable, first_line

Arguments = Mapping[str, str | int]
Handler = Callable[..., Awaitable[None]]
"""Called as `handler(**args)`."""

TRIES = 10
LONGEST_PAUSE = timedelta(minutes=5)
# Handlers mostly wait for the network. Who waits for longer than this, in seconds, has failed.
AT_ONCE = 10
LONGEST_RUN = 120.0
# Seconds that a handler may take to come to its end when the process is told to stop.
GRACE = 10.0


class Jobs(Protocol):
    """Defers jobs, and runs those that are due."""

    async def defer(
        self, tx: Transaction, name: str, *, at: datetime | None = None, key: str | None = None, **args: str | int
    ) -> None:
        """Defers a job in the caller's transaction; without a moment it is due at once.

        With a key: while an equal one waits to begin, a second may be dropped, which is no error. So where the moment
        matters it is part of the key. Whatever the transaction of a dropped one writes, the one that runs does see.
        """
        ...

    def statement(self, name: str, at: datetime | None, key: str | None, args: Arguments) -> Statement:
        """`defer` as plain SQL with `:name` parameters, for a transaction of the hot store. Made when it is used."""
        ...

    def wake(self) -> None:
        """Something was committed: look now, not only in a second."""
        ...

    async def run_due(self, now: datetime) -> int:
        """Runs all that is due, one after another in order of time. Returns how many. Raises StoreUnavailable."""
        ...

    async def keep_running(self) -> None:
        """Runs what is due as it becomes due, several at once, until cancelled; a database that is away is awaited."""
        ...

    async def turning(self, store: Readable) -> bool:
        """Whether what is due is being run, here or elsewhere: nothing is late by a minute. Raises StoreUnavailable."""
        ...


async def carry_out(handler: Handler, args: Arguments) -> None:
    """Raises whatever the handler does, and TimeoutError."""
    async with asyncio.timeout(LONGEST_RUN):
        await handler(**args)


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after so many tries that failed: 1, 2, 4 … seconds. None: that was the last one."""
    if tries >= TRIES:
        return None
    return min(timedelta(seconds=2 ** (tries - 1)), LONGEST_PAUSE)


def kept_error(error: Exception) -> str:
    """What is kept of an error: of its message the first line, since those that follow quote what was to be written."""
    return f"{type(error).__name__}({first_line(error)!r})"


async def cut_off(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancels until it is heeded: before Python 3.12 `asyncio.wait_for` forgets a cancellation that meets its end."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=1)
    await asyncio.gather(*tasks, return_exceptions=True)


def stop_if_told() -> None:
    """Raises CancelledError where this task was cancelled and that was forgotten, as `cut_off` says."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
