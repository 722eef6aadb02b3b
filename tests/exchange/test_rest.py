"""The REST API: who may ask, shapes, pages, and what goes wrong on the way."""

from email.utils import parsedate_to_datetime

import httpx2
import pytest

from app.exchange import Exchange, Misbehaviour
from app.exchange.misbehaviour import Fault
from tests.exchange.account import AGENT, PUBLIC, SHOWN, Account
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset


@pytest.mark.parametrize("auth", [("AC1", "wrong"), ("AC2", "12345"), None])
async def test_only_the_account_itself_may_ask(account: Account, auth: tuple[str, str] | None) -> None:
    answer = await account.http.get("/2010-04-01/Accounts/AC1/Queues.json", auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/2010-04-01/Accounts/AC1/Nothing.json", 404),
        ("GET", "/2010-04-01/Accounts/AC2/Queues.json", 404),
        ("DELETE", "/2010-04-01/Accounts/AC1/Queues.json", 405),
    ],
)
async def test_errors_have_the_providers_shape(account: Account, method: str, path: str, status: int) -> None:
    answer = await account.http.request(method, path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (status, status)
    assert set(body) == {"code", "message", "more_info", "status"}


async def test_a_call_as_it_is_shown(account: Account, exchange: Exchange) -> None:
    call = await account.places()
    queued = (await account.get(f"/Calls/{call.sid}.json")).json()
    assert (queued["status"], queued["direction"], queued["to"]) == ("queued", "outbound-api", AGENT)
    assert queued["from"] == SHOWN
    assert queued["uri"] == f"/2010-04-01/Accounts/AC1/Calls/{call.sid}.json"
    assert parsedate_to_datetime(queued["date_created"]) == exchange.clock.now()
    ringing = await exchange.rings(AGENT)
    await ringing.answer(listen=False)
    await ringing.wait(12)
    await ringing.hangup()
    ended = (await account.get(f"/Calls/{call.sid}.json")).json()
    assert (ended["status"], ended["duration"]) == ("completed", "12")
    length = parsedate_to_datetime(ended["end_time"]) - parsedate_to_datetime(ended["start_time"])
    assert length.total_seconds() == 12
    assert (await account.get("/Calls.json", To=AGENT)).json()["calls"][0]["sid"] == call.sid
    assert (await account.get("/Calls.json", Status="busy")).json()["calls"] == []


@pytest.fixture(autouse=True)
def documents(service: Service) -> None:
    service.pages = {"/agent": twiml('<Gather timeout="600"/>'), "/leg": (204, {}, b"")}


GOOD = {"To": AGENT, "From": SHOWN, "Url": f"{PUBLIC}/agent"}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"To": "5550190"}, 21211),
        ({"To": "+12065550199"}, 21214),
        ({"From": "+12065550111"}, 21210),
        ({"Url": ""}, 21205),
        ({"Url": "/agent"}, 21205),
        ({"Url": "", "Twiml": "<Response><Speak/></Response>"}, 12100),
        ({"Url": "", "Twiml": f"<Response><!--{'a' * 4000}--></Response>"}, 21620),
        ({"Method": "PUT"}, 20001),
        ({"Timeout": "601"}, 20001),
        ({"StatusCallback": f"{PUBLIC}/leg", "StatusCallbackEvent": "initiated ringing"}, 21626),
    ],
)
async def test_a_call_that_cannot_be_placed(
    account: Account, exchange: Exchange, form: dict[str, str], code: int
) -> None:
    exchange.owns(SHOWN)
    exchange.unreachable.add("+12065550199")
    answer = await account.post("/Calls.json", **(GOOD | form))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert exchange.calls == []


@pytest.mark.parametrize(
    ("fault", "status", "code"), [("busy", 429, 20429), ("error", 500, 20500), ("away", 503, 20503)]
)
async def test_requests_are_refused_on_command(
    account: Account, exchange: Exchange, fault: Fault, status: int, code: int
) -> None:
    exchange.misbehaviour.rest = [fault] * 2
    answers = [await account.post("/Calls.json", **GOOD) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 201]
    assert answers[0].json()["code"] == code
    assert len(exchange.calls) == 1


@pytest.mark.parametrize(
    ("fault", "error", "calls"),
    [
        ("timeout", httpx2.ReadTimeout, 0),
        ("lost", httpx2.ReadTimeout, 1),
        ("unreachable", httpx2.ConnectError, 0),
    ],
)
async def test_answers_are_lost_on_command(
    account: Account, exchange: Exchange, fault: Fault, error: type[Exception], calls: int
) -> None:
    exchange.misbehaviour = Misbehaviour(rest=[fault])
    with pytest.raises(error):
        await account.post("/Calls.json", **GOOD)
    assert len(exchange.calls) == calls
    assert (await account.post("/Calls.json", **GOOD)).status_code == 201


async def test_some_requests_are_spared(account: Account, exchange: Exchange) -> None:
    exchange.misbehaviour = Misbehaviour(rest=["busy"], rest_only="POST /2010-04-01/Accounts/AC1/Calls.json")
    assert (await account.get("/Queues.json")).status_code == 200
    assert (await account.post("/Calls.json", **GOOD)).status_code == 429


async def test_webhooks_of_an_outbound_call_are_repeated_too(
    account: Account, exchange: Exchange, service: Service
) -> None:
    exchange.misbehaviour = Misbehaviour(repeat=2)
    await account.places()
    await (await exchange.rings(AGENT)).answer()
    assert len(service.forms("/agent")) == 2
    assert [form["CallStatus"] for form in service.forms("/leg")].count("ringing") == 2


async def test_queues(account: Account, exchange: Exchange) -> None:
    # "`FriendlyName` required ≤64, `MaxSize` default 1000 max 5000"
    made = await account.post("/Queues.json", FriendlyName="tier1-us", MaxSize="3")
    assert made.status_code == 201
    assert exchange.queue("tier1-us").max_size == 3
    sid = made.json()["sid"]
    assert sid == exchange.queue("tier1-us").sid
    assert (await account.post("/Queues.json", FriendlyName="tier1-us")).status_code == 400
    assert (await account.post("/Queues.json", FriendlyName="a" * 65)).status_code == 400
    assert (await account.post("/Queues.json", FriendlyName="b", MaxSize="5001")).status_code == 400
    shown = (await account.get(f"/Queues/{sid}.json")).json()
    assert (shown["friendly_name"], shown["current_size"], shown["max_size"]) == ("tier1-us", 0, 3)
    assert (await account.get("/Queues/QU0.json")).status_code == 404


async def test_members(account: Account, exchange: Exchange, service: Service, phone: Handset) -> None:
    # "Properties call_sid, date_enqueued, position, wait_time"
    service.pages["/twilio/voice"] = twiml("<Enqueue>tier1-us</Enqueue>")
    second = Handset(exchange)
    await phone.dial("+18888988733")
    await phone.waits(20)
    await second.dial("+18888988733")
    queue = f"/Queues/{exchange.queue('tier1-us').sid}"
    members = (await account.get(f"{queue}/Members.json")).json()["queue_members"]
    assert [(one["call_sid"], one["position"], one["wait_time"]) for one in members] == [
        (phone.call.sid, 1, 20),
        (second.call.sid, 2, 0),
    ]
    assert (await account.get(f"{queue}/Members/Front.json")).json() == members[0]
    assert (await account.get(f"{queue}/Members/{second.call.sid}.json")).json() == members[1]
    assert (await account.get(f"{queue}.json")).json()["average_wait_time"] == 10
    await second.hangs_up()
    assert (await account.get(f"{queue}/Members/{second.call.sid}.json")).status_code == 404


async def test_lists_come_in_pages(account: Account, exchange: Exchange) -> None:
    for name in "abcde":
        exchange.queue(name)
    names, address = [], "/2010-04-01/Accounts/AC1/Queues.json?PageSize=2"
    while address:
        body = (await account.http.get(address)).json()
        names.append([queue["friendly_name"] for queue in body["queues"]])
        address = body["next_page_uri"]
    assert names == [["a", "b"], ["c", "d"], ["e"]]
    assert (body["page"], body["page_size"], body["start"], body["end"]) == (2, 2, 4, 4)
    assert body["previous_page_uri"].endswith("PageSize=2&Page=1")
    assert (await account.get("/Queues.json", PageSize="0")).status_code == 400


async def test_messages(account: Account, exchange: Exchange) -> None:
    exchange.owns(SHOWN)
    exchange.unreachable.add("+12065550199")
    form = {"To": AGENT, "From": SHOWN, "Body": "S1 for Tallgrass"}
    sent = await account.post("/Messages.json", **form)
    assert (sent.status_code, sent.json()["status"]) == (201, "queued")
    (message,) = exchange.messages
    assert (message.to, message.sender, message.text) == (AGENT, SHOWN, "S1 for Tallgrass")
    assert (await account.get(f"/Messages/{message.sid}.json")).json()["status"] == "delivered"
    for wrong, code in (
        ({"To": "+12065550199"}, 21211),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
        ({"From": AGENT}, 21210),
    ):
        assert (await account.post("/Messages.json", **(form | wrong))).json()["code"] == code
    assert len(exchange.messages) == 1


async def test_numbers(account: Account, exchange: Exchange, service: Service, phone: Handset) -> None:
    exchange.owns("+18888988733", SHOWN)
    found = (await account.get("/IncomingPhoneNumbers.json", PhoneNumber="+18888988733")).json()
    (own,) = found["incoming_phone_numbers"]
    assert (own["phone_number"], own["voice_url"]) == ("+18888988733", None)
    changed = await account.post(
        f"/IncomingPhoneNumbers/{own['sid']}.json",
        VoiceUrl=f"{PUBLIC}/hello",
        VoiceFallbackUrl=f"{PUBLIC}/fallback",
        VoiceFallbackMethod="GET",
        StatusCallback=f"{PUBLIC}/over",
        VoiceCallerIdLookup="true",
    )
    assert (changed.json()["voice_url"], changed.json()["voice_caller_id_lookup"]) == (f"{PUBLIC}/hello", True)
    again = (await account.get(f"/IncomingPhoneNumbers/{own['sid']}.json")).json()
    assert (again["voice_fallback_method"], again["voice_method"]) == ("GET", "POST")
    # A call to the number leads where it says.
    service.pages |= {"/hello": twiml("<Say>hello</Say>"), "/over": (204, {}, b"")}
    await phone.dial("+18888988733")
    phone.hears("hello")
    assert service.forms("/over")[0]["CallStatus"] == "completed"
    refused = await account.post(f"/IncomingPhoneNumbers/{own['sid']}.json", VoiceUrl="/hello")
    assert refused.status_code == 400
    assert (await account.get("/IncomingPhoneNumbers/PN0.json")).status_code == 404
