"""A message as text: from the provider, whenever it comes, or from an engine of our own; never trusted."""

import io
import sys
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.exchange.sound import wav
from app.provider import transcribers
from app.provider.transcribers import CannotTranscribe, PocketSphinx
from app.store import tables
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import Row, Service, running_service

LINE = "US escalation voicemail"
WORDS = "the phones in our main office are down"
CALL, RECORDING = "CA" + "3" * 32, "RE" + "4" * 32


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        yield service


@pytest.fixture
def provider_transcribes(service: Service) -> None:
    service.runtime.provider_transcribes = True


async def at_the_question(service: Service, seconds: float = 10) -> Handset:
    """A message is recorded, and not sent yet."""
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    await phone.leaves_message(seconds, words=WORDS)
    return phone


async def sends(service: Service, phone: Handset) -> None:
    await phone.presses("1")
    await passes(service)


async def passes(service: Service, seconds: float = 60) -> None:
    await service.exchange.timeline.run_for(seconds)


def message(service: Service) -> Row:
    return service.row(tables.voicemails)


async def transcribed(service: Service, text: str, **more: str) -> None:
    """The provider's callback, by hand."""
    form = {"CallSid": message(service)["call_sid"], "RecordingSid": message(service)["recording_sid"]}
    form |= {"TranscriptionStatus": "completed", "TranscriptionText": text}
    assert (await service.post("/twilio/transcription", form | more)).status_code == 204


async def test_nobody_is_asked_and_paid_for_it_unless_the_operator_says_so(service: Service) -> None:
    await sends(service, await at_the_question(service))
    assert not any(b"transcribe" in document for _, document in service.documents)
    assert message(service)["transcript"] is None


@pytest.mark.usefixtures("provider_transcribes")
@pytest.mark.parametrize("after", [0, 30, 1500], ids=["before it is sent", "after", "minutes after"])
async def test_the_providers_text_is_kept_whenever_it_comes(service: Service, after: float) -> None:
    service.exchange.transcribes_after = after
    phone = await at_the_question(service)
    await passes(service, 2)
    await sends(service, phone)
    await passes(service, after)
    assert (message(service)["transcript"], message(service)["transcribed_by"]) == (WORDS, "provider")


@pytest.mark.usefixtures("provider_transcribes")
@pytest.mark.parametrize(("seconds", "has_text"), [(2, False), (3, True), (119, True), (120, False)])
async def test_the_provider_takes_more_than_2_and_less_than_120_seconds(
    service: Service, seconds: int, has_text: bool
) -> None:
    await sends(service, await at_the_question(service, seconds))
    assert message(service)["transcript"] == (WORDS if has_text else None)


async def test_it_may_come_before_the_sound_is_kept(service: Service) -> None:
    service.exchange.processing_seconds = 600
    await sends(service, await at_the_question(service))
    await transcribed(service, WORDS)
    assert (message(service)["status"], message(service)["transcript"]) == ("expected", WORDS)


async def test_the_first_text_stays(service: Service) -> None:
    await sends(service, await at_the_question(service))
    await transcribed(service, WORDS)
    await transcribed(service, "something else")
    assert message(service)["transcript"] == WORDS
    assert len(service.rows(tables.events, kind="message transcribed")) == 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  two\n words\t", "two words"),
        ("a\x00b\x1b[31mc\u202ed", "ab[31mcd"),
        ("<b>bold</b> & co", "<b>bold</b> & co"),
        ("long " * 2000, ("long " * 800).strip()),
        ("\x00 \x07", None),
        ("", None),
    ],
    ids=["spaces", "control", "markup is text", "long", "nothing to see", "nothing"],
)
async def test_it_is_cleaned_and_bounded(service: Service, text: str, kept: str | None) -> None:
    await sends(service, await at_the_question(service))
    await transcribed(service, text)
    assert message(service)["transcript"] == kept


async def test_one_that_failed_or_is_of_another_call_is_not_kept(service: Service) -> None:
    await sends(service, await at_the_question(service))
    await transcribed(service, WORDS, TranscriptionStatus="failed")
    await transcribed(service, WORDS, CallSid=CALL)
    await transcribed(service, WORDS, RecordingSid=RECORDING)
    assert message(service)["transcript"] is None


async def test_the_text_of_what_was_never_sent_is_forgotten(service: Service) -> None:
    form = {"CallSid": CALL, "RecordingSid": RECORDING, "TranscriptionStatus": "completed", "TranscriptionText": WORDS}
    await service.post("/twilio/transcription", form)
    assert len(service.rows(tables.jobs, name="keep_transcript")) == 1
    await passes(service, 3700)
    assert service.rows(tables.jobs, name="keep_transcript") == []


class Engine:
    """Hears what it is told to hear."""

    name = "an engine"

    def __init__(self, hears: str | CannotTranscribe) -> None:
        self.hears = hears
        self.heard: list[bytes] = []

    async def transcribe(self, audio: bytes) -> str:
        self.heard.append(audio)
        if isinstance(self.hears, CannotTranscribe):
            raise self.hears
        return self.hears


async def test_an_engine_of_our_own_listens_to_what_is_kept(service: Service) -> None:
    engine = service.runtime.transcriber = Engine(f" {WORDS}\n")
    await sends(service, await at_the_question(service))
    assert engine.heard == [wav(10)]
    assert (message(service)["transcript"], message(service)["transcribed_by"]) == (WORDS, "an engine")


async def test_an_engine_that_fails_leaves_the_message_as_it_is(service: Service) -> None:
    engine = service.runtime.transcriber = Engine(CannotTranscribe("it does not listen"))
    await sends(service, await at_the_question(service))
    assert len(engine.heard) == 1
    assert (message(service)["status"], message(service)["transcript"]) == ("kept", None)


# The engine itself, as far as it can be tried without it


class Decoder:
    """In the place of pocketsphinx's: says how many samples it was given."""

    def __init__(self, loglevel: str) -> None:
        self.last = 0

    def start_utt(self) -> None: ...

    def end_utt(self) -> None: ...

    def process_raw(self, samples: bytes, full_utt: bool) -> None:
        self.last = len(samples) // 2

    def hyp(self) -> SimpleNamespace | None:
        return SimpleNamespace(hypstr=f"{self.last} samples") if self.last > 16_000 else None


def test_a_telephones_sound_is_listened_to_at_twice_its_rate_in_short_stretches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", SimpleNamespace(Decoder=Decoder))
    assert transcribers.listened(wav(25)) == "320000 samples 80000 samples"
    assert transcribers.listened(wav(41)) == "320000 samples 320000 samples"


def test_between_two_samples_lies_what_is_between_them() -> None:
    assert list(transcribers.doubled(array("h", [0, 100, -100]))) == [0, 50, 100, 0, -100, -100]
    assert list(transcribers.doubled(array("h"))) == []


def test_another_kind_of_sound_is_refused() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(44_100)
        writer.writeframes(b"\x00" * 400)
    with pytest.raises(ValueError, match="2 channels, 2 bytes and 44100 Hz"):
        transcribers.listened(file.getvalue())


async def test_without_the_engine_its_program_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever this machine has: the program looks for an engine that nobody has."""
    program = tmp_path / "program.py"
    text = Path(transcribers.__file__).read_text()
    program.write_text(text.replace('ENGINE = "pocketsphinx"', 'ENGINE = "no_such_engine"'))
    monkeypatch.setattr(transcribers, "__file__", str(program))
    with pytest.raises(CannotTranscribe, match="No module named 'no_such_engine'"):
        await PocketSphinx().transcribe(wav(1))


async def test_a_program_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcribers, "AT_LEAST", 0.0)
    monkeypatch.setattr(transcribers, "FOR_EACH_SECOND", 0.001)
    with pytest.raises(CannotTranscribe, match="it took more than"):
        await PocketSphinx().transcribe(wav(1))
