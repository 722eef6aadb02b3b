"""Who waits for which moment. All that happens on the exchange happens in actors, one task each (a call is an actor).

An actor is *busy* while it runs or talks HTTP, and *parked* while it waits for a moment or for somebody to wake it.
Time moves only while all are parked, and only to the next moment somebody waits for. So an HTTP answer takes no
virtual time, nothing depends on the speed of the machine, and the same calls give the same story.

That is for a clock that is moved by hand. With one that runs by itself nobody moves time: `real_time.keep_pace` wakes
whoever is due, and a slow answer takes as long as it takes.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from app.exchange.clock import Clock


class Timeline:
    """The moments that actors wait for, in order."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._timers: list[tuple[datetime, int, asyncio.Future[Any]]] = []
        self._order = itertools.count()
        self._busy = 0
        self._all_parked = asyncio.Event()
        self._all_parked.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._crashes: list[BaseException] = []
        self.has_news = asyncio.Event()
        """Somebody waits for a moment since this was last cleared, or an actor has died."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts an actor."""
        self._one_more_busy()
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Starts an actor that does `work` again and again, so many virtual seconds apart: background jobs, say.

        The work must not wait for the timeline (`dial`, `press`, `listen` do): time stands still until it is done.
        """

        async def again_and_again() -> None:
            while True:
                await self.sleep(seconds)
                await work()

        self.spawn(again_and_again())

    def later(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Starts an actor that does `work` once, so many virtual seconds from now."""

        async def once() -> None:
            if seconds:
                await self.sleep(seconds)
            await work()

        self.spawn(once())

    def on_demand(self, work: Callable[[], Awaitable[float | None]]) -> Callable[[], None]:
        """Starts an actor that does `work` now, and again whenever that is due or somebody wants it.

        `work` answers in how many virtual seconds it is due again (None: not by itself). What is returned wakes it.
        """
        parking: asyncio.Future[Any] | None = None
        wanted = False

        async def again_when_due() -> None:
            nonlocal parking, wanted
            while True:
                wanted = False
                seconds = await work()
                if not wanted:
                    parking = asyncio.get_running_loop().create_future()
                    await self.park(parking, seconds)

        def wake() -> None:
            nonlocal wanted
            wanted = True
            if parking is not None:
                self.wake(parking)

        self.spawn(again_when_due())
        return wake

    async def sleep(self, seconds: float) -> None:
        """Called by an actor: waits so many virtual seconds."""
        await self.park(asyncio.get_running_loop().create_future(), seconds)

    async def park(self, parking: asyncio.Future[Any], seconds: float | None) -> Any:
        """Called by an actor: waits to be woken, or for so many seconds (None: for as long as it takes)."""
        if seconds is not None:
            moment = self.clock.now() + timedelta(seconds=seconds)
            heapq.heappush(self._timers, (moment, next(self._order), parking))
            self.has_news.set()
        self._one_less_busy()
        return await parking

    def wake(self, parking: asyncio.Future[Any], value: object = None) -> None:
        """Lets a parked actor go on, now. It counts as busy from here on, not from when its task gets its turn."""
        if not parking.done():
            self._one_more_busy()
            parking.set_result(value)

    async def stop(self) -> None:
        """Cuts off all actors, and waits until each has let go of what it held: a request under way, say."""
        cut_off = tuple(self._tasks)
        for task in cut_off:
            task.cancel()
        await asyncio.gather(*cut_off, return_exceptions=True)

    async def settle(self) -> None:
        """Returns when every actor is parked. Raises what an actor died of: that is a mistake in the exchange."""
        await self._all_parked.wait()
        if self._crashes:
            raise self._crashes.pop(0)

    async def run_for(self, seconds: float) -> None:
        """Lets so many seconds pass, moment by moment."""
        await self.settle()
        end = self.clock.now() + timedelta(seconds=seconds)
        while await self._next_moment(end):
            pass
        self._move_to(end)

    async def run_until(self, condition: Callable[[], bool], at_most: float) -> None:
        """Lets time pass until the condition holds; not beyond `at_most` seconds, nor when nobody waits any more."""
        await self.settle()
        end = self.clock.now() + timedelta(seconds=at_most)
        while not condition() and await self._next_moment(end):
            pass

    def due_in(self) -> float | None:
        """Seconds until the next moment that an actor waits for; below 0: it has passed. None: nobody waits."""
        while self._timers and self._timers[0][2].done():
            heapq.heappop(self._timers)
        return (self._timers[0][0] - self.clock.now()).total_seconds() if self._timers else None

    def wake_next(self) -> None:
        """Wakes the actor whose moment is the next one: it is due."""
        self.wake(heapq.heappop(self._timers)[2])

    def take_crashes(self) -> list[BaseException]:
        """What actors have died of since this was last asked: mistakes in the exchange."""
        crashes, self._crashes = self._crashes, []
        return crashes

    async def _next_moment(self, end: datetime) -> bool:
        """Wakes the next actor whose moment is not after `end`. False: there is none."""
        if self.due_in() is None or self._timers[0][0] > end:
            return False
        moment, _, parking = heapq.heappop(self._timers)
        self._move_to(moment)
        self.wake(parking)
        await self.settle()
        return True

    def _move_to(self, moment: datetime) -> None:
        """Moves the clock, unless somebody has turned it beyond that moment already."""
        self.clock.advance(max(0.0, (moment - self.clock.now()).total_seconds()))

    def _one_more_busy(self) -> None:
        self._busy += 1
        self._all_parked.clear()

    def _one_less_busy(self) -> None:
        self._busy -= 1
        if self._busy == 0:
            self._all_parked.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (crash := task.exception()):
            self._crashes.append(crash)
            self.has_news.set()
        self._one_less_busy()
