"""Places the legs that are planned, and hears what becomes of them."""

from functools import partial

import structlog

from app.flows.turn import Heard
from app.patience import within
from app.provider.rest import AnswerLost, Busy, NotThere, ProviderError
from app.runtime import Runtime
from app.services import legs, spoken
from app.services.purposes import PURPOSES
from app.store import legs as leg_rows
from app.store.hot import StoreUnavailable
from app.store.rows import Row

log = structlog.get_logger()
# It includes a question to the provider.
SECONDS_TO_NOTE = 3.0


class NotOurLeg(Exception):
    """A webhook names a leg that is none, or another call's."""


async def place_leg(runtime: Runtime, leg: str) -> None:
    """A job: asks for the call, once. Where nobody can say whether it was placed, its own webhooks will."""
    async with runtime.database.transaction() as tx:
        row = await leg_rows.one(tx, leg)
        if row is None:
            return
        if not await PURPOSES[row["purpose"]].wanted(runtime, tx, row["subject"]):
            await leg_rows.move(tx, leg, ("planned",), state="ended", ended_at=runtime.now())
            return
        if not await leg_rows.move(tx, leg, ("planned",), state="asked", asked_at=runtime.now()):
            # This job was cut off after it asked: whether the phone rings is not known.
            await leg_rows.move(tx, leg, ("asked",), state="unknown")
            return
    await _ask(runtime, row)


async def _ask(runtime: Runtime, leg: Row) -> None:
    key = leg["key"]
    try:
        sid = await runtime.provider.call(
            to=leg["number"],
            shown=leg["shown"],
            url=runtime.address(legs.url_of("answered", key)),
            status_url=runtime.address(legs.url_of("over", key)),
            timeout=leg["timeout"],
        )
    except AnswerLost:
        await _move(runtime, key, "unknown")
    except Busy:
        # It was surely not placed: the job is tried again.
        await _move(runtime, key, "planned")
        raise
    except ProviderError as error:
        log.error("a call could not be placed", purpose=leg["purpose"], reason=str(error))
        await over(runtime, key, "failed")
    else:
        async with runtime.database.transaction() as tx:
            await leg_rows.learn_sid(tx, key, sid)


async def _move(runtime: Runtime, key: str, state: str) -> None:
    async with runtime.database.transaction() as tx:
        await leg_rows.move(tx, key, ("asked",), state=state)


async def hang_up_leg(runtime: Runtime, leg: str) -> None:
    """A job."""
    async with runtime.database.reading() as tx:
        row = await leg_rows.one(tx, leg)
    if row is None or row["state"] == "ended" or row["sid"] is None:
        return
    try:
        await runtime.provider.hang_up(row["sid"])
    except NotThere:
        await over(runtime, leg, "completed")


async def answered(runtime: Runtime, key: str, call_sid: str) -> str:
    """The document for a leg that was answered. Raises NotOurLeg."""
    leg = await _own(runtime, key, call_sid)
    async with runtime.database.transaction() as tx:
        await leg_rows.move(tx, key, ("planned", "asked", "unknown"), state="answered", answered_at=runtime.now())
    if leg["state"] == "ended":
        return spoken.hang_up()
    return await PURPOSES[leg["purpose"]].answered(runtime, leg)


async def keyed(runtime: Runtime, key: str, call_sid: str, heard: Heard) -> str:
    """The document after a key. Raises NotOurLeg."""
    leg = await _own(runtime, key, call_sid)
    return await PURPOSES[leg["purpose"]].keyed(runtime, leg, heard)


async def over(runtime: Runtime, key: str, status: str, call_sid: str | None = None) -> None:
    """A leg is over. May come twice, late or before its answer. Raises NotOurLeg."""
    leg = await _own(runtime, key, call_sid)
    before = ("planned", "asked", "unknown", "answered")
    # In one transaction: cut off in between, an agent would stay in a talk with nobody.
    async with runtime.database.transaction() as tx:
        await PURPOSES[leg["purpose"]].over(runtime, tx, leg, leg["status"] or status)
        await leg_rows.move(tx, key, before, state="ended", ended_at=runtime.now(), status=status)
    runtime.jobs.wake()


async def hear_end(runtime: Runtime, key: str, status: str, call_sid: str) -> None:
    """The same, told by a webhook: who was on the leg is free again, if not now then when the database is back."""
    try:
        await within(SECONDS_TO_NOTE, over(runtime, key, status, call_sid))
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("the end of a leg is not noted yet", reason=type(error).__name__)
        runtime.unwritten.append(partial(over, runtime, key, status, call_sid))


async def _own(runtime: Runtime, key: str, call_sid: str | None) -> Row:
    """The leg of a webhook. The first that comes tells which call it is, where the answer to our request did not."""
    async with runtime.database.transaction() as tx:
        leg = await leg_rows.one(tx, key)
        if leg is None or (call_sid is not None and not await leg_rows.learn_sid(tx, key, call_sid)):
            raise NotOurLeg(key)
        return {**leg, "sid": leg["sid"] or call_sid}
