"""What the engine cannot supply itself. It returns an ask; the shell answers; the step goes on.

A fact is looked up. A deed is written in the turn's one commit, before the answer reaches the caller: should the
commit fail, the shell steps again and answers `Unavailable`. So every ask can be answered by `Unavailable`, and what
happens then is a branch in a flow file.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.domain.cases import CaseDestination, Status
from app.domain.partners import Loa
from app.domain.regions import Closure
from app.domain.routing import Severity
from app.flows.session import PartnerFacts


@dataclass(frozen=True, slots=True)
class MayAskForPid:
    """Whether this caller may still be asked for a PID (call-flows, "Guessing")."""


@dataclass(frozen=True, slots=True)
class FindPartner:
    """The partner that dials these digits."""

    digits: str


@dataclass(frozen=True, slots=True)
class ToggleAgent:
    """An agent who calls from the own phone and has keyed this code takes calls from now on, or none any more."""

    code: str


@dataclass(frozen=True, slots=True)
class FindRegistered:
    """The one active partner whose number is calling with full attestation (call-flows, "Caller ID")."""


@dataclass(frozen=True, slots=True)
class ReadClosures:
    """The closures and openings made by hand."""


@dataclass(frozen=True, slots=True)
class FindCase:
    """A case that this caller may go on with. `partner` is our id, None for an unverified caller."""

    number: str
    partner: int | None


@dataclass(frozen=True, slots=True)
class CallersNumber:
    """The caller's own number, if it may be dialled."""


@dataclass(frozen=True, slots=True)
class FindPlace:
    """The waiting caller's place in the queue, by the order of `domain.waiting`.

    `expected`: the caller is about to be told how long that may take.
    """

    expected: bool = False


@dataclass(frozen=True, slots=True)
class WantCallback:
    """The waiting caller wants to be called back and keeps the place. Done at once, and not with the turn."""


@dataclass(frozen=True, slots=True)
class HowItEnded:
    """How the conversation ended that the caller had with an agent, or a contact on duty, before this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class CaseDraft:
    """A case stub to be opened. The shell adds what the engine must not know: number, caller, PID and name."""

    line: str
    region: str
    partner: int | None
    partner_type: str | None
    certified: bool
    verified_by: str | None
    severity: Severity
    severity_assumed: bool
    tier: int
    destination: CaseDestination
    queue: str | None
    loa: Loa
    flags: tuple[str, ...]
    status: Status
    opened_at: datetime
    first_response_due_at: datetime
    next_update_due_at: datetime
    callback_number: str | None = None
    callback_at: datetime | None = None
    page: bool = False


@dataclass(frozen=True, slots=True)
class OpenCase:
    draft: CaseDraft


@dataclass(frozen=True, slots=True)
class JoinCase:
    """The caller goes on with a case that exists: it takes this call's way."""

    number: str
    draft: CaseDraft


@dataclass(frozen=True, slots=True)
class CaseTaken:
    """A person took the call, at this moment."""

    case: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseLeft:
    """The caller hung up before anybody took the call."""

    case: str | None


@dataclass(frozen=True, slots=True)
class KeepMessage:
    """The recorded message is sent: it is kept, the case is escalated and the contacts on duty are paged."""

    case: str | None
    tier: int
    recording: str
    seconds: int


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """The case waits for a callback, at the time named or as soon as somebody can."""

    case: str | None
    number: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class KeepNumber:
    """Another number to call back, as keyed; national ones are read in the line's country."""

    case: str | None
    digits: str


Ask = (
    MayAskForPid
    | FindPartner
    | ToggleAgent
    | FindRegistered
    | ReadClosures
    | FindCase
    | CallersNumber
    | FindPlace
    | WantCallback
    | HowItEnded
    | OpenCase
    | JoinCase
    | CaseTaken
    | CaseLeft
    | KeepMessage
    | RequestCallback
    | KeepNumber
)


@dataclass(frozen=True, slots=True)
class Yes:
    """It is so."""


@dataclass(frozen=True, slots=True)
class Done:
    """The deed is done."""


@dataclass(frozen=True, slots=True)
class No:
    """It is not so, there is none, or it may not be."""


@dataclass(frozen=True, slots=True)
class FoundPartner:
    partner: PartnerFacts


@dataclass(frozen=True, slots=True)
class FoundClosures:
    closures: tuple[Closure, ...]


@dataclass(frozen=True, slots=True)
class FoundCase:
    number: str


@dataclass(frozen=True, slots=True)
class FoundNumber:
    """A telephone number that may be dialled, E.164."""

    number: str


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """`position` counts from 1; `minutes` is the expected wait, None where there is too little to tell.

    `leaves`: a callback comes next, as the caller wished or since the wait was long enough. `paged`: a contact is.
    `taken`: somebody has taken the call, and the caller is about to be connected.
    """

    position: int
    minutes: int | None = None
    leaves: bool = False
    paged: bool = False
    taken: bool = False


@dataclass(frozen=True, slots=True)
class AgentLost:
    """The line to the person the caller talked to has failed, or nobody can say that it has not."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The agent passed the call on to another queue."""

    queue: str
    tier: int
    region: str


@dataclass(frozen=True, slots=True)
class Toggled:
    """What the agent is from now on."""

    state: Literal["available", "offline"]


@dataclass(frozen=True, slots=True)
class Opened:
    """The case is in the database under this number."""

    number: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """It could not be found out or done. For closures: what the last good reading knew."""

    closures: tuple[Closure, ...] = ()


Answer = (
    Yes
    | Done
    | No
    | FoundPartner
    | FoundClosures
    | FoundCase
    | FoundNumber
    | FoundPlace
    | AgentLost
    | HandedOver
    | Toggled
    | Opened
    | Unavailable
)
