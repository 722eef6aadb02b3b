"""Every directive as TwiML, valid against the rules of the provider; text is heard whole, whatever is in it."""

from dataclasses import replace
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.exchange import validate
from app.flows.turn import (
    Confer,
    Dial,
    Directive,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Music,
    PlayRecording,
    Record,
    Say,
    TakeFromQueue,
)
from app.provider import twiml

URLS = twiml.Urls(
    "/twilio/step?s=a", "/twilio/wait?s=a", "/twilio/screen?s=a", "/twilio/hold.wav", "https://r.test/RE/"
)
SAID = Say("Hello.", "en-US", "Polly.Joanna")
IN_QUEUE: list[Directive] = [Music(), Leave()]
EACH: list[Directive] = [
    SAID,
    Gather((SAID,), 1, "", 5, True, 2, "one, two", "en-US"),
    Gather((SAID,), 20, "#", 7, False, 2, "", "en-US"),
    Gather((SAID,), None, "*", 7, False, 2, "", "en-US", goes_on=False),
    Record(300, "#", 10),
    PlayRecording("RE" + "0" * 32),
    Enqueue("tier1-us"),
    Music(),
    Leave(),
    Dial(("+12065550121",), 20, screened=False),
    Dial(("+12065550121", "+12065550122"), 20, screened=True, caller_id="+14086874120"),
    TakeFromQueue("tier1-us", 5),
    TakeFromQueue("tier1-us", 5, silence=3),
    Confer("CA1/0 & <more>"),
    Hangup(),
]


@pytest.mark.parametrize("directive", EACH, ids=str)
def test_every_directive_is_valid(directive: Directive) -> None:
    document = twiml.render([directive], URLS).encode()
    assert validate(document, "text/xml; charset=utf-8", inside_queue=directive in IN_QUEUE) == []
    assert document.startswith(b"<")


def test_no_directive_is_forgotten() -> None:
    assert {type(directive) for directive in EACH} == set(get_args(Directive))


@given(st.text(max_size=400))
def test_text_is_well_formed_and_heard_whole(text: str) -> None:
    document = twiml.render([Say(text, "en-US", "Polly.Joanna")], URLS)
    said = ElementTree.fromstring(document.encode("utf-8")).findtext("Say") or ""  # noqa: S314 because it is our own
    kept = "".join(c for c in text if c in "\t\n\r" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF))
    kept = kept.replace("\ufffe", "").replace("\uffff", "")
    assert said == kept.replace("\r\n", "\n").replace("\r", "\n")


def test_a_partners_name_is_heard_whole() -> None:
    """cases.md, text in TwiML."""
    document = twiml.render([Say("Harbor & Sons <Telecom>", "en-US", "Polly.Joanna")], URLS)
    assert ElementTree.fromstring(document).findtext("Say") == "Harbor & Sons <Telecom>"  # noqa: S314 because it is our own


def test_each_recording_is_told_of_and_its_text_is_asked_for_only_where_somebody_wants_it() -> None:
    silent, told = twiml.render([EACH[4]], URLS), replace(URLS, recorded="/twilio/recording")
    assert "Callback" not in silent
    assert 'recordingStatusCallback="/twilio/recording"' in twiml.render([EACH[4]], told)
    assert "transcribe" not in twiml.render([EACH[4]], told)
    asked = twiml.render([EACH[4]], replace(told, transcribed="/twilio/transcription"))
    assert 'transcribe="true" transcribeCallback="/twilio/transcription"' in asked
    assert validate(asked.encode(), "text/xml") == []


def test_whatever_listens_is_followed_by_a_way_on() -> None:
    """`#` pressed first makes no request, and an empty recording may make none either."""
    for directive in (EACH[1], EACH[4]):
        verbs = [verb.tag for verb in ElementTree.fromstring(twiml.render([directive], URLS))]  # noqa: S314 because ours
        assert verbs[-1] == "Redirect"
