"""REST: calls placed, looked at, redirected and ended."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.responses import Response

from app.exchange import orders
from app.exchange.call import Call
from app.exchange.orders import Refused
from app.exchange.progress import Progress
from app.exchange.rest_shapes import Asked, Json, date, ok, page, uri

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
STEPS = frozenset({"initiated", "ringing", "answered", "completed"})


def create(asked: Asked) -> Response:
    """Rings somebody. `queued` until its turn has come."""
    exchange = asked.exchange
    to, shown = asked.needs("To", 21201), asked.needs("From", 21213)
    _check_to(exchange, to)
    check_from(exchange, shown)
    timeout = asked.get("Timeout", "60")
    if not timeout.isdecimal() or int(timeout) > 600:
        raise Refused(400, 20001, "Timeout is no whole number up to 600")
    start, fallback = asked.start(), asked.goto("FallbackUrl", "FallbackMethod")
    call = exchange.outbound.place(to, shown, start, fallback=fallback, progress=_progress(asked), timeout=int(timeout))
    return ok(shape(call), 201)


def fetch(asked: Asked) -> Response:
    """A call as it stands."""
    return ok(shape(_found(asked)))


def listing(asked: Asked) -> Response:
    """All calls, the newest first; by `Status`, `To`, `From`, `ParentCallSid`."""
    query = asked.query
    found = [
        shape(call)
        for call in reversed(asked.exchange.calls)
        if call.to == query.get("To", call.to)
        and call.caller == query.get("From", call.caller)
        and call.status == query.get("Status", call.status)
        and ("ParentCallSid" not in query or (call.parent and call.parent.sid == query["ParentCallSid"]))
    ]
    return page(asked, "calls", found)


def update(asked: Asked) -> Response:
    """Sends a call elsewhere (`Url` or `Twiml`), or ends it (`Status`)."""
    call = _found(asked)
    match asked.get("Status"):
        case "completed":
            orders.end(call)
        case "canceled":
            orders.cancel(call)
        case "":
            orders.redirect(call, asked.start())
        case other:
            raise Refused(400, 20001, f"Status {other} is neither canceled nor completed")
    return ok(shape(call))


HANDLERS = {
    ("POST", "/Calls.json"): create,
    ("GET", "/Calls.json"): listing,
    ("GET", "/Calls/{sid}.json"): fetch,
    ("POST", "/Calls/{sid}.json"): update,
}


def shape(call: Call) -> Json:
    """A call as the provider shows it."""
    began, ends = call.began, call.ended_at
    answered = call.answered_at
    return {
        "sid": call.sid,
        "account_sid": call.exchange.account_sid,
        "parent_call_sid": call.parent.sid if call.parent else None,
        "to": call.to,
        "to_formatted": call.to,
        "from": call.caller,
        "from_formatted": call.caller,
        "status": call.status,
        "direction": call.direction,
        "answered_by": None,
        "api_version": "2010-04-01",
        "date_created": date(began),
        "date_updated": date(call.exchange.clock.now()),
        "start_time": None if answered is None else date(began + timedelta(seconds=answered)),
        "end_time": None if ends is None else date(began + timedelta(seconds=ends)),
        "duration": None if ends is None else str(call.talked),
        "price": None,
        "price_unit": "USD",
        "uri": uri(call.exchange, f"/Calls/{call.sid}.json"),
    }


def check_from(exchange: "Exchange", shown: str) -> None:
    """Only the account's own numbers are shown, if the exchange was told which those are."""
    if exchange.numbers and shown not in exchange.numbers:
        raise Refused(400, 21210, f"The source phone number provided, {shown}, is not yet verified for your account.")


def _check_to(exchange: "Exchange", to: str) -> None:
    if not (NUMBER.fullmatch(to) or to.startswith(("sip:", "client:"))):
        raise Refused(400, 21211, f"The phone number you are attempting to call, {to}, is not valid.")
    if to in exchange.unreachable:
        raise Refused(400, 21214, f"The phone number you are attempting to call, {to}, is not reachable.")


def _progress(asked: Asked) -> Progress | None:
    goto = asked.goto("StatusCallback", "StatusCallbackMethod")
    if goto is None:
        return None
    steps = asked.all("StatusCallbackEvent") or ("completed",)
    if wrong := set(steps) - STEPS:
        raise Refused(400, 21626, f"Invalid StatusCallbackEvent: {min(wrong)}")
    return Progress(goto.url, goto.method, steps)


def _found(asked: Asked) -> Call:
    call = asked.exchange.call(asked.ids["sid"])
    if call is None:
        raise asked.not_there()
    return call
