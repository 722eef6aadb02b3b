"""The exchange's REST API, as far as a service like ours needs it, under the provider's paths and in its shapes.

    httpx2.AsyncClient(transport=httpx2.ASGITransport(app=rest_app(exchange)), base_url="https://api.twilio.com",
                       auth=(account_sid, auth_token))

No handler waits for virtual time: what is ordered happens after the answer.
"""

import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.exchange import rest_calls, rest_numbers, rest_queues, rest_recordings
from app.exchange.orders import Refused
from app.exchange.rest_shapes import Asked, refusal

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange

Handler = Callable[[Asked], Response]
NO_ANSWER = "the exchange was told not to answer this request"
FAULTS = {
    "busy": Refused(429, 20429, "Too Many Requests"),
    "error": Refused(500, 20500, "An internal server error has occurred"),
    "away": Refused(503, 20503, "Service unavailable"),
}


def rest_app(exchange: "Exchange") -> Starlette:
    """The API of this exchange's account."""
    account = f"/2010-04-01/Accounts/{exchange.account_sid}"
    handlers = rest_calls.HANDLERS | rest_queues.HANDLERS | rest_recordings.HANDLERS | rest_numbers.HANDLERS
    routes = [
        Route(account + path, _endpoint(exchange, handler), methods=[method])
        for (method, path), handler in handlers.items()
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(_Gate, exchange=exchange)],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )


def _endpoint(exchange: "Exchange", handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return handler(await Asked.read(exchange, request))
        except Refused as refused:
            return refusal(refused)

    return endpoint


async def _not_found(request: Request, _: Exception) -> Response:
    return refusal(Refused(404, 20404, f"The requested resource {request.url.path} was not found"))


async def _not_allowed(request: Request, _: Exception) -> Response:
    return refusal(Refused(405, 20004, "Method not allowed"))


class _Gate:
    """Who may ask, and what goes wrong on the way if the exchange is told to misbehave."""

    def __init__(self, app: ASGIApp, exchange: "Exchange") -> None:
        self._app, self._exchange = app, exchange

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        self._exchange.rest_requests.append(f"{request.method} {request.url.path}")
        if not allowed(self._exchange, request):
            await refusal(Refused(401, 20003, "Authenticate"))(scope, receive, send)
            return
        match fault := self._exchange.misbehaviour.next_rest_fault(self._exchange.rest_requests[-1]):
            case None:
                await self._app(scope, receive, send)
            case "timeout":
                raise httpx2.ReadTimeout(NO_ANSWER)
            case "unreachable":
                raise httpx2.ConnectError(NO_ANSWER)
            case "lost":
                await self._app(scope, receive, _into_the_void)
                raise httpx2.ReadTimeout(NO_ANSWER)
            case "busy" | "error" | "away":
                await refusal(FAULTS[fault])(scope, receive, send)


def allowed(exchange: "Exchange", request: Request) -> bool:
    """Whether the request brings the account's password."""
    pair = f"{exchange.account_sid}:{exchange.auth_token}"
    expected = "Basic " + base64.b64encode(pair.encode()).decode()
    return hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode())


async def _into_the_void(_: Message) -> None:
    """An answer that nobody gets."""
