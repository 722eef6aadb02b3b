"""Regions closed or opened by hand."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from app.domain.regions import ClosureKind
from app.services import closures
from app.store.rows import Row
from app.web.api.fields import NEXT, PAGE_SIZE, Body, Cursor, IdPath, Instant, Limit, Moment, Shape, Text
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import OF_A_BODY, documented

router = APIRouter(tags=["closures"], route_class=GatedRoute)

_EXAMPLE: dict[str, Any] = {
    "region": "emea",
    "kind": "emergency",
    "from": "2026-03-09T08:00:00Z",
    "until": "2026-03-09T18:00:00Z",
    "reason": "The office is without power.",
}
InRegion = Annotated[
    str | None, Query(pattern="^[a-z][a-z0-9_-]{0,31}$", examples=["emea"], description="Those of one region only.")
]


class NewClosure(Body):
    """An emergency closure beats a holiday, which beats a closure, then an opening, then the weekly hours."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    region: str = Field(min_length=1, max_length=32, pattern="^[a-z][a-z0-9_-]*$", examples=["emea"])
    kind: ClosureKind = Field(examples=["emergency"])
    starts_at: Moment = Field(alias="from", description="It holds from this moment …")
    ends_at: Moment = Field(alias="until", description="… up to but not including this one.")
    reason: Text = Field(examples=["The office is without power."])


class Closure(Shape):
    """A region closed or opened by hand for a time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 7, **_EXAMPLE, "created_by": "desk"}]})

    id: int = Field(examples=[7])
    region: str = Field(examples=["emea"])
    kind: ClosureKind = Field(examples=["emergency"])
    starts_at: Instant = Field(alias="from")
    ends_at: Instant = Field(alias="until")
    reason: str = Field(examples=["The office is without power."])
    created_by: str = Field(description="The name of the key.", examples=["desk"])


class Closures(Shape):
    items: list[Closure]
    next: str | None = NEXT


@router.get("/closures", summary="List closures", openapi_extra=role("viewer"), responses=documented())
async def list_closures(
    service: Service, region: InRegion = None, cursor: Cursor = None, limit: Limit = PAGE_SIZE
) -> Closures:
    """Those of the past too, in the order in which they were made."""
    page = await closures.listed(service, region, cursor, limit)
    return Closures(items=[_closure(row) for row in page.rows], next=page.next)


@router.post(
    "/closures",
    summary="Close or open a region",
    status_code=201,
    openapi_extra=role("supervisor"),
    responses=documented(*OF_A_BODY),
)
async def create_closure(service: Service, asking: Asking, body: NewClosure) -> Closure:
    """Only the region named is closed: the others still take its calls."""
    wanted = closures.NewClosure(body.region, body.kind, body.starts_at, body.ends_at, body.reason)
    return _closure(await closures.create(service, asking.name, wanted))


@router.delete(
    "/closures/{id}",
    summary="Take a closure back",
    status_code=204,
    openapi_extra=role("supervisor"),
    responses=documented(404),
)
async def delete_closure(service: Service, asking: Asking, id: IdPath) -> Response:
    """Calls go by it no longer, from the next one on."""
    await closures.remove(service, asking.name, id)
    return Response(status_code=204)


def _closure(row: Row) -> Closure:
    return Closure.model_validate({**row, "from": row["starts_at"], "until": row["ends_at"]})
