"""What a live call reads on PostgreSQL is found by an index, also where a table was empty when it was last analysed."""

import re

import psycopg
import pytest

from app.store import lookups
from app.store.connect import hot_store
from app.store.statements import ANSWER
from tests.support.facts import utc

NOON = utc("2026-03-03 12:00")
VALUES = {
    "digits": "100234",
    "pid": "100234",
    "id": 1,
    "number": "1",
    "caller": "+12065550147",
    "since": NOON,
    "now": NOON,
    "call_sid": "CA1",
    "turn": 0,
    "reach": "+12065550161",
    "code": "4711",
    "queue": "tier1-us",
}
# As many rows as there are agents, a few dozen, and most of those at work are what is asked for: no index is quicker.
READS_ALL_AGENTS = "_SERVING"
LOOK_UPS = {name: sql for name, sql in vars(lookups).items() if isinstance(sql, str) and "SELECT" in sql}


@pytest.mark.parametrize("name", [*LOOK_UPS, "ANSWER"])
async def test_no_look_up_reads_a_whole_table(postgres_url: str, name: str) -> None:
    sql = LOOK_UPS.get(name, ANSWER)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("ANALYZE")
    store = hot_store(postgres_url)
    await store.open()
    try:
        values = {key: value for key, value in VALUES.items() if f":{key}" in sql}
        plan = "\n".join(line for (line,) in await store.fetch(f"EXPLAIN {sql}", values))
        whole = re.findall(r"Seq Scan on (\w+)", plan)
        assert whole == (["agents"] if name == READS_ALL_AGENTS else []), plan
    finally:
        await store.close()
