"""Time as the exchange sees it: on a clock that is moved by hand, or on one that runs by itself."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """What the exchange asks for the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def advance(self, seconds: float) -> None:
        """So many seconds have passed, for all that the exchange knows."""


class VirtualClock:
    """A clock that stands still until it is moved: the exchange and the service under test share it."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at a moment with an offset")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves the clock forward by so many seconds."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._now += timedelta(seconds=seconds)


class RealClock:
    """A clock that runs by itself, from `start` or from now, `speed` times as fast as the one on the wall."""

    def __init__(self, start: datetime | None = None, speed: float = 1.0) -> None:
        self._start, self._began, self.speed = start or datetime.now(UTC), monotonic(), speed

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._start + timedelta(seconds=(monotonic() - self._began) * self.speed)

    def advance(self, seconds: float) -> None:
        """Nothing: it has moved already."""

    def takes(self, seconds: float) -> float:
        """The seconds on the wall in which so many seconds pass here."""
        return seconds / self.speed
