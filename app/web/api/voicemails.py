"""Messages that callers left: looked up, and listened to through this service only."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.services import voicemails
from app.services.keys import Caller
from app.store.rows import Row
from app.store.voicemails import Filters, Status
from app.web.api.fields import (
    CASE_NUMBER,
    EXAMPLE_CALL,
    EXAMPLE_CASE,
    NEXT,
    PAGE_SIZE,
    CallFilter,
    Cursor,
    Instant,
    Limit,
    Shape,
)
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import documented

router = APIRouter(tags=["voicemails"], route_class=GatedRoute)

EXAMPLE_ID = "RE0123456789abcdef0123456789abcdef"
EXAMPLE_TEXT = "the phones in our main office are down"
MEDIA_TYPE = "audio/wav"
# Where the provider did not tell which recording it is, the call and the turn stand for it.
ID = r"^[0-9A-Za-z-]{1,80}$"
IdPath = Annotated[str, Path(pattern=ID, examples=[EXAMPLE_ID], description="The id of the message.")]
CaseFilter = Annotated[
    str | None, Query(pattern=CASE_NUMBER, examples=[EXAMPLE_CASE], description="The number of a case.")
]


class Voicemail(Shape):
    """A message that a caller left for the contacts on duty."""

    id: str = Field(validation_alias="recording_sid", examples=[EXAMPLE_ID])
    case_number: str = Field(examples=[EXAMPLE_CASE])
    call_sid: str = Field(examples=[EXAMPLE_CALL])
    caller: str | None = Field(
        description="Free text: a number, a SIP address; null when withheld, and to a viewer.",
        examples=["+12065550147"],
    )
    seconds: int = Field(validation_alias="duration", description="As the provider measured it.", examples=[42])
    recorded_at: Instant
    status: Status = Field(
        description="`expected` while it is being fetched, then `kept`; `absent` or `failed` where there is no sound: "
        "the case's history says why.",
        examples=["kept"],
    )
    size: int | None = Field(description="Bytes.", examples=[672044])
    transcript: str | None = Field(
        description="A hint at what is said, by a machine; text from outside, never markup. Null to a viewer.",
        examples=[EXAMPLE_TEXT],
    )
    transcribed_by: str | None = Field(description="`provider`, or the engine.", examples=["provider"])


class Voicemails(Shape):
    items: list[Voicemail]
    next: str | None = NEXT


SOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The sound.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "RIFF…"}},
        "headers": {"Accept-Ranges": {"description": "`none`: it is sent as a whole.", "schema": {"type": "string"}}},
    }
}


@router.get("/voicemails", summary="List messages", openapi_extra=role("viewer"), responses=documented())
async def list_voicemails(
    service: Service,
    asking: Asking,
    case_number: CaseFilter = None,
    call_sid: CallFilter = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Voicemails:
    """The newest first."""
    page = await voicemails.listed(service, Filters(case_number, call_sid), cursor, limit)
    return Voicemails(items=[_seen_by(asking, row) for row in page.rows], next=page.next)


@router.get("/voicemails/{id}", summary="One message", openapi_extra=role("viewer"), responses=documented(404))
async def get_voicemail(service: Service, asking: Asking, id: IdPath) -> Voicemail:
    return _seen_by(asking, await voicemails.one(service, id))


@router.get(
    "/voicemails/{id}/audio",
    summary="Listen to a message",
    openapi_extra=role("agent"),
    response_class=Response,
    responses={**documented(404, 409), **SOUND},
)
async def get_audio(service: Service, asking: Asking, id: IdPath) -> Response:
    """A WAV file. Each listening is in the audit log, with the name of the key."""
    sound = await voicemails.audio(service, asking.name, id)
    headers = {"Accept-Ranges": "none", "Content-Disposition": f'inline; filename="{id}.wav"'}
    return Response(sound, media_type=MEDIA_TYPE, headers=headers)


def _seen_by(asking: Caller, row: Row) -> Voicemail:
    shown = row if asking.may("agent") else {**row, "caller": None, "transcript": None}
    return Voicemail.model_validate(shown)
