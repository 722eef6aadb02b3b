"""Waiting, being answered, leaving."""

import pytest

from app.exchange import Exchange
from tests.exchange.service import Form, Service, twiml
from tests.support.handset import Handset

AGENT = "+12065550190"
DESK = "+18005550100"


@pytest.fixture(autouse=True)
def queues(service: Service) -> None:
    def voice(form: Form) -> str:
        if form["To"] == DESK:
            return twiml('<Dial timeout="20" action="/agent"><Queue>tier1-us</Queue></Dial>')
        return twiml('<Enqueue waitUrl="/wait" action="/out">tier1-us</Enqueue>')

    def wait(form: Form) -> str:
        return twiml(f"<Say>You are number {form['QueuePosition']}</Say>", "<Play>/music.mp3</Play>")

    service.pages = {
        "/twilio/voice": voice,
        "/wait": wait,
        "/out": twiml('<Say>welcome back</Say><Gather timeout="60"/>'),
        "/agent": twiml("<Say>done</Say>"),
    }


async def test_what_a_wait_document_is_told(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "waitUrl request adds: `QueuePosition`, `QueueSid`, `QueueTime`, `AvgQueueTime`,
    # `CurrentQueueSize`, `MaxQueueSize`"
    await phone.dial("+18888988733")
    phone.is_waiting_in("tier1-us")
    phone.hears("you are number 1")
    second = Handset(exchange)
    await second.dial("+18888988733")
    second.hears("you are number 2")
    form = service.forms("/wait")[-1]
    assert form["QueueSid"] == exchange.queues["tier1-us"].sid
    assert (form["CurrentQueueSize"], form["MaxQueueSize"], form["QueueTime"]) == ("2", "1000", "0")
    assert exchange.queues["tier1-us"] == [phone.call, second.call]


async def test_the_wait_document_is_requested_for_ever(phone: Handset, service: Service) -> None:
    # "re-requested every time the document runs out, for ever"
    await phone.dial("+18888988733")
    await phone.waits(seconds=3600)
    assert 300 <= len(service.forms("/wait")) <= 330
    assert 3580 <= int(service.forms("/wait")[-1]["QueueTime"]) <= 3600


async def test_the_action_is_requested_when_the_conversation_is_over(
    phone: Handset, exchange: Exchange, service: Service
) -> None:
    # "for Dial-dequeue only **after the bridge ends**"
    await phone.dial("+18888988733")
    await phone.waits(seconds=30)
    await exchange.answer("tier1-us")
    phone.is_connected_to("tier1-us")
    await phone.waits(seconds=300)
    assert service.forms("/out") == []
    await exchange.release(phone.call)
    form = service.forms("/out")[0]
    assert (form["QueueResult"], form["CallStatus"]) == ("bridged", "in-progress")
    assert 30 <= int(form["QueueTime"]) <= 40
    phone.hears("welcome back")


async def test_the_front_caller_is_answered_first(phone: Handset, exchange: Exchange) -> None:
    second = Handset(exchange)
    await phone.dial("+18888988733")
    await second.dial("+18888988733")
    assert await exchange.answer("tier1-us", talks=60) is phone.call
    assert exchange.queues["tier1-us"] == [second.call]
    await second.waits(seconds=30)
    second.hears("you are number 1")


async def test_hanging_up_while_waiting(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "After `hangup` the action is informational (no caller)."
    await phone.dial("+18888988733")
    await phone.waits(seconds=30)
    await phone.hangs_up()
    form = service.forms("/out")[0]
    assert (form["QueueResult"], form["CallStatus"]) == ("hangup", "completed")
    assert [request.path for request in service.received[-2:]] == ["/out", "/twilio/status"]
    assert exchange.queues["tier1-us"] == []


async def test_leave(phone: Handset, service: Service) -> None:
    # "if Enqueue had an `action`, that is requested with `QueueResult=leave` and takes over"
    service.pages["/wait"] = twiml("<Say>sorry</Say><Leave/>")
    await phone.dial("+18888988733")
    phone.hears("sorry", "welcome back")
    assert service.forms("/out")[0]["QueueResult"] == "leave"


async def test_leave_without_an_action(phone: Handset, service: Service) -> None:
    # "No action → falls through to the next verb."
    service.pages["/twilio/voice"] = twiml('<Enqueue waitUrl="/wait">tier1-us</Enqueue><Say>goodbye</Say>')
    service.pages["/wait"] = twiml("<Leave/>")
    await phone.dial("+18888988733")
    phone.hears("goodbye")


async def test_a_key_in_the_queue_leads_to_a_document_that_is_still_in_the_queue(
    phone: Handset, service: Service
) -> None:
    # "Gather's action document is still inside the queue; only Leave … leaves it"
    service.pages["/wait"] = twiml('<Gather numDigits="1" action="/pressed"><Play>/music.mp3</Play></Gather>')
    service.pages["/pressed"] = lambda form: twiml("<Leave/>") if form["Digits"] == "1" else twiml("<Say>one?</Say>")
    await phone.dial("+18888988733")
    await phone.presses("2")
    phone.is_waiting_in("tier1-us")
    await phone.presses("1")
    assert service.forms("/out")[0]["QueueResult"] == "leave"


async def test_a_full_queue(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "last two absent when never enqueued"
    exchange.queue("tier1-us").max_size = 1
    await Handset(exchange).dial("+18888988733")
    await phone.dial("+18888988733")
    form = service.forms("/out")[0]
    assert form["QueueResult"] == "queue-full"
    assert "QueueTime" not in form
    phone.hears("welcome back")


@pytest.mark.parametrize("wait", [twiml("<Record/>"), (500, {}, b"")])
async def test_a_bad_wait_document(exchange: Exchange, service: Service, wait: str) -> None:
    # "Anything else → queue result `error`."
    service.pages["/wait"] = wait
    phone = Handset(exchange, strict=False)
    await phone.dial("+18888988733")
    assert service.forms("/out")[0]["QueueResult"] == "error"
    assert len(phone.call.errors) == 1


async def test_an_agent_dials_in(phone: Handset, exchange: Exchange, service: Service) -> None:
    await phone.dial("+18888988733")
    agent = Handset(exchange, AGENT)
    await agent.dial(DESK)
    phone.is_connected_to("tier1-us")
    await agent.waits(seconds=120)
    await agent.hangs_up()
    assert service.forms("/out")[0]["QueueResult"] == "bridged"
    form = service.forms("/agent")[0]
    assert (form["DialCallStatus"], form["DialCallDuration"]) == ("completed", "120")


async def test_an_agent_waits_for_somebody_to_come(phone: Handset, exchange: Exchange) -> None:
    # "Empty queue → Dial waits up to its timeout"
    exchange.queue("tier1-us")
    agent = Handset(exchange, AGENT)
    await agent.dial(DESK)
    await agent.waits(seconds=10)
    await phone.dial("+18888988733")
    agent.is_connected_to("tier1-us")
    await phone.hangs_up()
    await agent.waits(seconds=1)
    assert '"done"' in agent.transcript()


@pytest.mark.parametrize(("known", "status"), [(True, "no-answer"), (False, "failed")])
async def test_nobody_to_be_had(exchange: Exchange, service: Service, known: bool, status: str) -> None:
    # "**nonexistent queue → error status to action**"
    if known:
        exchange.queue("tier1-us")
    agent = Handset(exchange, AGENT)
    await agent.dial(DESK)
    await agent.waits(seconds=30)
    assert service.forms("/agent")[0]["DialCallStatus"] == status


async def test_the_waiting_caller_hears_what_the_queue_noun_says(
    phone: Handset, exchange: Exchange, service: Service
) -> None:
    # "`url` is executed **on the waiting caller's side** before connect … `DequeingCallSid`"
    await phone.dial("+18888988733")
    service.pages["/twilio/voice"] = twiml('<Dial><Queue url="/front">tier1-us</Queue></Dial>')
    service.pages["/front"] = twiml("<Say>an agent is coming</Say>")
    agent = Handset(exchange, AGENT)
    await agent.dial(DESK)
    await phone.waits(seconds=5)
    assert '"an agent is coming"' in phone.transcript()
    form = service.forms("/front")[0]
    assert (form["CallSid"], form["DequeingCallSid"]) == (phone.call.sid, agent.call.sid)
    phone.is_connected_to("tier1-us")
