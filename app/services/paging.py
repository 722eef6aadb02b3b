"""Pages (agents.md, "Contacts on duty and paging"): the call to a contact. The leg's purpose `page`.

How a page climbs is in `climbing`, how it ends in `accepting`.
"""

from app.flows.turn import Confer, Heard, Keyed
from app.runtime import Runtime
from app.services import accepting, legs, page_words, spoken, talks
from app.services.climbing import ended
from app.store import cases, pages, places
from app.store import legs as leg_rows
from app.store.database import Transaction
from app.store.rows import Row

ACCEPT, PASS_ON = "1", "2"


async def wanted(runtime: Runtime, tx: Transaction, subject: str) -> bool:
    """Whether the contact is still to be rung. Asked in the moment in which the telephone company is."""
    attempt = await pages.one_try(tx, subject)
    page = await pages.one(tx, attempt["page_id"]) if attempt else None
    if attempt is None or page is None or attempt["ended_at"] is not None or page["accepted_at"] is not None:
        return False
    await pages.handed(tx, subject, runtime.now())
    return True


async def answered(runtime: Runtime, leg: Row) -> str:
    """The whisper. A voice mailbox hears it too, and presses nothing."""
    async with runtime.database.reading() as tx:
        attempt, page, case = await _about(tx, leg)
        place = await places.one(tx, page["call_sid"]) if page["call_sid"] else None
    if page["accepted_at"] is not None and attempt["result"] != "accepted":
        return _taken(runtime, case)
    return page_words.whisper(runtime, page, case, place, legs.next_url(runtime, leg))


async def keyed(runtime: Runtime, leg: Row, heard: Heard) -> str:
    """1 accepts, 2 passes on, any other key repeats. Anything else is no person, or the end of a conference."""
    match heard:
        case Keyed(keys) if keys.startswith(ACCEPT):
            return await _accept(runtime, leg)
        case Keyed(keys) if keys.startswith(PASS_ON):
            return await _pass_on(runtime, leg)
        case Keyed():
            return await answered(runtime, leg)
    return spoken.hang_up()


async def _accept(runtime: Runtime, leg: Row) -> str:
    async with runtime.database.transaction() as tx:
        attempt, page, case = await _about(tx, leg)
        document = await _connect(runtime, tx, leg, attempt, page, case)
        if document is None:
            own = await accepting.by_contact(runtime, tx, page, attempt)
            document = _yours(runtime, case) if own else _taken(runtime, case)
    runtime.jobs.wake()
    return document


async def _connect(runtime: Runtime, tx: Transaction, leg: Row, attempt: Row, page: Row, case: Row) -> str | None:
    """Brings the contact together with the caller who waits, or who is to be rung back; None where there is none."""
    place = await places.locked_with_agents(tx, page["call_sid"]) if page["call_sid"] else None
    if place is None:
        return None
    if place["kind"] == "callback" and place["number"] is None:
        # Who hung up and left no number that we may dial waits no more; the case is the contact's all the same.
        if place["taken_by"] is None:
            await places.remove(tx, place["call_sid"])
        return None
    if await leg_rows.has_ended(tx, leg["key"]):
        # The news of its end came first: the caller would be alone. The page goes on.
        return spoken.hang_up()
    match await talks.begin(runtime, tx, place["call_sid"], talks.Answerer(attempt["contact"], leg["key"])):
        case talks.Begun(talk, kind):
            await accepting.story_of_contact(tx, page, attempt, runtime.now())
            await accepting.settle(runtime, tx, page)
            said = spoken.say(runtime, case["line"], "agent_connecting" if kind == "call" else "agent_calling_back")
            return spoken.document((said, Confer(talk)), legs.next_url(runtime, leg))
        case talks.Taken():
            await pages.end_try(tx, attempt["id"], "taken", runtime.now())
            return _taken(runtime, case)
        case talks.Gone():
            return None


async def _pass_on(runtime: Runtime, leg: Row) -> str:
    """The next contact at once, where this is the one whose time it is."""
    now = runtime.now()
    async with runtime.database.transaction() as tx:
        attempt, page, case = await _about(tx, leg)
        current = await pages.locked(tx, page["id"])
        passed = await ended(tx, page, attempt, "passed", "passed on to the next contact", now)
        if passed and current and current["accepted_at"] is None and _is_newest(current, attempt):
            await pages.change(tx, page["id"], next_at=now)
            await runtime.jobs.defer(tx, "look_at_page", page=page["id"])
    runtime.jobs.wake()
    return spoken.hang_up(spoken.say(runtime, case["line"], "page_passed_on"))


def _is_newest(page: Row, attempt: Row) -> bool:
    return (page["climbs"], page["round"], page["rung"]) == (attempt["tier"], attempt["round"], attempt["rung"])


async def over(runtime: Runtime, tx: Transaction, leg: Row, status: str) -> None:
    """The contact's leg has ended: a talk is over, or the contact was not reached."""
    attempt, page, _ = await _about(tx, leg)
    if page["call_sid"] is not None:
        await places.locked_with_agents(tx, page["call_sid"])
    talk = await places.talk_of_leg(tx, leg["key"])
    if talk is None:
        result = "failed" if status == "failed" else "missed"
        await ended(tx, page, attempt, result, _missed(leg, status), runtime.now())
    else:
        await talks.leg_is_over(runtime, tx, talk, status)
        await _open_again(runtime, tx, page, talk["id"])


async def _open_again(runtime: Runtime, tx: Transaction, page: Row, talk_id: str) -> None:
    """The line to the one who accepted was lost, and the caller waits again: so does the page, from the start."""
    talk = await places.talk(tx, talk_id)
    place = await places.locked(tx, page["call_sid"])
    if talk is None or talk["how"] != "dropped" or place is None or place["taken_by"] is not None:
        return
    current = await pages.locked(tx, page["id"])
    if current is None or current["accepted_at"] is None or current["accepted_by"] != talk["who"]:
        return
    await accepting.open_again(runtime, tx, current, place, f"the line to {talk['who']} was lost")


def _missed(leg: Row, status: str) -> str:
    if status == "failed":
        return "could not be reached"
    return "answered and pressed no key" if leg["answered_at"] else "did not answer"


async def _about(tx: Transaction, leg: Row) -> tuple[Row, Row, Row]:
    """The try, the page and the case of a leg: the database keeps them together."""
    attempt = await pages.one_try(tx, leg["subject"])
    page = await pages.one(tx, attempt["page_id"]) if attempt else None
    case = await cases.one(tx, page["case_number"]) if page else None
    if attempt is None or page is None or case is None:
        raise LookupError(f"a leg rings for try {leg['subject']}, which is not there")
    return attempt, page, case


def _yours(runtime: Runtime, case: Row) -> str:
    number = spoken.case_in_words(case["number"])
    return spoken.hang_up(spoken.say(runtime, case["line"], "page_accepted", case_number=number))


def _taken(runtime: Runtime, case: Row) -> str:
    return spoken.hang_up(spoken.say(runtime, case["line"], "call_is_taken"))
