"""Calls that the service places: to an agent, to a contact on duty, to a partner who is called back.

A leg is planned in the transaction that makes it necessary, with the moment at which it may be placed, and placed by a
job. It is asked for once: where the answer of the telephone company was lost it may ring all the same, and asking again
would ring twice. Its own webhooks carry its key and tell which call it is.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from app.runtime import Runtime
from app.store import legs
from app.store.database import Transaction
from app.store.rows import Row

Purpose = Literal["offer", "page", "callback", "verify"]
# The telephone company places so many new calls a second, and lets those beyond that wait; so each waits here for its
# turn. Pages have turns of their own, since they must be handed over within 30 seconds however many offers are planned:
# where both are, it is asked twice as often for a while, which it bears, and the limit stays one for all the rest.
RATE, RATE_OF_PAGES = "calls", "pages"


@dataclass(frozen=True, slots=True)
class Plan:
    """`number` may be a `sip:` or `client:` address; `shown` is what the one who is rung sees; seconds of ringing."""

    purpose: Purpose
    subject: str
    number: str
    shown: str
    timeout: int


@dataclass(frozen=True, slots=True)
class Planned:
    key: str
    not_before: datetime


def url_of(what: str, key: str, **more: str) -> str:
    """`answered`, `key`, `over`, `gone`, `alone`: the webhooks of a leg. The key is an id, good for one call only."""
    return f"/twilio/leg/{what}?{urlencode({'k': key, **more})}"


def next_url(runtime: Runtime, leg: Row) -> str:
    """Where the document of a leg goes on, with what is keyed."""
    return runtime.path_prefix + url_of("key", leg["key"])


async def plan(runtime: Runtime, tx: Transaction, wanted: Plan) -> Planned:
    """Plans a leg, and the job that places it."""
    now = runtime.now()
    key = secrets.token_hex(12)
    rate = RATE_OF_PAGES if wanted.purpose == "page" else RATE
    slot = await legs.next_slot(tx, rate, now, runtime.calls_apart)
    await legs.add(
        tx,
        {
            "key": key,
            "purpose": wanted.purpose,
            "subject": wanted.subject,
            "number": wanted.number,
            "shown": wanted.shown,
            "timeout": wanted.timeout,
            "state": "planned",
            "planned_at": now,
            "not_before": slot,
        },
    )
    await runtime.jobs.defer(tx, "place_leg", at=slot, leg=key)
    return Planned(key, slot)


async def drop(runtime: Runtime, tx: Transaction, purpose: Purpose, subject: str) -> None:
    """Ends a leg that nobody needs any more, wherever it stands; one that is not placed yet never is."""
    leg = await legs.of_subject(tx, purpose, subject)
    if leg is None or await legs.move(tx, leg["key"], ("planned",), state="ended", ended_at=runtime.now()):
        return
    await runtime.jobs.defer(tx, "hang_up_leg", leg=leg["key"])
