"""Keys and words. The quotations are the provider's words, or what is known of its behaviour."""

import pytest

from tests.exchange.service import Service, twiml
from tests.support.handset import Handset

FELL_THROUGH = "<Say>nothing heard</Say>"


def gathers(service: Service, attributes: str = "", prompt: str = "<Say>Your number please</Say>") -> None:
    gather = f'<Gather action="/keys" {attributes}>{prompt}</Gather>'
    service.pages = {"/twilio/voice": twiml(gather, FELL_THROUGH), "/keys": twiml("<Say>thank you</Say>", "<Pause/>")}


async def digits_after(phone: Handset, service: Service, keys: str) -> str | None:
    await phone.dial("+18888988733")
    phone.is_asked_for("keys")
    await phone.presses(keys)
    forms = service.forms("/keys")
    return forms[0].get("Digits") if forms else None


@pytest.mark.parametrize(
    ("attributes", "keys", "digits"),
    [
        ("", "100234#", "100234"),  # "finishOnKey # … excluded from Digits"
        ("", "*#", "*"),
        ('finishOnKey="*"', "12#*", "12#"),
        ('finishOnKey=""', "12#,", None),  # no finishing key: only a timeout ends it
        ('numDigits="1"', "1", "1"),  # "reaching it submits at once"
        ('numDigits="4"', "12#", "12"),
        ("", "#", None),  # "Empty result = timeout with nothing, or `#` pressed first: falls through"
    ],
)
async def test_which_keys_are_sent(
    phone: Handset, service: Service, attributes: str, keys: str, digits: str | None
) -> None:
    gathers(service, attributes)
    assert await digits_after(phone, service, keys) == digits


async def test_timeout_restarts_with_each_key(phone: Handset, service: Service) -> None:
    # "timeout: 5 s, starts after nested audio ends, restarts per digit"
    gathers(service, 'timeout="5"')
    await phone.dial("+18888988733")
    for key in "123":
        await phone.presses(key)
        await phone.waits(seconds=4)
    assert service.forms("/keys") == []
    await phone.waits(seconds=1)
    assert service.forms("/keys")[0]["Digits"] == "123"


async def test_silence_falls_through_to_the_next_verb(phone: Handset, service: Service) -> None:
    gathers(service)
    await phone.dial("+18888988733")
    await phone.waits(seconds=6)
    phone.hears("nothing heard")
    assert service.forms("/keys") == []


async def test_action_on_empty_result(phone: Handset, service: Service) -> None:
    # "true → action is requested without Digits"
    gathers(service, 'actionOnEmptyResult="true"')
    await phone.dial("+18888988733")
    await phone.waits(seconds=6)
    phone.hears("thank you")
    assert "Digits" not in service.forms("/keys")[0]


async def test_a_key_stops_the_prompt(phone: Handset, service: Service) -> None:
    # "Digits pressed during the prompt stop the prompt."
    gathers(service, 'numDigits="1"', "<Say>one</Say><Pause length='60'/><Say>two</Say>")
    await phone.dial("+18888988733", listen=False)
    await phone.interrupts("7", after=2)
    assert phone.call.seconds < 10
    assert "two" not in phone.transcript()
    phone.hears("thank you")


async def test_keys_outside_of_a_gather_are_lost(phone: Handset, service: Service) -> None:
    # "A key that arrives while no Gather is active is lost"
    service.pages = {
        "/twilio/voice": twiml('<Pause length="5"/><Gather action="/keys" numDigits="1"/>'),
        "/keys": twiml(),
    }
    await phone.dial("+18888988733", listen=False)
    await phone.interrupts("7")
    assert service.forms("/keys") == []
    await phone.presses("8")
    assert service.forms("/keys")[0]["Digits"] == "8"


async def test_without_an_action_the_document_is_requested_again(phone: Handset, service: Service) -> None:
    # "action: current document URL; omitting it loops"
    service.pages = {"/twilio/voice": twiml("<Gather/>")}
    await phone.dial("+18888988733")
    await phone.presses("5#")
    assert service.forms("/twilio/voice")[1]["Digits"] == "5"


async def test_relative_actions_start_from_the_document(phone: Handset, service: Service) -> None:
    service.pages = {
        "/twilio/voice": twiml("<Redirect>/deep/er/page?x=1</Redirect>"),
        "/deep/er/page": twiml('<Gather action="next" numDigits="1"/>'),
        "/deep/er/next": twiml(),
    }
    await phone.dial("+18888988733")
    await phone.presses("1")
    assert phone.call.requests[2].url == "https://ivr.example/deep/er/next"


async def test_speech(phone: Handset, service: Service) -> None:
    # "Action posts standard params + `Digits` and/or `SpeechResult`,`Confidence`."
    gathers(service, 'input="dtmf speech" speechTimeout="auto"')
    await phone.dial("+18888988733")
    await phone.says("one two double three", confidence=0.8)
    form = service.forms("/keys")[0]
    assert (form["SpeechResult"], form["Confidence"]) == ("one two double three", "0.80")


async def test_speech_is_not_heard_by_a_gather_for_keys(phone: Handset, service: Service) -> None:
    gathers(service)
    await phone.dial("+18888988733")
    await phone.says("one two")
    assert service.forms("/keys") == []
