"""A page is accepted: it stops, once, whoever is first."""

from datetime import datetime, timedelta

from app.runtime import Runtime
from app.services import legs
from app.services.page_words import write_down
from app.services.refusals import Conflict, Missing
from app.store import audit, pages, places
from app.store.database import Transaction
from app.store.rows import Row


async def accept(runtime: Runtime, page_id: str, who: str) -> None:
    """Somebody accepts without a phone, by the desk or the API; again by the same person it changes nothing.

    Nobody is connected by it: whoever waits keeps the place, and an S1 whom nobody has taken by the time in which an
    agent should have is paged for again. Raises Missing, and Conflict when it is another's.
    """
    now = runtime.now()
    async with runtime.database.transaction() as tx:
        page = await pages.locked(tx, page_id)
        if page is None:
            raise Missing(f"page {page_id}")
        if page["accepted_at"] is None:
            await close(runtime, tx, page, who, "page accepted", f"{who} accepted the page")
            await runtime.jobs.defer(tx, "look_at_page", at=now + _patience(runtime), page=page_id)
            await audit.note(tx, audit.Entry(now, who, "page accepted", f"case {page['case_number']}"))
        elif page["accepted_by"] != who:
            raise Conflict(f"{page['accepted_by']} has accepted this page already: see case {page['case_number']}.")
    runtime.jobs.wake()


async def by_contact(runtime: Runtime, tx: Transaction, page: Row, attempt: Row) -> bool:
    """A contact accepts by key. Whether the page is theirs: by this key, or by the same one sent before."""
    now = runtime.now()
    current = await pages.locked(tx, page["id"])
    # The same key may have come twice at once: what it did is seen only now.
    mine = await pages.one_try(tx, attempt["id"])
    if mine is not None and mine["result"] == "accepted":
        return True
    if current is None or current["accepted_at"] is not None:
        return False
    await story_of_contact(tx, page, attempt, now)
    await pages.change(tx, page["id"], accepted_at=now, accepted_by=attempt["contact"], next_at=None)
    await settle(runtime, tx, page)
    return True


async def story_of_contact(tx: Transaction, page: Row, attempt: Row, now: datetime) -> None:
    """The try ends as accepted; the case says so. Nothing the second time."""
    if await pages.end_try(tx, attempt["id"], "accepted", now):
        entry = f"{attempt['tier']}.{attempt['round']}.{attempt['rung']}/accepted"
        await write_down(tx, page, now, entry, "page accepted", f"{attempt['contact']} accepted the page")


async def close(runtime: Runtime, tx: Transaction, page: Row, who: str, event: str, note: str) -> None:
    """A locked, open page ends."""
    now = runtime.now()
    await pages.change(tx, page["id"], accepted_at=now, accepted_by=who, next_at=None)
    # Open again after a line was lost, it may be accepted another time.
    await write_down(tx, page, now, f"{page['round']}/closed {now.timestamp():.3f}", event, note)
    await settle(runtime, tx, page)


async def settle(runtime: Runtime, tx: Transaction, page: Row) -> None:
    """What follows on an accepted page: phones that ring for it stop, and pages that it stood for are looked at."""
    for attempt in await pages.tries_of(tx, page["id"]):
        if attempt["ended_at"] is None and await pages.end_try(tx, attempt["id"], "taken", runtime.now()):
            await legs.drop(runtime, tx, "page", attempt["id"])
    for other in await pages.merged(tx, page["tier"]):
        await runtime.jobs.defer(tx, "look_at_page", page=other)
    await _unless_taken(runtime, tx, page)


async def _unless_taken(runtime: Runtime, tx: Transaction, page: Row) -> None:
    """A page that was accepted a while ago, for an S1 who waits as before, is open again."""
    accepted = page["accepted_at"]
    place = await places.one(tx, page["call_sid"]) if page["call_sid"] else None
    if accepted is None or place is None or runtime.now() < accepted + _patience(runtime):
        return
    if place["severity"] == "S1" and place["taken_by"] is None:
        await open_again(runtime, tx, page, place, f"nobody has taken the call since {page['accepted_by']} accepted")


def _patience(runtime: Runtime) -> timedelta:
    return runtime.flows.waiting.limit("S1")


async def open_again(runtime: Runtime, tx: Transaction, page: Row, place: Row, why: str) -> None:
    """A locked page that was accepted climbs from the start, unless another has been opened for the call by now."""
    if await pages.is_paged(tx, place["call_sid"]):
        return
    now = runtime.now()
    # A callback that was tried is not tried again before its time.
    at = max(now, place["due_at"] or now)
    again = {"climbs": page["tier"], "round": page["round"] + 1, "rung": 0, "next_at": at}
    await pages.change(tx, page["id"], accepted_at=None, accepted_by=None, **again)
    await runtime.jobs.defer(tx, "look_at_page", at=at, page=page["id"])
    entry = f"{again['round']}/again"
    await write_down(tx, page, now, entry, "page opened again", f"{why}: the page is open again")
