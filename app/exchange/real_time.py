"""The exchange in real time: nobody moves the clock, so whoever waits for a moment is woken when it has come."""

import asyncio
from contextlib import suppress

import structlog

from app.exchange.clock import RealClock
from app.exchange.timeline import Timeline

log = structlog.get_logger()


async def keep_pace(timeline: Timeline, clock: RealClock) -> None:
    """Runs beside the calls, until cancelled. An actor that dies is logged: the other calls go on."""
    while True:
        timeline.has_news.clear()
        for crash in timeline.take_crashes():
            log.error("a call broke off: a mistake in the exchange", error=type(crash).__name__, exc_info=crash)
        due = timeline.due_in()
        if due is not None and due <= 0:
            timeline.wake_next()
            continue
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else clock.takes(due)):
                await timeline.has_news.wait()
