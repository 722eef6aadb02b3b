"""Messages that were left. A turn writes the row of one (`statements`); what becomes of it is written here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, select, update

from app.store.database import Transaction
from app.store.paging import Key, Moment, Order, Page, page
from app.store.rows import Row, first
from app.store.tables import calls, voicemails

NEWEST = Order((voicemails.c.recorded_at, voicemails.c.recording_sid), tuple[Moment, Key], newest_first=True)
SHOWN = select(*voicemails.c, calls.c.caller).outerjoin(calls, calls.c.call_sid == voicemails.c.call_sid)
Status = Literal["expected", "kept", "absent", "failed"]
Lost = Literal["absent", "failed"]


@dataclass(frozen=True, slots=True)
class Filters:
    """Which messages are meant; None is any."""

    case_number: str | None = None
    call_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the sound of a message is, and what it is: `size` in bytes."""

    at: datetime
    place: str
    size: int
    sha256: str


async def listed(tx: Transaction, filters: Filters, cursor: str | None, limit: int) -> Page:
    """Messages with their caller, the newest first."""
    wanted = [voicemails.c[name] == getattr(filters, name) for name in filters.__slots__ if getattr(filters, name)]
    return await page(tx, SHOWN.where(*wanted), NEWEST, cursor, limit)


async def one(tx: Transaction, recording: str) -> Row | None:
    """A message with its caller."""
    return await first(tx, SHOWN.where(voicemails.c.recording_sid == recording))


async def mark_kept(tx: Transaction, recording: str, kept: Kept) -> bool:
    """Its sound is with us. False where that is known already."""
    values = {"fetched_at": kept.at, "place": kept.place, "size": kept.size, "sha256": kept.sha256}
    return await _change(tx, recording, voicemails.c.status == "expected", status="kept", **values)


async def mark_lost(tx: Transaction, recording: str, how: Lost) -> bool:
    """Its sound is not to be had. False where it is not expected any more."""
    return await _change(tx, recording, voicemails.c.status == "expected", status=how)


async def mark_deleted_there(tx: Transaction, recording: str, at: datetime) -> bool:
    """The provider has it no longer. False where that is known already."""
    return await _change(tx, recording, voicemails.c.deleted_there_at.is_(None), deleted_there_at=at)


async def add_transcript(tx: Transaction, recording: str, text: str, by: str) -> bool:
    """The first transcript is the one that stays. False where there is one."""
    return await _change(tx, recording, voicemails.c.transcript.is_(None), transcript=text, transcribed_by=by)


async def learn_sid(tx: Transaction, call_sid: str, recording: str, seconds: int) -> bool:
    """A message that was kept under its turn, because the provider did not tell its SID, has it from now on.

    It is known by its call and its length. False where there is none, or the SID is another message's already.
    """
    if await one(tx, recording) is not None:
        return False
    unnamed = (
        select(voicemails.c.recording_sid)
        .where(
            voicemails.c.call_sid == call_sid,
            voicemails.c.recording_sid.not_like("RE%"),
            voicemails.c.duration == seconds,
            voicemails.c.status.in_(("expected", "failed")),
        )
        .order_by(voicemails.c.recorded_at)
        .limit(1)
        .with_for_update()
    )
    found = await tx.scalar(unnamed)
    if found is None:
        return False
    return await _change(tx, found, voicemails.c.call_sid == call_sid, recording_sid=recording, status="expected")


async def call_ended_at(tx: Transaction, call_sid: str) -> datetime | None:
    """When a call ended; None while it has not, as far as is written."""
    ended: datetime | None = await tx.scalar(select(calls.c.ended_at).where(calls.c.call_sid == call_sid))
    return ended


async def _change(tx: Transaction, recording: str, still: ColumnElement[bool], **values: Any) -> bool:
    this = voicemails.c.recording_sid == recording
    return (await tx.execute(update(voicemails).where(this, still).values(**values))).rowcount == 1
