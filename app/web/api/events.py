"""What changed, as server-sent events."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.runtime import Runtime
from app.services import events
from app.services.events import Event
from app.web.api.fields import in_utc
from app.web.api.gate import GatedRoute, Service, role
from app.web.api.problems import documented, problem

router = APIRouter(tags=["events"], route_class=GatedRoute)

MEDIA_TYPE = "text/event-stream"
# Each watcher asks the database once a second.
MOST_STREAMS = 50
# Empty looks, a second each, after which something is sent all the same: whoever stands in between keeps the line open.
LOOKS_IN_SILENCE = 15
# In milliseconds.
COME_BACK = b"retry: 2000\n\n"
STILL_HERE = b": still here\n\n"
FULL = f"{MOST_STREAMS} watch already, and more are not served: close one, or ask again later."
_EXAMPLE = (
    'id: 7\nevent: agent\ndata: {"id": 7, "at": "2026-03-07T12:00:00Z", "kind": "agent", '
    '"subject": "agent 5c1d7a0e9b3f2468", "detail": {"state": "available"}}\n\n'
)
# Of one event: before its release 3.2 OpenAPI cannot speak of a whole stream.
_SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string", "description": "The kind."},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "at": {"type": "string", "format": "date-time"},
                    "kind": {"type": "string"},
                    "subject": {"type": "string", "description": "The thing, as `case 1234567897`."},
                    "detail": {"type": "object"},
                },
                "required": ["id", "at", "kind", "subject", "detail"],
            },
        },
    },
}

After = Annotated[
    int | None, Query(ge=0, lt=2**31, examples=[6], description="The last event seen; without it, from now on.")
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern="^[0-9]{1,9}$",
        examples=["6"],
        description="As a browser sends it when it comes back. It comes before `after`.",
    ),
]


class Streams:
    """How many watch now."""

    def __init__(self) -> None:
        self.open = 0


class EventStream(StreamingResponse):
    """Counts among the streams while it is open, however it ends."""

    media_type = MEDIA_TYPE

    # FastAPI looks for the status here.
    def __init__(self, content: AsyncIterator[bytes], streams: Streams, status_code: int = 200) -> None:
        super().__init__(content, status_code, {"X-Accel-Buffering": "no"})
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.open += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.open -= 1


@router.get(
    "/events",
    summary="What changes",
    openapi_extra=role("viewer"),
    response_class=EventStream,
    responses={
        200: {
            "description": "Server-sent events: `id`, `event` (the kind), `data` (JSON). A comment keeps it alive.",
            "content": {MEDIA_TYPE: {"schema": _SCHEMA, "example": _EXAMPLE}},
        },
        **documented(),
    },
)
async def get_events(
    request: Request, service: Service, after: After = None, last_event_id: LastEventId = None
) -> Response:
    """A week is kept. The stream ends after ten minutes, or when the service stops: come back with `Last-Event-ID`."""
    streams: Streams = request.app.state.streams
    if streams.open >= MOST_STREAMS:
        return problem(503, FULL, headers={"Retry-After": "60"})
    seen = int(last_event_id) if last_event_id is not None else after
    return EventStream(_lines(service, await events.where_to_begin(service, seen)), streams)


async def _lines(runtime: Runtime, after: int) -> AsyncIterator[bytes]:
    yield COME_BACK
    silent = 0
    async with aclosing(events.watch(runtime, after)) as looks:
        async for found in looks:
            silent = 0 if found else silent + 1
            if found:
                yield b"".join(_lines_of(event) for event in found)
            elif silent % LOOKS_IN_SILENCE == 0:
                yield STILL_HERE


def _lines_of(event: Event) -> bytes:
    # JSON keeps each event on one line.
    data = json.dumps({**event, "at": in_utc(event["at"])})
    return f"id: {event['id']}\nevent: {event['kind']}\ndata: {data}\n\n".encode()
