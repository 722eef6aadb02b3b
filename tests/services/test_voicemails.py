"""A message is fetched by its SID, kept, read back, and only then deleted at the provider; whatever happens between."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.exchange.recording import Recording
from app.exchange.sound import wav
from app.provider.rest import Busy, NotThere, RecordingFacts, Refused
from app.services import recordings
from app.store import tables, voicemails
from app.store.sounds import Sounds
from tests.support.partners import TALLGRASS
from tests.support.service import TUESDAY, Row, Service, running_service

LINE = "US escalation voicemail"
A_WHILE = 20
SECONDS = 10


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        yield service


@pytest.fixture(params=["database", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """A folder for the sound, or none."""
    return tmp_path / "messages" if request.param == "folder" else None


class Account:
    """The provider, but for what is set here: that answers in its place."""

    def __init__(self, service: Service) -> None:
        self._real = service.runtime.provider
        service.runtime.provider = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def answers(self, **methods: Callable[..., Any]) -> None:
        for name, method in methods.items():
            setattr(self, name, method)

    def says(self, **facts: Any) -> None:
        """Something else about every recording."""

        async def recording(sid: str) -> RecordingFacts:
            return replace(await self._real.recording(sid), **facts)

        self.answers(recording=recording)

    def sends(self, audio: bytes) -> None:
        async def sent(sid: str, at_most: int) -> bytes:
            return audio

        self.answers(audio=sent)

    def fails(self, name: str, error: Exception) -> None:
        async def failing(*_: Any, **__: Any) -> None:
            raise error

        self.answers(**{name: failing})

    def works_again(self, name: str) -> None:
        delattr(self, name)


async def leaves_message(service: Service) -> None:
    """A certified partner leaves ten seconds."""
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    await phone.leaves_message(SECONDS)
    await phone.presses("1")


async def passes(service: Service, seconds: float = A_WHILE) -> None:
    await service.exchange.timeline.run_for(seconds)


async def later(service: Service, by: timedelta, times: int = 1) -> None:
    """So much later, so many times: the background work that is due then is done."""
    for _ in range(times):
        service.it_is(service.now() + by)
        await service.works()


def message(service: Service) -> Row:
    return service.row(tables.voicemails)


def at_the_provider(service: Service) -> list[str]:
    """The recordings with something in them that the provider still has."""
    recorded = service.exchange.recordings.items()
    return [sid for sid, recording in recorded if recording.seconds and not recording.deleted]


async def sound(service: Service) -> bytes | None:
    row = message(service)
    return await service.runtime.sounds.read(row["recording_sid"], row["place"])


async def is_kept(service: Service) -> bool:
    row, found = message(service), await sound(service)
    return (row["status"], found, at_the_provider(service)) == ("kept", wav(SECONDS), [])


def history(service: Service) -> list[str]:
    return [row["note"] for row in service.rows(tables.case_updates, kind="message")]


async def test_a_message_is_kept_and_deleted_at_the_provider(service: Service, store: Path | None) -> None:
    service.runtime.sounds = Sounds(service.runtime.database, store)
    await leaves_message(service)
    await passes(service)
    row, audio = message(service), wav(SECONDS)
    assert await is_kept(service)
    assert (row["size"], row["sha256"]) == (len(audio), hashlib.sha256(audio).hexdigest())
    assert row["place"] == (f"{row['recording_sid']}.wav" if store else "database")
    assert None not in (row["fetched_at"], row["deleted_there_at"])
    kinds = [event["kind"] for event in service.rows(tables.events) if "message" in event["kind"]]
    assert kinds == ["message kept"]


async def test_a_file_is_whole_and_nobody_elses(service: Service, tmp_path: Path) -> None:
    service.runtime.sounds = Sounds(service.runtime.database, tmp_path / "messages")
    await leaves_message(service)
    await passes(service)
    (file,) = (tmp_path / "messages").iterdir()
    assert file.name == f"{message(service)['recording_sid']}.wav"
    assert file.stat().st_mode & 0o077 == 0
    assert service.count(tables.recordings) == 0


async def test_what_the_database_keeps_is_found_after_the_folder_was_set(service: Service, tmp_path: Path) -> None:
    await leaves_message(service)
    await passes(service)
    service.runtime.sounds = Sounds(service.runtime.database, tmp_path)
    assert await sound(service) == wav(SECONDS)


@pytest.mark.parametrize("name", ["../secret", "RE1", "RE" + "0" * 31 + "/", "RE" + "0" * 32 + "\n", ""])
async def test_no_name_but_a_sid_becomes_a_file(service: Service, tmp_path: Path, name: str) -> None:
    sounds = Sounds(service.runtime.database, tmp_path)
    with pytest.raises(ValueError, match="not the SID"):
        await sounds.keep(name, b"")
    assert await sounds.read(name, name) is None


async def test_it_is_waited_for_while_the_provider_works_on_it(service: Service) -> None:
    service.exchange.processing_seconds = 120
    await leaves_message(service)
    await passes(service, 60)
    assert message(service)["status"] == "expected"
    assert len(at_the_provider(service)) == 1
    await passes(service, 200)
    assert await is_kept(service)


STEPS = ["recording", "audio", "keep", "mark_kept", "delete_recording", "mark_deleted_there"]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step_it_goes_on(
    service: Service, store: Path | None, monkeypatch: pytest.MonkeyPatch, step: str, done: bool
) -> None:
    """The step fails once, before it has done anything or after all of it; the job comes again."""
    service.runtime.sounds = Sounds(service.runtime.database, store)
    where: Any = {"keep": Sounds, "mark_kept": voicemails, "mark_deleted_there": voicemails}
    owner = where.get(step) or type(service.runtime.provider)
    real, killed = getattr(owner, step), asyncio.Event()

    async def once(*args: Any, **rest: Any) -> Any:
        if killed.is_set():
            return await real(*args, **rest)
        if done:
            await real(*args, **rest)
        killed.set()
        raise RuntimeError("killed")

    monkeypatch.setattr(owner, step, once)
    await leaves_message(service)
    await passes(service)
    assert killed.is_set()
    assert await is_kept(service)
    assert message(service)["deleted_there_at"] is not None
    left = {job["name"] for job in service.rows(tables.jobs)}
    assert left <= {"delete_unsent", "look_at_page"}, "only looks that come later are left to do"


async def test_nothing_is_deleted_there_before_it_is_committed_here(service: Service) -> None:
    account, seen = Account(service), []

    async def delete(sid: str) -> None:
        seen.append((message(service)["status"], await sound(service) is not None))

    account.answers(delete_recording=delete)
    await leaves_message(service)
    await passes(service)
    assert seen == [("kept", True)]


async def test_a_sound_that_is_not_as_it_was_kept_stays_at_the_provider(service: Service, tmp_path: Path) -> None:
    service.runtime.sounds = Sounds(service.runtime.database, tmp_path)
    account = Account(service)
    account.fails("delete_recording", Busy("away"))
    await leaves_message(service)
    await passes(service)
    (tmp_path / f"{message(service)['recording_sid']}.wav").write_bytes(b"RIFF")
    account.works_again("delete_recording")
    await later(service, timedelta(hours=1), 3)
    assert len(at_the_provider(service)) == 1
    assert message(service)["deleted_there_at"] is None


async def test_a_provider_that_is_away_is_waited_for_longer_than_an_hour(service: Service) -> None:
    account = Account(service)
    account.fails("audio", Busy("the provider is away"))
    await leaves_message(service)
    await passes(service)
    await later(service, timedelta(minutes=20), 30)
    assert message(service)["status"] == "expected"
    account.works_again("audio")
    await later(service, timedelta(minutes=20), 2)
    assert await is_kept(service)


async def test_a_disk_that_is_full_is_waited_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Sounds, "keep", full)
        await leaves_message(service)
        await passes(service)
        assert (message(service)["status"], len(at_the_provider(service))) == ("expected", 1)
    await later(service, timedelta(minutes=20), 2)
    assert await is_kept(service)


AWAY: list[tuple[str, Callable[[Account], None], str, str]] = [
    ("absent", lambda account: account.says(status="absent"), "absent", "is absent at the provider"),
    ("deleted", lambda account: account.says(status="deleted"), "absent", "is deleted at the provider"),
    ("failed", lambda account: account.says(status="failed"), "failed", "could not be made by the provider"),
    ("never ready", lambda account: account.says(status="processing"), "failed", "is not ready"),
    ("unknown", lambda account: account.fails("recording", NotThere("no")), "absent", "is not there"),
    ("another call's", lambda account: account.says(call_sid="CA" + "1" * 32), "failed", "belongs to another call"),
    ("a page", lambda account: account.sends(b"<html>not found</html>"), "failed", "is no WAV file"),
    ("no sound", lambda account: account.sends(wav(0)), "failed", "holds no sound"),
    ("cut off", lambda account: account.sends(wav(SECONDS)[:-2000]), "failed", "is cut off"),
    ("too long", lambda account: account.sends(wav(SECONDS + 60)), "failed", "lasts 70 s, and the provider said 10 s"),
]


@pytest.mark.parametrize(("change", "status", "why"), [row[1:] for row in AWAY], ids=[row[0] for row in AWAY])
async def test_what_cannot_be_had_is_said_in_the_case_and_is_paged_all_the_same(
    service: Service, change: Callable[[Account], None], status: str, why: str
) -> None:
    change(Account(service))
    await leaves_message(service)
    await passes(service)
    await later(service, timedelta(minutes=20), 14)
    assert message(service)["status"] == status
    (note,) = history(service)
    assert why in note
    assert "message of 10 s" in note
    assert service.count(tables.recordings) == 0
    assert len(at_the_provider(service)) == 1, "only what is kept here is deleted there"
    assert service.row(tables.pages)["case_number"] == service.row(tables.cases)["number"]
    assert f"message {status}" in [event["kind"] for event in service.rows(tables.events)]


async def test_a_provider_that_refuses_for_two_days_is_given_up(service: Service) -> None:
    Account(service).fails("recording", Refused(401, 20003, "the token is wrong"))
    await leaves_message(service)
    await passes(service)
    row = message(service)
    await recordings.fetch_recording(service.runtime, row["recording_sid"], recordings.TWO_DAYS)
    assert message(service)["status"] == "failed"
    assert "the token is wrong" in history(service)[0]


async def test_a_job_that_comes_twice_finds_nothing_to_do(service: Service) -> None:
    await leaves_message(service)
    await passes(service)
    before = message(service)
    Account(service).fails("recording", Busy("nobody should ask"))
    for _ in range(2):
        await recordings.fetch_recording(service.runtime, before["recording_sid"])
        await recordings.delete_recording(service.runtime, before["recording_sid"])
    await recordings.fetch_recording(service.runtime, "RE" + "0" * 32)
    assert message(service) == before


# What was not sent


async def test_a_recording_that_was_replaced_is_deleted_and_the_sent_one_is_kept(service: Service) -> None:
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    await phone.leaves_message(5)
    await phone.presses("2")
    await phone.leaves_message(SECONDS)
    await phone.presses("1")
    await passes(service)
    first, second = service.exchange.recordings
    assert at_the_provider(service) == [first]
    await later(service, timedelta(hours=1), 2)
    assert at_the_provider(service) == []
    assert message(service)["recording_sid"] == second
    assert await is_kept(service)


async def test_a_recording_is_not_deleted_while_its_call_lasts(service: Service) -> None:
    """Its message may yet be sent, by a caller who takes time or a journal that is behind."""
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    await phone.leaves_message(SECONDS)
    await passes(service, 2)
    await later(service, timedelta(minutes=61), 5)
    assert len(at_the_provider(service)) == 1
    await phone.presses("1")
    await passes(service)
    assert await is_kept(service)


async def test_a_recording_of_a_call_whose_end_is_never_told_goes_after_a_day(service: Service) -> None:
    form = {"CallSid": "CA" + "3" * 32, "RecordingSid": "RE" + "4" * 32, "RecordingStatus": "completed"}
    account, deleted = Account(service), []

    async def recording(sid: str) -> RecordingFacts:
        return RecordingFacts(sid, form["CallSid"], "completed", 7)

    async def delete(sid: str) -> None:
        deleted.append(sid)

    account.answers(recording=recording, delete_recording=delete)
    assert (await service.post("/twilio/recording", form)).status_code == 204
    await later(service, timedelta(hours=2), 11)
    assert deleted == []
    await later(service, timedelta(hours=2), 3)
    assert deleted == [form["RecordingSid"]]


async def test_another_calls_recording_is_never_deleted_on_a_webhooks_word(service: Service) -> None:
    await leaves_message(service)
    (recording,) = service.exchange.recordings
    service.exchange.recordings["RE" + "5" * 32] = replace(
        service.exchange.recordings[recording], sid="RE" + "5" * 32, call_sid="CA" + "6" * 32, deleted=False
    )
    form = {"CallSid": "CA" + "3" * 32, "RecordingSid": "RE" + "5" * 32, "RecordingStatus": "completed"}
    await service.post("/twilio/recording", form)
    await later(service, timedelta(hours=27), 2)
    assert at_the_provider(service) == ["RE" + "5" * 32]


async def test_a_provider_that_is_away_deletes_it_when_it_is_back(service: Service) -> None:
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    await phone.leaves_message(5)
    await phone.presses("2")
    await phone.leaves_message(SECONDS)
    await phone.presses("1")
    account = Account(service)
    account.fails("recording", Busy("away"))
    await later(service, timedelta(hours=1), 3)
    account.works_again("recording")
    await later(service, timedelta(hours=1), 1)
    assert at_the_provider(service) == []


# A message whose SID the provider did not tell


async def leaves_unnamed(service: Service, called_back: bool) -> dict[str, str]:
    """The action says how long it lasts and not which it is. Returns the callback, told as well if `called_back`."""
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    recording = "RE" + "7" * 32
    of_call = {"CallSid": phone.call.sid, "From": "+12065550199", "To": "+12063376849", "CallStatus": "in-progress"}
    step = phone.call.requests[-1]
    path = _action_of(step.body)
    await service.post(path, of_call | {"RecordingUrl": "https://nowhere.test/", "RecordingDuration": "10"})
    document = service.documents[-1][1]
    await service.post(_action_of(document), of_call | {"Digits": "1"})
    form = {"CallSid": phone.call.sid, "RecordingSid": recording, "RecordingStatus": "completed"}
    form["RecordingDuration"] = "10"
    service.exchange.recordings[recording] = Recording(recording, phone.call.sid, "", TUESDAY, seconds=SECONDS)
    await phone.hangs_up()
    if called_back:
        await service.post("/twilio/recording", form)
    return form


def _action_of(document: bytes) -> str:
    return document.decode().partition('action="')[2].partition('"')[0].replace("&amp;", "&")


async def test_a_message_without_a_sid_is_fetched_under_the_one_that_the_callback_tells(service: Service) -> None:
    form = await leaves_unnamed(service, called_back=True)
    await passes(service)
    assert message(service)["recording_sid"] == form["RecordingSid"]
    assert await is_kept(service)


async def test_a_message_without_a_sid_fails_in_words_and_a_late_callback_still_brings_it(service: Service) -> None:
    form = await leaves_unnamed(service, called_back=False)
    await later(service, timedelta(minutes=20), 14)
    assert message(service)["status"] == "failed"
    assert "did not tell which one it is" in history(service)[0]
    await service.post("/twilio/recording", form | {"RecordingDuration": "11"})
    await later(service, timedelta(minutes=1))
    assert message(service)["status"] == "failed", "a recording of another length is another recording"
    await service.post("/twilio/recording", form)
    await later(service, timedelta(minutes=1), 2)
    assert await is_kept(service)


@pytest.mark.parametrize("path", ["/twilio/recording", "/twilio/transcription"])
async def test_a_callback_that_is_not_signed_or_names_nothing_changes_nothing(service: Service, path: str) -> None:
    form = {"CallSid": "CA" + "3" * 32, "RecordingSid": "RE" + "4" * 32, "RecordingStatus": "completed"}
    form |= {"TranscriptionStatus": "completed", "TranscriptionText": "hello"}
    assert (await service.post(path, form, signed="wrong")).status_code == 403
    for broken in ({"RecordingSid": "../RE1"}, {"CallSid": ""}, {"TranscriptionStatus": "failed"}):
        status = {"RecordingStatus": "failed"}
        assert (await service.post(path, form | status | broken)).status_code == 204
    assert service.count(tables.jobs, tables.voicemails) == 0
