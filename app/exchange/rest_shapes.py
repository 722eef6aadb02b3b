"""What a REST request asks for, and the shapes that all answers share: pages, dates, errors."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.exchange.document import Document, Goto, Start
from app.exchange.orders import Refused
from app.exchange.twiml import problems_of, verbs_of

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange

Json = dict[str, Any]
LONGEST_TWIML = 4000
"""Characters of the `Twiml` parameter, at most."""
VERSION = "/2010-04-01"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in."""

    exchange: "Exchange"
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    form: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    async def read(cls, exchange: "Exchange", request: Request) -> "Asked":
        """The request as far as handlers need it."""
        body = (await request.body()).decode()
        form = parse_qsl(body, keep_blank_values=True)
        return cls(exchange, request.url.path, dict(request.path_params), dict(request.query_params), form)

    def get(self, name: str, default: str = "") -> str:
        """The value of a form field; the last one, if it was given several times."""
        return dict(self.form).get(name, default)

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a form field."""
        return tuple(value for key, value in self.form if key == name)

    def needs(self, name: str, code: int = 20001) -> str:
        """The value of a form field that has to be there."""
        if not (value := self.get(name)):
            raise Refused(400, code, f"Required parameter {name} is missing")
        return value

    def not_there(self) -> Refused:
        """The error for a resource that does not exist."""
        return Refused(404, 20404, f"The requested resource {self.path} was not found")

    def goto(self, name: str, method: str) -> Goto | None:
        """The address in a form field, if it is there. It has to be absolute."""
        if not (url := self.get(name)):
            return None
        if not url.startswith(("http://", "https://")):
            raise Refused(400, 21205, f"{name} is not a valid URL: {url}")
        return Goto(url, _method(self.get(method, "POST")))

    def start(self) -> Start:
        """What a call is to do: a document at `Url`, or the one in `Twiml`."""
        if (goto := self.goto("Url", "Method")) and not self.get("Twiml"):
            return goto
        twiml = self.get("Twiml")
        if bool(goto) == bool(twiml):
            raise Refused(400, 21205, "Exactly one of Url and Twiml is needed")
        if len(twiml) > LONGEST_TWIML:
            raise Refused(400, 21620, f"Twiml has more than {LONGEST_TWIML} characters")
        if problems := problems_of(twiml.encode()):
            raise Refused(400, 12100, "; ".join(problem.text for problem in problems))
        return Document("", verbs_of(twiml.encode()))


def _method(name: str) -> str:
    if name not in ("GET", "POST"):
        raise Refused(400, 20001, f"{name} is neither GET nor POST")
    return name


def date(moment: datetime | None) -> str | None:
    """RFC 2822, as all of this API."""
    return format_datetime(moment.astimezone(UTC)) if moment else None


def uri(exchange: "Exchange", path: str) -> str:
    """The address of a resource, without the host."""
    return f"{VERSION}/Accounts/{exchange.account_sid}{path}"


def ok(body: Json, status: int = 200) -> Response:
    return JSONResponse(body, status)


def refusal(refused: Refused) -> Response:
    """An error as the provider words it."""
    body = {
        "code": refused.code,
        "message": refused.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refused.code}",
        "status": refused.status,
    }
    return JSONResponse(body, refused.status)


def page(asked: Asked, name: str, items: list[Json]) -> Response:
    """One page of a list, with the way to the next."""
    size = _whole(asked, "PageSize", 50, 1, 1000)
    number = _whole(asked, "Page", 0, 0, 10**6)
    start = number * size
    shown = items[start : start + size]

    def address(to: int) -> str:
        kept = {key: value for key, value in asked.query.items() if key not in ("Page", "PageSize")}
        return f"{asked.path}?{urlencode(kept | {'PageSize': str(size), 'Page': str(to)})}"

    return ok(
        {
            name: shown,
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + max(len(shown) - 1, 0),
            "uri": address(number),
            "first_page_uri": address(0),
            "previous_page_uri": address(number - 1) if number else None,
            "next_page_uri": address(number + 1) if start + size < len(items) else None,
        }
    )


def _whole(asked: Asked, name: str, default: int, low: int, high: int) -> int:
    value = asked.query.get(name, str(default))
    if not value.isdecimal() or not low <= int(value) <= high:
        raise Refused(400, 20001, f"{name} is no whole number from {low} to {high}")
    return int(value)
