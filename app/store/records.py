"""What one turn of a call writes, as one value: it is committed as a whole, or kept in the journal until it can be."""

from datetime import datetime
from typing import Literal

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
    """The caller hung up before anybody took the call. `number`: to ring back an S1 that is paged, if it may be."""

    case: str | None
    number: str | None = None


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


class Toggled(msgspec.Struct, frozen=True, tag=True):
    """An agent has keyed the own code: from now on the state is `wanted`. `agent` is our id."""

    agent: str
    wanted: Literal["available", "offline"]


Deed = NewCase | JoinedCase | Taken | Left | Message | Callback | CallbackNumber | Toggled | WrongPid


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
    queue: str | None = None
    """The document puts the caller into this queue."""
    left_queue: bool = False
    """The caller is out of the queue, at least for now."""
    look_at: datetime | None = None
    """When the dispatcher looks: at once where somebody is free, else soon."""

    @property
    def page_id(self) -> str:
        """Of the page that this turn opens."""
        return f"{self.call.call_sid}/{self.turn}"

    def recording_id(self, sid: str) -> str:
        """A message whose id the provider did not tell is kept all the same, under the turn it was left in."""
        return sid or f"{self.call.call_sid}-{self.turn}"


HUNG_UP = -1
