"""The way into every endpoint: whose key it is and whether its role suffices, before anything else is looked at."""

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive

from app.runtime import Runtime
from app.services import keys
from app.services.keys import Caller, Role

WRONG_KEYS_ALLOWED = 20
WITHIN = timedelta(minutes=1)
ADDRESSES_REMEMBERED = 1_000
LONGEST_KEY = 200
LARGEST_BODY = 64 * 1024
LARGEST_FILE = 64 * 1024 * 1024

bearer = HTTPBearer(scheme_name="key", description="`partnerline keys create` makes one.", auto_error=False)
Handle = Callable[[Request], Coroutine[Any, Any, Response]]
ROLE = "x-role"


def role(needed: Role) -> dict[str, Any]:
    """For `openapi_extra`: the least role that an endpoint wants. It is shown in OpenAPI, and the gate goes by it."""
    return {ROLE: needed}


class GatedRoute(APIRoute):
    """A route that asks for a key first. One without a role cannot be made."""

    def get_route_handler(self) -> Handle:
        handle = super().get_route_handler()
        needed: Role = (self.openapi_extra or {})[ROLE]
        wants_json = self.body_field is not None
        known = frozenset(parameter.alias for parameter in self.dependant.query_params)

        async def gated(request: Request) -> Response:
            caller = await _caller(request)
            if not caller.may(needed):
                raise HTTPException(403, f"This needs the role {needed}; the key {caller.name} has {caller.role}.")
            _check_parameters(request, known)
            if wants_json:
                require_type(request, "application/json")
            request.state.caller = caller
            limit = LARGEST_BODY if wants_json else LARGEST_FILE
            response = await handle(Request(request.scope, _limited(request, limit)))
            response.headers["Cache-Control"] = "no-store"
            return response

        return gated


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def caller_of(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


Service = Annotated[Runtime, Depends(runtime_of)]
Asking = Annotated[Caller, Depends(caller_of)]


class WrongKeys:
    """Counts wrong keys by address. Keys that have worked here are never held up by their neighbours' mistakes."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, list[datetime]] = OrderedDict()
        self._good: set[str] = set()

    def hold_up(self, address: str, key: str, now: datetime) -> bool:
        recent = [at for at in self._wrong.get(address, ()) if now - at < WITHIN]
        return len(recent) >= WRONG_KEYS_ALLOWED and key not in self._good

    def note_wrong(self, address: str, key: str, now: datetime) -> None:
        self._good.discard(key)
        self._wrong[address] = [*self._wrong.pop(address, ())[-WRONG_KEYS_ALLOWED:], now]
        if len(self._wrong) > ADDRESSES_REMEMBERED:
            self._wrong.popitem(last=False)

    def note_good(self, key: str) -> None:
        if len(self._good) >= ADDRESSES_REMEMBERED:
            self._good.clear()
        self._good.add(key)


async def _caller(request: Request) -> Caller:
    runtime, wrong_keys = runtime_of(request), request.app.state.wrong_keys
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise _unauthorized("Send your key: `Authorization: Bearer KEY`.")
    now = runtime.now()
    address = request.client.host if request.client else ""
    hashed = runtime.hash_key(key[:LONGEST_KEY])
    if wrong_keys.hold_up(address, hashed, now):
        seconds = str(int(WITHIN.total_seconds()))
        raise HTTPException(429, "Too many wrong keys from this address; wait a minute.", {"Retry-After": seconds})
    found = await keys.caller(runtime.database, runtime.hash_key, key, now) if len(key) <= LONGEST_KEY else None
    if found is None:
        wrong_keys.note_wrong(address, hashed, now)
        raise _unauthorized("This key is unknown, expired or revoked.")
    wrong_keys.note_good(hashed)
    return found


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})


def _check_parameters(request: Request, known: frozenset[str]) -> None:
    """A misspelt filter would give everything, and one that is given twice has no one meaning."""
    given = [name for name, _ in request.query_params.multi_items()]
    wrong = {name: "is no parameter of this" for name in given if name not in known}
    wrong |= {name: "is given more than once" for name in given if given.count(name) > 1}
    if wrong:
        raise RequestValidationError([_error(name, reason) for name, reason in sorted(wrong.items())])


def _error(name: str, reason: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": ("query", name), "msg": reason, "input": None}


def require_type(request: Request, wanted: str) -> None:
    given = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given != wanted:
        raise HTTPException(415, f"Send the body as {wanted}.")


def _limited(request: Request, limit: int) -> Receive:
    """Reads the request's body, up to a limit."""
    too_large = HTTPException(413, f"The body is larger than {limit} bytes.")
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise too_large
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise too_large
        return message

    return receive
