"""The provider's webhooks. Each is: signature, parse, use case, document.

`/twilio/*` never answers with a 5xx nor slower than five seconds: whatever fails, the caller is told "we are connecting
you" and goes to Tier 1. Plain Starlette endpoints: a webhook is a signed form and needs nothing that FastAPI adds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from xml.sax.saxutils import escape

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.domain.lines import Line
from app.flows.session import Session
from app.patience import within
from app.provider import inbound, twiml
from app.provider.inbound import Webhook
from app.provider.signature import Form
from app.provider.token import InvalidToken
from app.runtime import Runtime
from app.services import conversation, desk, screening
from app.web import answering, metrics, recording_webhooks
from app.web.music import hold_music

log = structlog.get_logger()
LARGEST_FORM = 64 * 1024
# The provider hangs up on us after 15 seconds, and a caller on silence long before.
SECONDS_ALLOWED = 4.0
METHODS = ["GET", "POST"]

Handle = Callable[[Runtime, Request, Webhook], Awaitable[Response]]
Answer = Callable[[Runtime, Request, Webhook], Awaitable[str | None]]
# Somebody whom we have rung, not a caller: what fails there ends that leg, and the caller waits on.
OUR_LEGS = (
    "/twilio/screen",
    "/twilio/screened",
    "/twilio/leg/answered",
    "/twilio/leg/key",
    "/twilio/leg/gone",
    "/twilio/leg/alone",
    "/twilio/desk/next",
)


def routes(runtime: Runtime, public_url: str) -> list[BaseRoute]:
    """Exact paths: a redirect to one with a slash would lose the caller's digits and break the signature."""

    def webhook(path: str, handle: Handle) -> Route:
        answered = metrics.WEBHOOKS.labels(path, 200)

        async def endpoint(request: Request) -> Response:
            began = monotonic()
            response = await _answer(runtime, public_url, request, handle)
            metrics.SECONDS.observe(monotonic() - began)
            status = response.status_code
            (answered if status == 200 else metrics.WEBHOOKS.labels(path, status)).inc()
            return response

        return Route(path, endpoint, methods=METHODS)

    async def fallback(request: Request) -> Response:
        return document(fallback_document(runtime))

    async def music(request: Request) -> Response:
        return Response(hold_music(), media_type="audio/wav", headers={"Cache-Control": "public, max-age=86400"})

    return [
        webhook("/twilio/voice", _voice),
        webhook("/twilio/step", _step),
        webhook("/twilio/wait", _wait),
        webhook("/twilio/screen", _screen),
        webhook("/twilio/screened", _screened),
        webhook("/twilio/status", _status),
        webhook("/twilio/join", _document_of(answering.join)),
        webhook("/twilio/leg/answered", _document_of(answering.leg_answered)),
        webhook("/twilio/leg/key", _document_of(answering.leg_keyed)),
        webhook("/twilio/leg/over", _leg_is_over),
        webhook("/twilio/recording", recording_webhooks.recording),
        webhook("/twilio/transcription", recording_webhooks.transcription),
        webhook("/twilio/leg/gone", _document_of(answering.caller_has_gone)),
        webhook("/twilio/leg/alone", _document_of(answering.alone)),
        webhook("/twilio/desk/next", _document_of(answering.desk_next)),
        webhook("/twilio/desk/connected", _document_of(answering.desk_connected)),
        Route("/twilio/fallback.xml", fallback, methods=METHODS),
        Route("/twilio/hold.wav", music, methods=["GET"]),
    ]


async def _answer(runtime: Runtime, public_url: str, request: Request, handle: Handle) -> Response:
    """The last word for every webhook."""
    hook: Webhook | None = None
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS_ALLOWED
    try:
        async with asyncio.timeout_at(end):
            form = await _verified_form(runtime, public_url, request)
        if form is None:
            return refused("the signature is missing or wrong")
        hook = inbound.webhook(form)
        return await within(end - loop.time(), handle(runtime, request, hook))
    except InvalidToken as error:
        return refused(f"the session token is refused: {error}")
    except ClientDisconnect:
        return refused("the request was cut off")
    except Exception as error:
        if hook is None:
            log.exception("a webhook could not be read")
            return refused("the request could not be read")
        log.error("an error in a step", call_sid=hook.call_sid, error=type(error).__name__, exc_info=error)
        return await _connect(runtime, request, hook, f"an error in a step: {type(error).__name__}")


async def _connect(runtime: Runtime, request: Request, hook: Webhook, reason: str) -> Response:
    """What follows on a fault, by who listens: the caller, the caller in a queue, a contact, or nobody."""
    metrics.CONNECTED.inc()
    match request.url.path:
        case "/twilio/status" | "/twilio/leg/over" | "/twilio/recording" | "/twilio/transcription":
            return Response(status_code=204)
        case "/twilio/wait":
            return document(still_waiting_document(runtime, request, hook))
        case "/twilio/desk/connected":
            # The agent is on the other end of the line already.
            return document("<Response/>")
        case path if path in OUR_LEGS:
            # The next contact is rung: connected without a key, a voice mailbox would have the caller.
            return document("<Response><Hangup/></Response>")
    try:
        session = _session_or_none(runtime, request, hook)
        async with asyncio.timeout(1):
            return document(await conversation.connect(runtime, hook, session, reason))
    except Exception as error:
        log.error("even connecting failed", call_sid=hook.call_sid, exc_info=error)
        line = runtime.flows.lines.called(hook.called)
        said = connecting_you(runtime, line)
        # After a conversation the call would go on to the next verb: so there is none, and the queue is all we can do.
        return document(f"<Response>{said}<Enqueue>tier1-{line.region}</Enqueue></Response>")


async def _voice(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    if not hook.call_sid:
        # Signed, and yet without the call's id: nothing can be remembered, but a person is waiting.
        return await _connect(runtime, request, hook, "the webhook names no call")
    if agent := await desk.agent_calling(runtime, hook):
        return document(desk.welcome(runtime, hook, agent))
    return document(await conversation.begin(runtime, hook))


async def _step(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    session = runtime.tokens.read(request.query_params.get("s", ""), hook.call_sid)
    return document(await conversation.go_on(runtime, hook, session, inbound.heard(hook)))


async def _wait(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    session = runtime.tokens.read(request.query_params.get("s", ""), hook.call_sid)
    return document(await conversation.wait_on(runtime, hook, session, inbound.still_waiting(hook)))


async def _screen(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    token = request.query_params.get("s", "")
    session = runtime.tokens.read(token, hook.fields.get("ParentCallSid", ""))
    return document(await screening.whisper(runtime, session, f"{runtime.path_prefix}/twilio/screened?s={token}"))


async def _screened(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    runtime.tokens.read(request.query_params.get("s", ""), hook.fields.get("ParentCallSid", ""))
    return document(screening.decided(inbound.heard(hook)))


def _document_of(answer: Answer) -> Handle:
    """A webhook answered by a document, or refused where its address is another call's."""

    async def handle(runtime: Runtime, request: Request, hook: Webhook) -> Response:
        text = await answer(runtime, request, hook)
        return refused("the address is another call's") if text is None else document(text)

    return handle


async def _leg_is_over(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    return await answering.leg_is_over(runtime, request, hook) or refused("the address is another call's")


async def _status(runtime: Runtime, request: Request, hook: Webhook) -> Response:
    if hook.call_sid:
        await conversation.end(runtime, hook)
        if desk.is_desk(runtime, hook.called):
            await desk.is_over(runtime, hook.call_sid)
    return Response(status_code=204)


async def _verified_form(runtime: Runtime, public_url: str, request: Request) -> Form | None:
    """The form of a webhook that the provider signed, else None."""
    body = await _body(request) if request.method == "POST" else b""
    if body is None:
        return None
    form = inbound.parse_form(body)
    signature = request.headers.get("X-Twilio-Signature", "")
    if not runtime.signatures.valid(_signed_url(request, public_url), form, signature):
        return None
    return form if request.method == "POST" else inbound.parse_form(request.scope["query_string"])


async def _body(request: Request) -> bytes | None:
    """The body, or None when it is larger than any webhook."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LARGEST_FORM:
            return None
    return bytes(chunks)


def _signed_url(request: Request, public_url: str) -> str:
    """The address that the provider asked for, to the letter. Never from headers that a proxy adds."""
    scope = request.scope
    base = public_url or f"{scope['scheme']}://{request.headers.get('host', '')}"
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    path = raw_path.decode("latin-1").partition("?")[0]
    return base + path + (f"?{query.decode('latin-1')}" if query else "")


def _session_or_none(runtime: Runtime, request: Request, hook: Webhook) -> Session | None:
    try:
        return runtime.tokens.read(request.query_params.get("s", ""), hook.call_sid)
    except InvalidToken:
        return None


def document(text: str) -> Response:
    return Response(text, media_type=twiml.MEDIA_TYPE)


def refused(reason: str) -> Response:
    log.info("a webhook is refused", reason=reason)
    return Response(f"Refused: {reason}.\n", status_code=403, media_type="text/plain")


def connecting_you(runtime: Runtime, line: Line) -> str:
    """The words for when nothing else works, without the renderer: it may be what does not."""
    wording = runtime.flows.wording[line.languages[0]]
    said = escape(wording.texts["connecting_you"])
    return f'<Say voice="{wording.voice}" language="{wording.locale}">{said}</Say>'


def still_waiting_document(runtime: Runtime, request: Request, hook: Webhook) -> str:
    """A queue's caller stays there, with music."""
    urls = runtime.urls(request.query_params.get("s", ""))
    said = connecting_you(runtime, runtime.flows.lines.called(hook.called))
    return f"<Response>{said}<Play>{escape(urls.music)}</Play><Redirect>{escape(urls.wait)}</Redirect></Response>"


def fallback_document(runtime: Runtime) -> str:
    """What the provider plays and does when this service does not answer; to be hosted elsewhere too."""
    flows = runtime.flows
    said = connecting_you(runtime, flows.lines.default)
    return f"<Response>{said}<Dial>{escape(flows.fallback_number)}</Dial></Response>"
