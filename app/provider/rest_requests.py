"""Requests to the provider, each repeated as far as that is safe and patience lasts.

What only reads, and what leaves the same state however often it is done, is repeated after every failure that may pass.
What must not be done twice (a call, a message) is repeated only where it surely was not done: the connection was never
made, or the provider said 429. In any other case nobody knows, and that is what AnswerLost says.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import httpx2
import structlog

from app.provider import backoff
from app.provider.backoff import Chance
from app.provider.rest_errors import NO_ACCOUNT, NOT_FOUND, AnswerLost, Busy, Refused, refusal

log = structlog.get_logger()
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
LONGEST_CONNECT = 5.0
LARGEST_ANSWER = 16 * 1024 * 1024
# Bytes a second of a download that is still worth waiting for.
SLOWEST = 128 * 1024
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `path` is below the account. `repeatable`: doing it twice is the same as doing it once.

    `extra`: seconds that it may take beyond everybody's patience.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    form: Mapping[str, str | list[str]] | None = None
    query: Mapping[str, str] | None = None
    repeatable: bool = True
    at_most: int = LARGEST_ANSWER
    extra: float = 0.0

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def of_the_account(self) -> bool:
        """Whether it is for a list that every account has, such as `/Calls.json`."""
        return self.path.count("/") == 1


@dataclass(frozen=True, slots=True)
class _Failed:
    """An attempt that failed and may pass. `wait`: the seconds that the provider asks for."""

    why: str
    maybe_done: bool
    wait: float = 0.0


class Requests:
    """The requests of one account. `patience`: seconds from the first attempt of a request to its last word."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        api_url: str,
        transport: httpx2.AsyncBaseTransport | None,
        patience: float,
        sleep: Callable[[float], Awaitable[None]],
        chance: Chance,
    ) -> None:
        self._account = f"{api_url.rstrip('/')}/2010-04-01/Accounts/{quote(account_sid, safe='')}"
        self._patience, self._sleep, self._chance = patience, sleep, chance
        # Redirects are not followed: no address that comes from outside is ever asked, and nobody else gets the token.
        self._http = httpx2.AsyncClient(
            auth=(account_sid, auth_token),
            transport=transport,
            headers={"User-Agent": "partnerline", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """The body. Raises NotThere, Refused, Busy."""
        return await self._ask(Ask("GET", path, query=query))

    async def download(self, path: str, at_most: int) -> bytes:
        """A large body, with the time that its bytes take. Raises NotThere, Refused (also for more bytes), Busy."""
        return await self._ask(Ask("GET", path, at_most=at_most, extra=at_most / SLOWEST))

    async def update(self, path: str, form: Mapping[str, str]) -> None:
        """Something set to what it shall be. Raises NotThere, Refused, Busy, AnswerLost."""
        await self._ask(Ask("POST", path, form))

    async def do_once(self, path: str, form: Mapping[str, str | list[str]]) -> bytes:
        """What must not happen twice. Raises NotThere, Refused, Busy (not done), AnswerLost (nobody knows)."""
        return await self._ask(Ask("POST", path, form, repeatable=False))

    async def delete(self, path: str) -> None:
        """Raises NotThere, Refused, Busy, AnswerLost."""
        await self._ask(Ask("DELETE", path))

    async def _ask(self, ask: Ask) -> bytes:
        left, maybe_done = self._patience + ask.extra, False
        # One attempt that hangs leaves time for another, where there may be another.
        longest = left / 2 if ask.repeatable else left
        pauses, clock = backoff.pauses(self._chance), asyncio.get_running_loop().time
        while True:
            began = clock()
            outcome = await self._attempt(ask, min(left, longest))
            if isinstance(outcome, bytes):
                return outcome
            left -= clock() - began
            maybe_done = maybe_done or (ask.changes and outcome.maybe_done)
            pause = max(next(pauses), outcome.wait)
            if pause >= left or (maybe_done and not ask.repeatable):
                raise _given_up(outcome.why, maybe_done)
            log.warning("the provider is asked again", reason=outcome.why, seconds=round(pause, 1))
            await self._sleep(pause)
            left -= pause

    async def _attempt(self, ask: Ask, within: float) -> bytes | _Failed:
        """One request, over within so many seconds. Raises what asking again would not change."""
        # Waiting for a connection, making it and its TLS: each ends by itself, so that we know that nothing was sent.
        early = min(LONGEST_CONNECT, within / 4)
        timeout = httpx2.Timeout(within, connect=early, pool=early)
        address = self._account + ask.path
        try:
            async with (
                asyncio.timeout(within),
                self._http.stream(
                    ask.method, address, params=ask.query, data=ask.form, timeout=timeout, follow_redirects=False
                ) as response,
            ):
                return await _judged(response, ask)
        except _NEVER_SENT as error:
            return _Failed(f"it cannot be reached ({_in_words(error)})", maybe_done=False)
        except (httpx2.RequestError, TimeoutError) as error:
            return _Failed(f"no whole answer came ({_in_words(error)})", maybe_done=True)


async def _judged(response: httpx2.Response, ask: Ask) -> bytes | _Failed:
    status, wait = response.status_code, backoff.asked_for(response.headers)
    if status == TOO_MANY_REQUESTS:
        return _Failed("it says that there are too many requests (429)", maybe_done=False, wait=wait)
    if status >= SERVER_ERROR:
        return _Failed(f"it answers {status}", maybe_done=True, wait=wait)
    body = await _body(response, ask.at_most if response.is_success else LARGEST_ANSWER)
    if status == NOT_FOUND and ask.of_the_account:
        raise Refused(status, None, NO_ACCOUNT)
    if not response.is_success:
        raise refusal(status, body or b"")
    if body is not None:
        return body
    if ask.changes:
        raise AnswerLost("the provider's answer is too long to be read; it may have been done")
    raise Refused(status, None, f"the provider sends more than the {ask.at_most} bytes that are taken")


async def _body(response: httpx2.Response, at_most: int) -> bytes | None:
    """None as soon as there is more than is taken, whatever length the provider has told."""
    told = response.headers.get("Content-Length", "")
    if told.isascii() and told.isdigit() and int(told) > at_most:
        return None
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > at_most:
            return None
    return bytes(body)


def _given_up(why: str, maybe_done: bool) -> AnswerLost | Busy:
    if maybe_done:
        return AnswerLost(f"the provider was asked and may have done it: {why}")
    return Busy(f"the provider is busy or away: {why}; try again later")


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
