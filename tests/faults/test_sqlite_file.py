"""What can go wrong with a file, besides being away: a full disk, one that hangs, an accident of its writer."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy.engine import make_url

from app.store import sqlite
from app.store.deferring import Defer
from app.store.hot import PATIENCE, StoreUnavailable
from app.store.records import Turn
from app.store.sqlite import SqliteStore
from tests.support.faults import Locked, Stopwatch
from tests.support.partners import TALLGRASS
from tests.support.records import opens_case, turn
from tests.support.service import LINES, Service, running_service


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(make_url(sqlite_url).database or "")


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    yield store
    await store.close()


def count(path: Path) -> int:
    connection = sqlite3.connect(path)
    (found,) = connection.execute("SELECT count(*) FROM turns").fetchone()
    connection.close()
    return int(found)


async def test_a_full_disk_takes_nothing_of_a_turn_and_the_next_one_fits(store: SqliteStore, path: Path) -> None:
    await store.write(turn("CA1", 0))
    store._writer.connection().execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreUnavailable, match="full"):
        await store.write(turn("CA1", 1, answer="x" * 10**6))
    assert count(path) == 1
    store.look_again()
    assert await store.write(turn("CA1", 1)) is None
    assert count(path) == 2


async def test_a_file_that_may_only_be_read_still_finds_partners(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions do not stop root, so the file is opened as if they did."""
    connect = sqlite3.connect
    with monkeypatch.context() as read_only:
        read_only.setattr(sqlite3, "connect", lambda at, **how: connect(at.replace("mode=rw", "mode=ro"), **how))
        with pytest.raises(StoreUnavailable, match="readonly"):
            await store.write(turn("CA1", 0))
        assert await store.fetch("SELECT count(*) FROM partners", {}) == [(0,)]
    store.look_again()
    assert await store.write(turn("CA1", 0)) is None


async def test_nobody_waits_twice_for_a_file_that_is_locked(store: SqliteStore, sqlite_url: str) -> None:
    with Locked(sqlite_url).struck():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await store.write(turn("CA1", 0))
        assert time.monotonic() - began < PATIENCE + 0.1
        began = time.monotonic()
        outcomes = await asyncio.gather(*(store.write(turn(f"CA{n}", 0)) for n in range(100)), return_exceptions=True)
        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        assert time.monotonic() - began < 0.1
        assert await store.fetch("SELECT count(*) FROM turns", {}) == [(0,)], "who reads waits for no writer"
    store.look_again()
    assert await store.write(turn("CA1", 0)) is None


async def test_what_nobody_waits_for_any_more_is_not_written_later(
    store: SqliteStore, sqlite_url: str, path: Path
) -> None:
    with Locked(sqlite_url).struck():
        writing = [asyncio.create_task(store.write(turn("CA1", 0)))]
        await asyncio.sleep(0.1)
        writing += [asyncio.create_task(store.write(turn(f"CB{n}", 0))) for n in range(20)]
        await asyncio.sleep(0.1)
        for given_up in writing[1:]:
            given_up.cancel()
        await asyncio.gather(*writing, return_exceptions=True)
    store.look_again()
    await store.write(turn("CA2", 0))
    assert count(path) == 1


async def test_an_accident_while_writing_hangs_nobody(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(record: Turn, defer: Defer) -> NoReturn:
        raise MemoryError("no memory")

    with monkeypatch.context() as broken:
        broken.setattr(sqlite, "statements", fails)
        with pytest.raises(StoreUnavailable, match="no memory"):
            await store.write(turn("CA1", 0))
    store.look_again()
    assert await store.write(turn("CA1", 0)) is None


async def test_a_disk_that_hangs_is_not_waited_for(store: SqliteStore, path: Path) -> None:
    disk = store._disk = HangingDisk()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="did not answer in time"):
        await store.write(opens_case("CA1"))
    assert time.monotonic() - began < PATIENCE + 0.2
    disk.go_on.set()
    store.look_again()
    # It was written after all; written again from the journal it is still one.
    assert await store.write(opens_case("CA1")) == opens_case("CA1").answer
    assert count(path) == 1


class HangingDisk(ThreadPoolExecutor):
    """A thread in which nothing is done before it may go on."""

    def __init__(self) -> None:
        super().__init__(1)
        self.go_on = threading.Event()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        def later() -> Any:
            self.go_on.wait(30)
            return work(*args, **kwargs)

        return super().submit(later)


async def test_a_loop_that_is_closed_does_not_end_the_writer(path: Path) -> None:
    store = SqliteStore(path)

    async def opens_and_goes() -> None:
        await store.open()
        task = asyncio.create_task(store.write(turn("CA1", 0)))
        await asyncio.sleep(0)
        task.cancel()

    await asyncio.to_thread(asyncio.run, opens_and_goes())
    assert await store.write(turn("CA2", 0)) is None
    await store.close()


async def test_thirty_calls_at_once_are_thirty_calls(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as service:
        form = {"To": LINES["US support"], "From": "+12065550199", "CallStatus": "ringing"}
        answers = await asyncio.gather(
            *(service.post("/twilio/voice", form | {"CallSid": f"CA{n}"}) for n in range(30))
        )
        assert all("key your partner I D" in answer.text for answer in answers)
        assert len(await service.runtime.store.fetch("SELECT 1 FROM calls", {})) == 30


async def test_a_hundred_calls_meet_a_locked_file_at_once(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as service:
        stopwatch = Stopwatch(service.http)
        with Locked(sqlite_url).struck():
            form = {"To": LINES["US support"], "From": "+12065550199", "CallStatus": "ringing"}
            answers = await asyncio.gather(
                *(service.post("/twilio/voice", form | {"CallSid": f"CA{n}"}) for n in range(100))
            )
            assert all("key your partner I D" in answer.text for answer in answers)
        await until_written(service)
        assert len(await service.runtime.store.fetch("SELECT 1 FROM calls", {})) == 100
        phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
        phone.hears("case number is")
        print(f"a hundred calls at once: {stopwatch.longest:.2f} s at most")


async def until_written(service: Service) -> None:
    """The background work does it by itself."""
    for _ in range(100):
        if not service.runtime.journal.waiting:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it is not written")
