"""What `main` adds to the application: the endpoints, the errors, the document that describes them."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse

from app.runtime import Runtime
from app.web.api import (
    agents,
    calls,
    cases,
    closures,
    events,
    pages,
    partner_import,
    partners,
    problems,
    queues,
    route,
    voicemails,
)
from app.web.api.events import Streams
from app.web.api.gate import WrongKeys, bearer
from app.web.api.problems import Problem

PREFIX = "/api/v1"
OPENAPI_URL = f"{PREFIX}/openapi.json"
VERSION = "1"

DESCRIPTION = """\
Calls, cases, messages, partners, routes, closures, agents, queues, pages and events of the phone-support router.

Send a key with every request: `Authorization: Bearer KEY`. Roles, each with the rights of those before it: `viewer`,
`agent`, `supervisor`, `admin`; `x-role` of an endpoint is the least it wants. A viewer sees no caller's number.

Moments are ISO 8601. Answers give them in UTC; a moment without an offset is refused. Lists come a page at a time:
send `next` as `cursor` for the page after it. Errors are problem documents (RFC 9457).
"""


def add_to(app: FastAPI, runtime: Runtime) -> None:
    app.state.runtime = runtime
    app.state.wrong_keys = WrongKeys()
    app.state.streams = Streams()
    problems.add_to(app)
    # The gate asks for the key; the dependency is here to say so in OpenAPI.
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(bearer)])
    # `import` is no PID, so the file comes first.
    parts = (calls, cases, partner_import, partners, route, closures, voicemails, agents, queues, pages, events)
    for part in parts:
        api.include_router(part.router)
    app.include_router(api)
    document = _document(app)
    app.state.methods = {
        path.removeprefix(PREFIX): ", ".join(sorted(method.upper() for method in operations))
        for path, operations in document["paths"].items()
    }

    async def openapi(request: Request) -> Response:
        return JSONResponse(document)

    app.add_route(OPENAPI_URL, openapi, include_in_schema=False)


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title="Partnerline", version=VERSION, description=DESCRIPTION, routes=app.routes)
    _, shapes = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    document["components"]["schemas"].update(shapes["$defs"])
    return document
