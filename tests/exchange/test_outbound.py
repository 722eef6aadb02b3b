"""Calls that the service places by REST."""

import pytest

from app.exchange import Exchange, Misbehaviour, Person
from tests.exchange.account import AGENT, CALLER, PUBLIC, SHOWN, Account
from tests.exchange.service import Form, Service, twiml
from tests.support.handset import Handset


@pytest.fixture(autouse=True)
def documents(service: Service) -> None:
    ask = '<Gather numDigits="1" timeout="10" action="/key"><Say>press 1</Say></Gather><Say>no key</Say>'
    service.pages = {
        "/agent": twiml(ask),
        "/key": twiml("<Say>thank you</Say>", '<Gather timeout="600"/>'),
        "/leg": (204, {}, b""),
        "/fallback": twiml("<Say>sorry</Say>"),
    }


@pytest.fixture
def agent(exchange: Exchange) -> Handset:
    return Handset(exchange, AGENT)


def told(service: Service) -> list[str]:
    """The statuses that the service was told, in the order of their numbers."""
    return [form["CallStatus"] for form in sorted(service.forms("/leg"), key=lambda form: form["SequenceNumber"])]


async def test_the_document_is_requested_when_somebody_answers(
    account: Account, agent: Handset, service: Service
) -> None:
    # "Call create needs To, From and one of Url/Twiml/ApplicationSid"
    call = await account.places()
    await agent.is_rung()
    assert f"ringing {SHOWN}" in agent.transcript()
    assert service.forms("/agent") == []
    await agent.answers()
    agent.hears("press 1")
    form = service.forms("/agent")[0]
    assert (form["CallSid"], form["From"], form["To"]) == (call.sid, SHOWN, AGENT)
    assert (form["Direction"], form["CallStatus"]) == ("outbound-api", "in-progress")
    await agent.presses("1")
    assert service.forms("/key")[0]["Digits"] == "1"
    agent.hears("thank you")


async def test_how_a_call_that_was_answered_is_told(account: Account, agent: Handset, service: Service) -> None:
    # "adds `Timestamp` (RFC 2822), `CallbackSource=call-progress-events`, `SequenceNumber` from 0"
    await account.places()
    await agent.is_rung()
    await agent.call.wait(7)
    await agent.answers()
    await agent.presses("1")
    await agent.waits(15)
    await agent.hangs_up()
    assert told(service) == ["initiated", "ringing", "in-progress", "completed"]
    last = max(service.forms("/leg"), key=lambda form: form["SequenceNumber"])
    # The ringing does not count; to say "press 1" and "thank you" takes a second.
    assert (last["CallDuration"], last["SequenceNumber"]) == ("16", "3")
    assert last["CallbackSource"] == "call-progress-events"
    assert last["Timestamp"].startswith("Wed, 04 Mar 2026 15:00:2")


@pytest.mark.parametrize(
    ("person", "status", "seconds"),
    [
        (Person("busy", after=2), "busy", 2),
        (Person("declines", after=4), "busy", 4),
        (Person("failed", after=1), "failed", 1),
        (Person("no-answer"), "no-answer", 20),
        (Person(after=25), "no-answer", 20),
        (None, "no-answer", 20),
    ],
)
async def test_how_a_call_that_was_not_answered_is_told(
    account: Account, exchange: Exchange, service: Service, person: Person | None, status: str, seconds: int
) -> None:
    if person:
        exchange.people[AGENT] = person
    call = await account.places(Timeout="20")
    await exchange.timeline.run_for(seconds - 0.5)
    assert call.status == "ringing"
    await exchange.timeline.run_for(0.5)
    assert told(service) == ["initiated", "ringing", status]
    assert service.forms("/leg")[-1]["CallDuration"] == "0"
    assert service.forms("/agent") == []
    assert call.over


async def test_a_phone_is_declined_or_left_ringing_by_hand(account: Account, agent: Handset, service: Service) -> None:
    first = await account.places()
    await agent.is_rung()
    await agent.declines()
    assert first.status == "busy"
    second = await account.places(Timeout="15")
    await agent.is_rung()
    await agent.lets_it_ring()
    assert (second.status, second.seconds) == ("no-answer", 16)
    await agent.does_not_ring()


async def test_only_completed_is_told_by_default(account: Account, exchange: Exchange, service: Service) -> None:
    # "default completed"; "`completed` fires for every final state, look at CallStatus"
    exchange.people[AGENT] = Person("busy")
    await account.post("/Calls.json", To=AGENT, From=SHOWN, Url=f"{PUBLIC}/agent", StatusCallback=f"{PUBLIC}/leg")
    await exchange.timeline.run_for(30)
    assert told(service) == ["busy"]


async def test_one_new_call_a_second(account: Account, exchange: Exchange, service: Service) -> None:
    # "1 outbound API call per second per (sub)account by default, excess queued up to 24 h"
    calls = [await account.places(f"+1206555019{n}") for n in range(4)]
    await exchange.timeline.settle()
    assert [call.status for call in calls] == ["ringing", "queued", "queued", "queued"]
    await exchange.timeline.run_for(2)
    assert [call.status for call in calls] == ["ringing", "ringing", "ringing", "queued"]
    exchange.outbound.a_second = None
    more = [await account.places(f"+1206555018{n}") for n in range(4)]
    await exchange.timeline.settle()
    assert {call.status for call in more} == {"ringing"}


async def test_a_call_canceled_while_queued_is_told_to_nobody(
    account: Account, exchange: Exchange, service: Service
) -> None:
    # "A call canceled while queued sends no callback"
    await account.places("+12065550191")
    queued = await account.places()
    answer = await account.post(f"/Calls/{queued.sid}.json", Status="canceled")
    assert answer.json()["status"] == "canceled"
    await exchange.timeline.run_for(5)
    assert {form["To"] for form in service.forms("/leg")} == {"+12065550191"}


@pytest.mark.parametrize("status", ["canceled", "completed"])
async def test_a_ringing_call_is_taken_back(account: Account, agent: Handset, service: Service, status: str) -> None:
    call = await account.places()
    await agent.is_rung()
    assert (await account.post(f"/Calls/{call.sid}.json", Status=status)).status_code == 200
    await agent.does_not_ring(within=1)
    assert told(service) == ["initiated", "ringing", "canceled"]


async def test_a_live_call_is_ended(account: Account, agent: Handset, service: Service) -> None:
    call = await account.places()
    await agent.is_rung()
    await agent.answers()
    # "`Status` canceled (queued/ringing only) | completed"
    assert (await account.post(f"/Calls/{call.sid}.json", Status="canceled")).json()["code"] == 21220
    assert (await account.post(f"/Calls/{call.sid}.json", Status="completed")).json()["status"] == "completed"
    await agent.call.listen()
    agent.is_cut_off()
    assert told(service)[-1] == "completed"
    # "Fails if the call already ended (21220 [?]): treat as benign"
    answer = await account.post(f"/Calls/{call.sid}.json", Status="completed")
    assert (answer.status_code, answer.json()["code"]) == (400, 21220)


async def test_a_document_may_be_given_inline(account: Account, agent: Handset, service: Service) -> None:
    # "`Url`+`Method` or `Twiml` (mutually exclusive)"
    document = twiml(f'<Gather action="{PUBLIC}/key" numDigits="1"><Say>inline</Say></Gather>')
    answer = await account.post("/Calls.json", To=AGENT, From=SHOWN, Twiml=document)
    assert answer.status_code == 201
    await agent.is_rung()
    await agent.answers()
    agent.hears("inline")
    await agent.presses("1")
    agent.hears("thank you")


async def test_the_fallback_of_a_call(account: Account, exchange: Exchange, service: Service) -> None:
    service.pages["/agent"] = (500, {}, b"")
    agent = Handset(exchange, AGENT, strict=False)
    await account.places(FallbackUrl=f"{PUBLIC}/fallback")
    await agent.is_rung()
    await agent.answers()
    agent.hears("sorry")
    assert service.forms("/fallback")[0]["ErrorCode"] == "11200"


async def test_progress_may_come_after_the_end(account: Account, exchange: Exchange, service: Service) -> None:
    # "**Order of arrival is not guaranteed**"
    exchange.misbehaviour = Misbehaviour(progress_late=60)
    exchange.people[AGENT] = Person("busy", after=2)
    await account.places()
    await exchange.timeline.run_for(120)
    forms = service.forms("/leg")
    assert [(form["SequenceNumber"], form["CallStatus"]) for form in forms] == [
        ("2", "busy"),
        ("0", "initiated"),
        ("1", "ringing"),
    ]


@pytest.mark.parametrize(("wrong", "statuses"), [({"drop_status": True}, []), ({"status_late": 30}, ["busy"])])
async def test_the_final_status_may_be_late_or_lost(
    account: Account, exchange: Exchange, service: Service, wrong: dict[str, float], statuses: list[str]
) -> None:
    exchange.misbehaviour = Misbehaviour(**wrong)  # type: ignore[arg-type]  # because mypy cannot tell the fields
    exchange.people[AGENT] = Person("busy", after=2)
    await account.places(StatusCallbackEvent="completed")
    await exchange.timeline.run_for(20)
    assert told(service) == []
    await exchange.timeline.run_for(20)
    assert told(service) == statuses


async def test_the_leg_is_gone_when_its_document_comes(
    account: Account, exchange: Exchange, agent: Handset, service: Service
) -> None:
    await account.places()
    await agent.is_rung()
    exchange.just_before("/agent", lambda call: call.put_down())
    await agent.answers()
    agent.does_not_hear("press 1")
    agent.is_cut_off()
    assert told(service)[-1] == "completed"


async def test_the_agent_first_then_the_caller(
    account: Account, phone: Handset, agent: Handset, service: Service
) -> None:
    """The whole of an offer: the agent is rung, presses 1, and the caller is taken out of the queue to them."""

    def key(form: Form) -> str:
        return twiml('<Dial><Conference endConferenceOnExit="true">talk-1</Conference></Dial>')

    service.pages |= {
        "/twilio/voice": twiml('<Enqueue action="/out">tier1-us</Enqueue>'),
        "/key": key,
        "/join": twiml('<Dial action="/after"><Conference endConferenceOnExit="true">talk-1</Conference></Dial>'),
        "/out": twiml(),
        "/after": twiml("<Say>goodbye</Say>"),
    }
    await phone.dial("+18888988733")
    await account.places()
    await agent.is_rung()
    await agent.answers()
    phone.is_waiting_in("tier1-us")
    await agent.presses("1")
    agent.is_asked_for("conference")
    assert (await account.dequeues("tier1-us", phone.call.sid)).status_code == 200
    phone.is_connected_to(AGENT)
    agent.is_connected_to(CALLER)
    await agent.waits(300)
    await agent.hangs_up()
    phone.hears("goodbye")
    assert service.forms("/out")[0]["QueueResult"] == "redirected"
