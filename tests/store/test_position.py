"""The position in a queue, counted by the database, is the one of the rule."""

import random
from datetime import timedelta

from sqlalchemy import create_engine, insert

from app.domain.waiting import Waiting, position
from app.store import lookups, tables
from app.store.connect import hot_store
from tests.support.facts import utc

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
            connection.execute(insert(tables.waiting).values(**_row(waits)))
        # In another queue, and taken already: neither is in anybody's way.
        first = _row(queue[0])
        connection.execute(insert(tables.waiting).values(**first | {"call_sid": "elsewhere", "queue": "tier2-us"}))
        connection.execute(insert(tables.waiting).values(**first | {"call_sid": "taken", "taken_by": "somebody"}))
    engine.dispose()
    store = hot_store(database_url)
    await store.open()
    try:
        for waits in queue:
            place = await lookups.place_of(store, waits.call_sid)
            assert place is not None
            assert place.position == position(waits, queue)
        assert await lookups.place_of(store, "nobody") is None
        taken = await lookups.place_of(store, "taken")
        assert taken is not None
        assert taken.taken
    finally:
        await store.close()


def _row(waits: Waiting) -> dict[str, object]:
    """A place in `tier1-us`."""
    return {
        "call_sid": waits.call_sid,
        "case_number": "1",
        "kind": "call",
        "queue": "tier1-us",
        "severity": waits.severity,
        "certified": waits.certified,
        "since": waits.since,
        "entered": waits.since,
    }
