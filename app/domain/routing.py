"""Where a call goes, and why. Source: call-flows "Where the call goes": two tables, one for when a region is open.

`decide` is the only place that knows them. Live calls, `partnerline route`, the tests and the explorer all call it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from app.domain import partners, regions
from app.domain.lines import Line, Lines

Severity = Literal["S1", "S2", "S3"]
SEVERITIES: tuple[Severity, ...] = ("S1", "S2", "S3")
# What a caller who never named a severity is taken to have (call-flows, "Severity").
ASSUMED_SEVERITY: Severity = "S2"
Destination = Literal["queue", "line", "voicemail", "callback"]
Message = Literal[
    "other_region", "certified_only", "escalation_certified_only", "s1_is_live", "loa_missing", "stay_on_line"
]


@dataclass(frozen=True, slots=True)
class Caller:
    """What routing needs to know of an identified caller. An unverified caller is None."""

    type: partners.PartnerType
    certified: bool
    status: partners.Status = "active"
    loa: bool = False

    @property
    def tier(self) -> int:
        return 2 if self.certified and self.status == "active" else 1


def caller_of(partner: partners.Partner, at: datetime, all_regions: Mapping[str, regions.Region]) -> Caller:
    """A partner as routing sees it at a moment. One whose region is no longer among the facts is not certified."""
    region = all_regions.get(partner.region)
    certified = region is not None and partners.certification_holds(partner, at, region.zone)
    return Caller(partner.type, certified, partner.status, bool(partner.loa_customers))


@dataclass(frozen=True, slots=True)
class Decision:
    """A call's way. `pages`: the contact on duty is paged at once. `opens_at` is set for a callback only."""

    tier: int
    region: str
    destination: Destination
    queue: str | None
    opens_at: datetime | None
    pages: bool
    messages: tuple[Message, ...]
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A question to `decide`: who calls which line, how bad it is, and when."""

    line: Line
    caller: Caller | None
    severity: Severity
    at: datetime
    assumed: bool = False


def decide(
    call: Call, lines: Lines, all_regions: Mapping[str, regions.Region], closures: Sequence[regions.Closure] = ()
) -> Decision:
    """The row of the table that holds for a call. Every call has exactly one."""
    decision = row(call, lines, regions.first_open(all_regions, call.line.region, call.at, closures))
    if decision.destination != "callback":
        return decision
    return replace(decision, opens_at=all_regions[decision.region].next_opening(call.at, closures))


def row(call: Call, lines: Lines, choice: regions.Choice) -> Decision:
    """The row for a call, once it is known which region takes it. A callback's time is still to be filled in."""
    tier = call.caller.tier if call.caller else 1
    why = (_line(call.line), _who(call.caller, tier), *choice.why)
    told = _told_of_loa(call.caller)
    if choice.region is None:
        return _all_closed(call, tier, told, why)
    if call.line.region != choice.region:
        other: tuple[Message, ...] = ("other_region",)
    else:
        other = ()
    if "escalation" in call.line.kinds:
        return _escalation(call, tier, choice.region, told, other, why)
    if tier == 1:
        only: tuple[Message, ...] = ("certified_only",) if call.line.kinds == {"certified"} else ()
        return _queue(
            1, choice.region, (*only, *told, *other), (*why, f"Tier 1 takes the call: queue tier1-{choice.region}")
        )
    if "certified" in call.line.kinds:
        because = f"a certified line, a certified caller: queue tier2-{choice.region}"
        return _queue(2, choice.region, (*told, *other), (*why, because))
    return _to_certified_line(call, choice.region, lines, (*told, *other), why)


def _escalation(
    call: Call, tier: int, region: str, told: tuple[Message, ...], other: tuple[Message, ...], why: tuple[str, ...]
) -> Decision:
    if tier == 1:
        because = f"escalating by phone is for certified partners: queue tier1-{region}"
        return _queue(1, region, ("escalation_certified_only", *told, *other), (*why, because))
    if call.severity == "S1":
        return _queue(
            2, region, ("s1_is_live", *told, *other), (*why, f"S1 is always reported live: queue tier2-{region}")
        )
    return _voicemail(call.line.region, told, why)


def _to_certified_line(
    call: Call, region: str, lines: Lines, messages: tuple[Message, ...], why: tuple[str, ...]
) -> Decision:
    line = lines.certified_line(region)
    queue = f"tier2-{region}"
    if line is None:
        return _queue(2, region, messages, (*why, f"{region} has no certified line: queue {queue}"))
    if line.external is None:
        because = f"a certified caller goes to {line.name}, answered here: queue {queue}"
        return Decision(2, region, "line", queue, None, False, messages, (*why, because))
    if call.severity == "S1":
        return _queue(
            2, region, messages, (*why, f"{line.name} is external, and an S1 is never sent there: queue {queue}")
        )
    because = f"a certified caller goes to {line.name}, external; if it fails, to queue {queue}"
    return Decision(2, region, "line", queue, None, False, messages, (*why, because))


def _all_closed(call: Call, tier: int, told: tuple[Message, ...], why: tuple[str, ...]) -> Decision:
    region = call.line.region
    if call.severity == "S1":
        queue = f"tier{tier}-oncall"
        because = f"no region is open and S1 must reach a person: queue {queue}, the contact on duty is paged"
        return Decision(tier, region, "queue", queue, None, True, told, (*why, because))
    if call.assumed:
        told = ("stay_on_line", *told)
    if tier == 2:
        return _voicemail(region, told, (*why, "no region is open"))
    because = f"no region is open: callback when {region} opens"
    return Decision(1, region, "callback", None, None, False, told, (*why, because))


def _queue(tier: int, region: str, messages: tuple[Message, ...], why: tuple[str, ...]) -> Decision:
    return Decision(tier, region, "queue", f"tier{tier}-{region}", None, False, messages, why)


def _voicemail(region: str, messages: tuple[Message, ...], why: tuple[str, ...]) -> Decision:
    because = "a certified caller records a message; once it is sent, the contacts on duty are paged"
    return Decision(2, region, "voicemail", None, None, False, messages, (*why, because))


def _told_of_loa(caller: Caller | None) -> tuple[Message, ...]:
    if caller is not None and partners.loa(caller.type, caller.loa) == "missing":
        return ("loa_missing",)
    return ()


def _line(line: Line) -> str:
    return f"{line.name} is a line of {line.region} ({', '.join(sorted(line.kinds))})"


def _who(caller: Caller | None, tier: int) -> str:
    if caller is None:
        return "the caller is unverified: Tier 1"
    if caller.status == "suspended":
        return f"the {caller.type} partner is suspended: Tier 1"
    return f"the {caller.type} partner is {'' if tier == 2 else 'not '}certified at this time: Tier {tier}"
