"""How long it takes to decide who is rung for whom, against sorting the same waiting calls, and how that grows.

Nobody is rung yet and all agents are free, so a decision makes as many offers as it ever can.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter

from app.domain import dispatch
from app.domain.agents import Agent
from app.domain.dispatch import Place
from app.domain.routing import SEVERITIES
from bench.report import Row, progress, ratios, run_alone

# With few waiting it is the choosing among the agents that takes the time.
PROMISED = {10: "≤ 100", 100: "≤ 30", 1_000: "≤ 5", 10_000: "≤ 2"}
WAITING = tuple(PROMISED)
AGENTS = 50
ROUNDS = 21
QUICK_ROUNDS = 5
# Each round decides about so many calls in all, so that few waiting calls are measured as surely as many.
CALLS_A_ROUND = 20_000
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
QUEUES = tuple(f"tier{tier}-{region}" for region in ("us", "emea", "apac") for tier in (1, 2))


def measure(quick: bool = False) -> list[Row]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    random = Random(1)
    agents = [_agent(random, n) for n in range(AGENTS)]
    all_places = {count: [_place(random, n) for n in range(count)] for count in WAITING}
    decided: dict[int, list[float]] = {count: [] for count in WAITING}
    ordered: dict[int, list[float]] = {count: [] for count in WAITING}
    for n in range(rounds):
        for count, places in all_places.items():
            decided[count].append(_seconds(partial(dispatch.decide, places, agents, NOW), count))
            ordered[count].append(_seconds(partial(sorted, places, key=dispatch.order), count))
        milliseconds = ", ".join(f"{count:,} waiting {decided[count][-1] * 1000:.2f} ms" for count in WAITING)
        progress(f"dispatch: round {n + 1} of {rounds}: {milliseconds}")
    rows = [
        Row(f"a decision at {count:,} waiting, {AGENTS} agents", "sorting them", _of(decided, ordered, count), promised)
        for count, promised in PROMISED.items()
    ]
    most, fewer = WAITING[-1], WAITING[-2]
    growth = ratios(decided[most], decided[fewer])
    return [*rows, Row(f"a decision at {most:,} waiting", f"at {fewer:,} waiting", growth, "≤ 12")]


def _of(decided: dict[int, list[float]], ordered: dict[int, list[float]], count: int) -> list[float]:
    return ratios(decided[count], ordered[count])


def _seconds(work: Callable[[], object], count: int) -> float:
    """Of one decision, on the average of a round."""
    repeats = CALLS_A_ROUND // count
    start = perf_counter()
    for _ in range(repeats):
        work()
    return (perf_counter() - start) / repeats


def _agent(random: Random, n: int) -> Agent:
    queues = tuple(random.sample(QUEUES, random.choice((1, 1, 2))))
    idle_since = NOW - timedelta(seconds=random.randrange(3600))
    return Agent(f"{n:03}", f"Agent {n}", f"client:{n}", queues, "available", idle_since, idle_since=idle_since)


def _place(random: Random, n: int) -> Place:
    queue = random.choice(QUEUES)
    also = random.choice((None, None, *(other for other in QUEUES if other[:5] == queue[:5] and other != queue)))
    severity = random.choices(SEVERITIES, (1, 5, 10))[0]
    since = NOW - timedelta(seconds=random.randrange(3600))
    return Place(f"CA{n:06}", "call", queue, also, severity, random.random() < 0.3, since)


if __name__ == "__main__":
    run_alone(measure)
