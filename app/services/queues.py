"""The queues: who waits, how long, and who is there to take them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.domain import agents as rules
from app.domain import waiting
from app.domain.agents import Agent
from app.flows.flow import Queue
from app.runtime import Runtime
from app.services.refusals import Missing
from app.store import agents, lookups, queues
from app.store.rows import Row

# Of each queue, the first in it; `length` counts all.
SHOWN = 200


async def all_of_them(runtime: Runtime) -> list[Row]:
    """Every queue, in the order of queues.yaml."""
    async with runtime.database.reading() as tx:
        known = await agents.all_of_them(tx)
        by_queue: dict[str, list[Row]] = defaultdict(list)
        for row in await queues.who_waits(tx, runtime.now()):
            by_queue[row["queue"]].append(row)
    return [await _seen(runtime, queue, by_queue[name], known) for name, queue in runtime.flows.queues.items()]


async def one(runtime: Runtime, name: str) -> Row:
    """Raises Missing."""
    queue = runtime.flows.queues.get(name)
    if queue is None:
        raise Missing(f"queue {name}; there are {', '.join(runtime.flows.queues)}")
    async with runtime.database.reading() as tx:
        known = await agents.all_of_them(tx)
        rows = await queues.who_waits(tx, runtime.now(), name)
    return await _seen(runtime, queue, rows, known)


async def _seen(runtime: Runtime, queue: Queue, rows: Sequence[Row], known: Sequence[Agent]) -> Row:
    now = runtime.now()
    in_order = sorted(rows, key=_place)
    talks = await lookups.last_talks(runtime.store, queue.name, now)
    expected = waiting.expected_wait(len(rows) + 1, talks, rules.serving(known, queue.name))
    return {
        "name": queue.name,
        "tier": queue.tier,
        "region": queue.region,
        "length": len(rows),
        "longest_wait": max((_seconds(now - row["since"]) for row in rows), default=None),
        "expected_wait": _seconds(expected) if expected is not None else None,
        "available": sum(agent.state == "available" and queue.name in agent.queues for agent in known),
        "serving": [
            {"id": agent.id, "name": agent.name, "state": agent.state}
            for agent in known
            if agent.state in rules.SERVING and queue.name in agent.queues
        ],
        "waiting": [_waits(runtime, row, at, now) for at, row in enumerate(in_order[:SHOWN], 1)],
    }


def _place(row: Row) -> tuple[str, bool, datetime, str]:
    return waiting.Waiting(row["call_sid"], row["severity"], row["certified"], row["since"]).place


def _waits(runtime: Runtime, row: Row, position: int, now: datetime) -> dict[str, Any]:
    """`over_limit` goes by this stay in the queue, as the limit does, and not by the first waiting time."""
    limit = runtime.flows.waiting.limit(row["severity"], row["line"])
    stays = now - (row["entered"] or row["since"])
    return {
        **row,
        "position": position,
        "waited": _seconds(now - row["since"]),
        "limit": _seconds(limit),
        "over_limit": stays >= limit,
    }


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
