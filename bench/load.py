"""Plays calls against a worker over kept connections and keeps the time of each answer.

It must cost little beside what it measures: plain bytes on a socket, forms made beforehand, and nothing parsed of an
answer but its status, its length and the address that it names. Any answer other than the expected one ends the run.
"""

import asyncio
import hmac
import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

import uvloop

from bench.calls import Call, Webhook

CONNECTIONS = 16
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
_SIGNING = hmac.new(AUTH_TOKEN.encode(), digestmod="sha1")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ADDRESS = {name: re.compile(rf'{name}="([^"]+)"'.encode()) for name in ("action", "waitUrl")}


@dataclass(frozen=True, slots=True)
class Round:
    """One round: how long it took, and each of its webhooks, in seconds."""

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Webhooks a second."""
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


def play(port: int, calls: Sequence[Call]) -> Round:
    """Plays all calls, as many at a time as there are connections."""
    return uvloop.run(_play(port, calls))


async def _play(port: int, calls: Sequence[Call]) -> Round:
    waiting = iter(calls)
    latencies: list[float] = []
    start = perf_counter()
    await asyncio.gather(*(_play_some(_Wire(port), waiting, latencies) for _ in range(CONNECTIONS)))
    return Round(perf_counter() - start, latencies)


async def _play_some(wire: "_Wire", waiting: Iterator[Call], latencies: list[float]) -> None:
    for call in waiting:
        answer = b""
        for webhook in call:
            request = _request(wire.port, webhook, answer)
            start = perf_counter()
            answer = await wire.ask(request)
            latencies.append(perf_counter() - start)
            assert webhook.step.expects in answer, answer
    wire.close()


def _request(port: int, webhook: Webhook, last_answer: bytes) -> bytes:
    path = _path(webhook.step.goes_to, last_answer)
    mac = _SIGNING.copy()
    mac.update(b"http://127.0.0.1:%d%b%b" % (port, path, webhook.signed))
    return (
        b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        b"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nX-Twilio-Signature: %b\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (path, port, b64encode(mac.digest()), len(webhook.body), webhook.body)
    )


def _path(goes_to: str, last_answer: bytes) -> bytes:
    if goes_to.startswith("/"):
        return goes_to.encode()
    found = _ADDRESS[goes_to].search(last_answer)
    assert found, last_answer
    return found[1].replace(b"&amp;", b"&")


class _Wire(asyncio.Protocol):
    """A connection with one request at a time. Opened again when the worker closes it after each."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer, which must be a good one."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            self._transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", self.port)
        self._buffer = b""
        self._answer = loop.create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end or not self._answer or self._answer.done():
            return
        length = _LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return
        if b"connection: close" in head.lower() and self._transport:
            self._transport.close()
            self._transport = None
        if head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 204")):
            self._answer.set_result(body)
        else:
            self._answer.set_exception(AssertionError(self._buffer))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionError("the worker hung up"))
