"""Where the parts are chosen and joined: settings -> runtime -> application."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import FastAPI

from app import content, logs
from app.domain import cases
from app.flows.flow import Flows
from app.provider.signature import Signatures
from app.provider.token import Tokens
from app.runtime import Runtime, clock
from app.services import keys
from app.services.callback_numbers import CallbackNumbers, countries_of
from app.services.recovery import keep_recovering
from app.settings import Settings, auth_tokens, load, secret_key
from app.store.connect import hot_store
from app.store.database import Database
from app.store.journal import Journal
from app.web import health, root, webhooks
from app.web.api import mount


def build_runtime(settings: Settings, flows: Flows | None = None, now: Callable[[], datetime] | None = None) -> Runtime:
    """The parts of the service. Raises ContentError when the flows hold a mistake."""
    flows = replace(flows or content.load(settings.flows_dir), days_kept=settings.retention_recordings)
    secret = secret_key(settings)
    own = [number for line in flows.lines.by_name.values() for number in line.numbers]
    allowed = settings.callback_country_list or countries_of(own)
    api = settings.twilio_api_url.rstrip("/")
    return Runtime(
        flows=flows,
        revisions={flows.revision: flows},
        now=now or clock(settings.clock),
        store=hot_store(settings.database),
        database=Database(settings.database),
        journal=Journal(settings.state_dir / "journal"),
        tokens=Tokens(secret),
        signatures=Signatures(auth_tokens(settings)),
        case_number=lambda origin, attempt: cases.draw_number(secret, origin, attempt),
        hash_key=lambda key: keys.hash_key(secret, key),
        dialable=CallbackNumbers(allowed, own, flows.countries).dialable,
        recordings_url=f"{api}/2010-04-01/Accounts/{settings.twilio_account_sid or 'AC'}/Recordings/",
        path_prefix=urlsplit(settings.public_url).path.rstrip("/"),
    )


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[Runtime]:
    """The runtime with its database open and its background work turning."""
    await runtime.store.open()
    runtime.recovering = asyncio.create_task(keep_recovering(runtime))
    try:
        yield runtime
    finally:
        runtime.draining = True
        runtime.recovering.cancel()
        with suppress(asyncio.CancelledError):
            await runtime.recovering
        await runtime.store.close()
        await runtime.database.close()
        runtime.journal.close()


def create_app(runtime: Runtime, settings: Settings) -> FastAPI:
    """The application. Its lifespan opens and closes the runtime."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(runtime):
            # What the start has made stays: the collector need not look at it again and again.
            gc.freeze()
            yield

    app = FastAPI(
        title="Partnerline", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.router.routes.extend(webhooks.routes(runtime, settings.public_url.rstrip("/")))
    app.router.routes.extend(health.routes(runtime, settings.metrics_token.get_secret_value()))
    app.router.routes.extend(root.routes(runtime))
    mount.add_to(app, runtime)
    return app


def app_from_environment() -> FastAPI:
    """What uvicorn starts in each worker process."""
    settings = load()
    logs.configure(settings.log_format or ("json" if settings.env == "production" else "text"))
    return create_app(build_runtime(settings), settings)
