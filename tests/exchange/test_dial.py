"""People who are rung."""

import pytest

from app.exchange import Exchange, Person
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset

ANNA, BEN = "+12065550101", "+12065550102"


def dials(service: Service, nouns: str, attributes: str = "") -> None:
    service.pages = {
        "/twilio/voice": twiml(f'<Dial action="/after" timeout="20" {attributes}>{nouns}</Dial>'),
        "/after": twiml('<Say>and now</Say><Gather timeout="60"/>'),
        "/progress": (204, {}, b""),
    }


@pytest.mark.parametrize(
    ("person", "status", "seconds"),
    [
        (Person(after=3, talks=60), "completed", 63),
        (Person("busy", after=1), "busy", 1),
        (Person("failed", after=0), "failed", 0),
        (Person("no-answer"), "no-answer", 20),
        (Person(after=25), "no-answer", 20),  # answers after the timeout
        (None, "no-answer", 20),
    ],
)
async def test_how_a_dial_ends(
    phone: Handset, exchange: Exchange, service: Service, person: Person | None, status: str, seconds: int
) -> None:
    dials(service, ANNA)
    if person:
        exchange.people[ANNA] = person
    await phone.dial("+18888988733")
    await phone.waits(seconds)
    form = service.forms("/after")[0]
    assert form["DialCallStatus"] == status
    assert form["DialCallSid"].startswith("CA")
    assert form.get("DialCallDuration") == ("60" if status == "completed" else None)
    phone.hears("and now")


async def test_ringing_is_heard_and_the_other_may_hang_up(phone: Handset, exchange: Exchange, service: Service) -> None:
    dials(service, ANNA)
    exchange.people[ANNA] = Person(after=5)
    await phone.dial("+18888988733")
    phone.is_asked_for("dial")
    assert f"ringing {ANNA}" in phone.transcript()
    await phone.waits(seconds=90)
    phone.is_connected_to(ANNA)
    await exchange.release(phone.call)
    assert service.forms("/after")[0]["DialCallDuration"] == "85"


async def test_without_an_action_the_next_verb_follows(phone: Handset, service: Service) -> None:
    # "`action` (none! falls through; opposite of Gather/Record)"
    service.pages = {"/twilio/voice": twiml(f'<Dial timeout="5">{ANNA}</Dial><Say>nobody there</Say>')}
    await phone.dial("+18888988733")
    await phone.waits(seconds=5)
    phone.hears("nobody there")


async def test_the_first_to_answer_wins(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "≤10 parallel, first to answer wins"
    dials(service, f"<Number>{ANNA}</Number><Number>{BEN}</Number>")
    exchange.people = {ANNA: Person(after=9), BEN: Person(after=4)}
    await phone.dial("+18888988733")
    await phone.waits(seconds=4)
    phone.is_connected_to(BEN)


async def test_sequential_rings_one_after_another(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "`sequential` (up to 10 in turn)"
    dials(service, f"<Number>{ANNA}</Number><Number>{BEN}</Number>", 'sequential="true"')
    exchange.people = {BEN: Person(after=4, talks=30)}
    await phone.dial("+18888988733")
    await phone.waits(seconds=20)
    assert f"ringing {BEN}" in phone.transcript()
    await phone.waits(seconds=4)
    phone.is_connected_to(BEN)


async def test_the_callee_hears_a_whisper_first(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "`url` = whisper/screening run on the callee before bridging; only Say/Play/Gather/Hangup"
    dials(service, f'<Number url="/whisper">{ANNA}</Number>')
    exchange.people[ANNA] = Person(after=1)
    service.pages["/whisper"] = twiml("<Say>a call for the desk</Say>")
    await phone.dial("+18888988733")
    await phone.waits(seconds=5)
    phone.is_connected_to(ANNA)
    form = service.forms("/whisper")[0]
    assert (form["To"], form["Direction"], form["ParentCallSid"]) == (ANNA, "outbound-dial", phone.call.sid)


async def test_a_callee_who_presses_nothing_is_not_connected(
    phone: Handset, exchange: Exchange, service: Service
) -> None:
    dials(service, f'<Number url="/whisper">{ANNA}</Number>')
    exchange.people[ANNA] = Person(after=1)
    service.pages["/whisper"] = twiml('<Gather numDigits="1"><Say>press one</Say></Gather><Hangup/>')
    await phone.dial("+18888988733")
    await phone.waits(seconds=10)
    assert service.forms("/after")[0]["DialCallStatus"] == "no-answer"


async def test_progress_of_a_leg(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "adds `Timestamp` (RFC 2822), `CallbackSource=call-progress-events`, `SequenceNumber` from 0"
    events = 'statusCallback="/progress" statusCallbackEvent="initiated ringing answered completed"'
    dials(service, f"<Number {events}>{ANNA}</Number>")
    exchange.people[ANNA] = Person(after=1, talks=8)
    await phone.dial("+18888988733")
    await phone.waits(seconds=10)
    forms = sorted(service.forms("/progress"), key=lambda form: form["SequenceNumber"])
    assert [form["CallStatus"] for form in forms] == ["initiated", "ringing", "in-progress", "completed"]
    assert forms[-1]["CallDuration"] == "8"
    assert forms[0]["CallbackSource"] == "call-progress-events"


@pytest.mark.parametrize(("after", "status"), [(10, "canceled"), (1, "completed")])
async def test_the_caller_hangs_up(
    phone: Handset, exchange: Exchange, service: Service, after: int, status: str
) -> None:
    dials(service, ANNA)
    exchange.people[ANNA] = Person(after=after)
    await phone.dial("+18888988733")
    await phone.waits(seconds=5)
    await phone.hangs_up()
    form = service.forms("/after")[0]
    assert (form["DialCallStatus"], form["CallStatus"]) == (status, "completed")
