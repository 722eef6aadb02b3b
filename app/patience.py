"""Waiting that ends in time, whatever is waited for."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Awaitable[T]) -> T:
    """The result of some work. Raises TimeoutError after so many seconds; the work goes on to clean up by itself.

    `asyncio.timeout` waits for that: cancelling a statement on a server that hangs takes psycopg ten seconds.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=seconds)
        if task.done():
            return task.result()
    finally:
        if not task.done():
            task.add_done_callback(_forget)
            task.cancel()
    raise TimeoutError("it did not answer in time")


def _forget(task: "asyncio.Future[Any]") -> None:
    """Takes note of what became of it, so that asyncio does not complain that nobody did."""
    if not task.cancelled():
        task.exception()
