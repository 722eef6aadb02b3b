"""A message as text, from the provider or from an engine of our own.

It is a hint at what was said, and text from outside: it is cleaned, bounded, and never markup.
"""

import structlog

from app.provider.transcribers import CannotTranscribe
from app.runtime import Runtime
from app.services import recordings
from app.store import events, voicemails
from app.store.database import Transaction
from app.store.rows import Row

log = structlog.get_logger()
LONGEST = 4_000
BY_PROVIDER = "provider"


async def keep_transcript(runtime: Runtime, recording: str, call: str, text: str, looks: int = 0) -> None:
    """What the provider has heard in a recording, and a job: the message may be sent, or written, only later."""
    text = cleaned(text)
    if not text:
        return
    async with runtime.database.transaction() as tx:
        message = await voicemails.one(tx, recording)
        if message is not None:
            if message["call_sid"] == call:
                await _add(runtime, tx, message, text, BY_PROVIDER)
            return
    # What was never sent needs no text.
    if looks < recordings.AN_HOUR:
        await recordings.look_again(runtime, "keep_transcript", looks, recording=recording, call=call, text=text)


async def transcribe_recording(runtime: Runtime, recording: str) -> None:
    """A job, once the sound is kept: our own engine listens to it."""
    async with runtime.database.reading() as tx:
        message = await voicemails.one(tx, recording)
    if runtime.transcriber is None or message is None or message["transcript"] is not None:
        return
    audio = await runtime.sounds.read(recording, message["place"])
    if audio is None:
        return
    try:
        text = cleaned(await runtime.transcriber.transcribe(audio))
    except CannotTranscribe as error:
        log.warning("a message stays without a transcript", recording=recording, reason=str(error))
        return
    async with runtime.database.transaction() as tx:
        await _add(runtime, tx, message, text, runtime.transcriber.name)


def cleaned(text: str) -> str:
    """On one line, without what cannot be seen, and not without end."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:LONGEST].strip()


async def _add(runtime: Runtime, tx: Transaction, message: Row, text: str, by: str) -> None:
    """The first one stays."""
    recording, case = message["recording_sid"], message["case_number"]
    if await voicemails.add_transcript(tx, recording, text, by):
        await events.note(tx, runtime.now(), "message transcribed", f"case {case}", recording=recording)
