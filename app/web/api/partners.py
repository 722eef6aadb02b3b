"""The partner directory: a partner at a time, or a whole file."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from app.domain.partners import PartnerType, Status
from app.services import directory
from app.store.rows import Row
from app.web.api.fields import NEXT, PAGE_SIZE, TEXT, Body, Cursor, Limit, PidPath, Shape
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import OF_A_BODY, documented

router = APIRouter(tags=["partners"], route_class=GatedRoute)

DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# In the directory these are one text, separated by semicolons.
Listed = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f;]+$")]
Day = Annotated[str, Field(pattern=DAY, json_schema_extra={"format": "date"}, examples=["2026-12-31"])]

_EXAMPLE: dict[str, Any] = {
    "name": "Tallgrass Relay",
    "type": "resale",
    "region": "us",
    "parent_account": "Tallgrass Group",
    "status": "active",
    "certified_from": "2025-01-01",
    "certified_until": None,
    "dial_code": "",
    "phones": ["+12065550147"],
    "loa_customers": [],
}


class PartnerFields(Body):
    """A partner, whole: what is left away is set to its default."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str = Field(
        min_length=1, max_length=200, pattern=TEXT, description="As spoken.", examples=["Tallgrass Relay"]
    )
    type: PartnerType = Field(examples=["resale"])
    region: str = Field(max_length=32, pattern="^[a-z][a-z0-9_-]*$", examples=["us"])
    parent_account: str = Field("", max_length=200, pattern=TEXT)
    status: Status = "active"
    certified_from: Day | None = Field(None, description="Both days count, in the partner's region.")
    certified_until: Day | None = None
    dial_code: str = Field("", pattern="^([0-9]{4,10})?$", description="Dialled in place of the PID's own digits.")
    phones: list[Listed] = Field(
        default_factory=list,
        max_length=100,
        description="National numbers are read in the partner's region; all are stored as E.164.",
        examples=[["+12065550147"]],
    )
    loa_customers: list[Listed] = Field(
        default_factory=list, max_length=1000, description="Customer accounts with a signed Letter of Agency."
    )


class Partner(Shape):
    """A partner of the directory."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"pid": "100234", **_EXAMPLE}]})

    pid: str = Field(examples=["100234"])
    name: str
    type: PartnerType
    region: str
    parent_account: str
    status: Status
    certified_from: str | None = Field(json_schema_extra={"format": "date"})
    certified_until: str | None = Field(json_schema_extra={"format": "date"})
    dial_code: str
    phones: list[str]
    loa_customers: list[str]


class Partners(Shape):
    items: list[Partner]
    next: str | None = NEXT


@router.get("/partners", summary="List partners", openapi_extra=role("viewer"), responses=documented())
async def list_partners(service: Service, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Partners:
    """In the order of their PIDs."""
    page = await directory.listed(service, cursor, limit)
    return Partners(items=[_partner(row) for row in page.rows], next=page.next)


@router.get("/partners/{pid}", summary="One partner", openapi_extra=role("viewer"), responses=documented(404))
async def get_partner(service: Service, pid: PidPath) -> Partner:
    return _partner(await directory.one(service, pid))


@router.put(
    "/partners/{pid}",
    summary="Put a partner",
    openapi_extra=role("supervisor"),
    responses={201: {"description": "The partner is new.", "model": Partner}, **documented(409, *OF_A_BODY)},
)
async def put_partner(
    service: Service, asking: Asking, pid: PidPath, body: PartnerFields, response: Response
) -> Partner:
    """Puts a partner in place of the one with this PID, or adds it, by the rules of the partner file."""
    saved = await directory.save(service, asking.name, pid, _texts(body))
    response.status_code = 201 if saved.is_new else 200
    return _partner(saved.partner)


def _texts(body: PartnerFields) -> Mapping[str, str]:
    """As the partner file has them."""
    given = body.model_dump()
    for listed in ("phones", "loa_customers"):
        given[listed] = ";".join(given[listed])
    return {name: value or "" for name, value in given.items()}


def _partner(row: Row) -> Partner:
    lists = {name: [part for part in row[name].split(";") if part] for name in ("phones", "loa_customers")}
    days = {name: row[name] and row[name].isoformat() for name in ("certified_from", "certified_until")}
    return Partner.model_validate({**row, **lists, **days})
