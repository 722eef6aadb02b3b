"""tests/conftest.py takes the network away from the pure tests; an event loop still runs."""

import asyncio
import socket

import pytest


def test_a_pure_test_reaches_nobody() -> None:
    # The block warns before it raises, and a warning is an error here.
    with pytest.raises(Warning, match=r"A test tried to use socket\.socket"), socket.socket():
        pass


async def test_a_pure_test_may_await() -> None:
    await asyncio.sleep(0)
