"""Service-level clocks that act: a case about to miss its initial response or its next update is told of, once.

Told is the lead of the case's team who is on duty, by SMS and mail where there are any; an event says so in any case.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from app.domain import clocks as rules
from app.domain.duty import Contact, on_duty
from app.notify import Notice
from app.runtime import Runtime
from app.services import climbing, page_words, reaching, spoken, sweeping
from app.store import clocks, events
from app.store.clocks import Kind, Until
from app.store.database import Transaction
from app.store.hot import StoreUnavailable
from app.store.rows import Row

log = structlog.get_logger()
JOB = "look_at_clocks"
BETWEEN_LOOKS = timedelta(minutes=1)
# A quarter of the longest wait for a promised callback that there may be: regions closed for twelve days.
PROMISED_AHEAD = timedelta(days=3)
AT_ONCE = 200


async def ensure(runtime: Runtime) -> None:
    """The clocks are looked at from now on. Again it changes nothing. Raises StoreUnavailable."""
    async with runtime.database.transaction() as tx:
        await runtime.jobs.defer(tx, JOB, key=JOB)


async def keep_turning(runtime: Runtime) -> None:
    """For as long as a process works, until cancelled: also where the database was away, or a look failed for good."""
    while True:
        try:
            await ensure(runtime)
        except StoreUnavailable:
            pass  # It is tried again.
        except Exception as error:
            log.error("the clocks could not be set going", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(BETWEEN_LOOKS.total_seconds())


async def look_at_clocks(runtime: Runtime) -> None:
    """A job, once a minute."""
    now = runtime.now()
    # In a transaction of its own: the next look does not depend on this one.
    async with runtime.database.transaction() as tx:
        await runtime.jobs.defer(tx, JOB, at=now + BETWEEN_LOOKS, key=JOB)
        await climbing.look_for_late(runtime, tx)
    async with runtime.database.transaction() as tx:
        for case in await clocks.responses(tx, _responses_until(runtime, now), now + PROMISED_AHEAD, AT_ONCE):
            if rules.is_to_tell(case["opened_at"], case["first_response_due_at"], now):
                await _tell(runtime, tx, case, "response", case["first_response_due_at"], now)
        for case in await clocks.updates(tx, _updates_until(runtime, now), AT_ONCE):
            await _tell(runtime, tx, case, "update", case["next_update_due_at"], now)
    # Last, since it asks the telephone company and may take long.
    await sweeping.sweep(runtime)
    runtime.jobs.wake()


def _responses_until(runtime: Runtime, now: datetime) -> list[Until]:
    targets = runtime.flows.targets
    return [Until(severity, None, rules.responses_to_tell(target, now)) for severity, target in targets.items()]


def _updates_until(runtime: Runtime, now: datetime) -> Iterable[Until]:
    """For each severity in each region; in a region that was taken out of the facts, calendar time counts."""
    regions = [*runtime.flows.regions.values(), None]
    for severity, target in runtime.flows.targets.items():
        for region in regions:
            name = region.name if region else None
            yield Until(severity, name, rules.updates_to_tell(target, now, region))


async def _tell(runtime: Runtime, tx: Transaction, case: Row, kind: Kind, due: datetime, now: datetime) -> None:
    if not await clocks.told(tx, case["number"], kind, due):
        return
    lead = _lead(runtime, case, now)
    notice = _notice(runtime, case, kind, due)
    ways = await reaching.tell(runtime, tx, lead, notice, only=reaching.WRITTEN) if lead else []
    told = {"lead": lead.name if lead else None, "by": ways}
    await events.note(tx, now, "clock", f"case {case['number']}", what=kind, due=due.isoformat(), **told)


def _lead(runtime: Runtime, case: Row, now: datetime) -> Contact | None:
    """The first rung of the ladder on duty."""
    ladder = on_duty(runtime.flows.ladders, case["tier"], case["region"], now)
    return ladder.rungs[0] if ladder and ladder.rungs else None


def _notice(runtime: Runtime, case: Row, kind: Kind, due: datetime) -> Notice:
    wording = spoken.wording_of(runtime, case["line"])
    due_in_words = wording.time_in_words(due, runtime.flows.region(case["region"]))
    values = {**spoken.of_case(runtime, case), "due": due_in_words}
    subject, text = (wording.texts[name].format_map(values) for name in ("clock_subject", f"clock_{kind}"))
    key = f"clock/{case['number']}/{kind}/{due.timestamp():.3f}"
    return Notice(key, page_words.shown(runtime, case), subject, text)
