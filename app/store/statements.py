"""A turn's record -> SQL, the same text on both databases.

A record written twice changes nothing, be it a webhook that comes twice or a journal replayed after a crash: its turn
is inserted first, and where that is there already the database refuses the whole record. What a record says has to be
right whenever it arrives, since webhooks overtake each other. The tables are those of `tables.py`; a test holds the two
together.
"""

import json
from collections.abc import Iterator
from typing import Any, assert_never

import msgspec

from app.flows.asks import CaseDraft
from app.store import records
from app.store.deferring import Defer, Statement, in_jobs_table
from app.store.turn_jobs import jobs_of

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
    callback_at, opened_at, first_response_due_at, next_update_due_at)
VALUES (:number, :call_sid, 'phone', :line, :region, (SELECT pid FROM partners WHERE id = :partner),
    (SELECT name FROM partners WHERE id = :partner), :partner_type, :certified, :verified, :verified_by, :severity,
    :severity_assumed, :tier, :destination, :queue, :loa, :flags,
    :status, :caller, :callback_number, :callback_at, :opened_at, :first_response_due_at,
    :next_update_due_at)
ON CONFLICT (call_sid) DO UPDATE SET
    region = excluded.region, severity = excluded.severity, severity_assumed = excluded.severity_assumed,
    tier = excluded.tier, destination = excluded.destination, queue = excluded.queue, flags = excluded.flags,
    status = excluded.status, callback_number = excluded.callback_number, callback_at = excluded.callback_at,
    first_response_due_at = excluded.first_response_due_at,
    next_update_due_at = excluded.next_update_due_at
WHERE cases.destination = 'none' AND cases.status <> 'resolved'
"""
# `open` is what a case is before its message is recorded: one that is further already stays so.
JOINED_CASE = """
UPDATE cases SET status = CASE WHEN CAST(:status AS TEXT) = 'open' THEN status ELSE CAST(:status AS TEXT) END,
    queue = :queue, tier = :tier, region = :region, destination = :destination, severity = :severity,
    severity_assumed = :severity_assumed, flags = :flags, callback_at = :callback_at,
    callback_number = CASE WHEN CAST(:destination AS TEXT) = 'callback' THEN :callback_number ELSE callback_number END,
    first_response_due_at = CASE WHEN CAST(:destination AS TEXT) = 'callback' AND first_response_at IS NULL
                                 THEN :first_response_due_at ELSE first_response_due_at END
WHERE number = :number AND status <> 'resolved'
"""
CASE_OF_CALL = "coalesce(CAST(:case AS TEXT), (SELECT number FROM cases WHERE call_sid = :call_sid))"
# A person who talks to the caller may have moved the case on already.
TAKEN = f"""
UPDATE cases SET first_response_at = coalesce(first_response_at, :at),
    status = CASE WHEN status IN ('escalated', 'in_progress') THEN status ELSE 'in_progress' END
WHERE number = {CASE_OF_CALL} AND status <> 'resolved'
"""
# A call's own case is abandoned. One that its caller only went on with is again what it was before, also one that waits
# for a callback; and an S1 that waited is rung back.
IS_RUNG_BACK = "EXISTS (SELECT 1 FROM waiting WHERE waiting.call_sid = :call_sid AND severity = 'S1')"
# By a message or by a person: a page alone is opened for each S1 whom nobody takes.
WAS_ESCALATED = """(EXISTS (SELECT 1 FROM voicemails WHERE voicemails.case_number = cases.number)
        OR EXISTS (SELECT 1 FROM case_updates u WHERE u.case_number = cases.number AND u.kind = 'escalated'))"""
LEFT = f"""
UPDATE cases SET callback_number = CASE WHEN {IS_RUNG_BACK} THEN coalesce(CAST(:number AS TEXT), callback_number)
                                        ELSE callback_number END,
    status = CASE WHEN {IS_RUNG_BACK}
        THEN CASE WHEN CAST(:number AS TEXT) IS NULL THEN 'open' ELSE 'callback_requested' END
    WHEN EXISTS (SELECT 1 FROM waiting WHERE waiting.case_number = cases.number AND waiting.kind = 'callback'
            AND waiting.call_sid <> :call_sid AND (waiting.number IS NOT NULL OR waiting.severity <> 'S1'))
        THEN 'callback_requested'
    WHEN call_sid = :call_sid THEN 'abandoned' WHEN first_response_at IS NOT NULL THEN 'in_progress'
    WHEN {WAS_ESCALATED} THEN 'escalated' ELSE 'open' END
WHERE number = {CASE_OF_CALL} AND (status = 'waiting' OR (status = 'open' AND call_sid = :call_sid))
"""
# A call that ended before its case arrived waits nowhere.
LEFT_BEFORE = f"{LEFT} AND EXISTS (SELECT 1 FROM calls WHERE call_sid = :call_sid AND ended_at IS NOT NULL)"
# Who calls again about a case that is to be called back has waited since then.
WAITS = f"""
INSERT INTO waiting (call_sid, case_number, kind, queue, severity, certified, since, entered)
SELECT :call_sid, number, 'call', :queue, severity, certified,
    coalesce((SELECT min(since) FROM waiting WHERE waiting.case_number = cases.number AND waiting.kind = 'callback'
        AND waiting.taken_by IS NULL), :at), :at FROM cases
WHERE number = {CASE_OF_CALL}
    AND NOT EXISTS (SELECT 1 FROM calls WHERE call_sid = :call_sid AND ended_at IS NOT NULL)
ON CONFLICT (call_sid) DO UPDATE SET queue = excluded.queue, severity = excluded.severity, entered = excluded.entered,
    certified = excluded.certified, kind = 'call', taken_by = NULL, leaves = FALSE,
    also = CASE WHEN waiting.queue = excluded.queue THEN waiting.also END
"""
# Back in a queue, after a talk or a callback that came to nothing.
WAITING_CASE = """
UPDATE cases SET status = 'waiting' WHERE status <> 'resolved'
    AND number = (SELECT case_number FROM waiting WHERE call_sid = :call_sid)
"""
OUT_OF_QUEUE = "UPDATE waiting SET entered = NULL WHERE call_sid = :call_sid"
WAITS_NO_MORE = "DELETE FROM waiting WHERE call_sid = :call_sid"
# An S1 keeps its place until somebody has rung back; where somebody has taken the call already, the end
# of their talk decides.
CALL_IS_OVER = """
DELETE FROM waiting
WHERE call_sid = :call_sid AND kind = 'call' AND taken_by IS NULL AND severity <> 'S1'
"""
TO_RING_BACK = """
UPDATE waiting SET kind = 'callback', entered = NULL, leaves = FALSE, number = :number
WHERE call_sid = :call_sid AND kind = 'call' AND taken_by IS NULL AND severity = 'S1'
"""
# A callback has the place that its call had, or one from the opening of its case on.
CALL_BACK = f"""
INSERT INTO waiting (call_sid, case_number, kind, queue, severity, certified, since, number, due_at)
SELECT :call_sid, number, 'callback', coalesce(queue, 'tier' || CAST(tier AS TEXT) || '-' || region), severity,
    certified, opened_at, callback_number, callback_at FROM cases
WHERE number = {CASE_OF_CALL} AND status = 'callback_requested'
ON CONFLICT (call_sid) DO UPDATE SET kind = 'callback', entered = NULL, leaves = FALSE, number = excluded.number,
    due_at = excluded.due_at
"""
# The case's other callbacks: the partner has talked to somebody, or is called back for the newer call.
OTHER_CALL_BACKS = f"""
DELETE FROM waiting WHERE kind = 'callback' AND taken_by IS NULL AND call_sid <> :call_sid
    AND case_number = {CASE_OF_CALL}
"""
NUMBER_OF_CALL_BACK = "UPDATE waiting SET number = :number WHERE call_sid = :call_sid AND kind = 'callback'"
MESSAGE = f"""
INSERT INTO voicemails (recording_sid, call_sid, case_number, duration, recorded_at)
SELECT :recording, :call_sid, number, :seconds, :at FROM cases WHERE number = {CASE_OF_CALL}
ON CONFLICT (recording_sid) DO NOTHING
"""
ESCALATED = f"UPDATE cases SET status = 'escalated' WHERE number = {CASE_OF_CALL} AND status <> 'resolved'"
PAGE = f"""
INSERT INTO pages (id, case_number, tier, reason, call_sid, opened_at, next_at)
SELECT :id, number, :tier, :reason, :call_sid, :at, :at FROM cases WHERE number = {CASE_OF_CALL}
ON CONFLICT (id) DO NOTHING
"""
PAGED = "UPDATE waiting SET paged = TRUE WHERE call_sid = :call_sid"
CALLBACK = f"""
UPDATE cases SET status = 'callback_requested', callback_number = :number, callback_at = :at,
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
# What the agent was told holds, whatever the state is by now (`domain.agents`: rung or talking, it holds after that).
TOGGLED = """
UPDATE agents SET missed = 0, reason = '',
    before = CASE WHEN state IN ('offered', 'on_call') THEN :wanted ELSE before END,
    since = CASE WHEN state IN ('offered', 'on_call', :wanted) THEN since ELSE :at END,
    idle_since = CASE WHEN state IN ('offered', 'on_call', :wanted) THEN idle_since
                      WHEN :wanted = 'available' THEN :at END,
    wrap_until = CASE WHEN state IN ('offered', 'on_call') THEN wrap_until END,
    state = CASE WHEN state IN ('offered', 'on_call') THEN state ELSE :wanted END
WHERE id = :agent
"""
EVENT = "INSERT INTO events (at, kind, subject, detail) VALUES (:at, :kind, :subject, :detail)"
NOTE = """
INSERT INTO case_updates (id, case_number, at, author, kind, note)
SELECT :id, number, :at, 'phone', :kind, :note FROM cases WHERE number = :case
ON CONFLICT (id) DO NOTHING
"""


def statements(record: records.Turn, defer: Defer = in_jobs_table) -> list[Statement]:
    """All of a turn, in order. The first inserts the turn itself: when it was there already, the answer is too.

    Jobs come last: two processes that defer the same one wait for each other, and then hold nothing else.
    """
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
        found.extend(_ended(record, record.ended))
    for deed in record.deeds:
        found.extend(_deed(deed, record))
    found.extend(_queue(record))
    found.extend(defer(job.name, job.at, job.key, job.args) for job in jobs_of(record))
    return found


def _queue(record: records.Turn) -> Iterator[Statement]:
    own = {"call_sid": record.call.call_sid}
    if record.left_queue:
        yield OUT_OF_QUEUE, own
    if record.queue:
        yield WAITS, {**own, "case": record.case_number, "queue": record.queue, "at": record.at}
        drafts = [deed.draft for deed in record.deeds if isinstance(deed, records.NewCase | records.JoinedCase)]
        if not any(draft.status == "waiting" for draft in drafts):
            yield WAITING_CASE, own
        if any(draft.page for draft in drafts):
            yield PAGED, own


def _deed(deed: records.Deed, record: records.Turn) -> Iterator[Statement]:
    call_sid = record.call.call_sid
    match deed:
        case records.NewCase(number, draft):
            yield NEW_CASE, {**_case(draft), "number": number, "call_sid": call_sid, "caller": record.call.caller}
            yield LEFT_BEFORE, {"case": None, "call_sid": call_sid, "number": None}
            if draft.status == "callback_requested":
                yield from _call_back(record, number, draft.callback_number)
            if draft.page:
                yield _page(record, number, draft.tier, f"{draft.severity} while every region is closed")
        case records.JoinedCase(number, draft):
            yield JOINED_CASE, _only(_case(draft), JOINED_CASE) | {"number": number}
            yield LEFT_BEFORE, {"case": number, "call_sid": call_sid, "number": None}
            if draft.status == "callback_requested":
                yield from _call_back(record, number, draft.callback_number)
            yield (
                NOTE,
                {"id": f"{call_sid}/joined", "case": number, "at": record.at, "kind": "call", "note": "called again"},
            )
            if draft.page:
                yield _page(record, number, draft.tier, f"{draft.severity} while every region is closed")
        case records.Taken(case, at):
            # Here and below, what waits comes before its case, as wherever both are locked.
            yield WAITS_NO_MORE, {"call_sid": call_sid}
            yield OTHER_CALL_BACKS, {"case": case, "call_sid": call_sid}
            yield TAKEN, {"case": case, "call_sid": call_sid, "at": at}
        case records.Left(case, number):
            yield TO_RING_BACK, {"call_sid": call_sid, "number": number}
            # The status callback may never come, and a turn that enqueues may still.
            yield from _ended(record, records.Ended("completed", None))
            yield LEFT, {"case": case, "call_sid": call_sid, "number": number}
        case records.Message(case, tier, recording, seconds):
            kept = {"case": case, "call_sid": call_sid}
            yield MESSAGE, {**kept, "recording": record.recording_id(recording), "seconds": seconds, "at": record.at}
            yield ESCALATED, kept
            yield _page(record, case, tier, "an escalation message was left")
        case records.Callback(case, number, at):
            yield CALLBACK, {"case": case, "call_sid": call_sid, "number": number, "at": at}
            yield from _call_back(record, case, number)
        case records.CallbackNumber(case, number):
            yield CALLBACK_NUMBER, {"case": case, "call_sid": call_sid, "number": number}
            yield NUMBER_OF_CALL_BACK, {"call_sid": call_sid, "number": number}
        case records.Toggled(agent, wanted):
            yield TOGGLED, {"agent": agent, "wanted": wanted, "at": record.at}
            detail = {"wanted": wanted, "by": "phone"}
            event = {"kind": "agent", "subject": f"agent {agent}", "detail": json.dumps(detail)}
            yield EVENT, {"at": record.at, **event}
        case records.WrongPid(caller):
            yield WRONG_PID, {"call_sid": call_sid, "turn": record.turn, "caller": caller, "at": record.at}
        case _:
            assert_never(deed)


def _call_back(record: records.Turn, case: str | None, number: str | None) -> Iterator[Statement]:
    """One callback for a case. One that has a number to call is not given up for one that has none."""
    own = {"case": case, "call_sid": record.call.call_sid}
    yield CALL_BACK, own
    if number is not None:
        yield OTHER_CALL_BACKS, own


def _ended(record: records.Turn, ended: records.Ended) -> Iterator[Statement]:
    own = {"call_sid": record.call.call_sid}
    yield ENDED, {**own, "at": record.at, "status": ended.status, "duration": ended.duration}
    yield CALL_IS_OVER, own


def _case(draft: CaseDraft) -> dict[str, Any]:
    fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__ if name != "page"}
    return {
        **fields,
        "flags": listed(draft.flags),
        "verified": draft.verified_by is not None,
    }


def _page(record: records.Turn, case: str | None, tier: int, reason: str) -> Statement:
    return PAGE, {
        "id": record.page_id,
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
