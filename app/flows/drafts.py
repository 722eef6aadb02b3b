"""Deeds, drawn up from where the conversation stands: the case stub with its clocks, the message, the callback."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.domain import targets
from app.domain.cases import CaseDestination, Status
from app.domain.routing import ASSUMED_SEVERITY
from app.flows import asks
from app.flows.session import Way

if TYPE_CHECKING:
    from app.flows.nodes.base import Here

_STATUS: dict[str, Status] = {
    "queue": "waiting",
    "line": "waiting",
    "voicemail": "open",
    "callback": "callback_requested",
}


def open_or_join(here: "Here") -> asks.OpenCase | asks.JoinCase:
    """The stub of this call, or the caller's own case that the call goes on with."""
    way = here.session.way
    assert way is not None, "a case is opened once the way is decided"  # noqa: S101 because the flows are checked for it
    draft = stub(here, way, way.destination, _STATUS[way.destination])
    if here.session.case is not None:
        return asks.JoinCase(here.session.case, draft)
    return asks.OpenCase(draft)


def waiting(here: "Here") -> asks.CaseDraft:
    """The stub of a caller who is put through without more questions."""
    way = here.session.way
    assert way is not None, "who is put through has a way"  # noqa: S101 because the engine has just decided it
    return stub(here, way, "queue", "waiting")


def abandoned(here: "Here") -> asks.OpenCase:
    """The stub of an identified caller who hung up on the way."""
    partner = here.session.partner
    tier = partner.caller.tier if partner else 1
    way = here.session.way or Way(tier, here.line.region, "queue", None, False)
    return asks.OpenCase(stub(here, way, "none", "abandoned"))


def stub(here: "Here", way: Way, destination: CaseDestination, status: Status) -> asks.CaseDraft:
    session, partner = here.session, here.session.partner
    severity = session.severity or ASSUMED_SEVERITY
    opens_at = _opens_at(here)
    clocks = targets.clocks(here.flows.targets[severity], here.now, here.flows.regions[way.region], opens_at)
    return asks.CaseDraft(
        line=session.line,
        region=way.region,
        partner=partner.id if partner else None,
        partner_type=partner.type if partner else None,
        certified=bool(partner and partner.caller.tier == 2),
        verified_by=session.verified_by,
        severity=severity,
        severity_assumed=session.assumed or session.severity is None,
        tier=way.tier,
        destination=destination,
        queue=way.queue,
        loa=partner.loa if partner else "not_needed",
        flags=_flags(here, destination),
        status=status,
        opened_at=here.now,
        first_response_due_at=clocks.first_response_due_at,
        next_update_due_at=clocks.next_update_due_at,
        callback_number=session.number if destination == "callback" else None,
        callback_at=opens_at,
        page=way.pages,
    )


def _flags(here: "Here", destination: CaseDestination) -> tuple[str, ...]:
    partner = here.session.partner
    suspended = ("suspended",) if partner and partner.status == "suspended" else ()
    missing = ("no_callback_number",) if destination == "callback" and here.session.number is None else ()
    return suspended + missing


def _opens_at(here: "Here") -> datetime | None:
    way, opens_at = here.session.way, here.session.opens_at
    if way is None or way.destination != "callback" or opens_at is None:
        return None
    return datetime.fromtimestamp(opens_at, UTC)


def taken_at(here: "Here") -> datetime:
    """When a person took the call. The provider tells only once they have finished talking."""
    return datetime.fromtimestamp(here.session.taken_at, UTC) if here.session.taken_at else here.now


def message(here: "Here") -> asks.KeepMessage:
    session = here.session
    tier = session.way.tier if session.way else 2
    return asks.KeepMessage(session.case, tier, session.recording or "", session.recorded_seconds)


def callback(here: "Here") -> asks.RequestCallback:
    return asks.RequestCallback(here.session.case, here.session.number, _opens_at(here))
