"""The telephones at the exchange, for whoever holds one from outside: HTTP and JSON, from this machine only.

GET  /phones/calls               the calls that go on
GET  /phones/NUMBER/news         what this telephone shows and lets be heard, a line of JSON each (news.py), for ever
POST /phones/NUMBER/dial         {"to": "+18888988733"}
POST /phones/NUMBER/ACTION       answer · decline · hang-up · keys {"keys": "1"} · speak {"text": "…"} ·
                                 talk {"seconds": 8}: what the telephone is on; 409 where that cannot be done now

No handler waits for the calls: what it does happens in their own time.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from app.exchange.call import Call
from app.exchange.events import Decline, Input, Key, PickUp, Spoken, Talk
from app.exchange.news import Phone

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange

BETWEEN_LOOKS = 0.04
"""Seconds, on the wall, between two looks at a telephone."""
BETWEEN_KEYS = 0.05
KEYPAD = frozenset("0123456789*#")
REACTIONS: dict[str, Input] = {"answer": PickUp(), "decline": Decline()}
HERE = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


class Impossible(Exception):
    """What was asked for cannot be done; the message says why."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


def routes(exchange: "Exchange", ends: Callable[[], bool]) -> list[Route]:
    """The telephones of this exchange. Their news ends when `ends` says that the exchange does."""
    phones = _Phones(exchange, ends)
    return [
        Route("/phones/calls", phones.calls, methods=["GET"]),
        Route("/phones/{number}/news", phones.news, methods=["GET"]),
        Route("/phones/{number}/{action}", phones.act, methods=["POST"]),
    ]


@dataclasses.dataclass(frozen=True)
class _Phones:
    exchange: "Exchange"
    ends: Callable[[], bool]

    async def calls(self, request: Request) -> Response:
        """The calls that go on, oldest first."""
        if refusal := _not_from_here(request):
            return refusal
        return JSONResponse([_shape(call) for call in self.exchange.calls if not call.over])

    async def news(self, request: Request) -> Response:
        if refusal := _not_from_here(request):
            return refusal
        phone = Phone(self.exchange, request.path_params["number"])
        return StreamingResponse(self._lines(phone), media_type="application/x-ndjson")

    async def _lines(self, phone: Phone) -> AsyncIterator[bytes]:
        # An empty line at once: who reads knows that from here on nothing is missed.
        yield b"\n"
        while not self.ends():
            for news in phone.news():
                yield msgspec.json.encode(news) + b"\n"
            await asyncio.sleep(BETWEEN_LOOKS)

    async def act(self, request: Request) -> Response:
        if refusal := _not_from_here(request):
            return refusal
        given: Any = {}
        with suppress(JSONDecodeError, UnicodeDecodeError):
            given = await request.json() if await request.body() else {}
        try:
            call = await self._does(request.path_params["number"], request.path_params["action"], given)
        except Impossible as problem:
            return JSONResponse({"problem": str(problem)}, problem.status)
        return JSONResponse(_shape(call))

    async def _does(self, number: str, action: str, given: Any) -> Call:
        if action == "dial":
            return self.exchange.begins(_text(given, "to"), number)
        if action in REACTIONS:
            call = self._ringing(number)
            call.give(REACTIONS[action])
            return call
        call = self._call(number)
        match action:
            case "hang-up":
                call.put_down()
            case "keys":
                await _press(call, _text(given, "keys"))
            case "speak":
                call.give(Spoken(_text(given, "text"), 0.9))
            case "talk":
                call.give(Talk(_seconds(given), ""))
            case _:
                raise Impossible(f"a telephone cannot {action}", 404)
        return call

    def _ringing(self, number: str) -> Call:
        for call in self.exchange.calls:
            if call.number == number and call.waits_for == "answer":
                return call
        raise Impossible(f"{number} does not ring")

    def _call(self, number: str) -> Call:
        """The call that this telephone is on; one that rings, if it is on none."""
        live = [call for call in self.exchange.calls if call.number == number and not call.is_ending]
        talks = [call for call in live if call.status == "in-progress"]
        if not live:
            raise Impossible(f"{number} is on no call")
        return (talks or live)[0]


def _not_from_here(request: Request) -> Response | None:
    """A telephone is not to be played from elsewhere, nor by a page in a browser."""
    if request.client and request.client.host not in HERE:
        return JSONResponse({"problem": "the telephones are for this machine only"}, 403)
    if "origin" in request.headers:
        return JSONResponse({"problem": "the telephones are not for browsers"}, 403)
    return None


def _text(given: Any, name: str) -> str:
    value = given.get(name) if isinstance(given, dict) else None
    if value is None or value == "":
        raise Impossible(f"{name} is missing", 400)
    return str(value)


def _seconds(given: Any) -> float:
    text = _text(given, "seconds")
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Impossible("seconds is no whole number", 400)
    return float(text)


async def _press(call: Call, keys: str) -> None:
    """One key after another, as a finger does: the exchange keeps none for later."""
    if odd := set(keys) - KEYPAD:
        raise Impossible(f"{min(odd)!r} is not on the keypad", 400)
    for index, key in enumerate(keys):
        if index:
            await asyncio.sleep(BETWEEN_KEYS)
        if not call.give(Key(key)) and not index:
            raise Impossible("nothing listens for keys now")


def _shape(call: Call) -> dict[str, object]:
    return {
        "sid": call.sid,
        "from": call.caller,
        "to": call.to,
        "status": call.status,
        "seconds": round(call.seconds, 1),
        "queue": call.waiting_in,
        "connected_to": call.connected_to,
    }
