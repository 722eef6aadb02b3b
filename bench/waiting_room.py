"""So many callers who wait in one queue, and fifty agents who serve it: one is offline, the others are on a call."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, insert, text, update

from app.domain.routing import SEVERITIES
from app.store import tables

QUEUE = "tier1-us"
AGENTS = 50
WAITING = 200
# The agent who is offline, and becomes free.
AGENT = "agent-00"
# Whatever is made while callers wait; what refers to another comes first.
MADE = (tables.offers, tables.legs, tables.page_tries, tables.pages, tables.events, tables.rates, tables.jobs)
KEPT = (tables.waiting, tables.case_updates, tables.cases, tables.agents)


def fill(url: str, now: datetime, waiting: int = WAITING) -> None:
    """Sends everybody away and lets these come: each of the callers within the last second, so no limit is near."""
    random = Random(1)
    with _connection(url) as connection:
        _forget(connection, *MADE, *KEPT)
        connection.execute(insert(tables.cases), [_case(n, now) for n in range(waiting)])
        connection.execute(insert(tables.waiting), [_place(random, n, now) for n in range(waiting)])
        connection.execute(insert(tables.agents), [_agent(n, now) for n in range(AGENTS)])
    with _connection(url) as connection:
        connection.execute(text("ANALYZE"))


def again(url: str, state: str) -> None:
    """Everything that was made is taken back, and the agent is in this state: it is as if nobody had looked."""
    with _connection(url) as connection:
        _forget(connection, *MADE)
        connection.execute(update(tables.waiting).where(tables.waiting.c.last_agent == AGENT).values(last_agent=None))
        connection.execute(update(tables.agents).where(tables.agents.c.id == AGENT).values(state=state))


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine: Engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _forget(connection: Connection, *of: Any) -> None:
    for table in of:
        connection.execute(delete(table))
    if connection.dialect.name == "postgresql":
        connection.execute(text("DELETE FROM procrastinate_jobs"))


def _case(n: int, now: datetime) -> dict[str, Any]:
    return {
        "number": f"{n:08}",
        "call_sid": _call(n),
        "channel": "phone",
        "line": "US support",
        "region": "us",
        "certified": False,
        "verified": True,
        "severity": _severity(n),
        "severity_assumed": False,
        "tier": 1,
        "destination": "queue",
        "queue": QUEUE,
        "loa": "not_needed",
        "flags": (),
        "status": "waiting",
        "opened_at": now,
    }


def _place(random: Random, n: int, now: datetime) -> dict[str, Any]:
    since = now - timedelta(milliseconds=random.randrange(1000))
    return {
        "call_sid": _call(n),
        "case_number": f"{n:08}",
        "kind": "call",
        "queue": QUEUE,
        "severity": _severity(n),
        "certified": random.random() < 0.3,
        "since": since,
        "entered": since,
    }


def _severity(n: int) -> str:
    """The same for a place and its case."""
    return Random(n).choices(SEVERITIES, (1, 5, 10))[0]


def _agent(n: int, now: datetime) -> dict[str, Any]:
    id_ = f"agent-{n:02}"
    return {
        "id": id_,
        "name": f"Agent {n}",
        "reach": f"client:{n}",
        "queues": (QUEUE,),
        "code": f"{n:04}",
        "state": "offline" if id_ == AGENT else "on_call",
        "since": now,
    }


def _call(n: int) -> str:
    return f"CA{n:032x}"
