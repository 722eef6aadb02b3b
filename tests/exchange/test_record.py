"""Messages."""

import pytest

from app.exchange import Exchange
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset


@pytest.fixture(autouse=True)
def records(service: Service) -> None:
    callbacks = 'recordingStatusCallback="/status" transcribe="true" transcribeCallback="/words"'
    record = f'<Record action="/done" finishOnKey="#" maxLength="60" timeout="5" {callbacks}/>'
    service.pages = {
        "/twilio/voice": twiml(record, "<Say>no message</Say>", '<Gather timeout="60"/>'),
        "/done": twiml("<Say>thank you</Say>"),
        "/status": (204, {}, b""),
        "/words": (204, {}, b""),
    }


async def test_a_message_ended_by_a_key(phone: Handset, service: Service, exchange: Exchange) -> None:
    # "Action params: `RecordingUrl`, `RecordingDuration`, `Digits` (key pressed …)"
    await phone.dial("+18888988733")
    phone.is_asked_for("recording")
    await phone.leaves_message(20, key="#", words="all is down")
    phone.hears("thank you")
    form = service.forms("/done")[0]
    assert (form["RecordingDuration"], form["Digits"]) == ("20", "#")
    assert exchange.recordings[form["RecordingSid"]].words == "all is down"


async def test_what_is_told_about_the_recording(phone: Handset, service: Service) -> None:
    # "It does **not** promise From/To: key the case on CallSid+RecordingSid."
    await phone.dial("+18888988733")
    await phone.leaves_message(20, words="all is down")
    form = service.forms("/status")[0]
    assert (form["RecordingStatus"], form["RecordingDuration"]) == ("completed", "20")
    assert (form["RecordingSource"], form["CallSid"]) == ("RecordVerb", phone.call.sid)
    assert "From" not in form
    # "Can arrive minutes after the call ended"
    assert service.forms("/words") == []
    await phone.waits(seconds=60)
    assert service.forms("/words")[0]["TranscriptionText"] == "all is down"


async def test_silence_ends_a_message(phone: Handset, service: Service) -> None:
    # "`timeout` 5 s silence"; "duration is pre-trim"
    await phone.dial("+18888988733")
    await phone.leaves_message(20, key=None)
    form = service.forms("/done")[0]
    assert (form["RecordingDuration"], form["Digits"]) == ("25", "")


async def test_a_message_has_a_longest_length(phone: Handset, service: Service) -> None:
    await phone.dial("+18888988733")
    await phone.leaves_message(100, key=None)
    assert service.forms("/done")[0]["RecordingDuration"] == "60"


async def test_a_hangup_still_posts_to_the_action(phone: Handset, service: Service) -> None:
    # "the literal `hangup` when the caller hung up … with `Digits=hangup` and CallStatus completed"
    await phone.dial("+18888988733")
    await phone.talks(seconds=12)
    await phone.hangs_up()
    form = service.forms("/done")[0]
    assert (form["Digits"], form["CallStatus"], form["RecordingDuration"]) == ("hangup", "completed", "12")
    assert service.forms("/twilio/status")[0]["CallStatus"] == "completed"


@pytest.mark.parametrize("requests_action", [True, False])
async def test_an_empty_recording(phone: Handset, service: Service, exchange: Exchange, requests_action: bool) -> None:
    # "an **empty recording makes no action request and falls through** … Handle both"
    exchange.empty_recording_requests_action = requests_action
    await phone.dial("+18888988733")
    await phone.presses("#")
    phone.hears("thank you" if requests_action else "no message")
    assert [form["RecordingDuration"] for form in service.forms("/done")] == ["0"] * requests_action
    # "Not called for absent recordings."
    await phone.waits(seconds=20)
    assert service.forms("/words") == service.forms("/status") == []
