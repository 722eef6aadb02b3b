"""The webhooks of the calls that the service places, and of callers who are brought together with somebody.

A leg's address carries its key, which is good for one call only; a talk's is its caller's. Any other use is a 403.
"""

from starlette.requests import Request
from starlette.responses import Response

from app.provider import inbound
from app.provider.inbound import FINAL, Webhook
from app.runtime import Runtime
from app.services import callbacks, conversation, desk, offers, placing
from app.services.placing import NotOurLeg


async def leg_answered(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    try:
        return await placing.answered(runtime, _key(request), hook.call_sid)
    except NotOurLeg:
        return None


async def leg_keyed(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    """A key, or the end of a conference: then nothing is keyed, and the leg hangs up."""
    try:
        return await placing.keyed(runtime, _key(request), hook.call_sid, inbound.heard(hook))
    except NotOurLeg:
        return None


async def leg_is_over(runtime: Runtime, request: Request, hook: Webhook) -> Response | None:
    if hook.status in FINAL:
        try:
            await placing.hear_end(runtime, _key(request), hook.status, hook.call_sid)
        except NotOurLeg:
            return None
    return Response(status_code=204)


async def caller_has_gone(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    return offers.caller_has_gone(runtime)


async def alone(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    """Somebody waits for a partner who does not come."""
    return callbacks.told(runtime, request.query_params.get("why", ""))


async def desk_next(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    """An agent who has called a desk number: nobody came, or a conversation is over."""
    asked = request.query_params.get("n", "")
    return await desk.go_on(runtime, hook, int(asked) if asked.isdecimal() else 0, inbound.heard(hook))


async def desk_connected(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    """The caller whom such an agent takes."""
    return await desk.connected(runtime, hook, request.query_params.get("a", ""))


async def join(runtime: Runtime, request: Request, hook: Webhook) -> str | None:
    return await conversation.join(runtime, hook, request.query_params.get("t", ""))


def _key(request: Request) -> str:
    return request.query_params.get("k", "")
