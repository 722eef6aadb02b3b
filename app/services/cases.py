"""What a portal or an agent does with a case: opens it, writes an update, escalates it, resolves it.

Each is one transaction that holds the case, its history and the audit log. `Repeat` makes a request that is sent twice
(the answer to the first was lost) change something once: it names the entry of the history that the request writes.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from app.domain import targets
from app.domain.cases import ENDED
from app.runtime import Runtime
from app.services import case_drafts
from app.services.case_drafts import NewCase
from app.services.refusals import Conflict, Missing, Unfit
from app.store import audit, callbacks, cases, pages
from app.store.database import Transaction
from app.store.hot import NumberTaken
from app.store.paging import Page
from app.store.rows import Row

T = TypeVar("T")
Writer = Literal["person", "partner", "system"]
# Two cases draw the same number once in a billion; more than a few times in a row is a fault.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done to a case: by whom, with what words. Only what a person of support writes moves the clocks."""

    actor: str
    note: str = ""
    author: str | None = None
    written_by: Writer = "person"
    repeat: str | None = None

    @property
    def id(self) -> str:
        """Of the entry that this writes."""
        if self.repeat is None:
            return secrets.token_hex(16)
        return hashlib.sha256(f"{self.actor}\n{self.repeat}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Change:
    """A deed about to be written, under the id of its entry."""

    deed: Deed
    id: str
    kind: str
    at: datetime


async def listed(runtime: Runtime, filters: cases.Filters, cursor: str | None, limit: int) -> Page:
    async with runtime.database.reading() as tx:
        return await cases.listed(tx, filters, cursor, limit)


async def one(runtime: Runtime, number: str) -> Row:
    """Raises Missing."""
    async with runtime.database.reading() as tx:
        return _there(await cases.one(tx, number), number)


async def history(runtime: Runtime, number: str, cursor: str | None, limit: int) -> Page:
    """The updates of a case. Raises Missing."""
    async with runtime.database.reading() as tx:
        _there(await cases.one(tx, number), number)
        return await cases.updates_of(tx, number, cursor, limit)


async def create(runtime: Runtime, wanted: NewCase, deed: Deed) -> Row:
    """Opens a case. Raises Unfit."""
    draft = await case_drafts.draw_up(runtime, wanted, runtime.now())
    change = _Change(deed, deed.id, "opened", draft.values["opened_at"])
    origin = secrets.token_hex(16)

    async def attempt(count: int) -> Row:
        async with runtime.database.transaction() as tx:
            if earlier := await _earlier(tx, change, None):
                return earlier
            values = {**draft.values, "number": runtime.case_number(origin, count)}
            case = await cases.add(tx, values)
            await _write_down(tx, change, case)
            if draft.page:
                reason = f"{wanted.severity} while every region is closed"
                await _add_page(runtime, tx, change, case, reason)
            return case

    return await _until_free(attempt)


async def write_update(runtime: Runtime, number: str, deed: Deed) -> Row:
    """Raises Missing, and Conflict when the case has ended."""

    def values(case: Row, now: datetime) -> dict[str, Any]:
        if deed.written_by != "person":
            return {}
        # A caller who waits, a callback that was promised, an escalation: those stay what they are.
        status = "in_progress" if case["status"] == "open" else case["status"]
        return {**_responded(case, now), "status": status, "next_update_due_at": _next_update(runtime, case, now)}

    return await _change(runtime, number, deed, "update", values)


async def escalate(runtime: Runtime, number: str, deed: Deed) -> Row:
    """Pages the contacts on duty. Raises Missing, and Conflict when the case has ended or is being paged already."""
    return await _change(runtime, number, deed, "escalated", lambda case, now: {"status": "escalated"})


async def resolve(runtime: Runtime, number: str, deed: Deed) -> Row:
    """Raises Missing, and Conflict when the case has ended."""

    def values(case: Row, now: datetime) -> dict[str, Any]:
        responded = _responded(case, now) if deed.written_by == "person" else {}
        ended = {"status": "resolved", "resolved_at": now, "next_update_due_at": None}
        return {**responded, **ended}

    return await _change(runtime, number, deed, "resolved", values)


async def _change(
    runtime: Runtime, number: str, deed: Deed, kind: str, values: Callable[[Row, datetime], dict[str, Any]]
) -> Row:
    change = _Change(deed, deed.id, kind, runtime.now())

    async def attempt(_: int) -> Row:
        async with runtime.database.transaction() as tx:
            if kind == "resolved" and await callbacks.withdraw(tx, number):
                # Nobody need be called back, and a phone that rings for it stops.
                await runtime.jobs.defer(tx, "dispatch", key="dispatch")
            case = _there(await cases.locked(tx, number), number)
            if earlier := await _earlier(tx, change, number):
                return earlier
            _refuse_ended(case)
            if kind == "escalated":
                await _page(runtime, tx, change, case)
            if changed := values(case, change.at):
                case = await cases.change(tx, number, changed)
            await _write_down(tx, change, case)
            return case

    return await _until_free(attempt)


async def _until_free(attempt: Callable[[int], Awaitable[T]]) -> T:
    """Tries again with the next number, or after the same request has just been written by another."""
    for count in range(TRIES - 1):
        try:
            return await attempt(count)
        except NumberTaken:
            continue
    return await attempt(TRIES - 1)


async def _earlier(tx: Transaction, change: _Change, number: str | None) -> Row | None:
    """The case as it is now, when this very request was carried out before."""
    if change.deed.repeat is None or (entry := await cases.update_with_id(tx, change.id)) is None:
        return None
    same = (entry["kind"], entry["note"]) == (change.kind, change.deed.note)
    if not same or number not in (None, entry["case_number"]):
        raise Unfit(**{"Idempotency-Key": "was used for another request; give each request a key of its own"})
    return await cases.one(tx, entry["case_number"])


async def _write_down(tx: Transaction, change: _Change, case: Row) -> None:
    deed = change.deed
    author = deed.author or deed.actor
    await cases.add_update(tx, case["number"], cases.Update(change.id, change.at, author, change.kind, deed.note))
    await audit.note(tx, audit.Entry(change.at, deed.actor, f"case {change.kind}", f"case {case['number']}"))


async def _page(runtime: Runtime, tx: Transaction, change: _Change, case: Row) -> None:
    if case["status"] == "escalated" and await cases.is_being_paged(tx, case["number"]):
        raise Conflict(
            f"Case {case['number']} is escalated, and its contacts are being paged: wait until one accepts, "
            "or write an update."
        )
    await _add_page(runtime, tx, change, case, change.deed.note)


async def _add_page(runtime: Runtime, tx: Transaction, change: _Change, case: Row, reason: str) -> None:
    await pages.add_for_case(tx, change.id, case, reason, change.at)
    await runtime.jobs.defer(tx, "look_at_page", page=change.id)


def _there(case: Row | None, number: str) -> Row:
    if case is None:
        raise Missing(f"case {number}")
    return case


def _refuse_ended(case: Row) -> None:
    if case["status"] in ENDED:
        raise Conflict(f"Case {case['number']} is {case['status']}: open a new case with POST /api/v1/cases.")


def _responded(case: Row, now: datetime) -> dict[str, Any]:
    return {} if case["first_response_at"] else {"first_response_at": now}


def _next_update(runtime: Runtime, case: Row, now: datetime) -> datetime | None:
    region = runtime.flows.regions.get(case["region"])
    # A region that was taken out of the facts has no calendar: the clock stays as it is.
    due: datetime | None = case["next_update_due_at"]
    return targets.next_update_due(runtime.flows.targets[case["severity"]], now, region) if region else due
