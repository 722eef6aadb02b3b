"""The queues: who waits, how long, and who is there to take them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BeforeValidator, ConfigDict, Field

from app.domain.agents import State
from app.services import queues
from app.web.api.fields import EXAMPLE_CALL, EXAMPLE_CASE, TEXT, Instant, Severity, Shape
from app.web.api.gate import GatedRoute, Service, role
from app.web.api.problems import documented

router = APIRouter(tags=["queues"], route_class=GatedRoute)

QueuePath = Annotated[str, Path(min_length=1, max_length=64, pattern=TEXT, examples=["tier2-us"])]
_WAITS: dict[str, Any] = {
    "position": 1,
    "call_sid": EXAMPLE_CALL,
    "case_number": EXAMPLE_CASE,
    "kind": "call",
    "line": "US support",
    "severity": "S2",
    "certified": True,
    "pid": "100234",
    "partner_name": "Tallgrass Relay",
    "also": None,
    "since": "2026-03-07T12:00:00Z",
    "waited": 42,
    "limit": 900,
    "over_limit": False,
    "due_at": None,
    "rings": ["Ana Ruiz"],
}
_SERVES: dict[str, Any] = {"id": "5c1d7a0e9b3f2468", "name": "Ana Ruiz", "state": "offered"}


class Waits(Shape):
    """A call in a queue, or a callback that keeps its place."""

    position: int = Field(description="Counts from 1.")
    call_sid: str
    case_number: str
    kind: Literal["call", "callback"]
    line: str
    severity: Severity
    certified: bool
    pid: str | None
    partner_name: str | None
    also: str | None = Field(description="The queue of the next open region, once it is offered there too.")
    since: Instant = Field(description="The first waiting time.")
    waited: int = Field(description="Seconds since then.")
    limit: int = Field(description="Seconds in this queue after which the call goes on elsewhere too.")
    over_limit: bool
    due_at: Instant | None = Field(description="A callback is not called before.")
    rings: Annotated[list[str], BeforeValidator(list)] = Field(description="The agents who are rung for it now.")


class Serves(Shape):
    """An agent who takes calls from a queue, now or after the one at hand."""

    id: str
    name: str
    state: State


class Queue(Shape):
    """A place where callers wait."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "tier2-us",
                    "tier": 2,
                    "region": "us",
                    "length": 1,
                    "longest_wait": 42,
                    "expected_wait": 120,
                    "available": 0,
                    "serving": [_SERVES],
                    "waiting": [_WAITS],
                }
            ]
        }
    )

    name: str
    tier: int
    region: str | None = Field(description="Null for the on-call queues.")
    length: int = Field(description="How many wait; a callback does once it is due.")
    longest_wait: int | None = Field(description="Seconds, of who waits now.")
    expected_wait: int | None = Field(
        description="Seconds, for who comes now; null where too little is known to tell, or nobody serves the queue."
    )
    available: int = Field(description="How many agents are free to take a call.")
    serving: list[Serves]
    waiting: list[Waits] = Field(description="The first 200, in the order in which they are served.")


class Queues(Shape):
    items: list[Queue]
    next: str | None = Field(None, description="Always null: all queues come at once.", examples=[None])


@router.get("/queues", summary="List queues", openapi_extra=role("viewer"), responses=documented())
async def list_queues(service: Service) -> Queues:
    """All of them, with who waits in each."""
    return Queues(items=[Queue.model_validate(row) for row in await queues.all_of_them(service)])


@router.get("/queues/{name}", summary="One queue", openapi_extra=role("viewer"), responses=documented(404))
async def get_queue(service: Service, name: QueuePath) -> Queue:
    return Queue.model_validate(await queues.one(service, name))
