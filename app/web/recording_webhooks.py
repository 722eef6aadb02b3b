"""What the provider tells about recordings: that one is made, and, where it was asked to, what is said in it.

Both come beside the call, in any order with its other webhooks, twice, or minutes after it. Nobody listens to the
answer.
"""

import structlog
from starlette.requests import Request
from starlette.responses import Response

from app.provider import inbound
from app.provider.inbound import Webhook
from app.runtime import Runtime
from app.services import transcribing, unsent
from app.store.hot import StoreUnavailable

log = structlog.get_logger()
COMPLETED = "completed"


async def recording(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    made = inbound.made(hook)
    if made is not None and made.status == COMPLETED:
        try:
            await unsent.told_of(runtime, made.call_sid, made.recording, made.seconds)
        except StoreUnavailable as error:
            # A message that was sent is fetched all the same; one that was not stays there, so its SID is told.
            log.error("if it is not sent, a recording stays there", recording=made.recording, reason=str(error))
    return Response(status_code=204)


async def transcription(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    made = inbound.made(hook)
    if made is None:
        return Response(status_code=204)
    if made.status != COMPLETED:
        log.info("the provider could not transcribe a message", recording=made.recording, status=made.status)
        return Response(status_code=204)
    try:
        await transcribing.keep_transcript(runtime, made.recording, made.call_sid, made.text)
    except StoreUnavailable as error:
        log.warning("a transcript is lost; the message is not", recording=made.recording, reason=str(error))
    return Response(status_code=204)
