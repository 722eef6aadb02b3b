"""Where a call would go, and why."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from app.domain.routing import Destination
from app.services.refusals import Unfit
from app.services.route import BadQuestion, Question, Router
from app.store import lookups
from app.web.api.fields import TEXT, Instant, Moment, PidFilter, Severity, Shape
from app.web.api.gate import GatedRoute, Service, role
from app.web.api.problems import documented

router = APIRouter(tags=["route"], route_class=GatedRoute)

LineOrNumber = Annotated[
    str,
    Query(
        min_length=1,
        max_length=100,
        pattern=TEXT,
        description="A line's name, or one of its numbers (+ is written %2B).",
        examples=["US support"],
    ),
]


class Answer(Shape):
    """As `partnerline route --json`."""

    tier: int = Field(examples=[2])
    region: str = Field(examples=["us"])
    destination: Destination = Field(examples=["line"])
    queue: str | None = Field(description="For a line answered here, the queue it leads to.", examples=["tier2-us"])
    opens_at: Instant | None = Field(description="Only where the destination is `callback`.")
    pages: bool = Field(description="The contact on duty is paged at once.", examples=[False])
    messages: list[str] = Field(description="What the caller is told on the way.")
    why: list[str] = Field(examples=[["US support is a line of us (support)"]])


@router.get("/route", summary="Where a call goes", openapi_extra=role("viewer"), responses=documented())
async def get_route(
    service: Service,
    line: LineOrNumber,
    pid: PidFilter = None,
    severity: Annotated[Severity | None, Query(description="S2 is assumed without one.", examples=["S1"])] = None,
    at: Annotated[Moment | None, Query(description="Now, without one.")] = None,
) -> Answer:
    """The way of a call on a line, step by step. Without `pid` the caller is unverified."""
    now = service.now()
    partner = await lookups.partner_with_pid(service.store, pid) if pid else None
    closures = await lookups.closures(service.store, lookups.ALL_TIME)
    try:
        answer = Router(service.flows, closures).answer(Question(line, pid, severity, at), partner, now)
    except BadQuestion as error:
        raise Unfit(**{"query.line": str(error).removeprefix("line: ")}) from None
    return Answer.model_validate(msgspec.structs.asdict(answer))
