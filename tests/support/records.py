"""Turns of calls as the store gets them, with whatever a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain import cases
from app.flows.asks import CaseDraft
from app.store import records
from app.store.records import Call, Deed, Ended, Turn

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def number_of(origin: str, attempt: int = 0) -> str:
    return cases.draw_number(b"a secret of the tests", origin, attempt)


def draft(**changes: Any) -> CaseDraft:
    """A stub of an unverified caller who waits for Tier 1."""
    usual: dict[str, Any] = {
        "line": "US support",
        "region": "us",
        "partner": None,
        "partner_type": None,
        "certified": False,
        "verified_by": None,
        "severity": "S2",
        "severity_assumed": False,
        "tier": 1,
        "destination": "queue",
        "queue": "tier1-us",
        "loa": "not_needed",
        "flags": (),
        "status": "waiting",
        "opened_at": NOON,
        "first_response_due_at": NOON + timedelta(hours=1),
        "next_update_due_at": NOON + timedelta(hours=2),
    }
    return CaseDraft(**(usual | changes))


def turn(call_sid: str, number: int, *deeds: Deed, ended: Ended | None = None, **changes: Any) -> Turn:
    """A turn of a call, a second after the one before it."""
    at = changes.pop("at", None) or NOON + timedelta(seconds=number)
    usual: dict[str, Any] = {
        "call": Call(call_sid, "US support", "+18888988733", "+12065550199"),
        "turn": number,
        "at": at,
        "heard": "silence",
        "path": ("waiting.open",),
        "why": ("a test",),
        "answer": f"<Response>{call_sid} {number}</Response>",
        "session": "{}",
        "deeds": deeds,
        "ended": ended,
    }
    return Turn(**(usual | changes))


def opens_case(call_sid: str, number: int = 3, **changes: Any) -> Turn:
    """The turn in which the call's stub is opened."""
    case = number_of(call_sid)
    return turn(call_sid, number, records.NewCase(case, draft(**changes)), case_number=case)


def hangs_up(call_sid: str, *deeds: Deed, case_number: str | None = None) -> Turn:
    """The end of a call, which may arrive at any time."""
    at, ended = NOON + timedelta(minutes=1), Ended("completed", 40)
    return turn(call_sid, records.HUNG_UP, *deeds, ended=ended, at=at, case_number=case_number)
