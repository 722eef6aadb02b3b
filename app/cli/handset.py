"""A telephone held by somebody in a terminal, or by a script: prints its news, does what is typed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import quote

import httpx2
import typer

from app.cli import typed
from app.cli.errors import fail
from app.exchange.news import Kind, News

PATIENCE = 5.0
NEWS = "application/x-ndjson"
INDENT = " " * 6


@dataclass
class Handset:
    """`keys` are keyed by themselves, the next each time keys are asked for."""

    address: str
    number: str
    dials: str | None
    keys: list[str]
    answers: bool
    once: bool
    by_hand: bool = field(default_factory=lambda: sys.stdin.isatty())
    _rings: asyncio.Event = field(default_factory=asyncio.Event)
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _on_a_call: bool = False

    async def held(self) -> None:
        """Until the call is over (`once`), or Ctrl-C."""
        async with self._client() as self._http, self._stream() as stream:
            typing = asyncio.create_task(self._type())
            try:
                await self._follow(stream)
            finally:
                typing.cancel()
                await self._puts_down()

    def _client(self) -> httpx2.AsyncClient:
        # A proxy that the environment names is for other addresses than our own.
        return httpx2.AsyncClient(base_url=self.address, timeout=PATIENCE, trust_env=False)

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[AsyncIterator[str]]:
        try:
            async with self._http.stream("GET", self._path("news"), timeout=None) as response:
                if not response.headers.get("content-type", "").startswith(NEWS):
                    await response.aread()
                    fail(_problem(response))
                yield response.aiter_lines()
        except httpx2.ConnectError:
            fail(f"no exchange runs on {self.address}; `make run` starts one, or `.venv/bin/partnerline exchange`")
        except httpx2.TransportError:
            fail("the line is dead: the exchange has ended")

    async def _follow(self, stream: AsyncIterator[str]) -> None:
        async for line in stream:
            if not line.strip():
                await self._begins()
                continue
            news = News(**json.loads(line))
            if news.kind not in get_args(Kind):
                continue
            self._tell(news)
            await self._heeds(news)
            if news.kind == "over" and self.once:
                return
        fail("the line is dead: the exchange has ended")

    async def _begins(self) -> None:
        """The exchange listens: from here on nothing is missed."""
        if self.dials is None:
            typer.echo(f"{self.number} waits for a call. {typed.HELP if self.by_hand else ''}".strip())
            return
        typer.echo(f"{self.number} calls {self.dials}")
        if not await self._does("dial", to=self.dials):
            raise typer.Exit(1)

    def _tell(self, news: News) -> None:
        at = f"{int(news.at) // 60:02}:{int(news.at) % 60:02}"
        match news.kind:
            case "rings":
                typer.echo(f"{at}  rings: {news.text} calls{'   (Enter answers, d declines)' if self.by_hand else ''}")
            case "hears":
                typer.echo(f"{at}  {news.text}")
            case "connected":
                typer.echo(f"{at}  connected with {news.text}")
            case "queue":
                typer.echo(f"{INDENT} waits in the queue {news.text}")
            case "keys":
                if self.by_hand and not self.keys:
                    typer.echo(f"{INDENT} keys?")
            case "recording":
                typer.echo(f"{INDENT} is recorded: s 8 speaks for 8 seconds, # ends it")
            case "over":
                typer.echo(f"{at}  over: {news.text}")

    async def _heeds(self, news: News) -> None:
        """What follows by itself, and what those who wait to act may know."""
        self._on_a_call = news.kind not in ("rings", "over")
        match news.kind:
            case "rings":
                self._rings.set()
                if self.answers:
                    await self._does("answer")
            case "keys":
                self._asked.set()
                # Keys that come too late are kept for the next time.
                if self.keys and await self._press(self.keys[0]):
                    self.keys.pop(0)
            case "over":
                self._rings.clear()
                self._asked.clear()

    async def _type(self) -> None:
        """What is typed happens at once; what comes from a file or a pipe when its time has come."""
        lines = typed.lines()
        while (line := await lines.get()) is not None:
            deed = typed.deed(line)
            if not self.by_hand and deed.verb in ("answer", "decline"):
                await self._rings.wait()
            if not self.by_hand and deed.verb == "keys":
                await self._asked.wait()
            await self._do(deed)

    async def _do(self, deed: typed.Deed) -> None:
        match deed.verb:
            case "answer" if self.by_hand and not self._rings.is_set():
                pass
            case "answer" | "decline" | "hang-up":
                self._rings.clear()
                await self._does(deed.verb)
            case "keys":
                await self._press(deed.text)
            case "talk":
                typer.echo(f"{INDENT} speaks for {deed.text} seconds")
                await self._does("talk", seconds=deed.text)
            case "wait":
                await asyncio.sleep(int(deed.text))
            case "unknown":
                typer.echo(f"{INDENT} {deed.text!r}? {typed.HELP}")

    async def _press(self, keys: str) -> bool:
        self._asked.clear()
        typer.echo(f"{INDENT} keys {keys or 'nothing'}")
        return not keys or await self._does("keys", keys=keys)

    async def _does(self, action: str, **given: Any) -> bool:
        try:
            response = await self._http.post(self._path(action), json=given)
        except httpx2.TransportError:
            # The news ends too, and says so.
            return False
        if response.status_code >= 400:
            typer.echo(f"{INDENT} {_problem(response)}", err=True)
        return response.status_code < 400

    async def _puts_down(self) -> None:
        if self._on_a_call:
            with suppress(httpx2.TransportError):
                await self._http.post(self._path("hang-up"), json={})

    def _path(self, what: str) -> str:
        return f"/phones/{quote(self.number, safe='')}/{what}"


def _problem(response: httpx2.Response) -> str:
    try:
        return str(response.json()["problem"])
    except (ValueError, KeyError, TypeError):
        return f"what listens there is no exchange of ours (it answers {response.status_code})"
