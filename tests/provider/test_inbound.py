"""A webhook's form -> what was heard."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows import turn
from app.provider import inbound


def hook(**fields: str) -> inbound.Webhook:
    return inbound.webhook([("CallSid", "CA1"), ("To", "+18888988733"), ("From", "+12065550147"), *fields.items()])


@pytest.mark.parametrize(
    ("fields", "heard"),
    [
        ({}, turn.Silence()),
        ({"Digits": ""}, turn.Silence()),
        ({"Digits": "0042"}, turn.Keyed("0042")),
        ({"Digits": "1", "SpeechResult": "two"}, turn.Keyed("1")),
        ({"SpeechResult": " one two. ", "Confidence": "0.9"}, turn.Spoken("one two.")),
        ({"SpeechResult": " "}, turn.Silence()),
        ({"RecordingSid": "RE1", "RecordingDuration": "12", "Digits": "#"}, turn.Recorded("RE1", 12)),
        ({"RecordingSid": "RE1", "RecordingDuration": "12", "Digits": "hangup"}, turn.Recorded("RE1", 12, True)),
        ({"RecordingSid": "RE1", "RecordingDuration": ""}, turn.Recorded("RE1", 0)),
        ({"RecordingUrl": "https://x/Recordings/RE2", "RecordingDuration": "7"}, turn.Recorded("RE2", 7)),
        ({"RecordingUrl": "https://x/Recordings/RE2.wav", "RecordingDuration": "7"}, turn.Recorded("RE2", 7)),
        ({"RecordingUrl": "https://x/../evil", "RecordingDuration": "7"}, turn.Recorded("", 7)),
        ({"RecordingSid": "RE1", "RecordingDuration": "0", "Digits": "hangup"}, turn.HungUp()),
        ({"RecordingUrl": "http://x", "RecordingDuration": "-3"}, turn.Recorded("", 0)),
        ({"Digits": "hangup"}, turn.HungUp()),
        ({"DialCallStatus": "busy"}, turn.DialEnded("busy")),
        (
            {"DialCallStatus": "completed", "DialCallDuration": "9", "DialBridged": "true"},
            turn.DialEnded("completed", 9, True),
        ),
        ({"QueueResult": "bridged", "QueueTime": "40"}, turn.LeftQueue("bridged", 40)),
        ({"QueueResult": "queue-full"}, turn.LeftQueue("queue-full", 0)),
        ({"QueueResult": "leave", "QueueTime": "9" * 40}, turn.LeftQueue("leave", 0)),
    ],
)
def test_what_is_heard(fields: dict[str, str], heard: turn.Heard) -> None:
    assert inbound.heard(hook(**fields)) == heard


@pytest.mark.parametrize(
    ("sent", "caller"),
    [
        ("+12065550147", "+12065550147"),
        ("+266696687", None),
        ("anonymous", None),
        ("Anonymous", None),
        ("Restricted", None),
        ("", None),
        ("sip:desk@example.test", "sip:desk@example.test"),
        ("client:amy", "client:amy"),
    ],
)
def test_who_calls(sent: str, caller: str | None) -> None:
    assert inbound.caller(sent) == caller


def test_blank_fields_count_and_a_repeated_one_does_no_harm() -> None:
    form = inbound.parse_form(b"FromCity=&CallSid=CA1&Digits=1&Digits=2&To=%2B1&x=%20")
    assert form == [("FromCity", ""), ("CallSid", "CA1"), ("Digits", "1"), ("Digits", "2"), ("To", "+1"), ("x", " ")]
    assert inbound.webhook(form).fields["Digits"] == "2"


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=8))
def test_a_form_is_read_as_everybody_reads_it(pairs: list[tuple[str, str]]) -> None:
    body = urlencode(pairs, errors="surrogatepass").encode()
    assert inbound.parse_form(body) == parse_qsl(body.decode(), keep_blank_values=True)


@given(st.binary(max_size=300))
def test_any_body_is_read(body: bytes) -> None:
    inbound.heard(inbound.webhook(inbound.parse_form(body)))


def test_control_characters_and_endless_texts_do_not_come_in() -> None:
    assert inbound.clean("a\x0b\x00b") == "ab"
    assert len(inbound.clean("x" * 10_000)) == inbound.LONGEST_TEXT


RECORDING = "RE" + "4" * 32


def test_what_is_told_about_a_recording() -> None:
    told = inbound.made(hook(RecordingSid=RECORDING, RecordingStatus="completed", RecordingDuration="12"))
    assert told == inbound.Made("CA1", RECORDING, "completed", 12, "")
    text = "one\ntwo " + "x" * 10_000
    told = inbound.made(hook(RecordingSid=RECORDING, TranscriptionStatus="completed", TranscriptionText=text))
    assert told is not None
    assert told.text == text.replace("\n", " ")[:4_000]


@pytest.mark.parametrize(
    "fields",
    [{}, {"RecordingSid": "RE1"}, {"RecordingSid": f"{RECORDING}/../x"}, {"RecordingSid": RECORDING, "CallSid": ""}],
)
def test_what_names_no_recording_of_a_call_tells_nothing(fields: dict[str, str]) -> None:
    assert inbound.made(inbound.webhook([("CallSid", "CA1"), *fields.items()])) is None
