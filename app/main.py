"""Where the parts are chosen and joined: settings -> runtime -> application."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI

from app import content, logs
from app.domain import cases
from app.flows.flow import Flows
from app.jobs import Handler, Jobs
from app.jobs.embedded import EmbeddedJobs
from app.notify.mail import MailSender
from app.provider.rest import Provider, TwilioRest
from app.provider.signature import Signatures
from app.provider.token import Tokens
from app.provider.transcribers import PocketSphinx
from app.runtime import Runtime, clock
from app.services import clocks, desk, events, keys, tasks
from app.services.callback_numbers import CallbackNumbers, countries_of
from app.services.recovery import keep_recovering
from app.settings import Settings, auth_tokens, load, secret_key
from app.store.connect import hot_store
from app.store.database import Database
from app.store.journal import Journal
from app.store.sounds import Sounds
from app.web import draining, health, root, webhooks
from app.web.api import mount

log = structlog.get_logger()


def build_runtime(
    settings: Settings,
    flows: Flows | None = None,
    now: Callable[[], datetime] | None = None,
    provider: Provider | None = None,
    *,
    embedded: bool = False,
) -> Runtime:
    """The parts of the service. Raises ContentError when the flows hold a mistake.

    `embedded`: background work runs in this process on PostgreSQL too, by the service's own clock.
    """
    flows = replace(flows or content.load(settings.flows_dir), days_kept=settings.retention_recordings)
    secret = secret_key(settings)
    lines = [number for line in flows.lines.by_name.values() for number in line.numbers]
    own = [*lines, *(n for region in flows.regions.values() for n in (region.desk_number, region.outbound_number))]
    allowed = settings.callback_country_list or countries_of(lines)
    api, public_url = addresses(settings)
    turned = now or clock(settings.clock)
    database = Database(settings.database)
    known: dict[str, Handler] = {}
    jobs = EmbeddedJobs(database, known, turned) if embedded else jobs_of(settings, database, known, turned)
    runtime = Runtime(
        flows=flows,
        revisions={flows.revision: flows},
        now=turned,
        store=hot_store(settings.database, jobs.statement),
        database=database,
        journal=Journal(settings.state_dir / "journal"),
        tokens=Tokens(secret),
        signatures=Signatures(auth_tokens(settings)),
        case_number=lambda origin, attempt: cases.draw_number(secret, origin, attempt),
        hash_key=lambda key: keys.hash_key(secret, key),
        dialable=CallbackNumbers(allowed, own, flows.countries).dialable,
        recordings_url=f"{api}/2010-04-01/Accounts/{settings.account_sid or 'AC'}/Recordings/",
        provider=provider or TwilioRest(settings.account_sid, auth_tokens(settings)[0], api),
        jobs=jobs,
        sounds=Sounds(database, settings.recordings_folder),
        transcriber=PocketSphinx() if settings.transcribe == "local" else None,
        provider_transcribes=settings.transcribe == "provider",
        mail=MailSender(settings.smtp_url.get_secret_value(), settings.mail_from),
        public_url=public_url,
        path_prefix=urlsplit(public_url).path.rstrip("/"),
        calls_apart=timedelta(seconds=1) / settings.calls_per_second,
    )
    known.update(tasks.handlers(runtime))
    return runtime


def addresses(settings: Settings) -> tuple[str, str]:
    """Where the provider's REST API is, and where the provider finds this service: the built-in exchange says both."""
    if not settings.on_own_exchange:
        return settings.twilio_api_url.rstrip("/"), settings.public_url.rstrip("/")
    from app.exchange import whereabouts  # noqa: PLC0415 because a service on a real line needs nothing of the exchange

    where = whereabouts.of(settings.state_dir, settings.exchange_url, given="exchange_url" in settings.model_fields_set)
    return where.url.rstrip("/"), (settings.public_url or where.calls).rstrip("/")


def jobs_of(settings: Settings, database: Database, known: dict[str, Handler], now: Callable[[], datetime]) -> Jobs:
    """On SQLite the service's own process does the background work, on PostgreSQL workers do."""
    if settings.on_sqlite:
        return EmbeddedJobs(database, known, now)
    from app.jobs.procrastinate import ProcrastinateJobs  # noqa: PLC0415 because SQLite needs none of it

    return ProcrastinateJobs(settings.database, known, now)


@asynccontextmanager
async def running(runtime: Runtime, *, works: bool = False) -> AsyncIterator[Runtime]:
    """The runtime with its database open. `works`: it does the background work too."""
    await runtime.store.open()
    runtime.recovering = asyncio.create_task(keep_recovering(runtime))
    turning = [runtime.recovering, asyncio.create_task(desk.keep_reading(runtime))]
    if works:
        turning.append(asyncio.create_task(runtime.jobs.keep_running()))
        turning.append(asyncio.create_task(clocks.keep_turning(runtime)))
        turning.append(asyncio.create_task(events.begin_forgetting(runtime)))
    try:
        yield runtime
    finally:
        runtime.draining = True
        await _stop(turning)
        await runtime.provider.close()
        await runtime.store.close()
        await runtime.database.close()
        runtime.journal.close()


async def _stop(turning: "list[asyncio.Task[None]]") -> None:
    """Whatever one of them ended with, all is closed after it."""
    for task in turning:
        task.cancel()
    for ended in await asyncio.gather(*turning, return_exceptions=True):
        if isinstance(ended, Exception):
            log.error("background work had stopped", error=type(ended).__name__, exc_info=ended)


def create_app(runtime: Runtime, settings: Settings, *, works: bool = False) -> FastAPI:
    """The application. Its lifespan opens and closes the runtime. `works`: it does the background work too."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(runtime, works=works):
            # What the start has made stays: the collector need not look at it again and again.
            gc.freeze()
            with draining.at_signals(runtime):
                yield

    app = FastAPI(
        title="Partnerline", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.router.routes.extend(webhooks.routes(runtime, settings.public_url.rstrip("/")))
    app.router.routes.extend(health.routes(runtime, settings.metrics_token.get_secret_value()))
    app.router.routes.extend(root.routes(runtime))
    mount.add_to(app, runtime)
    return app


async def work(settings: Settings) -> None:
    """Background work only, until cancelled: what `partnerline worker` does."""
    runtime = build_runtime(settings)
    async with running(runtime, works=True):
        await asyncio.Event().wait()


def app_from_environment() -> FastAPI:
    """What uvicorn starts in each worker process."""
    settings = load()
    logs.configure(settings.log_format or ("json" if settings.env == "production" else "text"))
    return create_app(build_runtime(settings), settings, works=settings.works)
