"""A turn's record -> SQL, the same text on both databases.

Every statement finds or inserts, so that a record written twice changes nothing: a webhook that comes twice, or a
journal replayed after a crash. The tables are those of `tables.py`; a test holds the two together.
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
ON CONFLICT (call_sid, turn) DO NOTHING
"""
ANSWER = "SELECT answer FROM turns WHERE call_sid = :call_sid AND turn = :turn"
CALL = """
INSERT INTO calls (call_sid, line, called, caller, status, started_at, turn, session, pid, case_number, outcome)
VALUES (:call_sid, :line, :called, :caller, 'in-progress', :at, :turn, :session,
        (SELECT pid FROM partners WHERE id = :partner), :case_number, :outcome)
ON CONFLICT (call_sid) DO UPDATE SET
    turn = excluded.turn, session = excluded.session, pid = coalesce(excluded.pid, calls.pid),
    case_number = coalesce(excluded.case_number, calls.case_number),
    outcome = coalesce(excluded.outcome, calls.outcome)
WHERE excluded.turn > calls.turn
"""
ENDED = """
UPDATE calls SET status = :status, ended_at = :at, duration = :duration WHERE call_sid = :call_sid AND ended_at IS NULL
"""
# A call that hung up before this arrived waits nowhere. A stub left on the way (`none`) is filled in.
NEW_CASE = """
INSERT INTO cases (number, call_sid, channel, line, region, pid, partner_name, partner_type, certified, verified,
    verified_by, severity, severity_assumed, tier, destination, queue, loa, flags, status, caller, callback_number,
    callback_at, opened_at, waiting_since, first_response_due_at, next_update_due_at)
VALUES (:number, :call_sid, 'phone', :line, :region, (SELECT pid FROM partners WHERE id = :partner),
    (SELECT name FROM partners WHERE id = :partner), :partner_type, :certified, :verified, :verified_by, :severity,
    :severity_assumed, :tier, :destination, :queue, :loa, :flags,
    CASE WHEN CAST(:status AS TEXT) = 'waiting'
              AND EXISTS (SELECT 1 FROM calls WHERE call_sid = :call_sid AND ended_at IS NOT NULL)
         THEN 'abandoned' ELSE CAST(:status AS TEXT) END,
    :caller, :callback_number, :callback_at, :opened_at, :waiting_since, :first_response_due_at, :next_update_due_at)
ON CONFLICT (call_sid) DO UPDATE SET
    region = excluded.region, severity = excluded.severity, severity_assumed = excluded.severity_assumed,
    tier = excluded.tier, destination = excluded.destination, queue = excluded.queue, flags = excluded.flags,
    status = excluded.status, callback_number = excluded.callback_number, callback_at = excluded.callback_at,
    waiting_since = excluded.waiting_since, first_response_due_at = excluded.first_response_due_at
WHERE cases.destination = 'none'
"""
JOINED_CASE = """
UPDATE cases SET status = :status, queue = :queue, tier = :tier, region = :region, destination = :destination,
    severity = :severity, waiting_since = :waiting_since, callback_number = coalesce(:callback_number, callback_number),
    callback_at = :callback_at
WHERE number = :number AND status <> 'resolved'
"""
CASE_OF_CALL = "coalesce(CAST(:case AS TEXT), (SELECT number FROM cases WHERE call_sid = :call_sid))"
TAKEN = f"""
UPDATE cases SET status = 'in_progress', first_response_at = coalesce(first_response_at, :at)
WHERE number = {CASE_OF_CALL} AND status <> 'resolved'
"""
LEFT = f"""
UPDATE cases SET status = CASE WHEN call_sid = :call_sid THEN 'abandoned' ELSE 'open' END, waiting_since = NULL
WHERE number = {CASE_OF_CALL} AND status IN ('open', 'waiting')
"""
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
        ended = {"call_sid": call.call_sid, "at": record.at, "status": record.ended.status}
        found.append((ENDED, {**ended, "duration": record.ended.duration}))
    for deed in record.deeds:
        found.extend(_deed(deed, record))
    return found


def _deed(deed: records.Deed, record: records.Turn) -> Iterator[Statement]:
    call_sid = record.call.call_sid
    match deed:
        case records.NewCase(number, draft):
            yield NEW_CASE, {**_case(draft), "number": number, "call_sid": call_sid, "caller": record.call.caller}
            if draft.page:
                yield _page(record, number, draft.tier, f"{draft.severity} while every region is closed")
        case records.JoinedCase(number, draft):
            yield JOINED_CASE, _only(_case(draft), JOINED_CASE) | {"number": number}
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
        case records.Message(case, tier, recording, seconds):
            kept = {"case": case, "call_sid": call_sid}
            yield MESSAGE, {**kept, "recording": recording, "seconds": seconds, "at": record.at}
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
