"""The caller was gone when somebody pressed 1 (agents.md, "An offer"): the answerer is told, and an S1 is rung back."""

from contextlib import suppress

from app.provider.rest import NotThere
from app.runtime import Runtime
from app.services import legs, talks
from app.store import calls, events, places
from app.store import legs as leg_rows
from app.store.rows import Row


async def caller_has_gone(runtime: Runtime, talk: Row) -> None:
    """The provider does not find the caller in the queue. May be since an earlier request did take them out."""
    async with runtime.database.transaction() as tx:
        current = await places.talk(tx, talk["id"])
        if current is None or current["ended_at"] is not None or current["connected_at"] is not None:
            return
        place = await places.locked(tx, talk["call_sid"])
        call = await calls.one(tx, talk["call_sid"])
        number = _to_ring_back(runtime, place, call)
        if number is not None:
            await places.change(tx, talk["call_sid"], kind="callback", number=number, entered=None)
            await events.note(tx, runtime.now(), "ringing back", f"case {talk['case_number']}", who=talk["who"])
            await runtime.jobs.defer(tx, "call_partner", talk=talk["id"])
            return
        await talks.end(runtime, tx, talk, "gone")
        await places.caller_left(tx, talk["call_sid"], talk["case_number"], None)
        await places.remove(tx, talk["call_sid"])
        leg = await leg_rows.one(tx, talk["leg"])
    if leg is not None and leg["sid"] is not None:
        with suppress(NotThere):
            await runtime.provider.redirect(leg["sid"], runtime.address(legs.url_of("gone", leg["key"])))


def _to_ring_back(runtime: Runtime, place: Row | None, call: Row | None) -> str | None:
    """The number of an S1 caller, where it may be dialled."""
    if place is None or call is None or place["severity"] != "S1":
        return None
    return talks.to_dial(runtime, call)
