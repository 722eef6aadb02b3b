"""Every error as a problem document (RFC 9457). A message says what is wrong and what to do; a fault says no more."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.services.refusals import Conflict, Missing, Refusal, Unfit
from app.store.hot import StoreUnavailable
from app.store.paging import BadCursor
from app.store.partner_staging import Unusable

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
SECONDS_TO_COME_BACK = 5


class Reason(BaseModel):
    """Why one value is refused."""

    field: str = Field(description="Where it is: `body.severity`, `query.at`, or a column of the partner file.")
    reason: str
    line: int | None = Field(None, description="The line of the partner file.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is no case 1."}]
        }
    )

    type: str = Field(description="`about:blank`: the status says what kind of problem it is.")
    title: str
    status: int
    detail: str = Field(description="What is wrong with this request, and what to do.")
    errors: list[Reason] | None = Field(None, description="Each value that is refused.")


def problem(
    status: int,
    detail: str,
    errors: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        content["errors"] = list(errors)
    # Escaped: a name that was sent to us may hold half a character, which is no UTF-8.
    return Response(json.dumps(content).encode(), status, dict(headers or {}), MEDIA_TYPE)


def add_to(app: FastAPI) -> None:
    """Answers every error of the application with a problem document."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(BadCursor, _bad_cursor)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(Unusable, _unavailable)
    app.add_exception_handler(Exception, _fault)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 because it is registered for this type
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := request.app.state.methods.get(_route(request))):
        # The router names those of one endpoint only.
        headers["Allow"] = methods
    return problem(error.status_code, _sentence(str(error.detail)), headers=headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 because it is registered for this type
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(400, "The body is no JSON.")
    return problem(422, "A value cannot be used; see `errors`.", [_reason(each) for each in found])


def _reason(error: Mapping[str, Any]) -> dict[str, str]:
    field = ".".join(str(part) for part in error["loc"])
    return {"field": field, "reason": str(error["msg"]).removeprefix("Value error, ")}


async def _refused(request: Request, error: Exception) -> Response:
    match error:
        case Missing():
            return problem(404, str(error))
        case Conflict():
            return problem(409, str(error))
        case Unfit(reasons=reasons):
            errors = [{"field": field, "reason": reason} for field, reason in reasons.items()]
            return problem(422, "A value cannot be used; see `errors`.", errors)
        case _:
            return await _fault(request, error)


async def _bad_cursor(request: Request, error: Exception) -> Response:
    return problem(400, str(error))


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("the database does not answer the API", reason=str(error), path=_route(request))
    headers = {"Retry-After": str(SECONDS_TO_COME_BACK)}
    return problem(503, "The database does not answer now: nothing was changed. Try again shortly.", headers=headers)


async def _fault(request: Request, error: Exception) -> Response:
    # The traceback is written by the server, which gets the error after this answer.
    log.error("an error in the API", error=type(error).__name__, path=_route(request))
    return problem(500, "This is a fault of ours, and it is in the log. Try again, then tell the operator.")


def _route(request: Request) -> str:
    """The path with its parameters unfilled: a PID is in no log."""
    return str(getattr(request.scope.get("route"), "path", ""))


def _sentence(detail: str) -> str:
    return detail if detail.endswith(".") else f"{detail}."


DETAILS = {
    400: "The request cannot be read, or the cursor is none of ours.",
    401: "The key is missing, unknown, expired or revoked.",
    403: "The key's role does not allow this.",
    404: "There is no such thing.",
    409: "It is not in a state for this; `detail` says what to do.",
    413: "The body is too large.",
    415: "The body is of another content type.",
    422: "A value cannot be used; `errors` says which and why.",
    429: "Too many requests with wrong keys from this address.",
    503: "The database does not answer now; nothing was changed.",
}
ALWAYS = (400, 401, 403, 422, 429, 503)
OF_A_BODY = (413, 415)


def documented(*more: int) -> dict[int | str, dict[str, Any]]:
    """The errors of an endpoint for OpenAPI: those that each may give, and its own."""
    return {status: _described(status) for status in sorted({*ALWAYS, *more})}


def _described(status: int) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": DETAILS[status],
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    found: dict[str, Any] = {
        "description": DETAILS[status],
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }
    if status == 401:
        found["headers"] = {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}}
    return found
