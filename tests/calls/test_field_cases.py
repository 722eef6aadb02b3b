"""Faults seen in the field, by phone: a test named after each kind."""

import asyncio
from datetime import datetime
from xml.etree import ElementTree

import pytest

from app.exchange import Person
from app.store import tables
from tests.support.handset import Handset
from tests.support.partners import BLUEFIN, HARBOR, KESTREL, PARTNERS, TALLGRASS, Partner
from tests.support.service import LINES, PUBLIC_URL, Form, Service, running_service

SATURDAY = "2026-03-07 12:00"


async def decided_at(service: Service, moment: str, line: str = "US support", who: str = "*#") -> Handset:
    """A call whose severity is given, and whose way is decided, at this moment."""
    phone = await service.calls(line, f"{who},2")
    service.it_is(moment)
    await phone.presses("#")
    return phone


@pytest.mark.parametrize(
    ("moment", "region"),
    [
        ("2026-03-09 11:59:59", "emea"),
        ("2026-03-09 12:00:00", "us"),  # 05:00 in Los Angeles is 12:00 in summer
        ("2026-03-02 12:30:00", "emea"),  # and 13:00 in winter
        ("2026-10-30 12:30:00", "us"),
        ("2026-11-02 12:30:00", "emea"),
    ],
)
async def test_hours(service: Service, moment: str, region: str) -> None:
    phone = await decided_at(service, moment)
    phone.is_waiting_in(f"tier1-{region}")
    assert service.case(phone)["region"] == region


@pytest.mark.parametrize(
    ("line", "moment", "region"),
    [
        ("US support", "2026-07-03 16:00", "emea"),  # Saturday the 4th is observed on Friday
        ("EMEA support", "2026-12-28 13:30", "us"),  # Boxing Day falls on Saturday: a substitute on Monday
        ("APAC support, direct", "2026-08-10 08:30", "emea"),  # National Day falls on Sunday: Monday is off
    ],
)
async def test_holidays(service: Service, line: str, moment: str, region: str) -> None:
    (await decided_at(service, moment, line)).is_waiting_in(f"tier1-{region}")


@pytest.mark.parametrize(("severity", "due"), [("2", "2026-02-09T23:00+00:00"), ("3", "2026-02-10T11:00+00:00")])
async def test_service_level_clocks(service: Service, severity: str, due: str) -> None:
    phone = await service.calls("US support", f"*#,{severity}")
    service.it_is("2026-02-06 23:00")
    await phone.presses("#")
    assert service.case(phone)["next_update_due_at"] == datetime.fromisoformat(due)


PROXIES = {
    "none": {},
    "one that lies": {
        "X-Forwarded-Host": "10.0.0.7:8000",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": "8000",
        "Forwarded": "host=10.0.0.7;proto=http",
        "X-Original-Host": "10.0.0.7",
    },
}


@pytest.mark.parametrize("public_url", [PUBLIC_URL, f"{PUBLIC_URL}/", "https://example.test:8443/ivr"])
@pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES.keys())
async def test_signature(database_url: str, public_url: str, proxy: Form) -> None:
    served = running_service(database_url, over_http=True, public_url=public_url, proxy_headers=proxy)
    async with served as service:
        phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
        phone.is_waiting_in("tier2-us")
        await phone.waits(60)
        await phone.hangs_up()
        assert {request.status for request in phone.call.requests} == {200, 204}


CALLERS = ["+266696687", "anonymous", "Restricted", "", "sip:desk@example.test", "client:amy"]


@pytest.mark.parametrize("caller", CALLERS)
async def test_caller_id(service: Service, caller: str) -> None:
    sent = {"From": caller, "Caller": caller}
    phone = await service.calls("US support", "*#,1", **sent)
    phone.is_waiting_in("tier1-us")
    kept = service.case(phone)["caller"]
    assert kept is None or kept == caller
    service.it_is(SATURDAY)
    phone = await service.calls("US support", "*#,2,#", **sent)
    phone.hears("key the number we shall call")
    case = service.case(phone)
    assert (case["callback_number"], case["flags"]) == (None, ("no_callback_number",))


@pytest.mark.parametrize(
    ("dialled", "line"),
    [
        ("+611800648574", "ANZ support"),
        ("+61 1800 648 574", "ANZ support"),
        ("+61 180 064 8574", "ANZ support"),
        ("+611300088917", "APAC support, direct"),
    ],
)
async def test_telephone_numbers(service: Service, dialled: str, line: str) -> None:
    phone = await service.calls(dialled, "*#,1")
    assert service.call(phone)["line"] == service.case(phone)["line"] == line


async def test_keypad(service: Service, phone: Handset) -> None:
    await phone.dial(LINES["US support"])
    await phone.waits(8)
    await phone.presses("#")
    await phone.waits(8)
    phone.hears("How bad is it?")
    await phone.waits(120)
    phone.is_waiting_in("tier1-us")
    case = service.case(phone)
    assert (case["verified"], case["severity"], case["severity_assumed"]) == (False, "S2", True)
    assert phone.transcript().count("key your partner I D") == 3
    assert phone.transcript().count("How bad is it?") == 3


@pytest.mark.parametrize(
    ("words", "partner"),
    [
        ("one double oh two three four", TALLGRASS),
        ("One, double-oh, two three four.", TALLGRASS),
        ("100234.", TALLGRASS),
        ("zero zero four two", BLUEFIN),  # zeros are part of a PID
        ("double zero forty two", BLUEFIN),
        ("seven seven eight one", KESTREL),
        ("double five oh one two", HARBOR),
    ],
)
async def test_spoken_digits(service: Service, phone: Handset, words: str, partner: Partner) -> None:
    await phone.dial(LINES["US support"])
    await phone.says(words)
    await phone.says("one")
    assert service.case(phone)["pid"] == partner.pid


# A name as a customer database may hold it: a control character that XML cannot.
ODD = Partner("123456", "Bell\x0bweather \U0001f514 <&>\"'", "resale", "us")


@pytest.mark.parametrize(
    ("partner", "name"), [(HARBOR, "Harbor & Sons <Telecom>"), (ODD, "Bellweather \U0001f514 <&>\"'")]
)
async def test_text_in_twiml(database_url: str, partner: Partner, name: str) -> None:
    async with running_service(database_url, partners=[*PARTNERS, ODD]) as service:
        service.exchange.people = {number: Person() for number in ("+12065550121", "+12065550124")}
        phone = await service.calls("US support", f"{partner.keys},1")
        await phone.waits(5 * 60)
        whisper = next(body for path, body in service.documents if path == "/twilio/leg/answered")
        assert whisper.startswith(b"<")
        assert name in "".join(ElementTree.fromstring(whisper).itertext())  # noqa: S314 because it is our own


@pytest.mark.parametrize("requests_action", [True, False], ids=["0 seconds", "no action request"])
async def test_voicemail(service: Service, requests_action: bool) -> None:
    service.exchange.empty_recording_requests_action = requests_action
    phone = await service.calls("US escalation voicemail", f"{TALLGRASS.keys},2,#")
    await phone.waits(15)
    phone.is_asked_for("recording")
    await phone.waits(15)
    phone.hears("call you back")
    assert service.case(phone)["status"] == "callback_requested"
    assert service.count(tables.voicemails, tables.pages) == 0


async def test_queue_order(service: Service) -> None:
    s2 = await service.calls("US support", "*#,2,#")
    s1 = await service.calls("US support", "*#,1")
    heard = {}
    for phone in (s2, s1):
        asked = next(request for request in phone.call.requests if "QueuePosition" in request.form)
        answer = await service.post(asked.url.removeprefix(PUBLIC_URL), asked.form)
        heard[asked.form["QueuePosition"]] = answer.text
    assert "You are number 2 in" in heard["1"]
    assert "You are number 1 in" in heard["2"]


async def test_partner_file_values(service: Service) -> None:
    assert service.case(await service.calls("US support", "0042#,1"))["pid"] == "0042"
    (await service.calls("US support", "42#")).hears("We did not get a partner I D that we know")


async def test_parallel_calls(service: Service) -> None:
    phones = [service.phone(f"+120655501{n:02}") for n in range(30)]
    await asyncio.gather(*(phone.dial(LINES["US support"], listen=False) for phone in phones))
    for keys in (TALLGRASS.keys, "2", "#"):
        await phones[0].call.listen()
        await asyncio.gather(*(phone.call.press(keys, listen=False) for phone in phones))
    await phones[0].waits(60)
    assert {request.status for phone in phones for request in phone.call.requests} == {200}
    assert service.count(tables.calls) == 30
    assert len({service.case(phone)["number"] for phone in phones}) == 30
    for phone in phones:
        phone.is_waiting_in("tier2-us")
        assert "We are connecting you" not in phone.transcript()
    told = sorted(int(phone.transcript().partition("You are number ")[2].partition(" ")[0]) for phone in phones)
    assert told[0] == 1
    assert set(told) <= set(range(1, 31))


@pytest.mark.parametrize(
    ("partner", "moment", "tier"),
    [
        (KESTREL, "2026-03-10 20:00", 2),
        (KESTREL, "2026-03-11 16:00", 1),
        # The last day counts whole, in the partner's region: Los Angeles, Singapore.
        (KESTREL, "2026-03-11 06:59:59", 2),
        (KESTREL, "2026-03-11 07:00:00", 1),
        (HARBOR, "2026-03-10 15:59:59", 2),
        (HARBOR, "2026-03-10 16:00:00", 1),
        # And the first one.
        (KESTREL, "2025-01-01 07:59:59", 1),
        (KESTREL, "2025-01-01 08:00:00", 2),
    ],
)
async def test_valid_dates(service: Service, partner: Partner, moment: str, tier: int) -> None:
    service.it_is(moment)
    phone = await service.calls("US support", "")
    service.it_is(moment)
    await phone.call.press(partner.keys, listen=False)
    await phone.waits(1)
    await phone.presses(",1")
    case = service.case(phone)
    assert (case["tier"], case["certified"]) == (tier, tier == 2)
