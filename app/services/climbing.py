"""A page climbs the ladder on duty until somebody accepts. The rules are in `domain.paging`; here they are carried out.

Each look takes one step, and defers the next for the moment at which it is due. A look that comes twice, late, or for a
page that is accepted finds nothing more to do.
"""

from datetime import datetime, timedelta
from typing import assert_never

from app.domain import paging as rules
from app.domain.paging import Climb, Held, RoundOver, Rung
from app.runtime import Runtime
from app.services import accepting, page_words, reaching
from app.services.page_words import write_down
from app.store import cases, pages, places
from app.store.database import Transaction
from app.store.places import Waits
from app.store.rows import Row

LATE = timedelta(minutes=1)
TIME_IS_OVER = "did not answer in time"


async def page_for_waiting(runtime: Runtime, tx: Transaction, waits: Waits) -> None:
    """The contacts on duty are paged for a call that nobody has taken: one page a call."""
    call_sid, now = waits.place.call_sid, runtime.now()
    await places.change(tx, call_sid, paged=True)
    if await pages.is_paged(tx, call_sid):
        return
    id_ = f"{call_sid}/waits/{now.timestamp():.0f}"
    reason = f"nobody has taken this {waits.place.severity} call yet"
    if await pages.add(
        tx, id_, case_number=waits.case_number, tier=waits.tier, reason=reason, call_sid=call_sid, at=now
    ):
        await runtime.jobs.defer(tx, "look_at_page", page=id_)


async def look_at_page(runtime: Runtime, page: str) -> None:
    """A job: one step."""
    now = runtime.now()
    async with runtime.database.transaction() as tx:
        row = await pages.one(tx, page)
        case = await cases.one(tx, row["case_number"]) if row else None
        if row is None or case is None:
            return
        if row["climbs"] is None and not case["verified"]:
            row = await _admitted(runtime, tx, row, now)
        else:
            row = await pages.locked(tx, page)
        if row is not None:
            await _look(runtime, tx, row, case, now)
    runtime.jobs.wake()


async def look_for_late(runtime: Runtime, tx: Transaction) -> None:
    """A ladder goes on even where its own look was lost, to a fault that lasted longer than a job is tried again."""
    for page in await pages.late(tx, runtime.now() - LATE):
        await runtime.jobs.defer(tx, "look_at_page", key=f"late {page}", page=page)


async def _look(runtime: Runtime, tx: Transaction, page: Row, case: Row, now: datetime) -> None:
    if page["accepted_at"] is not None:
        await accepting.settle(runtime, tx, page)
    elif page["next_at"] is None or page["next_at"] > now:
        return
    elif settled := await _needs_nobody(tx, page, case):
        await accepting.close(runtime, tx, page, settled, "page closed", f"the page is closed: {settled}")
    else:
        await _climb(runtime, tx, page, case, now)


async def _needs_nobody(tx: Transaction, page: Row, case: Row) -> str | None:
    """Why a page is without an object, although nobody on duty accepted it."""
    if case["status"] == "resolved":
        return "the case is resolved"
    if page["call_sid"] is None or case["status"] != "in_progress":
        return None
    return "somebody has taken the call" if await places.one(tx, page["call_sid"]) is None else None


async def _admitted(runtime: Runtime, tx: Transaction, page: Row, now: datetime) -> Row | None:
    """The page for an unverified caller, where it may climb now: else another stands for it, or it is held back."""
    group = await pages.of_unverified_locked(tx, page["tier"])
    own = next((row for row in group if row["id"] == page["id"]), None)
    if own is None or own["climbs"] is not None:
        return await pages.locked(tx, page["id"])
    if own["next_at"] is not None and own["next_at"] > now:
        return None
    first = next((row for row in group if row["climbs"] is not None), None)
    begun = await pages.begun_since(tx, page["tier"], now - rules.HOUR)
    match rules.unverified(first is not None, begun, now):
        case "open":
            return {**own, "next_at": now}
        case "merge":
            await _merge(tx, own, first, now)
        case Held(until):
            await _hold(runtime, tx, own, until, now)
    return None


async def _merge(tx: Transaction, page: Row, into: Row | None, now: datetime) -> None:
    """The other page stands for this one too, until somebody accepts it."""
    if page["next_at"] is None or into is None:
        return
    await pages.change(tx, page["id"], next_at=None)
    await pages.change(tx, into["id"], merged=into["merged"] + 1)
    note = f"another page for Tier {page['tier']} is open, and stands for this one"
    await write_down(tx, page, now, f"merged {now.timestamp():.3f}", "page merged", note)


async def _hold(runtime: Runtime, tx: Transaction, page: Row, until: datetime, now: datetime) -> None:
    await pages.change(tx, page["id"], next_at=until)
    await runtime.jobs.defer(tx, "look_at_page", at=until, page=page["id"])
    many = f"{rules.PAGES_AN_HOUR} pages for callers without a partner ID within an hour"
    note = f"{many}: held back until {until:%H:%M} UTC"
    await write_down(tx, page, now, f"held {now.timestamp():.3f}", "page held", note)


async def _climb(runtime: Runtime, tx: Transaction, page: Row, case: Row, now: datetime) -> None:
    tries = await pages.tries_of(tx, page["id"])
    for attempt in tries:
        await ended(tx, page, attempt, "missed", TIME_IS_OVER, now)
    climb = Climb(page["climbs"], page["round"], page["rung"]) if page["round"] else None
    reached = {attempt["phone"] for attempt in tries if attempt["round"] == page["round"]}
    step = rules.next_rung(runtime.flows.ladders, page["tier"], case["region"], case["severity"], climb, now, reached)
    there = step.climb
    await pages.change(tx, page["id"], climbs=there.tier, round=there.round, rung=there.rung, next_at=step.next_at)
    await runtime.jobs.defer(tx, "look_at_page", at=step.next_at, page=page["id"])
    match step:
        case Rung():
            await _reach(runtime, tx, page, case, step, now)
        case RoundOver():
            await _alarm(tx, page, step, now)
        case _:
            assert_never(step)


async def _reach(runtime: Runtime, tx: Transaction, page: Row, case: Row, step: Rung, now: datetime) -> None:
    contact, climb = step.contact, step.climb
    entry = f"{climb.tier}.{climb.round}.{climb.rung}"
    id_ = f"{page['id']}/{entry}"
    await pages.add_try(
        tx,
        {
            "id": id_,
            "page_id": page["id"],
            "contact": contact.name,
            "phone": contact.phone,
            "tier": climb.tier,
            "round": climb.round,
            "rung": climb.rung,
            "at": now,
        },
    )
    ways = await reaching.tell(runtime, tx, contact, page_words.notice(runtime, page, case, id_))
    note = f"{page_words.who(contact, climb.tier)} is told by {', '.join(ways)}: {page['reason']}"
    await write_down(tx, page, now, f"{entry}/rung", "page rung", note)


async def _alarm(tx: Transaction, page: Row, step: RoundOver, now: datetime) -> None:
    await pages.change(tx, page["id"], alarmed_at=now)
    over = step.climb.round - 1
    note = f"nobody on duty accepted in round {over}; the next begins at {step.next_at:%H:%M} UTC"
    await write_down(tx, page, now, f"{over}/alarm", "page alarm", note)


async def ended(tx: Transaction, page: Row, attempt: Row, result: str, how: str, now: datetime) -> bool:
    """A try ends, once, and the case says how. Whether it was still open."""
    if attempt["ended_at"] is not None or not await pages.end_try(tx, attempt["id"], result, now):
        return False
    entry = f"{attempt['tier']}.{attempt['round']}.{attempt['rung']}/{result}"
    await write_down(tx, page, now, entry, f"page {result}", f"{attempt['contact']} {how}")
    return True
