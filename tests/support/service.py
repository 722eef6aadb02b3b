"""The whole service with a telephone company in front of it and the clock in our hands.

    async with running_service(database_url) as service:
        phone = service.phone()
        await phone.dial(LINES["US support"])
        await phone.presses("100234#,1")
        assert service.case(phone)["queue"] == "tier2-us"

It is Tuesday, 10 in the morning in Los Angeles, until `it_is` says otherwise: US is open, the others are closed.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, Table, create_engine, func, insert, select

from app import content
from app.exchange import Exchange, VirtualClock, validate
from app.exchange.rest import rest_app
from app.exchange.signing import signature
from app.exchange.twiml import is_twiml
from app.flows.flow import Flows
from app.main import build_runtime, create_app, running
from app.provider.rest import TwilioRest
from app.runtime import Runtime
from app.settings import Settings
from app.store import tables
from app.store.hot import StoreUnavailable
from tests.support import partners as people
from tests.support.handset import Handset
from tests.support.partners import Partner

ACCOUNT, TOKEN, PUBLIC_URL = "AC" + "0" * 32, "12345", "https://ivr.example.test"
FLOWS = Path(__file__).parents[2] / "ivr_flows"
TUESDAY = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)
# Nobody's number in the partner file, and one that may be called back.
CALLER = "+12065550199"
DUE = "SELECT 1 FROM jobs WHERE taken_at IS NULL AND failed_at IS NULL AND at <= :now LIMIT 1"
# Virtual seconds.
BETWEEN_LOOKS = 1.0
# support-model, "Lines", written as the provider writes them.
LINES = {
    "US support": "+18888988733",
    "EMEA support": "+442070966060",
    "ANZ support": "+611800648574",
    "APAC support, direct": "+611300088917",
    "US certified": "+18442483221",
    "EMEA certified": "+442039535407",
    "US escalation voicemail": "+12063376849",
    "EMEA escalation voicemail": "+442039894985",
    "APAC escalation voicemail": "+61282017456",
}

Row = Mapping[str, Any]
Form = Mapping[str, str]


@cache
def shipped_flows() -> Flows:
    """The flows as they ship; loaded once."""
    return content.load(FLOWS)


@dataclass(repr=False)
class Service:
    """A running service, the exchange that calls it, and its database to look into."""

    runtime: Runtime
    exchange: Exchange
    http: httpx2.AsyncClient
    engine: Engine
    clock: VirtualClock
    offset: timedelta = field(default=timedelta(0))
    documents: list[tuple[str, bytes]] = field(default_factory=list)
    """All that the service ever answered with TwiML: the path, and the document, which is checked to be good."""

    def now(self) -> datetime:
        """The time as the service knows it."""
        return self.clock.now() + self.offset

    def it_is(self, moment: str | datetime) -> None:
        """Turns the service's clock, also back; it runs on with the exchange's. Text is UTC: `2026-03-07 12:00`."""
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC) if isinstance(moment, str) else moment
        self.offset = at - self.clock.now()

    def phone(self, caller: str | None = CALLER) -> Handset:
        """A phone that nobody has picked up yet."""
        return Handset(self.exchange, caller)

    async def calls(self, line: str, keys: str = "", caller: str | None = CALLER, **extra: str) -> Handset:
        """Somebody calls a line (its name, or a number) and presses keys as they are asked for."""
        phone = self.phone(caller)
        await phone.dial(LINES.get(line, line), listen=True, **extra)
        if keys:
            await phone.presses(keys)
        return phone

    async def works(self) -> None:
        """The background work that is due is done; a database that is away is looked for again."""
        with suppress(StoreUnavailable):
            # Each try waits for a lock, in real seconds: none is made while the calls' own writes fail.
            # Asked by the short way, since it is asked each second of the night.
            if self.runtime.store.takes_writes and await self.runtime.store.fetch(DUE, {"now": self.now()}):
                await self.runtime.jobs.run_due(self.now())

    # What the database holds

    def rows(self, table: Table, **where: Any) -> list[Row]:
        """The rows whose columns have these values."""
        found = select(table).filter_by(**where)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(found).mappings()]

    def row(self, table: Table, **where: Any) -> Row:
        """The only row of this kind."""
        (row,) = self.rows(table, **where)
        return row

    def count(self, *of: Table) -> int:
        """How many rows the tables have together."""
        with self.engine.connect() as connection:
            return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in of)

    def case(self, phone: Handset) -> Row:
        """The stub of this phone's call."""
        return self.row(tables.cases, call_sid=phone.call.sid)

    def call(self, phone: Handset) -> Row:
        """The record of this phone's call."""
        return self.row(tables.calls, call_sid=phone.call.sid)

    def turns(self, phone: Handset) -> list[Row]:
        """What happened in this phone's call, in order; its end comes last."""
        found = self.rows(tables.turns, call_sid=phone.call.sid)
        return sorted(found, key=lambda turn: (turn["turn"] < 0, turn["turn"]))

    def closes(self, region: str, kind: str, start: str, end: str) -> None:
        """The operator closes or opens a region by hand: `closed`, `emergency` or `open`."""
        starts_at, ends_at = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (start, end))
        closure = {"region": region, "kind": kind, "starts_at": starts_at, "ends_at": ends_at}
        with self.engine.begin() as connection:
            connection.execute(insert(tables.closures).values(**closure, reason="a test", created_by="a test"))

    async def heeds(self, response: httpx2.Response) -> None:
        """Looks at everything that is answered, to whomever."""
        kind = response.headers.get("Content-Type", "")
        if is_twiml(kind):
            path, body = response.request.url.path, await response.aread()
            self.documents.append((path, body))
            assert validate(body, kind, inside_queue=path == "/twilio/wait") == [], body.decode()

    # Webhooks by hand

    async def post(
        self, path: str, form: Form | Iterable[tuple[str, str]], *, signed: str | None = None
    ) -> httpx2.Response:
        """One webhook, signed as the provider does, or with what is given in place of its signature."""
        pairs = list(form.items() if isinstance(form, Mapping) else form)
        values = {name: [value for other, value in pairs if other == name] for name, _ in pairs}
        sent = {"X-Twilio-Signature": signature(TOKEN, PUBLIC_URL + path, values) if signed is None else signed}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.http.post(path, content=urlencode(pairs), headers=sent | kind)

    async def get(self, path: str, form: Form) -> httpx2.Response:
        """The same webhook as a GET: everything is in the address."""
        path += ("&" if "?" in path else "?") + urlencode(form)
        return await self.http.get(path, headers={"X-Twilio-Signature": signature(TOKEN, PUBLIC_URL + path)})


class HarnessSettings(Settings):
    """The harness does the background work, by the exchange's clock; so the service does not do it too."""

    @property
    def works(self) -> bool:
        return False


@asynccontextmanager
async def running_service(
    database_url: str,
    *,
    flows: Flows | None = None,
    partners: Iterable[Partner] = people.PARTNERS,
    public_url: str = PUBLIC_URL,
    over_http: bool = False,
    proxy_headers: Form | None = None,
) -> AsyncIterator[Service]:
    """The service on a migrated database. `over_http`: on a port of its own, as a proxy with these headers meets it."""
    clock = VirtualClock(TUESDAY)
    engine = create_engine(database_url)
    people.add(engine, partners)
    with tempfile.TemporaryDirectory() as folder:
        settings = HarnessSettings(
            database_url=SecretStr(database_url),
            state_dir=Path(folder),
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=SecretStr(TOKEN),
            public_url=public_url,
        )
        exchange = Exchange(
            httpx2.AsyncClient(), account_sid=ACCOUNT, auth_token=TOKEN, public_url=public_url, clock=clock
        )
        provider = TwilioRest(
            ACCOUNT, TOKEN, settings.twilio_api_url, transport=httpx2.ASGITransport(app=rest_app(exchange))
        )
        # The harness holds the clock, and needs the runtime that is asked for the time.
        runtime = build_runtime(
            settings, flows or shipped_flows(), now=lambda: service.now(), provider=provider, embedded=True
        )
        app = create_app(runtime, settings)
        async with _served(app) if over_http else _in_process(app, runtime) as http:
            http.headers.update(proxy_headers or {})
            exchange.http = http
            service = Service(runtime, exchange, http, engine, clock)
            http.event_hooks["response"].append(service.heeds)
            exchange.every(BETWEEN_LOOKS, service.works)
            yield service
    engine.dispose()


@asynccontextmanager
async def _in_process(app: FastAPI, runtime: Runtime) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with running(runtime), httpx2.AsyncClient(transport=transport, base_url="http://internal") as http:
        yield http


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """On loopback, with the same server as `partnerline serve`."""
    config = uvicorn.Config(
        app, port=0, ws="none", http="httptools", proxy_headers=False, log_level="error", access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        yield http
    server.should_exit = True
    await serving
