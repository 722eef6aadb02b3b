"""What a live call reads. Each may raise StoreUnavailable; what the caller meets then is in the flows."""

import json
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from app.domain.agents import State
from app.domain.cases import ENDED, is_case_number
from app.domain.partners import Partner
from app.domain.regions import Closure
from app.store.hot import Readable, Row
from app.store.instants import instant_from_text

GUESSING_WINDOW = timedelta(hours=1)
WRONG_PIDS_ALLOWED = 10
PIDS_A_QUERY = 500
# Conversations older than this say nothing of the wait now.
RECENT = timedelta(hours=4)
ALL_TIME = datetime(1970, 1, 1, tzinfo=UTC)

_PARTNER = "id, pid, name, type, region, status, certified_from, certified_until, loa_customers FROM partners"
_BY_DIGITS = f"SELECT {_PARTNER} WHERE dialled = :digits"
_BY_PID = f"SELECT {_PARTNER} WHERE pid = :pid"
_BY_ID = f"SELECT {_PARTNER} WHERE id = :id"
_BY_PHONE = f"""SELECT {_PARTNER} WHERE status = 'active'
    AND id IN (SELECT partner_id FROM partner_phones WHERE number = :number) LIMIT 2"""
_WRONG_PIDS = "SELECT count(*) FROM wrong_pids WHERE caller = :caller AND at > :since"
_CLOSURES = "SELECT id, region, kind, starts_at, ends_at, reason FROM closures WHERE ends_at > :now ORDER BY id"
_CASE = """SELECT c.status, p.id FROM cases c LEFT JOIN partners p ON p.pid = c.pid WHERE c.number = :number"""
# A callback without a number is nobody's turn, and one for the very case of a caller is theirs.
_PLACE = """SELECT 1 + (SELECT count(*) FROM waiting other WHERE other.taken_by IS NULL AND other.queue = own.queue
    AND (other.kind = 'call' OR (other.number IS NOT NULL AND other.case_number <> own.case_number))
    AND (other.severity, NOT other.certified, other.since, other.call_sid)
      < (own.severity, NOT own.certified, own.since, own.call_sid)), own.queue, own.kind, own.leaves, own.paged,
    own.taken_by IS NOT NULL FROM waiting own WHERE own.call_sid = :call_sid"""
# The last conversations of a queue, in seconds; enough of them give an expected wait.
_TALKS = """SELECT seconds FROM talks WHERE queue = :queue AND ended_at > :since AND connected_at IS NOT NULL
    ORDER BY ended_at DESC LIMIT 20"""
_SERVING = "SELECT queues, state FROM agents WHERE state IN ('available', 'offered', 'on_call', 'wrap_up')"
_AGENTS = "SELECT id, name, reach, queues FROM agents ORDER BY id"
_BY_CODE = """SELECT id, state, before FROM agents WHERE reach = :reach AND code = :code"""
_SESSION = "SELECT line, called, caller, session FROM calls WHERE call_sid = :call_sid"
_REASONS = "SELECT why FROM turns WHERE call_sid = :call_sid AND turn >= 0 ORDER BY turn"
_SHOWN = (
    "number",
    "line",
    "region",
    "pid",
    "partner_name",
    "verified_by",
    "severity",
    "severity_assumed",
    "tier",
    "destination",
    "queue",
    "loa",
    "flags",
    "status",
    "first_response_due_at",
    "next_update_due_at",
    "callback_number",
    "callback_at",
)
_STUB = f"SELECT {', '.join(_SHOWN)} FROM cases WHERE number = :number"
_CASE_OF_CALL = "SELECT case_number FROM calls WHERE call_sid = :call_sid"


async def partner_dialling(store: Readable, digits: str) -> Partner | None:
    return _one(await store.fetch(_BY_DIGITS, {"digits": digits}))


async def partners_with_pids(store: Readable, pids: Collection[str]) -> dict[str, Partner]:
    """Those that exist, by PID: a few hundred a query."""
    found = {}
    left = iter(pids)
    while some := tuple(islice(left, PIDS_A_QUERY)):
        params = {f"p{n}": pid for n, pid in enumerate(some)}
        names = ", ".join(f":{name}" for name in params)
        for row in await store.fetch(f"SELECT {_PARTNER} WHERE pid IN ({names})", params):
            found[row[1]] = _one([row])
    return {pid: partner for pid, partner in found.items() if partner is not None}


async def partner_with_pid(store: Readable, pid: str) -> Partner | None:
    return _one(await store.fetch(_BY_PID, {"pid": pid}))


async def partner_with_id(store: Readable, id_: int) -> Partner | None:
    return _one(await store.fetch(_BY_ID, {"id": id_}))


async def partner_registered_for(store: Readable, number: str) -> Partner | None:
    """The one active partner a number belongs to; None when there is none, or more than one."""
    rows = await store.fetch(_BY_PHONE, {"number": number})
    return _one(rows) if len(rows) == 1 else None


async def wrong_pids(store: Readable, caller: str, now: datetime) -> int:
    """How many wrong PIDs came from a number within the hour (call-flows, "Guessing")."""
    rows = await store.fetch(_WRONG_PIDS, {"caller": caller, "since": now - GUESSING_WINDOW})
    return int(rows[0][0])


async def closures(store: Readable, now: datetime) -> tuple[Closure, ...]:
    """What is closed or opened by hand, now and later."""
    rows = await store.fetch(_CLOSURES, {"now": now})
    return tuple(
        Closure(region, kind, _moment(starts), _moment(ends), reason, id_)
        for id_, region, kind, starts, ends, reason in rows
    )


async def usable_case(store: Readable, number: str, partner: int | None) -> bool:
    """Whether this caller may go on with a case: it is the partner's own (or nobody's), and not ended."""
    if not is_case_number(number):
        return False
    rows = await store.fetch(_CASE, {"number": number})
    return bool(rows) and rows[0][0] not in ENDED and rows[0][1] == partner


class Place(NamedTuple):
    """A waiting call's place in its queue. `position` counts from 1; `leaves`: a callback comes next.

    `taken`: somebody has pressed 1, and the caller is about to be connected.
    """

    position: int
    queue: str
    kind: str
    leaves: bool
    paged: bool
    taken: bool


async def place_of(store: Readable, call_sid: str) -> Place | None:
    """Where a waiting call stands; None where it does not wait.

    The order is that of `domain.waiting`; a test holds the two together.
    """
    rows = await store.fetch(_PLACE, {"call_sid": call_sid})
    if not rows:
        return None
    position, queue, kind, leaves, paged, taken = rows[0]
    return Place(int(position), queue, kind, bool(leaves), bool(paged), bool(taken))


async def last_talks(store: Readable, queue: str, now: datetime) -> list[int]:
    """How long the last conversations of a queue took, in seconds, the newest first."""
    rows = await store.fetch(_TALKS, {"queue": queue, "since": now - RECENT})
    return [int(seconds) for (seconds,) in rows if seconds is not None]


class Serving(NamedTuple):
    """An agent at work: in a state that takes calls now or soon."""

    queues: tuple[str, ...]
    available: bool


async def serving(store: Readable) -> list[Serving]:
    """The agents at work."""
    rows = await store.fetch(_SERVING, {})
    return [Serving(tuple(json.loads(queues)), state == "available") for queues, state in rows]


class DeskAgent(NamedTuple):
    """An agent as a desk number knows one: by where the call comes from."""

    id: str
    name: str
    reach: str
    queues: tuple[str, ...]


async def desk_agents(store: Readable) -> tuple[DeskAgent, ...]:
    """Every agent, at work or not."""
    rows = await store.fetch(_AGENTS, {})
    return tuple(DeskAgent(id_, name, reach, tuple(json.loads(queues))) for id_, name, reach, queues in rows)


class AgentToToggle(NamedTuple):
    """`before`: the state that holds after an offer, a call or a wrap-up."""

    id: str
    state: State
    before: State


async def agent_with_code(store: Readable, reach: str, code: str) -> AgentToToggle | None:
    """The agent of this phone, if the code is theirs."""
    rows = await store.fetch(_BY_CODE, {"reach": reach, "code": code})
    return AgentToToggle(*rows[0]) if rows else None


class CallSoFar(NamedTuple):
    """A call as its last turn left it. `session` is empty for a call that never had one."""

    line: str
    called: str
    caller: str | None
    session: str


async def call_so_far(store: Readable, call_sid: str) -> CallSoFar | None:
    rows = await store.fetch(_SESSION, {"call_sid": call_sid})
    return CallSoFar(*rows[0]) if rows else None


async def case_of_call(store: Readable, call_sid: str) -> str | None:
    """The number of the case that a call is about: its own, or the one its caller went on with."""
    rows = await store.fetch(_CASE_OF_CALL, {"call_sid": call_sid})
    return rows[0][0] if rows else None


async def reasons(store: Readable, call_sid: str) -> list[str]:
    """Every rule that decided something in a call, in order."""
    rows = await store.fetch(_REASONS, {"call_sid": call_sid})
    return [reason for (why,) in rows for reason in json.loads(why)]


async def stub_of_call(store: Readable, call_sid: str) -> dict[str, Any] | None:
    """The case of a call, as a person is shown it."""
    number = await case_of_call(store, call_sid)
    rows = await store.fetch(_STUB, {"number": number})
    return dict(zip(_SHOWN, rows[0], strict=True)) if rows else None


def _one(rows: list[Row]) -> Partner | None:
    if not rows:
        return None
    id_, pid, name, type_, region, status, since, until, letters = rows[0]
    customers = tuple(letters.split(";")) if letters else ()
    return Partner(id_, pid, name, type_, region, status, _day(since), _day(until), customers)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime:
    return instant_from_text(value) if isinstance(value, str) else value
