"""Agents: what each does now, and what is done at a desk."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BeforeValidator, ConfigDict, Field

from app.domain.agents import State, Wanted
from app.domain.partners import Loa, PartnerType
from app.services import agents
from app.web.api.fields import (
    EXAMPLE_CALL,
    EXAMPLE_CASE,
    NEXT,
    PAGE_SIZE,
    TEXT,
    Body,
    Cursor,
    Instant,
    Limit,
    Severity,
    Shape,
)
from app.web.api.gate import Asking, GatedRoute, Service, role
from app.web.api.problems import OF_A_BODY, documented

router = APIRouter(tags=["agents"], route_class=GatedRoute)

EXAMPLE_AGENT = "5c1d7a0e9b3f2468"
AgentPath = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,64}$", examples=[EXAMPLE_AGENT])]
Reason = Annotated[str, Field(max_length=200, pattern=TEXT)]
Note = Annotated[str, Field(max_length=1000, pattern=TEXT)]


class Work(Shape):
    """The caller whom an agent is rung for, or talks to. No caller's number is among it."""

    kind: Literal["offer", "talk"] = Field(examples=["offer"])
    call_sid: str = Field(examples=[EXAMPLE_CALL])
    case_number: str = Field(examples=[EXAMPLE_CASE])
    line: str = Field(examples=["US support"])
    queue: str = Field(examples=["tier2-us"])
    severity: Severity = Field(examples=["S2"])
    pid: str | None = Field(examples=["100234"])
    partner_name: str | None = Field(examples=["Tallgrass Relay"])
    partner_type: PartnerType | None = Field(examples=["resale"])
    certified: bool = Field(examples=[True])
    verified: bool = Field(examples=[True])
    loa: Loa = Field(description="Letter of Agency.", examples=["not_needed"])
    pid_attempts: int = Field(description="Wrong Partner IDs keyed in this call.", examples=[0])
    waited: int | None = Field(
        description="Seconds since the first waiting time, until somebody took the call.", examples=[42]
    )
    since: Instant = Field(description="When the agent was rung, or pressed 1.")
    connected_at: Instant | None = Field(description="When the caller came in.")


class Agent(Shape):
    """Somebody who takes calls from queues."""

    id: str = Field(examples=[EXAMPLE_AGENT])
    name: str = Field(examples=["Ana Ruiz"])
    queues: Annotated[list[str], BeforeValidator(list)] = Field(examples=[["tier2-us"]])
    state: State = Field(examples=["available"])
    reason: str = Field(description="Why the agent is away, or will be after the call.", examples=[""])
    since: Instant = Field(description="In this state since.")
    afterwards: State | None = Field(
        description="The state that holds once the offer, the call or the wrap-up is over.", examples=[None]
    )
    wrap_until: Instant | None = Field(description="When the wrap-up ends by itself.")
    work: Work | None = Field(description="The offer or the talk at hand.")


class Agents(Shape):
    items: list[Agent]
    next: str | None = NEXT


class NewState(Body):
    """What an agent can choose; the other states come from the calls."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "away", "reason": "lunch"}]})

    state: Wanted = Field(examples=["available"])
    reason: Reason = Field("", description="Why, for `away`.", examples=["lunch"])


class HandOver(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"queue": "tier2-us", "note": "One-way audio on trunk 4."}]}
    )

    queue: str = Field(min_length=1, max_length=64, pattern=TEXT, examples=["tier2-us"])
    note: Note = Field("", description="For whoever takes the call next.", examples=["One-way audio on trunk 4."])


@router.get("/agents", summary="List agents", openapi_extra=role("viewer"), responses=documented())
async def list_agents(service: Service, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Agents:
    """In the order of their names."""
    page = await agents.listed(service, cursor, limit)
    return Agents(items=[Agent.model_validate(row) for row in page.rows], next=page.next)


@router.get("/agents/{id}", summary="One agent", openapi_extra=role("viewer"), responses=documented(404))
async def get_agent(service: Service, id: AgentPath) -> Agent:
    return Agent.model_validate(await agents.one(service, id))


def _deed(summary: str, *errors: int) -> dict[str, Any]:
    return {"summary": summary, "openapi_extra": role("agent"), "responses": documented(404, *errors)}


@router.put("/agents/{id}/state", **_deed("Set an agent's state", *OF_A_BODY))
async def set_state(service: Service, asking: Asking, id: AgentPath, body: NewState) -> Agent:
    """While the agent is rung or talks it is kept, and holds afterwards. A wrap-up it ends at once."""
    return Agent.model_validate(await agents.set_state(service, id, body.state, body.reason, asking.name))


@router.post("/agents/{id}/wrap-up", **_deed("Prolong a wrap-up", 409))
async def prolong_wrap_up(service: Service, asking: Asking, id: AgentPath) -> Agent:
    """A minute more, as often as it is asked for."""
    return Agent.model_validate(await agents.prolong(service, id, asking.name))


@router.delete("/agents/{id}/wrap-up", **_deed("End a wrap-up", 409))
async def end_wrap_up(service: Service, asking: Asking, id: AgentPath) -> Agent:
    """The agent is as before the call."""
    return Agent.model_validate(await agents.end_wrap_up(service, id, asking.name))


@router.post("/agents/{id}/hand-over", **_deed("Hand a call over", 409, *OF_A_BODY))
async def hand_over(service: Service, asking: Asking, id: AgentPath, body: HandOver) -> Agent:
    """Passes the agent's caller on to another queue, with the severity and the first waiting time."""
    return Agent.model_validate(await agents.hand_over(service, id, body.queue, body.note, asking.name))


@router.post("/agents/{id}/verify", **_deed("Ring an agent once", 409))
async def verify(service: Service, asking: Asking, id: AgentPath) -> Agent:
    """Rings the agent's telephone, to see that it is the right one: `1` confirms, which is an event."""
    return Agent.model_validate(await agents.ring_once(service, id, asking.name))
