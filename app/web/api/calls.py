"""Calls: looked up, never changed."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BeforeValidator, Field

from app.services import calls
from app.services.keys import Caller
from app.store.rows import Row
from app.web.api.fields import (
    EXAMPLE_CALL,
    EXAMPLE_CASE,
    NEXT,
    PAGE_SIZE,
    CallFilter,
    CallPath,
    Cursor,
    Instant,
    Limit,
    PidFilter,
    Shape,
)
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import documented

router = APIRouter(tags=["calls"], route_class=GatedRoute)


class Call(Shape):
    """A call on one of our numbers."""

    call_sid: str = Field(examples=[EXAMPLE_CALL])
    line: str = Field(examples=["US support"])
    called: str = Field(description="The number dialled, as the provider sent it.", examples=["+18888988733"])
    caller: str | None = Field(
        description="Free text: a number, a SIP address; null when withheld, and to a viewer.",
        examples=["+12065550147"],
    )
    status: str = Field(description="As the provider reports it.", examples=["completed"])
    started_at: Instant
    ended_at: Instant | None
    duration: int | None = Field(description="Seconds.", examples=[95])
    pid: str | None = Field(description="The partner the call was identified as.", examples=["100234"])
    case_number: str | None = Field(examples=[EXAMPLE_CASE])
    outcome: str | None = Field(description="The queue, or the destination.", examples=["tier2-us"])


class Turn(Shape):
    """One webhook of the call: what was heard, and what was decided."""

    turn: int = Field(description="Counts from 0; -1 is the end of the call.", examples=[0])
    at: Instant
    heard: str | None = Field(description="Null to a viewer: keys may be a caller's number.", examples=["keyed 1"])
    path: Annotated[list[str], BeforeValidator(list)] = Field(description="The nodes of the flow.")
    why: Annotated[list[str], BeforeValidator(list)] = Field(description="Which rules decided, in words.")


class CallWithTurns(Call):
    turns: list[Turn]


class Calls(Shape):
    items: list[Call]
    next: str | None = NEXT


@router.get("/calls", summary="List calls", openapi_extra=role("viewer"), responses=documented())
async def list_calls(
    service: Service,
    asking: Asking,
    call_sid: CallFilter = None,
    pid: PidFilter = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Calls:
    """The newest first."""
    page = await calls.listed(service, call_sid, pid, cursor, limit)
    return Calls(items=[Call.model_validate(_seen_by(asking, row)) for row in page.rows], next=page.next)


@router.get("/calls/{call_sid}", summary="One call", openapi_extra=role("viewer"), responses=documented(404))
async def get_call(service: Service, asking: Asking, call_sid: CallPath) -> CallWithTurns:
    """A call with its line, partner, turns and outcome."""
    call, turns = await calls.with_turns(service, call_sid)
    shown = [turn if asking.may("agent") else {**turn, "heard": None} for turn in turns]
    return CallWithTurns.model_validate({**_seen_by(asking, call), "turns": shown})


def _seen_by(asking: Caller, call: Row) -> Row:
    return call if asking.may("agent") else {**call, "caller": None}
