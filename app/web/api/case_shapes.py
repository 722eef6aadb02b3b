"""What is sent and answered about cases. The fields are those of interfaces, "A case"."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from app.domain.cases import CaseDestination, Status
from app.domain.partners import Loa, PartnerType
from app.services.case_drafts import Channel
from app.services.cases import Writer
from app.web.api.fields import (
    EXAMPLE_CALL,
    EXAMPLE_CASE,
    NEXT,
    Body,
    Instant,
    Name,
    OptionalText,
    Pid,
    Severity,
    Shape,
    Text,
)


class Case(Shape):
    """A case stub."""

    number: str = Field(description="Digits that can be keyed; the last is a check digit.", examples=[EXAMPLE_CASE])
    call_sid: str | None = Field(description="The call that opened it.", examples=[EXAMPLE_CALL])
    channel: str = Field(description="`phone`, or how it came in.", examples=["phone"])
    line: str = Field(examples=["US support"])
    region: str = Field(description="Of the team that takes it.", examples=["us"])
    pid: str | None = Field(examples=["100234"])
    partner_name: str | None = Field(examples=["Tallgrass Relay"])
    partner_type: PartnerType | None = Field(examples=["resale"])
    certified: bool = Field(examples=[True])
    verified: bool = Field(examples=[True])
    verified_by: Literal["pid", "caller_id"] | None = Field(examples=["pid"])
    severity: Severity = Field(examples=["S2"])
    severity_assumed: bool = Field(description="The caller named none.", examples=[False])
    tier: int = Field(examples=[2])
    destination: CaseDestination = Field(description="Where the call went.", examples=["queue"])
    queue: str | None = Field(examples=["tier2-us"])
    loa: Loa = Field(
        description="Letter of Agency; while `missing`, the customer's case must not be discussed.",
        examples=["not_needed"],
    )
    flags: Annotated[list[str], BeforeValidator(list)] = Field(examples=[["suspended"]])
    status: Status = Field(examples=["in_progress"])
    caller: str | None = Field(description="Null to a viewer.", examples=["+12065550147"])
    callback_number: str | None = Field(description="Null to a viewer.", examples=["+12065550147"])
    callback_at: Instant | None
    opened_at: Instant
    first_response_due_at: Instant | None
    first_response_at: Instant | None
    next_update_due_at: Instant | None
    resolved_at: Instant | None


class Cases(Shape):
    items: list[Case]
    next: str | None = NEXT


class Update(Shape):
    """An entry of a case's history."""

    at: Instant
    author: str = Field(examples=["Ana Ruiz"])
    kind: str = Field(description="`opened`, `update`, `escalated`, `resolved`, `call`.", examples=["update"])
    note: str = Field(examples=["Trunk 4 is back in service."])


class Updates(Shape):
    items: list[Update]
    next: str | None = NEXT


class NewCase(Body):
    """A case that comes in without a call."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"severity": "S2", "pid": "100234", "channel": "portal", "note": "No outbound calls."}]
        }
    )

    severity: Severity = Field(examples=["S2"])
    pid: Pid | None = Field(None, description="The partner; without one the case is unverified.")
    channel: Channel = Field("api", description="How it came in.")
    line: Name | None = Field(
        None,
        description="The name of a line. Without one: the support line of the partner's region, else the default line.",
        examples=["US support"],
    )
    note: OptionalText = Field("", description="What is wrong.", examples=["No outbound calls."])
    author: Name | None = Field(None, description="Who wrote it; without one the key's name.")


class NewUpdate(Body):
    """A word on a case."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "Trunk 4 is back in service.", "author": "Ana Ruiz"}]}
    )

    note: Text = Field(examples=["Trunk 4 is back in service."])
    author: Name | None = Field(None, description="Who wrote it; without one the key's name.")
    written_by: Writer = Field(
        "person",
        description="`person`: somebody of support; the first such is the first response, and each sets when the next "
        "update is due. What a `partner` or a `system` writes moves no clock.",
    )


class Escalation(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The customer's whole site is cut off.", "author": "Ana Ruiz"}]}
    )

    reason: Text = Field(examples=["The customer's whole site is cut off."])
    author: Name | None = Field(None, description="Who wrote it; without one the key's name.")


class Resolution(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"note": "Confirmed by the partner.", "author": "Ana Ruiz"}]}
    )

    note: OptionalText = Field("", description="How it was resolved.", examples=["Confirmed by the partner."])
    author: Name | None = Field(None, description="Who wrote it; without one the key's name.")
    written_by: Writer = Field("person", description="As for an update.")
