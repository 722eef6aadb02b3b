"""How long until a phone rings: for an agent who becomes free, and for the contact on duty when an S1 calls at night.

Each against an empty round trip through the same database, in the same rounds. The service runs whole in this process,
with its background work; on PostgreSQL that comes by way of the same queue which workers share. 200 callers wait, and
49 agents are on a call.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import httpx2
from sqlalchemy import select

from app.exchange import Call, Exchange, VirtualClock
from app.main import create_app
from app.services import accepting, agents, offers
from app.store import places
from app.store.tables import pages
from bench import databases, phones, waiting_room, workers
from bench.calls import LINE
from bench.databases import FIRST_PID
from bench.load import AUTH_TOKEN
from bench.phones import ACCOUNT, PUBLIC_URL, Service
from bench.report import Row, progress, ratios, run_alone

ROUNDS = 21
QUICK_ROUNDS = 5
DAY = datetime.fromisoformat(workers.OPEN)
# A Saturday, with every region closed: the contacts of APAC are on duty.
NIGHT = datetime.fromisoformat("2026-03-07T03:00:00+00:00")
# Seconds before a round, so that who looks once a second is met at any moment of that second.
PAUSE = 1.0, 2.0
WHO = "the bench"
Rings = Callable[[int], Awaitable[float]]
Rounds = Coroutine[Any, Any, list[float]]


def measure(quick: bool = False) -> list[Row]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    rows = []
    with tempfile.TemporaryDirectory() as name, databases.both(Path(name)) as urls:
        for database, url in urls.items():
            for what, at, play, promised in (
                ("an agent is free", DAY, _day, {"SQLite": "≤ 70", "PostgreSQL": "≤ 150"}),
                ("an S1 calls at night", NIGHT, _night, {"SQLite": "≤ 60", "PostgreSQL": "≤ 200"}),
            ):
                progress(f"answering: {what}, {database}")
                waiting_room.fill(url, at)
                found = asyncio.run(play(url, Path(name), rounds))
                rows.append(Row(f"{what}, until a phone rings, {database}", "a round trip", found, promised[database]))
    return rows


async def _day(url: str, folder: Path, rounds: int) -> list[float]:
    async with phones.service(url, folder, DAY) as service:
        return await _rounds(service, rounds, partial(_agent_is_free, service))


async def _night(url: str, folder: Path, rounds: int) -> list[float]:
    async with phones.service(url, folder, NIGHT) as service:
        transport = httpx2.ASGITransport(app=create_app(service.runtime, service.settings))
        async with httpx2.AsyncClient(transport=transport, base_url="http://internal") as http:
            exchange = Exchange(
                http, account_sid=ACCOUNT, auth_token=AUTH_TOKEN, public_url=PUBLIC_URL, clock=VirtualClock(NIGHT)
            )
            return await _rounds(service, rounds, partial(_s1_calls, service, exchange))


async def _rounds(service: Service, rounds: int, ring: Rings) -> list[float]:
    rang, trips = [], []
    # The first round warms up.
    for n in range(rounds + 1):
        await service.settle()
        await asyncio.sleep(Random(n).uniform(*PAUSE))
        await service.settle()
        trips.append(await service.round_trip())
        rang.append(await ring(n))
        progress(f"answering: round {n} of {rounds}: {rang[-1] * 1000:.1f} ms, a round trip {trips[-1] * 1000:.2f} ms")
        assert service.phones.silent, "a phone rang for something else"
    progress(f"answering: medians: {median(rang[1:]) * 1000:.1f} ms, a round trip {median(trips[1:]) * 1000:.2f} ms")
    return ratios(rang[1:], trips[1:])


async def _agent_is_free(service: Service, n: int) -> float:
    """From the change of state, its own commit included, to the request that rings the agent."""
    runtime = service.runtime
    start = perf_counter()
    await agents.set_state(runtime, waiting_room.AGENT, "available", "", WHO)
    seconds = await service.phones.ring() - start
    await agents.set_state(runtime, waiting_room.AGENT, "offline", "", WHO)
    async with runtime.database.transaction() as tx:
        for offer in await places.open_offers(tx):
            await offers.close(runtime, tx, offer["id"], "cancelled")
    runtime.jobs.wake()
    return seconds


async def _s1_calls(service: Service, exchange: Exchange, n: int) -> float:
    """From the webhook of the caller's last key, as it is sent, to the request that rings the contact."""
    call = await exchange.dial(LINE)
    await call.press(f"{FIRST_PID + n}#")
    sent: list[float] = []
    exchange.just_before("/twilio/step", lambda _: sent.append(perf_counter()))
    await call.press("1", listen=False)
    seconds = await service.phones.ring() - sent[0]
    await _end(service, call)
    return seconds


async def _end(service: Service, call: Call) -> None:
    """The page is accepted, the caller hangs up, and is not called back."""
    runtime = service.runtime
    async with runtime.database.reading() as tx:
        page = (await tx.execute(select(pages.c.id).where(pages.c.call_sid == call.sid))).scalar_one()
    await accepting.accept(runtime, page, WHO)
    await call.hangup()
    async with runtime.database.transaction() as tx:
        await places.remove(tx, call.sid)


if __name__ == "__main__":
    run_alone(measure)
