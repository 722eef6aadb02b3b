"""The sound of a message: fetched from the provider by its SID, kept with us, and only then deleted there.

Each step is a job that is committed with the step before it, and finds nothing to do the second time. A recording that
is not ready, or a provider that is away, is looked for again after growing pauses.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import structlog

from app.provider import wav
from app.provider.rest import NotThere, ProviderError, RecordingFacts
from app.runtime import Runtime
from app.store import cases, events, voicemails
from app.store.cases import Update
from app.store.rows import Row
from app.store.sounds import SID
from app.store.voicemails import Kept, Lost

log = structlog.get_logger()
# The longest message is 5 minutes, which is 5 MB of telephone sound.
LARGEST = 20 * 1024 * 1024
# By which a recording may be longer than the provider said.
SECONDS_MORE = 5
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
# Looks with these pauses: together an hour, for a recording that is still to come …
AN_HOUR = 12
# … and two days for a provider that is away or refuses us: it may need a person who mends it.
TWO_DAYS = 300


@dataclass(frozen=True, slots=True)
class Sound:
    audio: bytes


@dataclass(frozen=True, slots=True)
class NotYet:
    """To be looked for again, so many times in all; after the last it is lost. `reason` ends "The recording …"."""

    reason: str
    looks: int = AN_HOUR
    after: Lost = "failed"


@dataclass(frozen=True, slots=True)
class Gone:
    """Not to be had, whenever one looks."""

    how: Lost
    reason: str


Outcome = Sound | NotYet | Gone


async def fetch_recording(runtime: Runtime, recording: str, looks: int = 0) -> None:
    """A job, from the turn that keeps the message. `looks` counts those that came to nothing."""
    async with runtime.database.reading() as tx:
        row = await voicemails.one(tx, recording)
    if row is None or row["status"] != "expected":
        return
    outcome = await _fetch(runtime, row)
    if isinstance(outcome, Sound):
        try:
            await _keep(runtime, row, outcome.audio)
            return
        except OSError as error:
            log.error("a recording cannot be kept", recording=recording, reason=str(error))
            outcome = NotYet("could not be kept here: the disk does not take it", TWO_DAYS)
    match outcome:
        case NotYet(reason, most, _) if looks < most:
            log.info("a recording is looked for again", recording=recording, reason=reason)
            await look_again(runtime, "fetch_recording", looks, recording=recording)
        case NotYet(reason, _, how) | Gone(how, reason):
            await _give_up(runtime, row, how, reason)
        case _:
            assert_never(outcome)


async def _fetch(runtime: Runtime, message: Row) -> Outcome:
    """By its SID only: an address that was sent to us is never asked for."""
    recording = message["recording_sid"]
    if not SID.fullmatch(recording):
        return NotYet("has no name: the provider did not tell which one it is")
    try:
        facts = await runtime.provider.recording(recording)
        if facts.call_sid not in ("", message["call_sid"]):
            return Gone("failed", "belongs to another call, as the provider says")
        match facts.status:
            case "completed":
                audio = await runtime.provider.audio(recording, LARGEST)
                return _checked(audio, facts, message)
            case "absent" | "deleted" as status:
                return Gone("absent", f"is {status} at the provider")
            case "failed":
                return Gone("failed", "could not be made by the provider")
            case status:
                return NotYet(f"is not ready at the provider ({status})")
    except NotThere:
        return NotYet("is not there at the provider", after="absent")
    except ProviderError as error:
        return NotYet(f"cannot be fetched: {error}", TWO_DAYS)


def _checked(audio: bytes, facts: RecordingFacts, message: Row) -> Outcome:
    try:
        seconds = wav.seconds_of(audio)
    except wav.NotSound as error:
        return NotYet(str(error))
    # Shorter is well: silence is cut away.
    told = max(facts.seconds, message["duration"])
    if seconds > told + SECONDS_MORE:
        return NotYet(f"lasts {seconds:.0f} s, and the provider said {told} s")
    return Sound(audio)


async def _keep(runtime: Runtime, message: Row, audio: bytes) -> None:
    recording, now = message["recording_sid"], runtime.now()
    place = await runtime.sounds.keep(recording, audio)
    kept = Kept(now, place, len(audio), hashlib.sha256(audio).hexdigest())
    async with runtime.database.transaction() as tx:
        if not await voicemails.mark_kept(tx, recording, kept):
            return
        await events.note(tx, now, "message kept", f"case {message['case_number']}", recording=recording)
        await runtime.jobs.defer(tx, "delete_recording", recording=recording)
        if runtime.transcriber is not None:
            await runtime.jobs.defer(tx, "transcribe_recording", recording=recording)
    runtime.jobs.wake()


async def _give_up(runtime: Runtime, message: Row, how: Lost, reason: str) -> None:
    """The case's history says so. Whoever is paged is paged on: somebody has asked for help."""
    recording, now = message["recording_sid"], runtime.now()
    async with runtime.database.transaction() as tx:
        if not await voicemails.mark_lost(tx, recording, how):
            return
        note = f"The message of {message['duration']} s that the caller left cannot be heard. The recording {reason}."
        entry = Update(f"{recording}/{how}", now, "phone", "message", note)
        await cases.add_update(tx, message["case_number"], entry)
        await events.note(tx, now, f"message {how}", f"case {message['case_number']}", recording=recording)
    log.error("a message cannot be heard", recording=recording, reason=f"the recording {reason}")


async def delete_recording(runtime: Runtime, recording: str, looks: int = 0) -> None:
    """A job: the provider deletes what we have kept, once it was read back and is the same."""
    async with runtime.database.reading() as tx:
        row = await voicemails.one(tx, recording)
    if row is None or row["status"] != "kept" or row["deleted_there_at"] is not None:
        return
    audio = await runtime.sounds.read(recording, row["place"])
    if audio is None or hashlib.sha256(audio).hexdigest() != row["sha256"]:
        log.error("a recording is not as it was kept, and stays at the provider", recording=recording)
        return
    try:
        await runtime.provider.delete_recording(recording)
    except ProviderError as error:
        if looks < TWO_DAYS:
            await look_again(runtime, "delete_recording", looks, recording=recording)
        else:
            log.error("a recording stays at the provider: delete it there", recording=recording, reason=str(error))
        return
    async with runtime.database.transaction() as tx:
        await voicemails.mark_deleted_there(tx, recording, runtime.now())


async def look_again(runtime: Runtime, job: str, looks: int, *, recording: str, **args: str | int) -> None:
    """The same job later, and later each time."""
    pause = min(FIRST_PAUSE * 2 ** min(looks, 10), LONGEST_PAUSE)
    async with runtime.database.transaction() as tx:
        at, key = runtime.now() + pause, f"{job} {recording} {looks + 1}"
        await runtime.jobs.defer(tx, job, at=at, key=key, recording=recording, looks=looks + 1, **args)
