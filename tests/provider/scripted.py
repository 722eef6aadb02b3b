"""A provider that answers by a script, one line of it for each request; the last line stays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2

from app.provider.rest import TwilioRest

ACCOUNT = "AC" + "0123456789abcdef" * 2
CALL, RECORDING, QUEUE, NUMBER = ("".join((kind, "0123456789ABCDEF" * 2)) for kind in ("CA", "RE", "QU", "PN"))
API = "https://api.example.test"
BASE = f"/2010-04-01/Accounts/{ACCOUNT}"

Line = httpx2.Response | Exception


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    authorization: str


class NoChance:
    """Draws 0, so that each pause is as long as it can be: 0.5, 1, 2, 4, 8, 8, …"""

    def random(self) -> float:
        return 0.0


@dataclass
class Scripted:
    lines: Sequence[Line]
    asked: list[Asked] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def rest(self, **settings: Any) -> TwilioRest:
        transport = httpx2.MockTransport(self._answer)
        chosen = {"sleep": self._sleep, "chance": NoChance(), **settings}
        return TwilioRest(ACCOUNT, "the token", API, transport=transport, **chosen)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        query, form = (parse_qs(text, keep_blank_values=True) for text in (request.url.query.decode(), _text(request)))
        assert str(request.url).startswith(API + BASE + "/")
        path = request.url.path.removeprefix(BASE)
        self.asked.append(Asked(request.method, path, query, form, request.headers.get("Authorization", "")))
        line = self.lines[min(len(self.asked), len(self.lines)) - 1]
        if isinstance(line, Exception):
            raise line
        return line


def script(*lines: Line) -> Scripted:
    return Scripted(lines)


def said(status: int, /, **body: Any) -> httpx2.Response:
    """An answer as the provider gives it."""
    return httpx2.Response(status, json=body)


def _text(request: httpx2.Request) -> str:
    return request.content.decode()
