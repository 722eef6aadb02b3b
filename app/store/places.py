"""Places in the queues, the offers of them, and the talks they lead to.

Locked in this order everywhere, so that nobody waits for somebody who waits for them: the agents, in the order of their
ids, then the place, then talks, offers, legs and pages, then the case.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, text, union, update

from app.domain.dispatch import Place
from app.store import agents
from app.store.database import Transaction
from app.store.rows import Row, every, first
from app.store.statements import CALL_IS_OVER, LEFT, TO_RING_BACK
from app.store.tables import cases, offers, talks, waiting


@dataclass(frozen=True, slots=True)
class Waits:
    """A place that nobody has taken, with what its limits depend on. `entered`: in the provider's queue since."""

    place: Place
    line: str
    region: str
    tier: int
    case_number: str
    entered: datetime | None
    paged: bool
    leaves: bool


async def untaken(tx: Transaction) -> list[Waits]:
    """Every place that nobody has taken, with its open offers."""
    ringing: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for call_sid, agent_id, slot in await tx.execute(
        select(offers.c.call_sid, offers.c.agent_id, offers.c.slot).where(offers.c.ended_at.is_(None))
    ):
        ringing[call_sid].append((agent_id, slot))
    rows = await tx.execute(
        select(waiting, cases.c.line, cases.c.region, cases.c.tier)
        .join(cases, cases.c.number == waiting.c.case_number)
        .where(waiting.c.taken_by.is_(None))
    )
    return [_waits(dict(row._mapping), ringing[row.call_sid]) for row in rows]


def _waits(row: Row, ringing: Sequence[tuple[str, int]]) -> Waits:
    place = Place(
        row["call_sid"],
        row["kind"],
        row["queue"],
        row["also"],
        row["severity"],
        row["certified"],
        row["since"],
        ringing=tuple(agent for agent, _ in ringing),
        last_agent=row["last_agent"],
        due_at=row["due_at"],
        slots=tuple(slot for _, slot in ringing),
    )
    names = ("line", "region", "tier", "case_number", "entered", "paged", "leaves")
    return Waits(place, **{name: row[name] for name in names})


async def offerable(tx: Transaction) -> set[str]:
    """The calls that can be rung to somebody now. Nobody calls back who waits in the line for the same case."""
    in_queue = (waiting.c.kind == "call") & waiting.c.entered.is_not(None)
    calls_again = select(waiting.c.case_number).where(waiting.c.kind == "call")
    to_call = (waiting.c.kind == "callback") & waiting.c.number.is_not(None) & waiting.c.case_number.not_in(calls_again)
    query = select(waiting.c.call_sid).where(waiting.c.taken_by.is_(None), or_(in_queue, to_call))
    return set((await tx.execute(query)).scalars())


async def one(tx: Transaction, call_sid: str) -> Row | None:
    return await first(tx, select(waiting).where(waiting.c.call_sid == call_sid))


async def locked(tx: Transaction, call_sid: str) -> Row | None:
    """A place that nobody else changes until this transaction ends."""
    return await first(tx, select(waiting).where(waiting.c.call_sid == call_sid).with_for_update())


async def locked_with_agents(tx: Transaction, call_sid: str, *, own: str | None = None) -> Row | None:
    """A place, and before it everybody who is rung for it or has taken it, and the agent `own`."""
    while True:
        rung = await _rung(tx, call_sid, own)
        attempt = await tx.begin_nested()
        await agents.lock(tx, rung)
        place = await locked(tx, call_sid)
        if await _rung(tx, call_sid, own) <= rung:
            await attempt.commit()
            return place
        # Somebody was rung while this waited: all are let go, to be locked in order.
        await attempt.rollback()


async def _rung(tx: Transaction, call_sid: str, own: str | None) -> set[str]:
    rung = select(offers.c.agent_id).where(offers.c.call_sid == call_sid, offers.c.ended_at.is_(None))
    talks_to_it = select(talks.c.agent_id).where(
        talks.c.call_sid == call_sid, talks.c.ended_at.is_(None), talks.c.agent_id.is_not(None)
    )
    return {*(await tx.execute(union(rung, talks_to_it))).scalars(), *([own] if own else [])}


async def change(tx: Transaction, call_sid: str, **values: Any) -> bool:
    """Whether there is such a place."""
    changed = await tx.execute(update(waiting).where(waiting.c.call_sid == call_sid).values(**values))
    return bool(changed.rowcount)


async def remove(tx: Transaction, call_sid: str) -> None:
    await tx.execute(delete(waiting).where(waiting.c.call_sid == call_sid))


async def caller_left(tx: Transaction, call_sid: str, case_number: str, number: str | None) -> None:
    """As when somebody hangs up waiting: the news of that may have come while the place was taken, or never."""
    values = {"call_sid": call_sid, "case": case_number, "number": number}
    for sql in (TO_RING_BACK, CALL_IS_OVER, LEFT):
        await tx.execute(text(sql), {name: value for name, value in values.items() if f":{name}" in sql})


# Offers


async def add_offer(tx: Transaction, values: Row) -> None:
    """Raises IntegrityError where the agent, or the call, has an open offer already."""
    await tx.execute(insert(offers).values(**values))


async def offer(tx: Transaction, id_: str) -> Row | None:
    return await first(tx, select(offers).where(offers.c.id == id_))


async def end_offer(tx: Transaction, id_: str, result: str, now: datetime) -> bool:
    """Whether it was still open."""
    still = (offers.c.id == id_) & offers.c.ended_at.is_(None)
    changed = await tx.execute(update(offers).where(still).values(ended_at=now, result=result))
    return bool(changed.rowcount)


async def offer_is_answered(tx: Transaction, id_: str, now: datetime) -> None:
    await tx.execute(update(offers).where(offers.c.id == id_, offers.c.answered_at.is_(None)).values(answered_at=now))


async def open_offers(tx: Transaction, call_sid: str | None = None) -> list[Row]:
    query = select(offers).where(offers.c.ended_at.is_(None))
    if call_sid is not None:
        query = query.where(offers.c.call_sid == call_sid)
    return await every(tx, query.order_by(offers.c.made_at, offers.c.slot))


# Talks


async def add_talk(tx: Transaction, values: Row) -> None:
    """Raises IntegrityError where the call, or the agent, is in an open talk already."""
    await tx.execute(insert(talks).values(**values))


async def talk(tx: Transaction, id_: str) -> Row | None:
    return await _talk(tx, talks.c.id == id_)


async def talk_of_leg(tx: Transaction, leg: str) -> Row | None:
    return await first(tx, select(talks).where(talks.c.leg == leg))


async def open_talk(tx: Transaction, *, call_sid: str = "", agent_id: str = "") -> Row | None:
    """The talk that a call, or an agent, is in."""
    whose = talks.c.call_sid == call_sid if call_sid else talks.c.agent_id == agent_id
    return await _talk(tx, whose & talks.c.ended_at.is_(None))


async def talk_now(tx: Transaction, id_: str) -> Row | None:
    """A talk as it is now, for who only looks."""
    return await first(tx, select(talks).where(talks.c.id == id_))


async def open_talk_now(tx: Transaction, call_sid: str) -> Row | None:
    still = (talks.c.call_sid == call_sid) & talks.c.ended_at.is_(None)
    return await first(tx, select(talks).where(still))


async def talk_before(tx: Transaction, call_sid: str, turn: int) -> Row | None:
    """The talk that a turn follows, or one that was over before the caller came in; not a newer one."""
    over_at_once = talks.c.turn.is_(None) & talks.c.ended_at.is_not(None)
    of_turn = (talks.c.call_sid == call_sid) & ((talks.c.turn == turn) | over_at_once)
    query = select(talks).where(of_turn).order_by(talks.c.began.desc()).limit(1)
    return await first(tx, query)


async def _talk(tx: Transaction, which: Any) -> Row | None:
    """A talk that nobody else changes, locked after its agent and its place."""
    seen = (await tx.execute(select(talks.c.agent_id, talks.c.call_sid).where(which))).first()
    if seen is None:
        return None
    await agents.lock(tx, [seen.agent_id] if seen.agent_id else [])
    await locked(tx, seen.call_sid)
    return await first(tx, select(talks).where(which).with_for_update())


async def change_talk(tx: Transaction, id_: str, **values: Any) -> None:
    await tx.execute(update(talks).where(talks.c.id == id_).values(**values))
