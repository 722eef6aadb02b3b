"""An exchange in real time, in this process, on a port of its own, with a service of a few lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from app.exchange.clock import RealClock
from app.exchange.hosting import Hosted, host
from tests.exchange.service import Service

ACCOUNT, TOKEN = "AC1", "12345"
SPEED = 20.0
PATIENCE = 5.0


@dataclass
class Line:
    """The telephones of a hosted exchange, over HTTP."""

    http: httpx2.AsyncClient
    url: str

    async def does(self, number: str, action: str, **given: Any) -> httpx2.Response:
        return await self.http.post(f"/phones/{number}/{action}", json=given)

    async def dials(self, number: str, to: str) -> None:
        assert (await self.does(number, "dial", to=to)).status_code == 200

    async def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.http.get("/phones/calls")).json()
        return found

    @asynccontextmanager
    async def phone(self, number: str) -> AsyncIterator["Phone"]:
        """A telephone that is listened to from here on."""
        async with self.http.stream("GET", f"/phones/{number}/news") as response:
            phone = Phone(response.aiter_lines())
            await anext(phone.lines)
            yield phone


@dataclass
class Phone:
    lines: AsyncIterator[str]

    async def until(self, kind: str, text: str = "") -> list[str]:
        """All that it tells, up to something of this kind with this text in it."""
        told: list[str] = []
        async with asyncio.timeout(PATIENCE):
            async for line in self.lines:
                news = json.loads(line)
                told.append(f"{news['kind']} {news['text']}".strip())
                if news["kind"] == kind and text in news["text"]:
                    return told
        raise AssertionError(f"no {kind} {text}: {told}")


@asynccontextmanager
async def served(service: Service, port: int = 0) -> AsyncIterator[str]:
    """The service over HTTP. Gives its address."""
    config = uvicorn.Config(service, port=port, ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def hosted(calls: str, state_dir: Path, speed: float = SPEED, for_service: bool = False) -> AsyncIterator[Line]:
    """An exchange that calls the service at this address."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    settings = Hosted(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        calls=calls,
        clock=RealClock(speed=speed),
        state_dir=state_dir,
        port=0,
        for_service=for_service,
    )
    hosting = asyncio.create_task(host(settings, ready.set_result))
    async with asyncio.timeout(PATIENCE):
        url = await ready
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        yield Line(http, url)
        if not hosting.done():
            await http.post("/stop", auth=(ACCOUNT, TOKEN))
    await hosting
