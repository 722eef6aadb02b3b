"""A partner is called back (agents.md, "Callbacks"): first the agent, then the partner, who presses 1 too.

The talk has begun when the agent pressed 1; the partner is rung for it, and it is connected when the partner presses 1
too. Until then the callback keeps its place: whatever goes wrong, it is called back again, twice in all.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from app.flows.turn import Confer, Hangup, Heard, Keyed
from app.provider.rest import NotThere
from app.runtime import Runtime
from app.services import joining, legs, offers, spoken, talks
from app.store import callbacks, cases, events, places
from app.store import legs as leg_rows
from app.store.database import Transaction
from app.store.rows import Row

SECONDS_OF_RINGING = 30
# After the ringing: the telephone company's five seconds of grace, what is said, and the time to press a key.
BEYOND_RINGING = timedelta(seconds=40)
TRIES = 2
BETWEEN_TRIES = timedelta(minutes=15)
# Any 24 hours, not a day of the calendar: so it holds in every time zone.
A_DAY, A_NUMBERS_CALLBACKS = timedelta(hours=24), 3
CONNECT = "1"
FAILED, LIMITED = "callback_failed", "callback_limit"
# What the agent hears who waits for the partner, by the reason that stands in the address.
TOLD = {
    "not-reached": "partner_not_reached",
    "not-allowed": "partner_not_called",
    "withdrawn": "callback_withdrawn",
}


async def call_partner(runtime: Runtime, talk: str) -> None:
    """A job: rings the partner for an agent, or a contact, who waits. Rung already, there is nothing to do."""
    async with runtime.database.transaction() as tx:
        row = await _waiting_talk(tx, talk)
        if row is None or await leg_rows.of_subject(tx, "callback", talk) is not None:
            return
        place = await places.locked(tx, row["call_sid"])
        case = await cases.one(tx, row["case_number"])
        if place is None or case is None or case["status"] == "resolved":
            await _give_back(runtime, tx, row, "withdrawn")
            await places.remove(tx, row["call_sid"])
            return
        number = runtime.dialable(place["number"] or "", case["region"])
        if number is None:
            await _give_back(runtime, tx, row, "not-allowed")
            await _fail(runtime, tx, row, "The number may not be called.")
            return
        await _ring(runtime, tx, row, number)
    runtime.jobs.wake()


async def _ring(runtime: Runtime, tx: Transaction, talk: Row, number: str) -> None:
    shown = offers.shown_for(runtime, talk["queue"])
    planned = await legs.plan(runtime, tx, legs.Plan("callback", talk["id"], number, shown, SECONDS_OF_RINGING))
    # Counted with this one, and after it: the rate of new calls makes two that are planned at once wait for each other.
    earlier = await callbacks.since(tx, number, runtime.now() - A_DAY)
    if len(earlier) > A_NUMBERS_CALLBACKS:
        await legs.drop(runtime, tx, "callback", talk["id"])
        await _over_the_limit(runtime, tx, talk, earlier[-A_NUMBERS_CALLBACKS - 1] + A_DAY)
        return
    over = planned.not_before + timedelta(seconds=SECONDS_OF_RINGING) + BEYOND_RINGING
    await runtime.jobs.defer(tx, "callback_is_over", at=over, talk=talk["id"])


async def wanted(runtime: Runtime, tx: Transaction, subject: str) -> bool:
    """Whether somebody still waits for the partner, and the number may be called at this moment."""
    talk = await _waiting_talk(tx, subject)
    place = await places.one(tx, talk["call_sid"]) if talk else None
    return place is not None and runtime.dialable(place["number"] or "", "") is not None


async def answered(runtime: Runtime, leg: Row) -> str:
    """Who calls, and about which case. A voice mailbox hears it too, and presses nothing."""
    async with runtime.database.reading() as tx:
        talk = await places.talk_now(tx, leg["subject"])
        if talk is None or talk["ended_at"] is not None:
            return await _afterwards(runtime, tx, leg["subject"])
        case = await cases.one(tx, talk["case_number"])
    line = str(case["line"]) if case else ""
    said = spoken.say(runtime, line, "partner_called", case_number=spoken.case_in_words(talk["case_number"]))
    return spoken.document((spoken.one_key(said), Hangup()), legs.next_url(runtime, leg))


async def keyed(runtime: Runtime, leg: Row, heard: Heard) -> str:
    """1 connects. Without a key the conference is over, and the partner hears what follows."""
    match heard:
        case Keyed(keys) if keys.startswith(CONNECT):
            talk = await talks.is_connected(runtime, leg["subject"], runtime.now(), 0)
            if talk is not None:
                return spoken.document((Confer(talk["id"]),), legs.next_url(runtime, leg))
        case Keyed():
            return spoken.hang_up()
    async with runtime.database.reading() as tx:
        talk = await places.talk_now(tx, leg["subject"])
        agents_leg = await leg_rows.one(tx, talk["leg"]) if talk else None
    if talk is not None and talk["connected_at"] is not None and agents_leg is not None:
        await joining.settled(runtime, talk, agents_leg)
    async with runtime.database.reading() as tx:
        return await _afterwards(runtime, tx, leg["subject"])


async def _afterwards(runtime: Runtime, tx: Transaction, id_: str) -> str:
    """The document for a partner whose talk is over. They are told that another call follows, where one does."""
    talk = await places.talk_now(tx, id_)
    place = await places.one(tx, talk["call_sid"]) if talk else None
    if talk is None or place is None or talk["ended_at"] is None:
        return spoken.hang_up()
    case = await cases.one(tx, talk["case_number"])
    return spoken.hang_up(spoken.say(runtime, case["line"] if case else "", "partner_called_again"))


async def over(runtime: Runtime, tx: Transaction, leg: Row, status: str) -> None:
    """The partner's leg has ended: they have talked, or the partner was not reached."""
    talk = await places.talk(tx, leg["subject"])
    if talk is None or talk["ended_at"] is not None:
        return
    if talk["connected_at"] is not None:
        await talks.end(runtime, tx, talk, "hung_up")
    else:
        await _not_reached(runtime, tx, talk, "no key" if status == "completed" else status)


async def callback_is_over(runtime: Runtime, talk: str) -> None:
    """A job, when the time of a leg has passed: where nothing was heard of it, the partner was not reached."""
    async with runtime.database.transaction() as tx:
        row = await _waiting_talk(tx, talk)
        if row is not None:
            await _not_reached(runtime, tx, row, "no answer")
    runtime.jobs.wake()


async def tell_agent(runtime: Runtime, leg: str, why: str) -> None:
    """A job: somebody who waits for the partner hears that nobody comes, and is free."""
    async with runtime.database.reading() as tx:
        row = await leg_rows.one(tx, leg)
    if row is not None and row["sid"] is not None:
        with suppress(NotThere):
            await runtime.provider.redirect(row["sid"], runtime.address(legs.url_of("alone", leg, why=why)))


def told(runtime: Runtime, why: str) -> str:
    """The document for it."""
    prompt = TOLD.get(why, TOLD["not-reached"])
    return spoken.hang_up(spoken.say(runtime, runtime.flows.lines.default.name, prompt))


async def _waiting_talk(tx: Transaction, id_: str) -> Row | None:
    """A talk whose partner is still to be reached."""
    talk = await places.talk(tx, id_)
    if talk is None or talk["ended_at"] is not None or talk["connected_at"] is not None:
        return None
    return talk


async def _not_reached(runtime: Runtime, tx: Transaction, talk: Row, why: str) -> None:
    """Due again later, with the place kept; after the last try the case is open again."""
    await _give_back(runtime, tx, talk, "not-reached")
    place = await places.locked(tx, talk["call_sid"])
    if place is None:
        return
    tries = place["tries"] + 1
    await events.note(tx, runtime.now(), "partner not reached", _case(talk), who=talk["who"], why=why, tries=tries)
    if tries >= TRIES:
        await _fail(runtime, tx, talk, f"{talk['who']} called back and did not reach the partner ({why}).")
        return
    again = runtime.now() + BETWEEN_TRIES
    # Who was paged has done their part: for the next try somebody is paged again, where the limits say so.
    await places.change(tx, talk["call_sid"], taken_by=None, tries=tries, due_at=again, paged=False)
    words = f"{talk['who']} called back and did not reach the partner ({why}). The next try follows in 15 minutes."
    await callbacks.waits_again(tx, talk["case_number"])
    await callbacks.write_down(tx, talk, runtime.now(), words)


async def _over_the_limit(runtime: Runtime, tx: Transaction, talk: Row, allowed: datetime) -> None:
    """Not called now, but when the number may be called again. That is no try."""
    await _give_back(runtime, tx, talk, "not-allowed")
    # Whoever was paged cannot help: from the time at which it may be called, somebody is paged anew.
    await places.change(tx, talk["call_sid"], taken_by=None, due_at=allowed, paged=False)
    await callbacks.waits_again(tx, talk["case_number"], LIMITED)
    words = f"Not called back: {A_NUMBERS_CALLBACKS} callbacks to this number within 24 hours are the most."
    await callbacks.write_down(tx, talk, runtime.now(), words)
    await events.note(tx, runtime.now(), LIMITED.replace("_", " "), _case(talk), until=allowed)


async def _fail(runtime: Runtime, tx: Transaction, talk: Row, words: str) -> None:
    """No more tries: the place is gone, and the case is open for somebody to look after."""
    await places.remove(tx, talk["call_sid"])
    await callbacks.is_open_again(tx, talk["case_number"], FAILED)
    await callbacks.write_down(tx, talk, runtime.now(), words)
    await events.note(tx, runtime.now(), FAILED.replace("_", " "), _case(talk), who=talk["who"])


async def _give_back(runtime: Runtime, tx: Transaction, talk: Row, why: str) -> None:
    """The talk is over before it was one: who waits for the partner is told, and free again."""
    await talks.end(runtime, tx, talk, "gone")
    await runtime.jobs.defer(tx, "tell_agent", leg=talk["leg"], why=why)


def _case(talk: Row) -> str:
    return f"case {talk['case_number']}"
