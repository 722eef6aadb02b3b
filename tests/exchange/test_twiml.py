"""What a document may say. The provider limps on past most of these; here they are mistakes."""

import pytest

from app.exchange import validate

GOOD = [
    "<Say>Hello</Say><Pause/><Play>/a.wav</Play><Hangup/>",
    '<Gather numDigits="1" finishOnKey="" action="/a"><Say>Press <break/>1</Say><Pause length="2"/></Gather>',
    '<Record maxLength="300" finishOnKey="#" action="/a" playBeep="true"/><Hangup/>',
    '<Enqueue waitUrl="" action="/a">tier1-us</Enqueue>',
    '<Dial timeout="20" action="/a">+12065550100</Dial>',
    '<Dial sequential="true"><Number url="/whisper">+12065550100</Number><Client>anna</Client></Dial>',
    "<Dial><Queue>tier1-us</Queue></Dial>",
    '<Dial action="/a"><Conference beep="onEnter" endConferenceOnExit="true" waitUrl="" participantLabel="caller"'
    ' statusCallback="/c" statusCallbackEvent="start end join leave">talk-1</Conference></Dial>',
    "<!-- comments are allowed --><Redirect>/twilio/voice</Redirect>",
    "",
]
BAD = [
    ("<Speak>Hello</Speak>", "Speak: no such verb"),
    ("<say>Hello</say>", "say: no such verb"),
    ('<Say Voice="man">Hello</Say>', "unknown attribute Voice"),
    ("<Say></Say>", "Say: has no text"),
    (f"<Say>{'a' * 4097}</Say>", "4097 characters"),
    ("<Gather><Hangup/></Gather>", "Gather: may not contain Hangup"),
    ("<Gather>press 1</Gather>", "stray text"),
    ("hello", "stray text"),
    ('<Gather finishOnKey="##"/>', "finishOnKey"),
    ('<Gather numDigits="0"/>', "numDigits"),
    ('<Gather timeout="-1"/>', "timeout"),
    ('<Gather input="keys"/>', "input"),
    ("<Gather input=\"['dtmf', 'speech']\"/>", "input"),
    ("<Record><Say>Hello</Say></Record>", "Record: may not contain Say"),
    ('<Record maxLength="0"/>', "maxLength"),
    ("<Enqueue></Enqueue>", "1 to 64 characters"),
    (f"<Enqueue>{'q' * 65}</Enqueue>", "1 to 64 characters"),
    ('<Dial timeout="1">+12065550100</Dial>', "timeout"),
    ("<Dial/>", "either a number or nouns"),
    ("<Dial>Anna</Dial>", "is not a number"),
    ("<Dial><Queue>a</Queue><Number>+12065550100</Number></Dial>", "stands alone"),
    ("<Dial><Conference>a</Conference><Number>+12065550100</Number></Dial>", "stands alone"),
    ("<Dial><Conference></Conference></Dial>", "Conference: is empty"),
    ('<Dial><Conference statusCallbackEvent="begin">a</Conference></Dial>', "statusCallbackEvent"),
    ('<Dial><Conference startConferenceOnEnter="yes">a</Conference></Dial>', "startConferenceOnEnter"),
    ('<Dial><Conference beep="loud">a</Conference></Dial>', "beep"),
    ("<Redirect/>", "Redirect: is empty"),
    ("<Leave/>", "not allowed in a document for the call"),
    ('<Play digits="1">/a.wav</Play>', "either a URL or digits"),
    ('<Hangup reason="busy"/>', "unknown attribute reason"),
    ('<Reject reason="tired"/>', "reason"),
]


def document(verbs: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'.encode()


@pytest.mark.parametrize("verbs", GOOD)
def test_good_documents(verbs: str) -> None:
    assert validate(document(verbs), "text/xml; charset=utf-8") == []


@pytest.mark.parametrize(("verbs", "problem"), BAD)
def test_mistakes_are_named(verbs: str, problem: str) -> None:
    found = validate(document(verbs), "application/xml")
    assert problem in " and ".join(found)


@pytest.mark.parametrize("verb", ["<Dial>+12065550100</Dial>", "<Record/>", "<Enqueue>a</Enqueue>"])
def test_a_wait_document_allows_fewer_verbs(verb: str) -> None:
    # "Allowed in waitUrl TwiML: Play, Say, Pause, Hangup, Redirect, Leave, Gather. Not Dial, Record, Enqueue."
    assert validate(document("<Say>a</Say><Leave/>"), "text/xml", inside_queue=True) == []
    assert validate(document(verb), "text/xml", inside_queue=True) != []


def test_inside_a_queue_gather_takes_one_kind_of_input() -> None:
    # "inside Enqueue waitUrl only `dtmf` or `speech`"
    assert validate(document('<Gather input="dtmf speech"/>'), "text/xml", inside_queue=True) != []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        # "Leading whitespace/blank line before the XML declaration → 12100"
        (b'\n<?xml version="1.0"?><Response/>', "12100"),
        (b"", "12100"),
        (b"<Response>", "12100"),
        (b"<Response><Say>\x0b</Say></Response>", "12100"),
        (b"<response/>", "12102"),
        # "TwiML body 64 kB → 11750"
        (b"<Response><!--" + b"a" * 65536 + b"--></Response>", "11750"),
    ],
)
def test_what_is_no_document_at_all(body: bytes, code: str) -> None:
    assert [problem.partition(":")[0] for problem in validate(body, "text/xml")] == [code]


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain"])
def test_content_type(content_type: str) -> None:
    assert "12300" in validate(document(""), content_type)[0]
