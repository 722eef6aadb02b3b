"""The partner file over the API: as a whole or not at all."""

from dataclasses import asdict
from tempfile import SpooledTemporaryFile
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.services import directory
from app.services.imports import ImportReport
from app.web.api.fields import Shape
from app.web.api.gate import ROLE, Asking, GatedRoute, Service, require_type
from app.web.api.problems import OF_A_BODY, documented, problem

KEPT_IN_MEMORY = 1024 * 1024
CSV = "text/csv"
_EXAMPLE = "pid,name,type,region,phones\r\n100234,Tallgrass Relay,resale,us,+12065550147\r\n"

router = APIRouter(tags=["partners"], route_class=GatedRoute)


class Report(Shape):
    """What the import changed, or with a dry run would change, in partners."""

    rows: int = Field(examples=[1])
    added: int = Field(examples=[1])
    changed: int = Field(examples=[0])
    unchanged: int = Field(examples=[0])
    suspended: int = Field(validation_alias="left_out", examples=[0])
    dry_run: bool = Field(examples=[False])


@router.post(
    "/partners/import",
    summary="Import a partner file",
    openapi_extra={
        ROLE: "supervisor",
        "requestBody": {
            "required": True,
            "content": {CSV: {"schema": {"type": "string", "minLength": 1}, "example": _EXAMPLE}},
        },
    },
    responses=documented(*OF_A_BODY),
    response_model=Report,
)
async def import_partners(
    service: Service,
    asking: Asking,
    request: Request,
    dry_run: Annotated[bool, Query(description="Only say what would change.")] = False,
    replace: Annotated[bool, Query(description="Suspend the partners that the file does not name.")] = False,
) -> Report | Response:
    """UTF-8 CSV with a line of headings. Either every row is good and all are in, or nothing changes."""
    require_type(request, CSV)
    with SpooledTemporaryFile(KEPT_IN_MEMORY) as file:
        async for chunk in request.stream():
            file.write(chunk)
        file.seek(0)
        source = cast(BinaryIO, file)
        report = await directory.take_file(service, asking.name, source, dry_run=dry_run, replace=replace)
    if report.problems:
        return _refused(report)
    return Report.model_validate({**asdict(report), "dry_run": dry_run})


def _refused(report: ImportReport) -> Response:
    errors = [{"field": each.column or "row", "reason": each.reason, "line": each.line} for each in report.problems]
    more = f" {report.more_problems} more are not listed." if report.more_problems else ""
    return problem(422, f"The file is refused and nothing was changed; see `errors`.{more}", errors)
