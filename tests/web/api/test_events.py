"""The stream of events: as a browser, or a program that keeps the line open, meets it."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from app.services import events as watching
from app.services.events import Gaps
from app.store import tables
from app.web import draining
from app.web.api import events as streams
from tests.support.agents import AMY, hire
from tests.web.api.client import Api, refused, running_api

QUICKLY = 0.05


@pytest.fixture(autouse=True)
def looks_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BETWEEN_LOOKS", QUICKLY)


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """On a port: nothing else shows what arrives while the line is open."""
    async with running_api(database_url, over_http=True) as running:
        yield running
        running.service.runtime.draining = True


class Stream:
    """A stream as it arrives."""

    def __init__(self, response: Any) -> None:
        self.headers = response.headers
        self._lines = response.aiter_lines()

    async def next_event(self) -> dict[str, Any]:
        """The fields of the next event; comments are passed over."""
        while True:
            block = [line async for line in self._block()]
            if any(line.startswith("data:") for line in block):
                fields = dict(line.split(": ", 1) for line in block)
                return {**fields, "data": json.loads(fields["data"])}

    async def next_line(self) -> str:
        async with asyncio.timeout(5):
            line: str = await anext(self._lines)
        return line

    async def _block(self) -> AsyncIterator[str]:
        while line := await self.next_line():
            yield line

    async def is_over(self) -> bool:
        try:
            while True:
                await self.next_line()
        except StopAsyncIteration:
            return True


@asynccontextmanager
async def watched(api: Api, query: str = "", **headers: str) -> AsyncIterator[Stream]:
    sent = {"Authorization": f"Bearer {api.keys['viewer']}", **headers}
    async with api.service.http.stream("GET", f"/api/v1/events{query}", headers=sent) as response:
        assert response.status_code == 200, await response.aread()
        yield Stream(response)


async def happens(api: Api, state: str) -> None:
    """Amy changes her state, which is an event."""
    if not api.service.rows(tables.agents):
        hire(api.service, AMY, "tier1-us", state="on_call")
    values = {"at": api.service.now(), "kind": "agent", "subject": "agent amy", "detail": json.dumps({"state": state})}
    with api.service.engine.begin() as connection:
        connection.execute(insert(tables.events).values(values))


async def test_what_changes_arrives_as_it_happens(api: Api) -> None:
    await happens(api, "before")
    async with watched(api) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert (stream.headers["Cache-Control"], stream.headers["X-Accel-Buffering"]) == ("no-store", "no")
        assert await stream.next_line() == "retry: 2000"
        answer = await api.put("/agents/amy/state", {"state": "away", "reason": "lunch"}, "agent")
        assert answer.status_code == 200
        event = await stream.next_event()
    assert event["event"] == "agent"
    assert event["id"] == str(event["data"]["id"])
    assert event["data"]["subject"] == "agent amy"
    assert event["data"]["at"].endswith("Z")
    assert event["data"]["detail"] == {"state": "on_call", "afterwards": "away"}


async def test_who_comes_back_goes_on_after_the_last_event(api: Api) -> None:
    for state in ("one", "two", "three"):
        await happens(api, state)
    async with watched(api, "?after=0") as stream:
        first = await stream.next_event()
    assert first["data"]["detail"] == {"state": "one"}
    async with watched(api, "?after=0", **{"Last-Event-ID": first["id"]}) as stream:
        assert [(await stream.next_event())["data"]["detail"]["state"] for _ in range(2)] == ["two", "three"]


async def test_an_event_that_has_not_happened_yet_is_not_waited_for(api: Api) -> None:
    """As after a database was restored from an older copy."""
    async with watched(api, "?after=100000") as stream:
        await stream.next_line()
        await happens(api, "now")
        assert (await stream.next_event())["data"]["detail"] == {"state": "now"}


async def test_a_silent_line_is_kept_open(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LOOKS_IN_SILENCE", 2)
    async with watched(api) as stream:
        assert [await stream.next_line() for _ in range(3)] == ["retry: 2000", "", ": still here"]


async def test_the_stream_ends_when_the_service_stops(api: Api) -> None:
    async with watched(api) as stream:
        await stream.next_line()
        api.service.runtime.draining = True
        assert await stream.is_over()


async def test_a_stream_does_not_last_for_ever(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOKS", 2)
    async with watched(api) as stream:
        assert await stream.is_over()


async def test_no_more_watch_than_are_served(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    async with watched(api) as stream:
        await stream.next_line()
        full = await api.get("/events")
        refused(full, 503, "close one, or ask again later")
        assert full.headers["Retry-After"] == "60"
    async with asyncio.timeout(5):
        while (await _status(api)) != 200:
            await asyncio.sleep(QUICKLY)


async def _status(api: Api) -> int:
    headers = {"Authorization": f"Bearer {api.keys['viewer']}"}
    async with api.service.http.stream("GET", "/api/v1/events", headers=headers) as response:
        return int(response.status_code)


async def test_what_is_no_event_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    for query in ("after=-1", "after=x", "after=99999999999", "after=", "since=1"):
        with subtests.test(query=query):
            refused(await api.get(f"/events?{query}"), 422, "query.")
    refused(await api.get("/events", headers={"Last-Event-ID": "x"}), 422, "header.Last-Event-ID")


def found(*numbers: int) -> list[dict[str, int]]:
    return [{"id": number} for number in numbers]


def test_an_event_whose_number_is_left_out_is_waited_for() -> None:
    gaps = Gaps(1)
    assert gaps.passed(found(2, 4)) == found(2)
    assert gaps.passed(found(4)) == []
    assert gaps.passed(found(3, 4, 5)) == found(3, 4, 5)


def test_a_number_that_never_comes_is_not_waited_for_for_ever() -> None:
    gaps = Gaps(1)
    looks = [gaps.passed(found(3, 4)) for _ in range(watching.LOOKS_FOR_A_GAP)]
    assert looks == [[]] * watching.LOOKS_FOR_A_GAP
    assert gaps.passed(found(3, 4)) == found(3, 4)


async def test_the_first_signal_to_stop_drains_and_the_server_hears_it_too(api: Api) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with draining.at_signals(api.service.runtime):
            signal.raise_signal(signal.SIGTERM)
            assert (api.service.runtime.draining, heard) == (True, [signal.SIGTERM])
        api.service.runtime.draining = False
        signal.raise_signal(signal.SIGTERM)
        assert (api.service.runtime.draining, len(heard)) == (False, 2)
    finally:
        signal.signal(signal.SIGTERM, before)


async def test_events_are_forgotten_after_a_week_each_day(database_url: str) -> None:
    async with running_api(database_url) as api:
        await happens(api, "old")
        api.service.it_is(api.service.now() + timedelta(days=7, minutes=1))
        await happens(api, "new")
        for _ in range(2):
            await watching.begin_forgetting(api.service.runtime)
        midnight = api.service.row(tables.jobs, name="forget_events")["at"]
        assert (midnight.hour, midnight.minute) == (0, 0)
        api.service.it_is(midnight)
        await api.service.runtime.jobs.run_due(midnight)
        (event,) = api.service.rows(tables.events)
        assert json.loads(event["detail"]) == {"state": "new"}
        assert api.service.row(tables.jobs, name="forget_events")["at"] == midnight + timedelta(days=1)
