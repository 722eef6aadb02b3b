"""Where the parts are chosen and joined: settings -> runtime -> application."""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI

from app import content, logs
from app.domain import cases
from app.flows.flow import Flows
from app.provider.signature import Signatures
from app.provider.token import Tokens
from app.runtime import Runtime
from app.services.callback_numbers import CallbackNumbers, countries_of
from app.services.recovery import keep_recovering
from app.settings import Settings, load
from app.store.hot import HotStore
from app.store.journal import Journal
from app.web import health, webhooks


def secret_key(settings: Settings) -> bytes:
    """The secret of this installation. In development one is made at the first start and kept in the state folder."""
    given = settings.secret_key.get_secret_value()
    if given:
        return given.encode()
    path = settings.state_dir / "secret_key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_bytes()


def auth_tokens(settings: Settings) -> tuple[str, ...]:
    """What signs webhooks: the account's tokens, or with the built-in exchange one that is made from the secret."""
    if settings.auth_tokens:
        return settings.auth_tokens
    return (hmac.new(secret_key(settings), b"exchange auth token", hashlib.sha256).hexdigest()[:32],)


def clock(start: datetime | None) -> Callable[[], datetime]:
    """The service's clock, in UTC; with a start it begins there and runs on."""
    if start is None:
        return lambda: datetime.now(UTC)
    offset = start.astimezone(UTC) - datetime.now(UTC)
    return lambda: datetime.now(UTC) + offset


def hot_store(settings: Settings) -> HotStore:
    if settings.on_sqlite:
        from app.store.sqlite import SqliteStore  # noqa: PLC0415 because only one of the two drivers is needed

        return SqliteStore(Path(settings.database.removeprefix("sqlite:///")))
    from app.store.postgres import PostgresStore  # noqa: PLC0415 because only one of the two drivers is needed

    return PostgresStore(settings.database)


def build_runtime(settings: Settings, flows: Flows | None = None, now: Callable[[], datetime] | None = None) -> Runtime:
    """The parts of the service. Raises ContentError when the flows hold a mistake."""
    flows = flows or content.load(settings.flows_dir)
    secret = secret_key(settings)
    own = [number for line in flows.lines.by_name.values() for number in line.numbers]
    allowed = settings.callback_country_list or countries_of(own)
    api = settings.twilio_api_url.rstrip("/")
    return Runtime(
        flows=flows,
        revisions={flows.revision: flows},
        now=now or clock(settings.clock),
        store=hot_store(settings),
        journal=Journal(settings.state_dir / "journal"),
        tokens=Tokens(secret),
        signatures=Signatures(auth_tokens(settings)),
        case_number=lambda origin, attempt: cases.draw_number(secret, origin, attempt),
        dialable=CallbackNumbers(allowed, own).dialable,
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
        runtime.journal.close()


def create_app(runtime: Runtime, settings: Settings) -> FastAPI:
    """The application. Its lifespan opens and closes the runtime."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(runtime):
            yield

    app = FastAPI(
        title="Partnerline", lifespan=lifespan, redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.router.routes.extend(webhooks.routes(runtime, settings.public_url.rstrip("/")))
    app.router.routes.extend(health.routes(runtime, settings.metrics_token.get_secret_value()))
    return app


def app_from_environment() -> FastAPI:
    """What uvicorn starts in each worker process."""
    settings = load()
    logs.configure(settings.log_format or ("json" if settings.env == "production" else "text"))
    return create_app(build_runtime(settings), settings)
