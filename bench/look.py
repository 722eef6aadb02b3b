"""How long the dispatcher's look at who waits takes, its transaction included, and how that grows with who waits.

Looked at is the same queue again and again: with nobody free nothing follows, with one agent free one offer does.
"""

import asyncio
import tempfile
from collections import defaultdict
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

from app.services import dispatch
from bench import databases, phones, waiting_room, workers
from bench.phones import Service
from bench.report import Row, progress, ratios, run_alone

WAITING = (10, 100, 1_000, 10_000)
ROUNDS = 7
QUICK_ROUNDS = 3
# The middle one of some looks counts, where they are short.
LOOKS = {10: 9, 100: 9, 1_000: 3, 10_000: 1}
FREE = {"nobody is free": "on_call", "one agent is free": "available"}
NOW = datetime.fromisoformat(workers.OPEN)
# Against a round trip, and against ten times fewer.
PROMISED = {"SQLite": "≤ 12", "PostgreSQL": "≤ 60"}
PROMISED_GROWTH = {100: "≤ 3", 1_000: "≤ 6", 10_000: "≤ 15"}
Seconds = dict[int, list[float]]


def measure(quick: bool = False) -> list[Row]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    rows = []
    with tempfile.TemporaryDirectory() as name, databases.both(Path(name)) as urls:
        for database, url in urls.items():
            for free, state in FREE.items():
                seconds, trips = asyncio.run(_rounds(f"{free}, {database}", url, Path(name), state, rounds))
                rows += _rows(f"{free}, {database}", seconds, trips, PROMISED[database])
    return rows


def _rows(which: str, seconds: Seconds, trips: list[float], promised: str) -> list[Row]:
    fewest = WAITING[0]
    rows = [Row(f"a look at {fewest}, {which}", "a round trip", ratios(seconds[fewest], trips), promised)]
    for fewer, more in pairwise(WAITING):
        growth = ratios(seconds[more], seconds[fewer])
        rows.append(Row(f"a look at {more:,}, {which}", f"at {fewer:,}", growth, PROMISED_GROWTH[more]))
    return rows


async def _rounds(which: str, url: str, folder: Path, state: str, rounds: int) -> tuple[Seconds, list[float]]:
    seconds: Seconds = defaultdict(list)
    trips = []
    async with phones.service(url, folder, NOW, works=False) as service:
        for n in range(rounds):
            trips.append(await service.round_trip())
            for waiting in WAITING:
                waiting_room.fill(url, service.runtime.now(), waiting)
                looks = [await _look(service, state) for _ in range(LOOKS[waiting])]
                seconds[waiting].append(median(looks))
            said = ", ".join(f"{waiting:,} {seconds[waiting][-1] * 1000:,.1f} ms" for waiting in WAITING)
            progress(f"look: {which}: round {n + 1} of {rounds}: {said}, a round trip {trips[-1] * 1000:.2f} ms")
    return seconds, trips


async def _look(service: Service, state: str) -> float:
    waiting_room.again(service.settings.database, state)
    start = perf_counter()
    await dispatch.dispatch(service.runtime)
    return perf_counter() - start


if __name__ == "__main__":
    run_alone(measure)
