"""The position in a queue, counted by the database, is the one of the rule."""

import random
from datetime import timedelta

from sqlalchemy import create_engine, insert

from app.domain.waiting import Waiting, position
from app.store import lookups, tables
from app.store.connect import hot_store
from tests.support.facts import utc
from tests.support.records import opens_case

NOON = utc("2026-03-03 12:00")


async def test_the_database_counts_as_the_rule_does(database_url: str) -> None:
    chance = random.Random(7)
    queue = [
        Waiting(f"{n:010}", chance.choice(["S1", "S2", "S3"]), chance.random() < 0.5, NOON + timedelta(seconds=s))
        for n, s in enumerate(chance.choices(range(40), k=120))
    ]
    engine = create_engine(database_url)
    with engine.begin() as connection:
        for waits in queue:
            connection.execute(insert(tables.cases).values(**_case(waits)))
            connection.execute(insert(tables.calls).values(**_call(waits)))
        # In another queue, and no longer waiting: neither is in anybody's way.
        connection.execute(
            insert(tables.cases).values(**_case(queue[0]) | {"number": "elsewhere", "queue": "tier2-us"})
        )
        connection.execute(insert(tables.cases).values(**_case(queue[0]) | {"number": "gone", "status": "abandoned"}))
    engine.dispose()
    store = hot_store(database_url)
    await store.open()
    try:
        for waits in queue:
            assert await lookups.position_of(store, f"CA{waits.call_sid}") == position(waits, queue)
        assert await lookups.position_of(store, "CA of nobody") is None
    finally:
        await store.close()


def _case(waits: Waiting) -> dict[str, object]:
    """A case that waits in `tier1-us`; the case's number makes the order total, as the CallSid does in the rule."""
    (deed,) = opens_case("CA0").deeds
    draft = deed.draft  # type: ignore[union-attr]  # because opens_case opens a case
    fields = {name: getattr(draft, name) for name in ("line", "region", "tier", "destination", "loa", "flags")}
    return {
        **fields,
        "number": waits.call_sid,
        "channel": "phone",
        "verified": False,
        "severity_assumed": False,
        "severity": waits.severity,
        "certified": waits.certified,
        "queue": "tier1-us",
        "status": "waiting",
        "opened_at": waits.since,
        "waiting_since": waits.since,
    }


def _call(waits: Waiting) -> dict[str, object]:
    return {
        "call_sid": f"CA{waits.call_sid}",
        "line": "US support",
        "called": "+18888988733",
        "status": "in-progress",
        "started_at": waits.since,
        "turn": 0,
        "session": "",
        "case_number": waits.call_sid,
    }
