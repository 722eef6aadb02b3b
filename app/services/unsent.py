"""Recordings that nobody sent: replaced by a second one, or left behind. The provider must not keep them.

It tells of every recording that it makes. One that no message refers to an hour after its call is deleted there.
"""

from datetime import datetime, timedelta

import structlog

from app.provider.rest import NotThere, ProviderError
from app.runtime import Runtime
from app.services import recordings
from app.store import events, voicemails
from app.store.database import Transaction

log = structlog.get_logger()
# By then every message that was sent is written, also one that waited in the journal.
AFTER_THE_CALL = timedelta(hours=1)
# A call whose end nobody told is over by then.
LONGEST_CALL = timedelta(days=1)
JOB = "delete_unsent"


async def told_of(runtime: Runtime, call_sid: str, recording: str, seconds: int) -> None:
    """The provider has made a recording. The caller may yet send it, replace it, or leave."""
    async with runtime.database.transaction() as tx:
        if not await _is_sent(runtime, tx, call_sid, recording, seconds):
            now = runtime.now()
            await _look_at(runtime, tx, now + AFTER_THE_CALL, recording, call_sid, seconds, now.isoformat())
    runtime.jobs.wake()


async def delete_unsent(runtime: Runtime, recording: str, call: str, seconds: int, told: str, looks: int = 0) -> None:
    """A job: looks, until the call is long over, whether it was sent. If not, it is deleted at the provider."""
    async with runtime.database.transaction() as tx:
        if await _is_sent(runtime, tx, call, recording, seconds):
            return
        ended = await voicemails.call_ended_at(tx, call) or datetime.fromisoformat(told) + LONGEST_CALL
        if (now := runtime.now()) < ended + AFTER_THE_CALL:
            at = min(ended, now) + AFTER_THE_CALL
            await _look_at(runtime, tx, at, recording, call, seconds, told)
            return
    try:
        await _delete(runtime, recording, call)
    except ProviderError as error:
        if looks < recordings.TWO_DAYS:
            args: dict[str, str | int] = {"call": call, "seconds": seconds, "told": told}
            await recordings.look_again(runtime, JOB, looks, recording=recording, **args)
        else:
            log.error("a recording stays at the provider: delete it there", recording=recording, reason=str(error))


async def _look_at(
    runtime: Runtime, tx: Transaction, at: datetime, recording: str, call: str, seconds: int, told: str
) -> None:
    key = f"{JOB} {recording}"
    await runtime.jobs.defer(tx, JOB, at=at, key=key, recording=recording, call=call, seconds=seconds, told=told)


async def _is_sent(runtime: Runtime, tx: Transaction, call_sid: str, recording: str, seconds: int) -> bool:
    """Whether a message refers to it. One whose recording had no name yet has it from now on, and is fetched."""
    if await voicemails.one(tx, recording) is not None:
        return True
    if not await voicemails.learn_sid(tx, call_sid, recording, seconds):
        return False
    await runtime.jobs.defer(tx, "fetch_recording", recording=recording)
    return True


async def _delete(runtime: Runtime, recording: str, call: str) -> None:
    """Nothing is deleted on a webhook's word alone: the provider itself has to say that it is this call's."""
    try:
        facts = await runtime.provider.recording(recording)
    except NotThere:
        return
    if facts.call_sid not in ("", call):
        log.error("a recording is another call's, and stays", recording=recording, call_sid=call)
        return
    await runtime.provider.delete_recording(recording)
    async with runtime.database.transaction() as tx:
        await events.note(tx, runtime.now(), "unsent recording deleted", f"call {call}", recording=recording)
