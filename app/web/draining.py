"""The service is told to stop: it drains from then on.

The server waits for open streams before it ends the application, so those must hear of the signal by themselves.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from app.runtime import Runtime

Heeds = Callable[[int, FrameType | None], Any]


@contextmanager
def at_signals(runtime: Runtime) -> Iterator[None]:
    """From the first SIGTERM or SIGINT on the runtime drains. The server, which heeds them too, still does."""
    heeding = _heeding()
    for number, before in heeding.items():
        signal.signal(number, _drains(runtime, before))
    try:
        yield
    finally:
        for number, before in heeding.items():
            signal.signal(number, before)


def _heeding() -> dict[int, Heeds]:
    """Who heeds the signals now. In another thread than the first nobody can: such a service is stopped otherwise."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    known = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    return {number: before for number, before in known.items() if callable(before)}


def _drains(runtime: Runtime, before: Heeds) -> Heeds:
    def heard(number: int, frame: FrameType | None) -> None:
        runtime.draining = True
        before(number, frame)

    return heard
