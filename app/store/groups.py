"""Work on its way to the database. Whatever arrives while some is under way goes next, together.

A commit costs the same for one turn as for twenty, and a round trip the same for one look-up as for twenty. Where the
database refuses a group each of it goes alone: what is wrong with one is its own affair.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from app.store.hot import PATIENCE, NumberTaken, StoreRefused, StoreUnavailable

LARGEST_GROUP = 200
REFUSALS = (StoreRefused, NumberTaken)

T = TypeVar("T")
R = TypeVar("R")
Waiting = tuple[T, "asyncio.Future[R]"]


class Groups(Generic[T, R]):
    """`together` does some of it, all or none; `alone` does one, and knows what its refusal means."""

    def __init__(
        self, together: Callable[[Sequence[T]], Awaitable[Sequence[R]]], alone: Callable[[T], Awaitable[R]]
    ) -> None:
        self._together = together
        self._alone = alone
        self._waiting: list[Waiting[T, R]] = []
        self._working: asyncio.Task[None] | None = None

    async def do(self, work: T) -> R:
        """Returns what became of it, once it is done. Raises StoreUnavailable after PATIENCE."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._working is None:
            self._working = asyncio.create_task(self._do_all())
        try:
            async with asyncio.timeout(PATIENCE):
                return await done
        except TimeoutError:
            raise StoreUnavailable("it did not answer in time") from None

    async def close(self) -> None:
        """Waits for what is under way."""
        if self._working is not None:
            await self._working

    async def _do_all(self) -> None:
        """Ends when nothing waits, and is forgotten in that same step: nothing can arrive in between."""
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
                # Nobody waits any more for what is done already.
                await self._do([one for one in group if not one[1].done()])
        finally:
            self._working = None

    async def _do(self, group: "list[Waiting[T, R]]") -> None:
        try:
            results = await self._together([work for work, _ in group])
        except REFUSALS:
            for work, done in group:
                await _settle(done, self._alone(work))
        except Exception as error:
            for _, done in group:
                _fail(done, error)
        else:
            for (_, done), result in zip(group, results, strict=True):
                if not done.done():
                    done.set_result(result)


async def _settle(done: "asyncio.Future[R]", work: Awaitable[R]) -> None:
    try:
        result = await work
    except Exception as error:
        _fail(done, error)
    else:
        if not done.done():
            done.set_result(result)


def _fail(done: "asyncio.Future[R]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
