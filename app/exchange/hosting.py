"""The exchange as a process of its own, in real time: its REST API, its telephones, and who it is.

GET  /        what listens here, for which service, and whether whoever asks has the right password
POST /stop    ends it; needs the password
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.exchange import phones, whereabouts
from app.exchange.clock import RealClock
from app.exchange.copies import KeepsFallback
from app.exchange.exchange import Exchange
from app.exchange.real_time import keep_pace
from app.exchange.rest import allowed, rest_app
from app.exchange.whereabouts import Whereabouts

FALLBACK = "/twilio/fallback.xml"
PATIENCE = 15.0
SECONDS_OF_MUSIC = 24.0
"""The length of the music that comes with the service: so long a waiting caller does not notice that it is away."""
SECONDS_ALONE = 600.0
BETWEEN_LOOKS = 5.0
WHO = "partnerline"
"""What an exchange of ours says that it is."""


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """What an exchange is started with. `calls`: the address of the service."""

    account_sid: str
    auth_token: str
    calls: str
    clock: RealClock
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8010
    for_service: bool = False
    """It ends by itself when neither the service nor any call has been there for ten minutes."""


async def host(hosted: Hosted, ready: Callable[[str], None]) -> None:
    """Runs the exchange until it is told to stop; `ready` is told its address. OSError: the port is not to be had."""
    fallback = KeepsFallback(FALLBACK)
    family = socket.AF_INET6 if ":" in hosted.host else socket.AF_INET
    with socket.create_server((hosted.host, hosted.port), family=family) as listening:
        async with httpx2.AsyncClient(transport=fallback, base_url=hosted.calls, timeout=PATIENCE) as http:
            exchange = _exchange(hosted, http)

            @asynccontextmanager
            async def lifespan(_: Starlette) -> AsyncIterator[None]:
                beside = [
                    asyncio.create_task(keep_pace(exchange.timeline, hosted.clock)),
                    asyncio.create_task(fallback.keep_copying(http)),
                    *([asyncio.create_task(_ends_alone(exchange, http, server))] if hosted.for_service else []),
                ]
                with _found_at(hosted, listening.getsockname()[1]) as where:
                    ready(where.url)
                    yield
                for task in beside:
                    task.cancel()
                # A request that is cut off closes its connection only when it is waited for.
                await asyncio.gather(*beside, return_exceptions=True)
                await exchange.timeline.stop()

            app = Starlette(routes=_routes(hosted, exchange, lambda: server), lifespan=lifespan)
            server = uvicorn.Server(
                uvicorn.Config(app, log_level="critical", access_log=False, ws="none", timeout_keep_alive=75)
            )
            await server.serve([listening])


async def _ends_alone(exchange: Exchange, http: httpx2.AsyncClient, server: uvicorn.Server) -> None:
    """Nobody would stop an exchange whose service was killed and never came back."""
    since = monotonic()
    while monotonic() - since < SECONDS_ALONE:
        await asyncio.sleep(BETWEEN_LOOKS)
        if any(not call.over for call in exchange.calls) or await _answers(http):
            since = monotonic()
    server.should_exit = True


async def _answers(http: httpx2.AsyncClient) -> bool:
    try:
        await http.get("/healthz")
    except httpx2.HTTPError:
        return False
    return True


def _exchange(hosted: Hosted, http: httpx2.AsyncClient) -> Exchange:
    exchange = Exchange(
        http,
        account_sid=hosted.account_sid,
        auth_token=hosted.auth_token,
        public_url=hosted.calls,
        clock=hosted.clock,
    )
    exchange.sound_seconds = SECONDS_OF_MUSIC
    return exchange


@contextmanager
def _found_at(hosted: Hosted, port: int) -> Iterator[Whereabouts]:
    """The state folder says where this exchange is."""
    host = f"[{hosted.host}]" if ":" in hosted.host else hosted.host
    where = Whereabouts(f"http://{host}:{port}", hosted.calls, os.getpid())
    whereabouts.note(hosted.state_dir, where)
    try:
        yield where
    finally:
        whereabouts.take_back(hosted.state_dir, where)


def _routes(hosted: Hosted, exchange: Exchange, server: Callable[[], uvicorn.Server]) -> list[Route | Mount]:
    async def who(request: Request) -> Response:
        yours = allowed(exchange, request)
        return JSONResponse({"exchange": WHO, "calls": hosted.calls, "yours": yours, "pid": os.getpid()})

    async def stop(request: Request) -> Response:
        if not allowed(exchange, request):
            return JSONResponse({"problem": "the password of the account is needed"}, 401)
        server().should_exit = True
        return Response(status_code=204)

    return [
        Route("/", who, methods=["GET"]),
        Route("/stop", stop, methods=["POST"]),
        *phones.routes(exchange, lambda: server().should_exit),
        Mount("/", rest_app(exchange)),
    ]
