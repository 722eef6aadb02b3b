"""A waiting caller is taken out of the queue by REST, and live calls are sent elsewhere."""

import asyncio

import pytest

from app.exchange import Exchange, Misbehaviour, Person, orders
from app.exchange.document import Goto
from tests.exchange.account import AGENT, PUBLIC, Account
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset


@pytest.fixture(autouse=True)
def documents(service: Service) -> None:
    service.pages = {
        "/twilio/voice": twiml('<Enqueue waitUrl="/wait" action="/out">tier1-us</Enqueue>'),
        "/wait": twiml("<Say>please wait</Say><Play>/music.mp3</Play>"),
        "/out": twiml("<Say>out of the queue</Say>"),
        "/join": twiml('<Say>connecting</Say><Gather timeout="60"/>'),
        "/after": twiml('<Say>and now</Say><Gather timeout="60"/>'),
        "/leg": (204, {}, b""),
    }


async def test_the_caller_goes_on_with_the_document(phone: Handset, account: Account, service: Service) -> None:
    # "POST `Url` … → dequeues and runs that TwiML"; "action … immediately for Leave or REST dequeue/redirect"
    await phone.dial("+18888988733")
    await phone.waits(65)
    answer = await account.dequeues("tier1-us", phone.call.sid)
    assert (answer.status_code, answer.json()["call_sid"]) == (200, phone.call.sid)
    assert phone.call.waiting_in is None
    form = service.forms("/out")[0]
    assert (form["QueueResult"], form["CallStatus"]) == ("redirected", "in-progress")
    assert 65 <= int(form["QueueTime"]) <= 75
    await phone.call.listen()
    phone.hears("connecting")
    assert "out of the queue" not in phone.transcript()
    assert [request.path for request in service.received[-2:]] == ["/out", "/join"]


async def test_the_result_is_a_setting(phone: Handset, account: Account, exchange: Exchange, service: Service) -> None:
    exchange.dequeue_result = "bridging-in-process"
    await phone.dial("+18888988733")
    await account.dequeues("tier1-us", "Front")
    assert [form["QueueResult"] for form in service.forms("/out")] == ["bridging-in-process"]


async def test_which_document_counts_is_a_setting(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    exchange.queue_action_counts = True
    await phone.dial("+18888988733")
    await account.dequeues("tier1-us", phone.call.sid)
    await phone.call.listen()
    phone.hears("out of the queue")
    assert service.forms("/join") == []


async def test_the_action_may_come_late(phone: Handset, account: Account, exchange: Exchange, service: Service) -> None:
    exchange.misbehaviour = Misbehaviour(queue_action_late=5)
    await phone.dial("+18888988733")
    await account.dequeues("tier1-us", phone.call.sid)
    await phone.waits(10)
    assert [request.path for request in service.received[-2:]] == ["/join", "/out"]


async def test_only_the_first_request_succeeds(phone: Handset, account: Account) -> None:
    # "By CallSid only the first request succeeds, the second gets 400"
    await phone.dial("+18888988733")
    assert (await account.dequeues("tier1-us", phone.call.sid)).status_code == 200
    assert (await account.dequeues("tier1-us", phone.call.sid)).status_code == 400


async def test_of_two_requests_at_once_one_succeeds(phone: Handset, account: Account) -> None:
    await phone.dial("+18888988733")
    answers = await asyncio.gather(*(account.dequeues("tier1-us", phone.call.sid) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 400]


async def test_a_caller_who_is_taken_needs_no_wait_document(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    await phone.dial("+18888988733")
    service.pages["/wait"] = (500, {}, b"")
    # Taken out while the service is being asked for the next wait document, which it cannot give.
    start = Goto(f"{PUBLIC}/join")
    exchange.just_before("/wait", lambda call: orders.dequeue(exchange.queue("tier1-us"), call, start))
    await phone.waits(30)
    assert [form["QueueResult"] for form in service.forms("/out")] == ["redirected"]
    assert '"connecting"' in phone.transcript()


async def test_a_caller_who_has_gone_cannot_be_taken(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    await phone.dial("+18888988733")
    # The caller goes while the service is being asked for the next wait document.
    exchange.just_before("/wait", lambda call: call.put_down())
    await exchange.timeline.run_until(lambda: phone.call.is_ending, at_most=60)
    assert (await account.dequeues("tier1-us", phone.call.sid)).status_code == 400
    assert [form["QueueResult"] for form in service.forms("/out")] == ["hangup"]
    assert service.forms("/join") == []


async def test_the_front_is_whoever_came_first(phone: Handset, account: Account, exchange: Exchange) -> None:
    # "`Front` takes the next caller"
    second = Handset(exchange)
    await phone.dial("+18888988733")
    await second.dial("+18888988733")
    assert (await account.dequeues("tier1-us", "Front")).json()["call_sid"] == phone.call.sid
    assert (await account.dequeues("tier1-us", "Front")).json()["call_sid"] == second.call.sid
    assert (await account.dequeues("tier1-us", "Front")).status_code == 404


async def test_a_call_that_was_never_there(account: Account, exchange: Exchange) -> None:
    exchange.queue("tier1-us")
    answer = await account.dequeues("tier1-us", "CA" + "0" * 32)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


async def test_a_waiting_call_is_redirected(phone: Handset, account: Account, service: Service) -> None:
    # "Redirecting an enqueued caller ends Enqueue with `redirected`"
    await phone.dial("+18888988733")
    await account.post(f"/Calls/{phone.call.sid}.json", Url=f"{PUBLIC}/join")
    await phone.call.listen()
    phone.hears("connecting")
    assert [form["QueueResult"] for form in service.forms("/out")] == ["redirected"]


async def test_a_caller_who_talks_is_redirected(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    # QueueResult "redirected-from-bridged"
    service.pages["/desk"] = twiml('<Dial action="/after"><Queue>tier1-us</Queue></Dial>')
    agent = Handset(exchange, AGENT)
    exchange.owns("+18005550100")
    exchange.numbers["+18005550100"].voice_url = f"{PUBLIC}/desk"
    await phone.dial("+18888988733")
    await agent.dial("+18005550100")
    phone.is_connected_to("tier1-us")
    await account.post(f"/Calls/{phone.call.sid}.json", Url=f"{PUBLIC}/join")
    await phone.call.listen()
    phone.hears("connecting")
    agent.hears("and now")
    assert service.forms("/out")[0]["QueueResult"] == "redirected-from-bridged"


@pytest.mark.parametrize(
    "busy_with",
    ['<Gather timeout="60"/>', "<Say>a very long speech</Say>", '<Pause length="60"/>', "<Record/>"],
)
async def test_whatever_a_call_does_it_is_redirected(
    phone: Handset, account: Account, exchange: Exchange, service: Service, busy_with: str
) -> None:
    service.pages["/twilio/voice"] = twiml(busy_with)
    await phone.dial("+18888988733", listen=False)
    await account.post(f"/Calls/{phone.call.sid}.json", Twiml=twiml("<Say>something else</Say>"))
    await phone.call.listen()
    phone.hears("something else")


async def test_a_recording_that_is_broken_off_is_kept(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    service.pages |= {
        "/twilio/voice": twiml('<Record action="/after" recordingStatusCallback="/recorded"/>'),
        "/recorded": (204, {}, b""),
    }
    await phone.dial("+18888988733")
    await phone.talks(8)
    await account.post(f"/Calls/{phone.call.sid}.json", Url=f"{PUBLIC}/join")
    await phone.call.listen()
    assert service.forms("/after") == []
    assert [form["RecordingDuration"] for form in service.forms("/recorded")] == ["8"]


async def test_a_call_in_a_conference_is_redirected(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    tells = 'statusCallback="/leg" statusCallbackEvent="leave"'
    service.pages["/twilio/voice"] = twiml(f'<Dial action="/after"><Conference {tells}>a</Conference></Dial>')
    second = Handset(exchange)
    await phone.dial("+18888988733")
    await second.dial("+18888988733")
    await account.post(f"/Calls/{phone.call.sid}.json", Url=f"{PUBLIC}/join")
    await phone.call.listen()
    phone.hears("connecting")
    second.is_connected_to("nobody")
    assert service.forms("/after") == []
    assert service.forms("/leg")[0]["ReasonParticipantLeft"] == "participant_updated_via_api"


async def test_both_sides_of_a_conversation_are_redirected_at_once(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    service.pages["/twilio/voice"] = twiml(f'<Dial action="/after">{AGENT}</Dial>')
    agent = Handset(exchange, AGENT)
    await phone.dial("+18888988733")
    await agent.is_rung()
    await agent.answers()
    phone.is_connected_to(AGENT)
    for call in (phone.call, agent.call):
        await account.post(f"/Calls/{call.sid}.json", Url=f"{PUBLIC}/join")
    await phone.call.listen()
    phone.hears("connecting")
    agent.hears("connecting")
    await phone.hangs_up()
    assert not agent.call.over


async def test_a_dialled_person_is_redirected_and_the_caller_goes_on(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    # DialCallDuration "is not sent … if a Child call is redirected to a new TwiML URL before being disconnected"
    service.pages["/twilio/voice"] = twiml(f'<Dial action="/after">{AGENT}</Dial>')
    exchange.people[AGENT] = Person(after=1)
    await phone.dial("+18888988733")
    await phone.waits(10)
    (leg,) = [call for call in exchange.calls if call.direction == "outbound-dial"]
    await account.post(f"/Calls/{leg.sid}.json", Url=f"{PUBLIC}/join")
    await phone.call.listen()
    phone.hears("and now")
    assert "DialCallDuration" not in service.forms("/after")[0]
    assert service.forms("/join")[0]["CallSid"] == leg.sid
    assert not leg.over


async def test_a_call_that_has_ended_or_rings_is_not_redirected(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    await phone.dial("+18888988733")
    await phone.hangs_up()
    ended = await account.post(f"/Calls/{phone.call.sid}.json", Url=f"{PUBLIC}/join")
    ringing = await account.places()
    await exchange.rings(AGENT)
    too_soon = await account.post(f"/Calls/{ringing.sid}.json", Url=f"{PUBLIC}/join")
    unknown = await account.post(f"/Calls/CA{'0' * 32}.json", Url=f"{PUBLIC}/join")
    assert [(answer.status_code, answer.json()["code"]) for answer in (ended, too_soon, unknown)] == [
        (400, 21220),
        (400, 21220),
        (404, 20404),
    ]
