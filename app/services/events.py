"""What changed, told to whoever watches, as it happens; forgotten after a week."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from app.runtime import Runtime
from app.store import events
from app.store.hot import StoreUnavailable

log = structlog.get_logger()
Event = Mapping[str, Any]

KEPT = timedelta(days=7)
DAY = timedelta(days=1)
# Seconds between two looks of a watcher, and how many events one look gives at most.
BETWEEN_LOOKS = 1.0
BETWEEN_TRIES = 60.0
A_LOOK = 200
# Looks after which a watcher has to ask again, with the last event seen.
LOOKS = 600
# Two transactions may be committed in another order than they took their numbers: for so many looks a number that is
# left out is waited for. Those that never come belong to transactions that were undone.
LOOKS_FOR_A_GAP = 3


async def where_to_begin(runtime: Runtime, after: int | None) -> int:
    """The event after which a watcher goes on: at most the newest there is. Raises StoreUnavailable."""
    async with runtime.database.reading() as tx:
        newest = await events.newest(tx)
    return newest if after is None else min(after, newest)


async def watch(runtime: Runtime, after: int) -> AsyncGenerator[Sequence[Event]]:
    """What has happened since an event, look by look; nothing new is an empty look. Ends when the service stops."""
    gaps = Gaps(after)
    for _ in range(LOOKS):
        yield gaps.passed(await _look(runtime, gaps.seen))
        if runtime.draining:
            return
        await asyncio.sleep(BETWEEN_LOOKS)


async def _look(runtime: Runtime, after: int) -> Sequence[Event]:
    try:
        async with runtime.database.reading() as tx:
            return await events.after(tx, after, A_LOOK)
    except StoreUnavailable as error:
        log.warning("who watches waits for the database", reason=str(error))
        return []


class Gaps:
    """Passes events on in the order of their numbers, and holds back those after a number that is left out."""

    def __init__(self, seen: int) -> None:
        self.seen = seen
        self._looks = 0

    def passed(self, found: Sequence[Event]) -> Sequence[Event]:
        """Of what one look has found, what can be told now."""
        passed: list[Event] = []
        for event in found:
            if event["id"] != self.seen + 1 and self._looks < LOOKS_FOR_A_GAP:
                self._looks += not passed
                break
            self._looks = 0
            self.seen = event["id"]
            passed.append(event)
        return passed


async def forget_events(runtime: Runtime) -> None:
    """A job, once a day: forgets what is older than a week. The next day's does not depend on this one."""
    await forget_daily(runtime)
    async with runtime.database.transaction() as tx:
        await events.forget_before(tx, runtime.now() - KEPT)


async def begin_forgetting(runtime: Runtime) -> None:
    """Sees to it that the daily job is there, however often that fails."""
    while True:
        try:
            return await forget_daily(runtime)
        except StoreUnavailable:
            pass  # It is tried again.
        except Exception as error:
            log.error("the daily job could not be set going", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(BETWEEN_TRIES)


async def forget_daily(runtime: Runtime) -> None:
    """The job is there for the next midnight, once, however often this is said."""
    at = (runtime.now() + DAY).replace(hour=0, minute=0, second=0, microsecond=0)
    async with runtime.database.transaction() as tx:
        await runtime.jobs.defer(tx, "forget_events", at=at, key=f"forget_events {at:%Y-%m-%d}")
