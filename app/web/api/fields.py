"""The kinds of values that requests hold, each with its limits, so that no value reaches a database that refuses it."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

MOMENT = (
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
)
EXAMPLE_MOMENT = "2026-03-07T12:00:00Z"
# Everything but what cannot be seen; a line break and a tab can.
TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
LARGEST_ID = 2**31 - 1


def moment(value: Any) -> datetime:
    """An ISO 8601 instant of this century. One without an offset is refused, and so is a number."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not isinstance(value, str) or not re.match(MOMENT, value, re.ASCII):
        raise ValueError(
            f"give a moment of this century with its offset, as {EXAMPLE_MOMENT} or 2026-03-07T12:00:00+01:00 "
            "(in an address + is written %2B)"
        )
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise ValueError("this day is not in the calendar") from None


def _visible(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _without_line_breaks(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise ValueError("holds a line break or a tab")
    return value


def in_utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_EXAMPLES = {"type": "string", "examples": [EXAMPLE_MOMENT]}

Moment = Annotated[datetime, BeforeValidator(moment), WithJsonSchema({**_EXAMPLES, "pattern": MOMENT})]
"""A moment that is asked for."""
Instant = Annotated[
    datetime,
    PlainSerializer(in_utc, return_type=str),
    WithJsonSchema({**_EXAMPLES, "format": "date-time", "pattern": "Z$"}),
]
"""A moment that is answered: in UTC, ending in Z."""

Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=TEXT), AfterValidator(_visible)]
OptionalText = Annotated[str, Field(max_length=4000, pattern=TEXT)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=TEXT, examples=["Ana Ruiz"]),
    AfterValidator(_visible),
    AfterValidator(_without_line_breaks),
]

PID = r"^[A-Za-z0-9-]{1,32}$"
CALL_SID = r"^[!-~]{1,64}$"
CASE_NUMBER = r"^[0-9]{10}$"
EXAMPLE_CALL = "CA0123456789abcdef0123456789abcdef"
EXAMPLE_CASE = "4711000426"

Pid = Annotated[str, Field(pattern=PID, examples=["100234"])]
Severity = Literal["S1", "S2", "S3"]

PidPath = Annotated[str, Path(pattern=PID, examples=["100234"], description="The Partner ID.")]
CallPath = Annotated[str, Path(pattern=CALL_SID, examples=[EXAMPLE_CALL], description="The provider's id of the call.")]
CasePath = Annotated[str, Path(pattern=CASE_NUMBER, examples=[EXAMPLE_CASE], description="The number of the case.")]
IdPath = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]

CallFilter = Annotated[
    str | None, Query(pattern=CALL_SID, examples=[EXAMPLE_CALL], description="The provider's id of a call.")
]
PidFilter = Annotated[str | None, Query(pattern=PID, examples=["100234"], description="The Partner ID.")]
Cursor = Annotated[
    str | None, Query(max_length=600, pattern="^[A-Za-z0-9_-]*$", description="`next` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
PAGE_SIZE = 50


class Body(BaseModel):
    """What is sent to us: types as they are, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Shape(BaseModel):
    """What we answer with."""

    model_config = ConfigDict(from_attributes=True)


NEXT = Field(description="The cursor of the next page; null on the last.", examples=[None])
