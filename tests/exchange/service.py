"""A service of a few lines for the exchange to call: each path answers with a document, or with a function's."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Form = dict[str, str]
Reply = str | bytes | tuple[int, dict[str, str], bytes] | Callable[[Form], str]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass
class Received:
    method: str
    path: str
    query: str
    form: Form
    headers: dict[str, str]


def twiml(*verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


@dataclass
class Service:
    """`pages` by path; what is missing is a 404, but status callbacks are always welcome."""

    pages: dict[str, Reply] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    def forms(self, path: str) -> list[Form]:
        """The forms that a path was sent, in order."""
        return [request.form for request in self.received if request.path == path]

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = (await receive()).get("body", b"")
        query: bytes = scope["query_string"]
        text = (body if scope["method"] == "POST" else query).decode()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        form = dict(parse_qsl(text, keep_blank_values=True))
        self.received.append(Received(scope["method"], scope["path"], query.decode(), form, headers))
        status, sent, content = self._reply(scope["path"], form)
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def _reply(self, path: str, form: Form) -> tuple[int, dict[str, str], bytes]:
        page = self.pages.get(path, (204 if path == "/twilio/status" else 404, {}, b""))
        if callable(page):
            page = page(form)
        if isinstance(page, tuple):
            return page
        return 200, {"content-type": "text/xml"}, page.encode() if isinstance(page, str) else page
