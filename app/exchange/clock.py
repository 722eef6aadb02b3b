"""Time as the exchange and the service under test both see it. Nothing here sleeps: an hour is one addition."""

from datetime import UTC, datetime, timedelta


class VirtualClock:
    """A clock that stands still until it is moved."""

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
