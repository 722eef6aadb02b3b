"""What one turn of a call writes, as one value: it is committed as a whole, or kept in the journal until it can be."""

from datetime import datetime

import msgspec

from app.flows.asks import CaseDraft


class Call(msgspec.Struct, frozen=True):
    """The call itself, as the first webhook told of it. `called` and `caller` are free text."""

    call_sid: str
    line: str
    called: str
    caller: str | None


class Ended(msgspec.Struct, frozen=True):
    """The provider says that the call is over. `duration` is in seconds."""

    status: str
    duration: int | None


class NewCase(msgspec.Struct, frozen=True, tag=True):
    number: str
    draft: CaseDraft


class JoinedCase(msgspec.Struct, frozen=True, tag=True):
    number: str
    draft: CaseDraft


class Taken(msgspec.Struct, frozen=True, tag=True):
    """A person took the call. `case` is None where its number was never spoken: the call's own case is meant."""

    case: str | None
    at: datetime


class Left(msgspec.Struct, frozen=True, tag=True):
    case: str | None


class Message(msgspec.Struct, frozen=True, tag=True):
    """A message was sent. The contacts on duty of the tier are to be paged."""

    case: str | None
    tier: int
    recording: str
    seconds: int


class Callback(msgspec.Struct, frozen=True, tag=True):
    case: str | None
    number: str | None
    at: datetime | None


class CallbackNumber(msgspec.Struct, frozen=True, tag=True):
    case: str | None
    number: str


class WrongPid(msgspec.Struct, frozen=True, tag=True):
    caller: str


Deed = NewCase | JoinedCase | Taken | Left | Message | Callback | CallbackNumber | WrongPid


class Turn(msgspec.Struct, frozen=True):
    """`turn` counts from 0 within the call; HUNG_UP stands for the end of it, which may come at any time."""

    call: Call
    turn: int
    at: datetime
    heard: str
    path: tuple[str, ...]
    why: tuple[str, ...]
    answer: str
    session: str
    partner: int | None = None
    case_number: str | None = None
    outcome: str | None = None
    deeds: tuple[Deed, ...] = ()
    ended: Ended | None = None


HUNG_UP = -1
