"""A turn's record -> SQL, the same text on both databases.

A record written twice changes nothing, be it a webhook that comes twice or a journal replayed after a crash: its turn
is inserted first, and where that is there already the database refuses the whole record. What a record says has to be
right whenever it arrives, since webhooks overtake each other. The tables are those of `tables.py`; a test holds the two
together.
"""

from collections.abc import Iterator
from typing import Any, assert_never

import msgspec

from app.flows.asks import CaseDraft
from app.store import records

Statement = tuple[str, dict[str, Any]]

TURN = """
INSERT INTO turns (call_sid, turn, at, heard, path, why, answer)
VALUES (:call_sid, :turn, :at, :heard, :path, :why, :answer)
"""
ANSWER = "SELECT answer FROM turns WHERE call_sid = :call_sid AND turn = :turn"


def _newest(*columns: str) -> str:
    """The newest turn has the say; an earlier one that comes late only fills in what is missing."""
    return ", ".join(
        f"{column} = CASE WHEN excluded.turn > calls.turn THEN coalesce(excluded.{column}, calls.{column}) "
        f"ELSE coalesce(calls.{column}, excluded.{column}) END"
        for column in columns
    )


CALL = f"""
INSERT INTO calls (call_sid, line, called, caller, status, started_at, turn, session, pid, case_number, outcome)
VALUES (:call_sid, :line, :called, :caller, 'in-progress', :at, :turn, :session,
        (SELECT pid FROM partners WHERE id = :partner), :case_number, :outcome)
ON CONFLICT (call_sid) DO UPDATE SET {_newest("session", "pid", "case_number", "outcome")},
    turn = CASE WHEN excluded.turn > calls.turn THEN excluded.turn ELSE calls.turn END
"""
ENDED = """
UPDATE calls SET status = :status, ended_at = coalesce(ended_at, :at), duration = coalesce(:duration, duration)
WHERE call_sid = :call_sid
"""
# A stub left on the way (`none`) is filled in, and keeps its number.
NEW_CASE = """
INSERT INTO cases (number, call_sid, channel, line, region, pid, partner_name, partner_type, certified, verified,
    verified_by, severity, severity_assumed, tier, destination, queue, loa, flags, status, caller, callback_number,
    callback_at, opened_at, waiting_since, first_response_due_at, next_update_due_at)
VALUES (:number, :call_sid, 'phone', :line, :region, (SELECT pid FROM partners WHERE id = :partner),
    (SELECT name FROM partners WHERE id = :partner), :partner_type, :certified, :verified, :verified_by, :severity,
    :severity_assumed, :tier, :destination, :queue, :loa, :flags,
    :status, :caller, :callback_number, :callback_at, :opened_at, :waiting_since, :first_response_due_at,
    :next_update_due_at)
ON CONFLICT (call_sid) DO UPDATE SET
    region = excluded.region, severity = excluded.severity, severity_assumed = excluded.severity_assumed,
    tier = excluded.tier, destination = excluded.destination, queue = excluded.queue, flags = excluded.flags,
    status = excluded.status, callback_number = excluded.callback_number, callback_at = excluded.callback_at,
    waiting_since = excluded.waiting_since, first_response_due_at = excluded.first_response_due_at,
    next_update_due_at = excluded.next_update_due_at
WHERE cases.destination = 'none' AND cases.status <> 'resolved'
"""
# `open` is what a case is before its message is recorded: one that is further already stays so.
JOINED_CASE = """
UPDATE cases SET status = CASE WHEN CAST(:status AS TEXT) = 'open' THEN status ELSE CAST(:status AS TEXT) END,
    queue = :queue, tier = :tier, region = :region, destination = :destination, severity = :severity,
    severity_assumed = :severity_assumed, waiting_since = :waiting_since, flags = :flags, callback_at = :callback_at,
    callback_number = CASE WHEN CAST(:destination AS TEXT) = 'callback' THEN :callback_number ELSE callback_number END,
    first_response_due_at = CASE WHEN CAST(:destination AS TEXT) = 'callback' AND first_response_at IS NULL
                                 THEN :first_response_due_at ELSE first_response_due_at END
WHERE number = :number AND status <> 'resolved'
"""
CASE_OF_CALL = "coalesce(CAST(:case AS TEXT), (SELECT number FROM cases WHERE call_sid = :call_sid))"
TAKEN = f"""
UPDATE cases SET status = 'in_progress', first_response_at = coalesce(first_response_at, :at)
WHERE number = {CASE_OF_CALL} AND status <> 'resolved'
"""
# A call's own case is abandoned. One that its caller only went on with is again what it was before.
LEFT = f"""
UPDATE cases SET waiting_since = NULL,
    status = CASE WHEN call_sid = :call_sid THEN 'abandoned' WHEN first_response_at IS NOT NULL THEN 'in_progress'
        WHEN EXISTS (SELECT 1 FROM pages WHERE pages.case_number = cases.number) THEN 'escalated' ELSE 'open' END
WHERE number = {CASE_OF_CALL} AND (status = 'waiting' OR (status = 'open' AND call_sid = :call_sid))
"""
# A call that ended before its case arrived waits nowhere.
LEFT_BEFORE = f"{LEFT} AND EXISTS (SELECT 1 FROM calls WHERE call_sid = :call_sid AND ended_at IS NOT NULL)"
MESSAGE = f"""
INSERT INTO voicemails (recording_sid, call_sid, case_number, duration, recorded_at)
SELECT :recording, :call_sid, number, :seconds, :at FROM cases WHERE number = {CASE_OF_CALL}
ON CONFLICT (recording_sid) DO NOTHING
"""
ESCALATED = f"UPDATE cases SET status = 'escalated' WHERE number = {CASE_OF_CALL} AND status <> 'resolved'"
PAGE = f"""
INSERT INTO pages (id, case_number, tier, reason, opened_at)
SELECT :id, number, :tier, :reason, :at FROM cases WHERE number = {CASE_OF_CALL}
ON CONFLICT (id) DO NOTHING
"""
CALLBACK = f"""
UPDATE cases SET status = 'callback_requested', waiting_since = NULL, callback_number = :number, callback_at = :at,
    flags = CASE WHEN CAST(:number AS TEXT) IS NULL AND flags NOT LIKE '%no_callback_number%'
                 THEN replace(replace(flags, ']', ', "no_callback_number"]'), '[, ', '[') ELSE flags END
WHERE number = {CASE_OF_CALL} AND status <> 'resolved'
"""
CALLBACK_NUMBER = f"""
UPDATE cases SET callback_number = :number,
    flags = replace(replace(replace(flags, '"no_callback_number", ', ''), ', "no_callback_number"', ''),
                    '"no_callback_number"', '')
WHERE number = {CASE_OF_CALL}
"""
WRONG_PID = """
INSERT INTO wrong_pids (call_sid, turn, caller, at) VALUES (:call_sid, :turn, :caller, :at)
ON CONFLICT (call_sid, turn) DO NOTHING
"""
NOTE = """
INSERT INTO case_updates (id, case_number, at, author, kind, note)
SELECT :id, number, :at, 'phone', :kind, :note FROM cases WHERE number = :case
ON CONFLICT (id) DO NOTHING
"""


def statements(record: records.Turn) -> list[Statement]:
    """All of a turn, in order. The first inserts the turn itself: when it was there already, the answer is too."""
    call = record.call
    own = {"call_sid": call.call_sid, "turn": record.turn, "at": record.at}
    turn = {
        **own,
        "heard": record.heard,
        "path": listed(record.path),
        "why": listed(record.why),
        "answer": record.answer,
    }
    seen = {
        **own,
        "line": call.line,
        "called": call.called,
        "caller": call.caller,
        "session": record.session,
        "partner": record.partner,
        "case_number": record.case_number,
        "outcome": record.outcome,
    }
    found: list[Statement] = [(TURN, turn), (CALL, seen)]
    if record.ended:
        found.append(_ended(record, record.ended))
    for deed in record.deeds:
        found.extend(_deed(deed, record))
    return found


def _deed(deed: records.Deed, record: records.Turn) -> Iterator[Statement]:
    call_sid = record.call.call_sid
    match deed:
        case records.NewCase(number, draft):
            yield NEW_CASE, {**_case(draft), "number": number, "call_sid": call_sid, "caller": record.call.caller}
            yield LEFT_BEFORE, {"case": None, "call_sid": call_sid}
            if draft.page:
                yield _page(record, number, draft.tier, f"{draft.severity} while every region is closed")
        case records.JoinedCase(number, draft):
            yield JOINED_CASE, _only(_case(draft), JOINED_CASE) | {"number": number}
            yield LEFT_BEFORE, {"case": number, "call_sid": call_sid}
            yield (
                NOTE,
                {"id": f"{call_sid}/joined", "case": number, "at": record.at, "kind": "call", "note": "called again"},
            )
            if draft.page:
                yield _page(record, number, draft.tier, f"{draft.severity} while every region is closed")
        case records.Taken(case, at):
            yield TAKEN, {"case": case, "call_sid": call_sid, "at": at}
        case records.Left(case):
            yield LEFT, {"case": case, "call_sid": call_sid}
            # The status callback may never come, and a turn that enqueues may still.
            yield _ended(record, records.Ended("completed", None))
        case records.Message(case, tier, recording, seconds):
            kept = {"case": case, "call_sid": call_sid}
            # A message whose id the provider did not tell is kept all the same, under the turn it was left in.
            sid = recording or f"{call_sid}/{record.turn}"
            yield MESSAGE, {**kept, "recording": sid, "seconds": seconds, "at": record.at}
            yield ESCALATED, kept
            yield _page(record, case, tier, "an escalation message was left")
        case records.Callback(case, number, at):
            yield CALLBACK, {"case": case, "call_sid": call_sid, "number": number, "at": at}
        case records.CallbackNumber(case, number):
            yield CALLBACK_NUMBER, {"case": case, "call_sid": call_sid, "number": number}
        case records.WrongPid(caller):
            yield WRONG_PID, {"call_sid": call_sid, "turn": record.turn, "caller": caller, "at": record.at}
        case _:
            assert_never(deed)


def _ended(record: records.Turn, ended: records.Ended) -> Statement:
    own = {"call_sid": record.call.call_sid, "at": record.at}
    return ENDED, {**own, "status": ended.status, "duration": ended.duration}


def _case(draft: CaseDraft) -> dict[str, Any]:
    fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__ if name != "page"}
    return {
        **fields,
        "flags": listed(draft.flags),
        "verified": draft.verified_by is not None,
        "waiting_since": draft.opened_at if draft.status == "waiting" else None,
    }


def _page(record: records.Turn, case: str | None, tier: int, reason: str) -> Statement:
    page_id = f"{record.call.call_sid}/{record.turn}"
    return PAGE, {
        "id": page_id,
        "case": case,
        "call_sid": record.call.call_sid,
        "tier": tier,
        "reason": reason,
        "at": record.at,
    }


def _only(values: dict[str, Any], sql: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if f":{name}" in sql}


def listed(values: tuple[str, ...]) -> str:
    """As `tables.Strings` keeps them."""
    return msgspec.json.format(msgspec.json.encode(values), indent=0).decode() if values else "[]"
