"""Several hundred signed calls over HTTP: every line, kind of caller and severity, at every kind of hour.

What is expected here is read from the two tables of call-flows, and from nothing that the service is made of.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from app.domain.cases import is_case_number
from tests.support.handset import Handset
from tests.support.partners import BLUEFIN, COPPER, LUMEN, TALLGRASS, Partner
from tests.support.service import CALLER, LINES, Service, running_service

# The only region that is open at an hour; None: Saturday.
HOURS = {
    datetime(2026, 3, 3, 18, 0, tzinfo=UTC): "us",
    datetime(2026, 3, 3, 10, 30, tzinfo=UTC): "emea",
    datetime(2026, 3, 3, 3, 0, tzinfo=UTC): "apac",
    datetime(2026, 3, 7, 12, 0, tzinfo=UTC): None,
}
# 08:00 GMT, 05:00 in Los Angeles, 09:00 in Singapore, each on Monday.
NEXT_OPENINGS = {
    "us": datetime(2026, 3, 9, 12, 0, tzinfo=UTC),  # summer time began on Sunday
    "emea": datetime(2026, 3, 9, 8, 0, tzinfo=UTC),
    "apac": datetime(2026, 3, 9, 1, 0, tzinfo=UTC),
}
OPENINGS_IN_WORDS = {"us": "5:00, Pacific time", "emea": "8:00, G M T", "apac": "9:00, Singapore time"}

# Who calls: a partner or nobody, and whether the table's rows for certified callers are theirs.
CALLERS: dict[str, tuple[Partner | None, bool]] = {
    "certified": (TALLGRASS, True),
    "not certified": (BLUEFIN, False),
    "suspended": (LUMEN, False),
    "agency without an LOA": (COPPER, True),
    "unverified": (None, False),
}
# What is keyed after the PID. While all regions are closed, an assumed severity is asked about: any key is a no.
SEVERITIES = {"S1": "1", "S2": "2,#", "S3": "3,#", "assumed": "0"}
FIRST_RESPONSE = {"S1": timedelta(minutes=30), "S2": timedelta(hours=2), "S3": timedelta(hours=24)}

CERTIFIED_ONLY = "This line is for certified partners"
ESCALATION_ONLY = "escalation by phone is for certified partners"
S1_IS_LIVE = "always reported to a person"
LOA_MISSING = "no Letter of Agency"
TEAMS = {"us": "The team in the United States", "emea": "The team in Europe", "apac": "The team in Singapore"}
ALL_CLOSED = "All our offices are closed"
MESSAGES = {CERTIFIED_ONLY, ESCALATION_ONLY, S1_IS_LIVE, LOA_MISSING, ALL_CLOSED, *TEAMS.values()}


@dataclass(frozen=True)
class Row:
    """A row of the table: where the call goes, and what the caller is told on the way."""

    destination: str
    queue: str | None = None
    told: frozenset[str] = frozenset()


# line kind, certified, S1 -> row. REGION is the one that takes the call.
_SUPPORT = {
    (True, True): Row("line", "tier2-REGION"),
    (True, False): Row("line", "tier2-REGION"),
    (False, True): Row("queue", "tier1-REGION"),
    (False, False): Row("queue", "tier1-REGION"),
}
_CERTIFIED = {
    (True, True): Row("queue", "tier2-REGION"),
    (True, False): Row("queue", "tier2-REGION"),
    (False, True): Row("queue", "tier1-REGION", frozenset({CERTIFIED_ONLY})),
    (False, False): Row("queue", "tier1-REGION", frozenset({CERTIFIED_ONLY})),
}
_BOTH = {
    (True, True): Row("queue", "tier2-REGION"),
    (True, False): Row("queue", "tier2-REGION"),
    (False, True): Row("queue", "tier1-REGION"),
    (False, False): Row("queue", "tier1-REGION"),
}
_ESCALATION = {
    (True, True): Row("queue", "tier2-REGION", frozenset({S1_IS_LIVE})),
    (True, False): Row("voicemail"),
    (False, True): Row("queue", "tier1-REGION", frozenset({ESCALATION_ONLY})),
    (False, False): Row("queue", "tier1-REGION", frozenset({ESCALATION_ONLY})),
}
# "When no region is open, this table stands in place of the one above, for every line kind".
_ALL_CLOSED = {
    (True, True): Row("queue", "tier2-oncall"),
    (True, False): Row("voicemail"),
    (False, True): Row("queue", "tier1-oncall"),
    (False, False): Row("callback", None, frozenset({ALL_CLOSED})),
}
LINE_KINDS: dict[str, tuple[str, dict[tuple[bool, bool], Row]]] = {
    "US support": ("us", _SUPPORT),
    "EMEA support": ("emea", _SUPPORT),
    "ANZ support": ("apac", _BOTH),
    "APAC support, direct": ("apac", _SUPPORT),
    "US certified": ("us", _CERTIFIED),
    "EMEA certified": ("emea", _CERTIFIED),
    "US escalation voicemail": ("us", _ESCALATION),
    "EMEA escalation voicemail": ("emea", _ESCALATION),
    "APAC escalation voicemail": ("apac", _ESCALATION),
}
# support-model has no certified line in APAC but the one of ANZ, which does both jobs: a caller of APAC's direct line
# is led to it.


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url, over_http=True) as service:
        yield service


@pytest.mark.parametrize("line", LINES)
async def test_every_call_goes_where_the_table_says(service: Service, line: str) -> None:
    for (at, open_region), who, severity in product(HOURS.items(), CALLERS, SEVERITIES):
        service.it_is(at)
        partner, _ = CALLERS[who]
        keys = f"{partner.keys if partner else '*#'},{SEVERITIES[severity]}"
        asked_to_stay = severity == "assumed" and open_region is None
        phone = await service.calls(line, keys + (",5" if asked_to_stay else ""))
        try:
            check(service, phone, line, open_region, who, severity)
        except AssertionError as error:
            error.add_note(f"{who} called {line} with {severity} at {at}\n{phone.transcript()}")
            raise
        await phone.hangs_up()


def check(service: Service, phone: Handset, line: str, open_region: str | None, who: str, severity: str) -> None:
    own_region, kind = LINE_KINDS[line]
    partner, certified = CALLERS[who]
    row = (kind if open_region else _ALL_CLOSED)[certified, severity == "S1"]
    voicemail = row.destination == "voicemail"
    region = own_region if voicemail or open_region is None else open_region
    queue = row.queue.replace("REGION", region) if row.queue else None

    # Where the call is now.
    assert phone.call.waiting_in == queue
    assert phone.call.waits_for == {"voicemail": "recording", "callback": "keys"}.get(row.destination, "queue")

    # What the caller heard.
    told = row.told | ({TEAMS[region]} if region != own_region else set())
    told |= {LOA_MISSING} if partner and partner.loa == "missing" else set()
    told |= {ALL_CLOSED} if severity == "assumed" and open_region is None else set()
    assert {message for message in MESSAGES if message in phone.transcript()} == told
    number = service.case(phone)["number"]
    assert f"case number is {' '.join(number)}." in phone.transcript()
    assert is_case_number(number)

    opens_at = NEXT_OPENINGS[own_region] if row.destination == "callback" else None
    if opens_at:
        assert OPENINGS_IN_WORDS[own_region] in phone.transcript()

    check_stub(service, phone, {
        "line": line,
        "region": region,
        "severity": "S2" if severity == "assumed" else severity,
        "severity_assumed": severity == "assumed",
        "tier": 2 if certified else 1,
        "destination": row.destination,
        "queue": queue,
        "status": {"voicemail": "open", "callback": "callback_requested"}.get(row.destination, "waiting"),
        "callback_number": CALLER if opens_at else None,
        "callback_at": opens_at,
    }, partner)  # fmt: skip
    check_record(service, phone, line, partner)


def check_stub(service: Service, phone: Handset, expected: dict[str, Any], partner: Partner | None) -> None:
    """The fields of interfaces, "A case"."""
    case = service.case(phone)
    expected |= {
        "channel": "phone",
        "caller": CALLER,
        "pid": partner.pid if partner else None,
        "partner_name": partner.name if partner else None,
        "partner_type": partner.type if partner else None,
        "verified": partner is not None,
        "verified_by": "pid" if partner else None,
        "loa": partner.loa if partner else "not_needed",
        "flags": ("suspended",) if partner is LUMEN else (),
        "first_response_due_at": expected["callback_at"] or case["opened_at"] + FIRST_RESPONSE[expected["severity"]],
        "first_response_at": None,
        "resolved_at": None,
    }
    if partner is not LUMEN:
        expected["certified"] = expected["tier"] == 2
    assert {name: case[name] for name in expected} == expected
    assert abs(case["opened_at"] - service.now()) < timedelta(minutes=3)
    assert case["next_update_due_at"] >= case["opened_at"] + timedelta(hours=4)


def check_record(service: Service, phone: Handset, line: str, partner: Partner | None) -> None:
    call, turns = service.call(phone), service.turns(phone)
    assert (call["line"], call["called"], call["caller"]) == (line, LINES[line], CALLER)
    assert call["pid"] == (partner.pid if partner else None)
    assert call["case_number"] == service.case(phone)["number"]
    assert call["ended_at"] is None
    assert [turn["turn"] for turn in turns] == list(range(len(turns)))
    assert turns[0]["heard"] == "the call began"
    assert all(turn["answer"].startswith("<Response>") and turn["path"] for turn in turns)
    assert any(turn["why"] for turn in turns)
    # What counted is on record: each document that the caller heard, once and in order; a wait document is no turn.
    documents = [request.body.decode() for request in phone.call.requests if "/twilio/wait" not in request.url]
    assert [turn["answer"] for turn in turns] == documents
