"""A service in this process whose telephone company rings nobody, and says when it was asked to."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from pydantic import SecretStr
from sqlalchemy import text

from app.main import build_runtime, running
from app.provider.rest import NotThere, TwilioRest
from app.runtime import Runtime
from app.settings import Settings
from app.store.instants import instant_text
from bench.load import AUTH_TOKEN
from bench.workers import ROOT

ACCOUNT, PUBLIC_URL = "AC" + "0" * 32, "https://ivr.example.test"
# As many as may be set: the phones are what is waited for, not the provider's limit.
CALLS_PER_SECOND = 100
ROUND_TRIPS = 21
SECONDS_TO_RING = 30.0
SECONDS_TO_SETTLE = 30.0
# What is due, or being done, or has failed. On PostgreSQL the database's own clock says what is due.
OPEN_ON_SQLITE = "SELECT name FROM jobs WHERE taken_at IS NOT NULL OR attempts > 0 OR at <= :now LIMIT 1"
OPEN_ON_POSTGRES = """
SELECT args ->> 'name' FROM procrastinate_jobs
WHERE status <> 'todo' OR attempts > 0 OR COALESCE(scheduled_at, now()) <= now() LIMIT 1
"""


class Phones(TwilioRest):
    """Takes every call at once. One that is to be hung up has ended already."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT, AUTH_TOKEN, PUBLIC_URL)
        self._rings: asyncio.Queue[float] = asyncio.Queue()

    async def call(self, *, to: str, shown: str, url: str, status_url: str, timeout: int) -> str:
        self._rings.put_nowait(perf_counter())
        return f"CA{secrets.token_hex(16)}"

    async def hang_up(self, sid: str) -> None:
        raise NotThere("nobody has answered")

    async def ring(self) -> float:
        """The moment of the next ring that nobody has asked for yet."""
        async with asyncio.timeout(SECONDS_TO_RING):
            return await self._rings.get()

    @property
    def silent(self) -> bool:
        return self._rings.empty()


@dataclass(frozen=True, slots=True)
class Service:
    settings: Settings
    runtime: Runtime
    phones: Phones

    async def round_trip(self) -> float:
        """Seconds of an empty transaction, the middle one of some."""
        return median([await self._round_trip() for _ in range(ROUND_TRIPS)])

    async def _round_trip(self) -> float:
        start = perf_counter()
        async with self.runtime.database.reading() as tx:
            await tx.execute(text("SELECT 1"))
        return perf_counter() - start

    async def settle(self) -> None:
        """Returns when nothing that is due is left to do. TimeoutError: something has failed, or takes too long."""
        async with asyncio.timeout(SECONDS_TO_SETTLE):
            while await self._is_at_work():
                await asyncio.sleep(0.02)

    async def _is_at_work(self) -> bool:
        sqlite = self.settings.on_sqlite
        query = text(OPEN_ON_SQLITE if sqlite else OPEN_ON_POSTGRES)
        async with self.runtime.database.reading() as tx:
            found = await tx.execute(query, {"now": instant_text(self.runtime.now())} if sqlite else {})
            return found.first() is not None


@asynccontextmanager
async def service(url: str, folder: Path, clock: datetime, *, works: bool = True) -> AsyncIterator[Service]:
    """The service from this moment on. `works`: it does the background work too."""
    settings = Settings(
        database_url=SecretStr(url),
        provider="twilio",
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=SecretStr(AUTH_TOKEN),
        calls_per_second=CALLS_PER_SECOND,
        public_url=PUBLIC_URL,
        flows_dir=ROOT / "ivr_flows",
        state_dir=folder / "state",
        clock=clock,
    )
    phones = Phones()
    async with running(build_runtime(settings, provider=phones), works=works) as runtime:
        yield Service(settings, runtime, phones)
