"""What an operator's tools ask: does the process live, is it ready, what are its figures."""

import hmac
from ipaddress import ip_address

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.runtime import Runtime
from app.store.hot import StoreUnavailable
from app.web.metrics import watch


def routes(runtime: Runtime, metrics_token: str) -> list[BaseRoute]:
    watch(runtime)

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        problems = await not_ready(runtime)
        status = 503 if problems else 200
        return JSONResponse({"status": "not ready" if problems else "ok", "problems": problems}, status)

    async def metrics(request: Request) -> Response:
        if not _may_see_metrics(request, metrics_token):
            return Response("Refused: send the bearer secret of METRICS_TOKEN.\n", 403, media_type="text/plain")
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


async def not_ready(runtime: Runtime) -> list[str]:
    """Why this process should get no calls now; empty when it should."""
    problems = ["shutting down"] if runtime.draining else []
    try:
        await runtime.store.fetch("SELECT 1 FROM calls WHERE call_sid = :none", {"none": ""})
        if not await runtime.jobs.turning(runtime.store):
            problems.append("background work is not being done")
    except StoreUnavailable:
        problems.append("the database does not answer")
    if runtime.journal.waiting and not runtime.store.takes_writes:
        problems.append("the database takes nothing that is written")
    if runtime.recovering is not None and runtime.recovering.done():
        problems.append("background work has stopped")
    return problems


def _may_see_metrics(request: Request, token: str) -> bool:
    if token:
        sent = request.headers.get("Authorization", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
