"""Recordings, fetched and deleted by REST."""

import io
import wave

import pytest

from app.exchange import Exchange
from tests.exchange.account import Account
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset


@pytest.fixture
async def recording(phone: Handset, exchange: Exchange, service: Service) -> str:
    """The SID of a message of 20 seconds, which the exchange needs 30 seconds for."""
    exchange.processing_seconds = 30
    service.pages = {
        "/twilio/voice": twiml('<Record action="/done" finishOnKey="#" recordingStatusCallback="/recorded"/>'),
        "/done": twiml("<Say>thank you</Say>"),
        "/recorded": (204, {}, b""),
    }
    await phone.dial("+18888988733")
    await phone.leaves_message(20)
    return service.forms("/done")[0]["RecordingSid"]


async def test_it_is_there_when_it_is_completed(account: Account, exchange: Exchange, recording: str) -> None:
    # "media only when status completed"
    before = (await account.get(f"/Recordings/{recording}.json")).json()
    assert (before["status"], before["duration"]) == ("processing", None)
    assert (await account.get(f"/Recordings/{recording}")).status_code == 404
    await exchange.timeline.run_for(30)
    after = (await account.get(f"/Recordings/{recording}.json")).json()
    assert (after["status"], after["duration"], after["channels"]) == ("completed", "20", 1)
    assert after["call_sid"] == exchange.calls[0].sid


async def test_the_service_is_told_when_it_is_there(exchange: Exchange, service: Service, recording: str) -> None:
    assert service.forms("/recorded") == []
    await exchange.timeline.run_for(30)
    (form,) = service.forms("/recorded")
    assert (form["RecordingSid"], form["RecordingStatus"]) == (recording, "completed")


@pytest.mark.parametrize("extension", ["", ".wav"])
async def test_the_sound(account: Account, exchange: Exchange, recording: str, extension: str) -> None:
    # "media = same URI without extension or `.wav` (audio/x-wav)"
    await exchange.timeline.run_for(30)
    answer = await account.get(f"/Recordings/{recording}{extension}")
    assert answer.headers["content-type"] == "audio/x-wav"
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)
        assert sound.getnframes() / sound.getframerate() == 20
    # "`RequestedChannels=2` → 400 if not dual"
    assert (await account.get(f"/Recordings/{recording}{extension}", RequestedChannels="2")).status_code == 400


async def test_it_is_deleted_once(account: Account, exchange: Exchange, recording: str) -> None:
    # "`DELETE` → 204; metadata kept 40 days (`IncludeSoftDeleted`)"
    await exchange.timeline.run_for(30)
    assert (await account.delete(f"/Recordings/{recording}.json")).status_code == 204
    assert (await account.delete(f"/Recordings/{recording}.json")).status_code == 404
    assert (await account.get(f"/Recordings/{recording}.json")).status_code == 404
    assert (await account.get(f"/Recordings/{recording}")).status_code == 404
    kept = await account.get(f"/Recordings/{recording}.json", IncludeSoftDeleted="true")
    assert kept.json()["status"] == "deleted"
    assert (await account.get("/Recordings.json")).json()["recordings"] == []


async def test_one_that_never_was(account: Account) -> None:
    assert (await account.get(f"/Recordings/RE{'0' * 32}.json")).status_code == 404
    assert (await account.get(f"/Recordings/RE{'0' * 32}.wav")).status_code == 404


async def test_an_empty_one_has_no_sound(
    phone: Handset, account: Account, exchange: Exchange, service: Service
) -> None:
    service.pages = {"/twilio/voice": twiml('<Record action="/done"/>'), "/done": twiml()}
    await phone.dial("+18888988733")
    await phone.presses("#")
    (sid,) = exchange.recordings
    assert (await account.get(f"/Recordings/{sid}.json")).json()["status"] == "absent"
    assert (await account.get(f"/Recordings/{sid}")).status_code == 404
    listed = (await account.get("/Recordings.json", CallSid=phone.call.sid)).json()["recordings"]
    assert [one["sid"] for one in listed] == [sid]
