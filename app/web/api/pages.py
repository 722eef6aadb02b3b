"""Pages: which cases somebody on duty must take, and who takes them."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from app.services import pages
from app.web.api.fields import EXAMPLE_CASE, NEXT, PAGE_SIZE, Cursor, Instant, Limit, Severity, Shape
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import documented

router = APIRouter(tags=["pages"], route_class=GatedRoute)

EXAMPLE_PAGE = "CA0123456789abcdef0123456789abcdef/3"
PagePath = Annotated[str, Path(pattern="^[!-~]{1,128}$", examples=[EXAMPLE_PAGE], description="A / in it is %2F.")]


class Try(Shape):
    """One contact reached for a page."""

    contact: str = Field(examples=["Ana Ruiz"])
    tier: int = Field(description="Whose ladder the contact stands on.", examples=[2])
    round: int = Field(description="How often the ladder has been climbed.", examples=[1])
    at: Instant
    handed_at: Instant | None = Field(description="When the telephone company was asked to ring.")
    ended_at: Instant | None
    result: str | None = Field(description="`accepted`, `passed`, `missed`, `failed`.", examples=["missed"])


class Page(Shape):
    """A case that somebody on duty must take."""

    id: str = Field(examples=[EXAMPLE_PAGE])
    case_number: str = Field(examples=[EXAMPLE_CASE])
    tier: int = Field(examples=[2])
    climbs: int | None = Field(description="The tier whose ladder is climbed now.", examples=[2])
    severity: Severity = Field(examples=["S1"])
    region: str = Field(examples=["us"])
    line: str = Field(examples=["US support"])
    pid: str | None = Field(examples=["100234"])
    partner_name: str | None = Field(examples=["Tallgrass Relay"])
    reason: str = Field(examples=["S1 while every region is closed"])
    caller_waits: bool = Field(description="Whoever accepts by phone is connected.", examples=[True])
    opened_at: Instant
    next_at: Instant | None = Field(description="When the next contact is reached.")
    round: int = Field(examples=[1])
    merged: int = Field(description="Unverified callers that this page stands for besides.", examples=[0])
    alarmed_at: Instant | None = Field(description="When nobody had accepted in a whole round.")
    accepted_at: Instant | None
    accepted_by: str | None = Field(examples=[None])
    tries: list[Try]


class Pages(Shape):
    items: list[Page]
    next: str | None = NEXT


@router.get("/pages", summary="List pages", openapi_extra=role("viewer"), responses=documented())
async def list_pages(service: Service, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Pages:
    """Those that nobody has accepted first, then the newest."""
    page = await pages.listed(service, cursor, limit)
    return Pages(items=[Page.model_validate(row) for row in page.rows], next=page.next)


# The id of a page that a call has opened holds a slash.
@router.post(
    "/pages/{id:path}/accept", summary="Accept a page", openapi_extra=role("agent"), responses=documented(404, 409)
)
async def accept_page(service: Service, asking: Asking, id: PagePath) -> Page:
    """Takes the case, in the name of the key: nobody else need be rung. Twice is as good as once."""
    return Page.model_validate(await pages.accept(service, id, asking.name))
