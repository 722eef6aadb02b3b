"""What could not be written is written when the database is back, once (call-flows, "When something breaks")."""

import asyncio

import msgspec
import structlog

from app.provider.inbound import Webhook
from app.runtime import Runtime
from app.services import conversation
from app.store import records
from app.store.hot import NumberTaken, StoreRefused, StoreUnavailable

log = structlog.get_logger()
SECONDS_BETWEEN_TRIES = 1.0
NUMBERS_TRIED = 5


async def keep_recovering(runtime: Runtime) -> None:
    """Runs beside the service: looks every second whether something waits, and whether it can be written."""
    while True:
        await recover(runtime)
        await asyncio.sleep(SECONDS_BETWEEN_TRIES)


async def recover(runtime: Runtime) -> int:
    """Writes what waits in the journals. Returns how many records were written; what still cannot be stays."""
    if not runtime.journal.waiting and not runtime.journal.has_orphans():
        return 0

    async def write(record: records.Turn) -> None:
        await _write(runtime, record)

    try:
        written = await runtime.journal.replay(write)
    except StoreUnavailable:
        return 0
    if written:
        log.info("the journal is written", records=written)
    return written


async def _write(runtime: Runtime, record: records.Turn) -> None:
    if record.ended and not record.session:
        await _end(runtime, record)
        return
    for attempt in range(1, NUMBERS_TRIED):
        try:
            await runtime.store.write(record)
            return
        except NumberTaken:
            # Its number was never spoken, so another does as well.
            record = _renumbered(record, runtime.case_number(record.call.call_sid, attempt))
        except StoreRefused as error:
            runtime.journal.put_aside(record)
            log.error("a record is refused by the database and was put aside", reason=str(error))
            return


async def _end(runtime: Runtime, record: records.Turn) -> None:
    call = record.call
    assert record.ended is not None  # noqa: S101 because the caller has looked
    hook = Webhook(call.call_sid, call.called, call.caller, record.ended.status, {})
    await conversation.finish(runtime, hook, record.ended, replayed_from=record.at)


def _renumbered(record: records.Turn, number: str) -> records.Turn:
    deeds = tuple(
        msgspec.structs.replace(deed, number=number) if isinstance(deed, records.NewCase) else deed
        for deed in record.deeds
    )
    return msgspec.structs.replace(record, deeds=deeds, case_number=number)
