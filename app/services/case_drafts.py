"""What a case holds that is opened without a call: the facts of its partner, who takes it, and its clocks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.domain import partners, routing, targets
from app.domain.lines import Line
from app.domain.partners import Partner
from app.domain.routing import Caller, Decision, Severity
from app.runtime import Runtime
from app.services.refusals import Unfit
from app.store import lookups

Channel = Literal["portal", "api"]


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as it is asked for. Without a line it is that of the partner's region, else the default line."""

    severity: Severity
    channel: Channel = "api"
    pid: str | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The columns of the case, and whether the contact on duty must be paged at once."""

    values: dict[str, Any]
    page: bool


async def draw_up(runtime: Runtime, wanted: NewCase, now: datetime) -> Draft:
    """Raises Unfit for a partner or a line that is not there."""
    partner = await _partner(runtime, wanted.pid)
    line = _line(runtime, wanted.line, partner)
    caller = _caller(runtime, partner, now)
    closures = await lookups.closures(runtime.store, now)
    question = routing.Call(line, caller, wanted.severity, now)
    decision = routing.decide(question, runtime.flows.lines, runtime.flows.regions, closures)
    return Draft(_values(runtime, wanted, line, partner, caller, decision, now), decision.pages)


async def _partner(runtime: Runtime, pid: str | None) -> Partner | None:
    if pid is None:
        return None
    partner = await lookups.partner_with_pid(runtime.store, pid)
    if partner is None:
        raise Unfit(pid="there is no such partner; leave it away for a case without one")
    return partner


def _line(runtime: Runtime, name: str | None, partner: Partner | None) -> Line:
    lines = runtime.flows.lines
    if name is not None:
        if name not in lines.by_name:
            raise Unfit(line=f"there is no such line; give one of {', '.join(lines.by_name)}")
        return lines.by_name[name]
    if partner is None:
        return lines.default
    own = (line for line in lines.by_name.values() if line.region == partner.region and "support" in line.kinds)
    return next(own, lines.default)


def _caller(runtime: Runtime, partner: Partner | None, now: datetime) -> Caller | None:
    return routing.caller_of(partner, now, runtime.flows.regions) if partner else None


def _values(
    runtime: Runtime,
    wanted: NewCase,
    line: Line,
    partner: Partner | None,
    caller: Caller | None,
    decision: Decision,
    now: datetime,
) -> dict[str, Any]:
    clocks = targets.clocks(runtime.flows.targets[wanted.severity], now, runtime.flows.regions[decision.region])
    return {
        "channel": wanted.channel,
        "line": line.name,
        "region": decision.region,
        **_of_partner(partner, caller),
        "severity": wanted.severity,
        "severity_assumed": False,
        "tier": decision.tier,
        # Nobody is on the phone, so nobody waits in a queue.
        "destination": "none",
        "queue": None,
        "status": "open",
        "opened_at": now,
        "first_response_due_at": clocks.first_response_due_at,
        "next_update_due_at": clocks.next_update_due_at,
    }


def _of_partner(partner: Partner | None, caller: Caller | None) -> dict[str, Any]:
    if partner is None or caller is None:
        return {"certified": False, "verified": False, "loa": "not_needed", "flags": ()}
    return {
        "pid": partner.pid,
        "partner_name": partner.name,
        "partner_type": partner.type,
        "certified": caller.certified,
        "verified": True,
        "verified_by": "pid",
        "loa": partners.loa(partner.type, caller.loa),
        "flags": ("suspended",) if partner.status == "suspended" else (),
    }
