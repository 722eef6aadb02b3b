"""Our REST client against the exchange's REST side: what one asks for the other does, and both mean the same by it."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from app.exchange import Exchange
from app.exchange.misbehaviour import Fault
from app.exchange.people import Person
from app.exchange.rest import rest_app
from app.provider.rest import RecordingFacts, TwilioRest
from app.provider.rest_errors import AnswerLost, Busy, NotThere, NotVerified, Refused, WrongToken
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset

AGENT, LINE, CALLER = "+12065550121", "+18888988733", "+12065550147"
BASE = "https://ivr.example"


def client(exchange: Exchange, token: str) -> TwilioRest:
    async def at_once(seconds: float) -> None:
        """The pauses of a repetition take no time."""

    transport = httpx2.ASGITransport(app=rest_app(exchange))
    return TwilioRest(exchange.account_sid, token, "https://api.twilio.com", transport=transport, sleep=at_once)


@pytest.fixture
async def provider(exchange: Exchange) -> AsyncIterator[TwilioRest]:
    rest = client(exchange, exchange.auth_token)
    yield rest
    await rest.close()


@pytest.fixture(autouse=True)
def pages(service: Service) -> None:
    service.pages = {
        "/twilio/voice": twiml('<Enqueue waitUrl="/wait">tier1</Enqueue>'),
        "/wait": twiml("<Play>/hold.wav</Play>"),
        "/join": twiml("<Say>here is your agent</Say>", '<Gather timeout="60"/>'),
        "/agent": twiml('<Gather timeout="60"><Say>a partner waits</Say></Gather>'),
        "/leg": (204, {}, b""),
    }


async def ring(provider: TwilioRest, to: str = AGENT, shown: str = LINE) -> str:
    return await provider.call(to=to, shown=shown, url=f"{BASE}/agent", status_url=f"{BASE}/leg", timeout=20)


async def test_a_placed_call_rings_and_tells_each_step(
    provider: TwilioRest, exchange: Exchange, service: Service
) -> None:
    sid = await ring(provider)
    assert await provider.call_status(sid) == "queued"
    agent = Handset(exchange, AGENT)
    await agent.is_rung()
    assert await provider.call_status(sid) == "ringing"
    await agent.answers()
    agent.hears("a partner waits")
    assert await provider.call_status(sid) == "in-progress"
    await provider.hang_up(sid)
    await exchange.timeline.settle()
    assert await provider.call_status(sid) == "completed"
    steps = [form["CallStatus"] for form in service.forms("/leg")]
    assert steps == ["initiated", "ringing", "in-progress", "completed"]


async def test_a_live_call_is_led_elsewhere_and_an_ended_one_is_not_there(
    provider: TwilioRest, exchange: Exchange
) -> None:
    exchange.people[AGENT] = Person(after=2)
    sid = await ring(provider)
    await exchange.timeline.run_until(lambda: exchange.calls[-1].status == "in-progress", 30)
    await provider.redirect(sid, f"{BASE}/join")
    await exchange.timeline.settle()
    assert "here is your agent" in str(exchange.calls[-1].heard[-1])
    await provider.hang_up(sid)
    await exchange.timeline.settle()
    with pytest.raises(NotThere):
        await provider.redirect(sid, f"{BASE}/join")
    with pytest.raises(NotThere):
        await provider.hang_up(sid)
    with pytest.raises(NotThere):
        await provider.call_status("CA" + "0" * 32)


async def test_a_waiting_caller_is_taken_out_once(provider: TwilioRest, exchange: Exchange, phone: Handset) -> None:
    await phone.dial(LINE)
    phone.is_waiting_in("tier1")
    await provider.dequeue("tier1", phone.call.sid, f"{BASE}/join")
    await exchange.timeline.settle()
    assert "here is your agent" in str(phone.call.heard[-1])
    with pytest.raises(NotThere):
        await provider.dequeue("tier1", phone.call.sid, f"{BASE}/join")


async def test_a_caller_in_no_queue_is_not_there(provider: TwilioRest, phone: Handset) -> None:
    await phone.dial(LINE)
    with pytest.raises(NotThere):
        await provider.dequeue("nobody-waits-here", phone.call.sid, f"{BASE}/join")
    with pytest.raises(NotThere):
        await provider.dequeue("tier1", "CA" + "0" * 32, f"{BASE}/join")
    with pytest.raises(Refused, match="PARTNERLINE_PUBLIC_URL"):
        await provider.dequeue("tier1", phone.call.sid, "/join")


async def test_a_queue_is_made_once(provider: TwilioRest, exchange: Exchange) -> None:
    sid = await provider.create_queue("tier2", 200)
    assert await provider.create_queue("tier2", 200) == sid
    assert await provider.queue_sids() == {"tier2": sid}
    assert exchange.queues["tier2"].max_size == 200


async def test_numbers_are_listed_and_led_here(provider: TwilioRest, exchange: Exchange) -> None:
    exchange.owns(LINE, "+14086874120")
    first, second = await provider.numbers()
    assert (first.phone_number, second.phone_number, first.voice_url) == (LINE, "+14086874120", None)
    await provider.set_number(
        first.sid,
        voice_url=f"{BASE}/join",
        voice_method="POST",
        voice_fallback_url=f"{BASE}/fallback.xml",
        voice_fallback_method="GET",
        status_callback=f"{BASE}/leg",
        status_callback_method="POST",
    )
    changed, untouched = await provider.numbers()
    assert (changed.voice_url, changed.voice_fallback_method) == (f"{BASE}/join", "GET")
    assert untouched == second
    caller = Handset(exchange, CALLER)
    await caller.dial(LINE)
    caller.hears("here is your agent")


async def test_a_message_is_sent(provider: TwilioRest, exchange: Exchange) -> None:
    sid = await provider.message(to=AGENT, sender=LINE, text="Severity 1, case 4711")
    (message,) = exchange.messages
    assert (message.sid, message.to, message.sender, message.text) == (sid, AGENT, LINE, "Severity 1, case 4711")


async def test_a_recording_is_read_and_deleted(
    provider: TwilioRest, exchange: Exchange, service: Service, phone: Handset
) -> None:
    service.pages["/twilio/voice"] = twiml('<Record action="/join" finishOnKey="#"/>', "<Hangup/>")
    await phone.dial(LINE)
    await phone.leaves_message(12)
    (sid,) = exchange.recordings
    assert await provider.recording(sid) == RecordingFacts(sid, phone.call.sid, "completed", 12)
    audio = await provider.audio(sid, 1_000_000)
    assert audio[:4] == b"RIFF"
    with pytest.raises(Refused, match="more than the 100 bytes"):
        await provider.audio(sid, 100)
    await provider.delete_recording(sid)
    await provider.delete_recording(sid)
    with pytest.raises(NotThere):
        await provider.audio(sid, 1_000_000)


async def test_a_wrong_token_and_a_number_that_is_not_ours_are_told_apart(
    provider: TwilioRest, exchange: Exchange
) -> None:
    exchange.owns("+14086874120")
    with pytest.raises(NotVerified):
        await ring(provider)
    stranger = client(exchange, "another")
    with pytest.raises(WrongToken):
        await ring(stranger)
    await stranger.close()


@pytest.mark.parametrize("fault", ["lost", "timeout", "error", "away"])
async def test_a_call_whose_answer_is_lost_is_placed_at_most_once(
    provider: TwilioRest, exchange: Exchange, fault: Fault
) -> None:
    exchange.misbehaviour.rest[:] = [fault]
    with pytest.raises(AnswerLost):
        await ring(provider)
    assert len(exchange.calls) == (1 if fault == "lost" else 0)
    assert len(exchange.rest_requests) == 1


@pytest.mark.parametrize("fault", ["busy", "unreachable"])
async def test_a_call_that_was_not_placed_is_asked_for_again(
    provider: TwilioRest, exchange: Exchange, fault: Fault
) -> None:
    exchange.misbehaviour.rest[:] = [fault, fault]
    await ring(provider)
    assert len(exchange.calls) == 1
    exchange.misbehaviour.rest[:] = [fault] * 20
    with pytest.raises(Busy):
        await ring(provider)
    assert len(exchange.calls) == 1


async def test_a_caller_whose_taking_out_is_not_known_is_not_taken_for_gone(
    provider: TwilioRest, exchange: Exchange, phone: Handset
) -> None:
    await phone.dial(LINE)
    exchange.misbehaviour.rest, exchange.misbehaviour.rest_only = ["lost"], "/Members/"
    with pytest.raises(AnswerLost):
        await provider.dequeue("tier1", phone.call.sid, f"{BASE}/join")
    await exchange.timeline.settle()
    assert "here is your agent" in str(phone.call.heard[-1])


async def test_two_who_take_the_same_caller_are_one_too_many(
    provider: TwilioRest, exchange: Exchange, phone: Handset
) -> None:
    await phone.dial(LINE)
    both = [provider.dequeue("tier1", phone.call.sid, f"{BASE}/join") for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NotThere"]
