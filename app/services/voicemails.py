"""Messages, as the desk asks for them. Each listening is in the audit log."""

from app.runtime import Runtime
from app.services.refusals import Conflict, Missing
from app.store import audit, voicemails
from app.store.paging import Page
from app.store.rows import Row
from app.store.voicemails import Filters

WHY_NOT = {
    "absent": "sound of this message: the provider had none, and the case's history says so",
    "failed": "sound of this message: it could not be fetched, and the case's history says why",
}


async def listed(runtime: Runtime, filters: Filters, cursor: str | None, limit: int) -> Page:
    async with runtime.database.reading() as tx:
        return await voicemails.listed(tx, filters, cursor, limit)


async def one(runtime: Runtime, recording: str) -> Row:
    """Raises Missing."""
    async with runtime.database.reading() as tx:
        found = await voicemails.one(tx, recording)
    if found is None:
        raise Missing(f"message {recording}")
    return found


async def audio(runtime: Runtime, actor: str, recording: str) -> bytes:
    """The sound, for somebody who is written down as a listener first. Raises Missing, and Conflict while it comes."""
    message = await one(runtime, recording)
    status = message["status"]
    if status == "expected":
        raise Conflict("The message is still being fetched from the provider: try again in a minute.")
    if status in WHY_NOT:
        raise Missing(WHY_NOT[status])
    sound = await runtime.sounds.read(recording, message["place"])
    if sound is None:
        raise Missing("sound of this message where it was kept: tell the operator")
    async with runtime.database.transaction() as tx:
        case = f"case {message['case_number']}"
        await audit.note(tx, audit.Entry(runtime.now(), actor, "message listened to", f"message {recording}", case))
    return sound
