"""The exchange in real time: calls, telephones and the REST API over HTTP, twenty times as fast as in life."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest
from structlog.testing import capture_logs

from app.exchange import hosting, whereabouts
from app.exchange.clock import RealClock
from app.exchange.real_time import keep_pace
from app.exchange.timeline import Timeline
from tests.exchange.hosted import ACCOUNT, PATIENCE, TOKEN, Line, hosted, served
from tests.exchange.service import Service, twiml

CALLER, AGENT, LINE = "+12065550147", "+12065550190", "+18888988733"
ACCOUNT_URL = f"/2010-04-01/Accounts/{ACCOUNT}"
ASK = '<Gather numDigits="1" timeout="20" action="/key"><Say>press a key</Say></Gather>'


@pytest.fixture
async def address(service: Service) -> AsyncIterator[str]:
    service.pages = {
        "/twilio/voice": twiml("<Say>welcome</Say>", ASK, "<Say>nothing was keyed</Say>"),
        "/key": lambda form: twiml(f"<Say>you keyed {form['Digits']}</Say>"),
        "/screen": twiml(ASK.replace("/key", "/taken")),
        "/taken": twiml(),
        "/after": twiml("<Say>and now</Say>"),
    }
    async with served(service) as url:
        yield url


@pytest.fixture
async def line(address: str, tmp_path: Path) -> AsyncIterator[Line]:
    async with hosted(address, tmp_path) as line:
        yield line


# The clock


async def test_a_clock_runs_by_itself_and_as_fast_as_wanted() -> None:
    start = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    clock = RealClock(start, speed=100)
    await asyncio.sleep(0.05)
    passed = (clock.now() - start).total_seconds()
    assert 5 <= passed < 500
    assert clock.takes(50) == 0.5


async def test_whoever_is_due_is_woken_in_order_and_a_sooner_moment_counts_at_once() -> None:
    clock = RealClock(speed=10)
    timeline, woken = Timeline(clock), []
    pace = asyncio.create_task(keep_pace(timeline, clock))

    async def wait(seconds: float) -> None:
        await timeline.sleep(seconds)
        woken.append(seconds)

    timeline.spawn(wait(600))
    timeline.spawn(wait(2))
    await asyncio.sleep(0.01)
    timeline.spawn(wait(1))
    began = monotonic()
    while len(woken) < 2 and monotonic() < began + 5:
        await asyncio.sleep(0.01)
    pace.cancel()
    assert woken == [1, 2]
    assert monotonic() - began < 3


async def test_a_call_that_breaks_off_leaves_the_others_alone() -> None:
    clock = RealClock(speed=100)
    timeline, woken = Timeline(clock), asyncio.Event()
    pace = asyncio.create_task(keep_pace(timeline, clock))

    async def broken() -> None:
        raise LookupError("a mistake")

    async def sound() -> None:
        await timeline.sleep(1)
        woken.set()

    with capture_logs() as logs:
        timeline.spawn(broken())
        timeline.spawn(sound())
        async with asyncio.timeout(5):
            await woken.wait()
    pace.cancel()
    assert [log["error"] for log in logs] == ["LookupError"]


# Telephones


async def test_a_caller_hears_and_keys(line: Line) -> None:
    async with line.phone(CALLER) as phone:
        await line.dials(CALLER, LINE)
        assert await phone.until("keys") == ['hears "welcome"', 'hears "press a key"', "keys"]
        await line.does(CALLER, "keys", keys="7")
        assert await phone.until("over") == ['hears "you keyed 7"', "hears disconnected", "over completed"]


async def test_what_is_said_takes_its_time(line: Line, service: Service) -> None:
    service.pages["/twilio/voice"] = twiml(f"<Say>{'ninety characters ' * 5}</Say>")
    began = monotonic()
    async with line.phone(CALLER) as phone:
        await line.dials(CALLER, LINE)
        await phone.until("over")
    # 90 characters are 6 seconds, twenty times as fast.
    assert monotonic() - began > 0.25


async def test_a_phone_rings_its_owner_presses_1_and_both_talk(line: Line, service: Service) -> None:
    dial = f'<Dial action="/after" timeout="60"><Number url="/screen">{AGENT}</Number></Dial>'
    service.pages["/twilio/voice"] = twiml(dial)
    async with line.phone(CALLER) as caller, line.phone(AGENT) as agent:
        await line.dials(CALLER, LINE)
        assert await agent.until("rings") == [f"rings {CALLER}"]
        assert [call["status"] for call in await line.calls()] == ["in-progress", "ringing"]
        await line.does(AGENT, "answer")
        await agent.until("keys")
        await line.does(AGENT, "keys", keys="1")
        await agent.until("connected", CALLER)
        await caller.until("connected", AGENT)
        await line.does(AGENT, "hang-up")
        await agent.until("over", "completed")
        await caller.until("hears", "and now")
        await caller.until("over", "completed")
    assert await line.calls() == []


async def test_a_call_that_rings_is_declined(line: Line, service: Service) -> None:
    service.pages["/twilio/voice"] = twiml(f'<Dial action="/after"><Number>{AGENT}</Number></Dial>')
    async with line.phone(AGENT) as agent:
        await line.dials(CALLER, LINE)
        await agent.until("rings")
        await line.does(AGENT, "decline")
        await agent.until("over", "busy")
    assert service.forms("/after")[0]["DialCallStatus"] == "busy"


async def test_a_message_is_spoken(line: Line, service: Service) -> None:
    service.pages["/twilio/voice"] = twiml('<Record action="/key" finishOnKey="#" timeout="20"/>')
    async with line.phone(CALLER) as phone:
        await line.dials(CALLER, LINE)
        await phone.until("recording")
        await line.does(CALLER, "talk", seconds=8)
        await asyncio.sleep(0.2)
        await line.does(CALLER, "keys", keys="#")
        await phone.until("over")
    assert int(service.forms("/key")[0]["RecordingDuration"]) >= 4


async def test_who_picks_the_phone_up_later_hears_the_call_from_its_beginning(line: Line) -> None:
    await line.dials(CALLER, LINE)
    async with line.phone(CALLER) as phone:
        assert (await phone.until("keys"))[0] == 'hears "welcome"'
        await line.does(CALLER, "hang-up")
        await phone.until("over")
    async with line.phone(CALLER) as phone:
        await line.dials(CALLER, LINE)
        assert (await phone.until("keys"))[0] == 'hears "welcome"'


async def test_what_a_phone_cannot_do_now_is_said(line: Line, service: Service) -> None:
    service.pages["/twilio/voice"] = twiml('<Pause length="600"/>')

    async def problem(action: str, **given: object) -> tuple[int, str]:
        answer = await line.does(CALLER, action, **given)
        return answer.status_code, answer.json()["problem"]

    assert await problem("answer") == (409, f"{CALLER} does not ring")
    assert await problem("keys", keys="1") == (409, f"{CALLER} is on no call")
    assert await problem("dial") == (400, "to is missing")
    await line.dials(CALLER, LINE)
    assert await problem("fly") == (404, "a telephone cannot fly")
    assert await problem("keys", keys="x") == (400, "'x' is not on the keypad")
    assert await problem("keys", keys="1") == (409, "nothing listens for keys now")
    assert await problem("talk", seconds="long") == (400, "seconds is no whole number")


async def test_a_page_in_a_browser_cannot_hold_a_phone(line: Line) -> None:
    answer = await line.http.post(f"/phones/{CALLER}/dial", json={"to": LINE}, headers={"Origin": "https://x.example"})
    assert answer.status_code == 403


# The service is away


async def test_a_waiting_caller_outlives_the_service_for_as_long_as_the_music_plays(
    service: Service, tmp_path: Path
) -> None:
    service.pages = {
        "/twilio/voice": twiml('<Enqueue waitUrl="/wait">tier1</Enqueue>'),
        "/wait": twiml("<Play>/hold.wav</Play>"),
    }
    async with served(service) as address:
        port = int(address.rpartition(":")[2])
        exchange = hosted(address, tmp_path, speed=30)
        line = await exchange.__aenter__()
        await line.dials(CALLER, LINE)
        async with line.phone(CALLER) as phone:
            await phone.until("hears", "hold.wav")
    async with served(service, port):
        await asyncio.sleep(1.2)
        (call,) = await line.calls()
        assert call["queue"] == "tier1"
        assert len(service.forms("/wait")) >= 2
        await exchange.__aexit__(None, None, None)


async def test_who_calls_while_it_is_away_gets_the_copy_of_its_fallback_document(
    service: Service, tmp_path: Path
) -> None:
    service.pages["/twilio/fallback.xml"] = twiml(f"<Say>we are connecting you</Say><Dial>{AGENT}</Dial>")
    async with served(service) as address:
        exchange = hosted(address, tmp_path)
        line = await exchange.__aenter__()
        while not any(request.path == "/twilio/fallback.xml" for request in service.received):
            await asyncio.sleep(0.02)
    async with line.phone(CALLER) as caller, line.phone(AGENT) as agent:
        await line.dials(CALLER, LINE)
        await caller.until("hears", "we are connecting you")
        await agent.until("rings", CALLER)
    await exchange.__aexit__(None, None, None)


async def test_without_a_copy_the_caller_hears_an_apology(service: Service, tmp_path: Path) -> None:
    async with hosted("http://127.0.0.1:9", tmp_path) as line, line.phone(CALLER) as phone:
        await line.dials(CALLER, LINE)
        assert await phone.until("over") == [
            'hears "We are sorry, an application error has occurred. Goodbye."',
            "hears disconnected",
            "over completed",
        ]


# Who it is


async def test_the_rest_api_rings_a_phone(line: Line, address: str) -> None:
    form = {"To": AGENT, "From": LINE, "Url": f"{address}/screen"}
    async with line.phone(AGENT) as agent:
        made = await line.http.post(f"{ACCOUNT_URL}/Calls.json", data=form, auth=(ACCOUNT, TOKEN))
        assert made.status_code == 201
        await agent.until("rings", LINE)
    assert (await line.http.get(f"{ACCOUNT_URL}/Calls.json")).status_code == 401


async def test_it_says_who_it_is_and_stops_only_for_its_account(line: Line, address: str) -> None:
    stranger, owner = (await line.http.get("/")).json(), (await line.http.get("/", auth=(ACCOUNT, TOKEN))).json()
    assert (stranger["exchange"], stranger["calls"], stranger["yours"]) == ("partnerline", address, False)
    assert owner["yours"] is True
    assert (await line.http.post("/stop")).status_code == 401


async def test_the_state_folder_says_where_it_is_for_as_long_as_it_runs(address: str, tmp_path: Path) -> None:
    async with hosted(address, tmp_path) as line:
        noted = whereabouts.read(tmp_path)
        assert noted is not None
        assert (noted.url, noted.calls) == (line.url, address)
    assert whereabouts.read(tmp_path) is None


async def test_left_alone_it_ends_but_not_before_its_last_call(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "SECONDS_ALONE", 0.3)
    monkeypatch.setattr(hosting, "BETWEEN_LOOKS", 0.05)
    service.pages["/twilio/voice"] = twiml('<Enqueue waitUrl="">tier1</Enqueue>')
    async with served(service) as address:
        exchange = hosted(address, tmp_path, for_service=True)
        line = await exchange.__aenter__()
        await line.dials(CALLER, LINE)
        await asyncio.sleep(0.2)
    await asyncio.sleep(0.6)
    (call,) = await line.calls()
    assert call["queue"] == "tier1"
    await line.does(CALLER, "hang-up")
    async with asyncio.timeout(PATIENCE):
        while whereabouts.read(tmp_path) is not None:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    await exchange.__aexit__(None, None, None)
