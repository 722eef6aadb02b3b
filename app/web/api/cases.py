"""Cases: looked up, and what a portal or an agent does with them."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from app.domain.cases import Status
from app.services import case_drafts, cases
from app.services.cases import Deed
from app.services.keys import Caller
from app.store.cases import Filters
from app.store.rows import Row
from app.web.api.case_shapes import Case, Cases, Escalation, NewCase, NewUpdate, Resolution, Update, Updates
from app.web.api.fields import PAGE_SIZE, CallFilter, CasePath, Cursor, Limit, PidFilter, Severity
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import OF_A_BODY, documented

router = APIRouter(tags=["cases"], route_class=GatedRoute)

Repeat = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,128}$",
        examples=["5f1d7a0e"],
        description="Your own name for this request: sent twice, it changes something once.",
    ),
]
IsStatus = Annotated[Status | None, Query(examples=["open"])]
IsSeverity = Annotated[Severity | None, Query(examples=["S1"])]


@router.get("/cases", summary="List cases", openapi_extra=role("viewer"), responses=documented())
async def list_cases(
    service: Service,
    asking: Asking,
    call_sid: CallFilter = None,
    pid: PidFilter = None,
    status: IsStatus = None,
    severity: IsSeverity = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Cases:
    """The newest first. `call_sid` finds the case that the call opened, and the one that its caller went on with."""
    page = await cases.listed(service, Filters(call_sid, pid, status, severity), cursor, limit)
    return Cases(items=[_seen_by(asking, row) for row in page.rows], next=page.next)


@router.get("/cases/{number}", summary="One case", openapi_extra=role("viewer"), responses=documented(404))
async def get_case(service: Service, asking: Asking, number: CasePath) -> Case:
    return _seen_by(asking, await cases.one(service, number))


@router.post(
    "/cases",
    summary="Open a case",
    status_code=201,
    openapi_extra=role("agent"),
    responses=documented(*OF_A_BODY),
)
async def create_case(
    service: Service, asking: Asking, body: NewCase, response: Response, repeat: Repeat = None
) -> Case:
    """For what comes in without a call. The region and the tier are those that a call would get now."""
    wanted = case_drafts.NewCase(body.severity, body.channel, body.pid, body.line)
    deed = Deed(asking.name, body.note, body.author, repeat=repeat)
    case = _seen_by(asking, await cases.create(service, wanted, deed))
    response.headers["Location"] = f"/api/v1/cases/{case.number}"
    return case


@router.get(
    "/cases/{number}/updates", summary="A case's history", openapi_extra=role("viewer"), responses=documented(404)
)
async def list_updates(service: Service, number: CasePath, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Updates:
    """The oldest first."""
    page = await cases.history(service, number, cursor, limit)
    return Updates(items=[Update.model_validate(row) for row in page.rows], next=page.next)


@router.post(
    "/cases/{number}/updates",
    summary="Write an update",
    status_code=201,
    openapi_extra=role("agent"),
    responses=documented(404, 409, *OF_A_BODY),
)
async def write_update(
    service: Service, asking: Asking, number: CasePath, body: NewUpdate, repeat: Repeat = None
) -> Case:
    """The first update that a person writes is the first response; each sets when the next is due."""
    deed = Deed(asking.name, body.note, body.author, body.written_by, repeat)
    return _seen_by(asking, await cases.write_update(service, number, deed))


@router.post(
    "/cases/{number}/escalate",
    summary="Escalate a case",
    openapi_extra=role("agent"),
    responses=documented(404, 409, *OF_A_BODY),
)
async def escalate(service: Service, asking: Asking, number: CasePath, body: Escalation, repeat: Repeat = None) -> Case:
    """Pages the contacts on duty of the case's tier."""
    deed = Deed(asking.name, body.reason, body.author, repeat=repeat)
    return _seen_by(asking, await cases.escalate(service, number, deed))


@router.post(
    "/cases/{number}/resolve",
    summary="Resolve a case",
    openapi_extra=role("agent"),
    responses=documented(404, 409, *OF_A_BODY),
)
async def resolve(service: Service, asking: Asking, number: CasePath, body: Resolution, repeat: Repeat = None) -> Case:
    """Ends the case: no further update is due."""
    deed = Deed(asking.name, body.note, body.author, body.written_by, repeat)
    return _seen_by(asking, await cases.resolve(service, number, deed))


def _seen_by(asking: Caller, row: Row) -> Case:
    shown = row if asking.may("agent") else {**row, "caller": None, "callback_number": None}
    return Case.model_validate(shown)
