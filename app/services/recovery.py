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


async def keep_recovering(runtime: Runtime) -> None:
    """Runs beside the service: looks every second whether something waits, and whether it can be written."""
    while True:
        try:
            await recover(runtime)
        except Exception as error:
            log.error("the journal could not be looked at", error=type(error).__name__, exc_info=error)
        await asyncio.sleep(SECONDS_BETWEEN_TRIES)


async def recover(runtime: Runtime) -> int:
    """Writes what waits in the journals. Returns how many records were written; what still cannot be stays."""
    runtime.journal.take_over()
    written = await _replay(runtime) if runtime.journal.waiting else 0
    if not runtime.journal.waiting:
        await _do_again(runtime)
    return written


async def _do_again(runtime: Runtime) -> None:
    for write in tuple(runtime.unwritten):
        try:
            await write()
        except (StoreUnavailable, TimeoutError):
            return
        except Exception as error:
            log.error("something cannot be written", error=type(error).__name__, exc_info=error)
        if write in runtime.unwritten:
            runtime.unwritten.remove(write)


async def _replay(runtime: Runtime) -> int:
    journal = runtime.journal
    before = journal.waiting

    async def write(record: records.Turn) -> None:
        await _write(runtime, record)

    runtime.store.look_again()
    try:
        written = await journal.replay(write)
    except StoreUnavailable:
        return before - journal.waiting
    log.info("the journal is written", records=written)
    return written


async def _write(runtime: Runtime, record: records.Turn) -> None:
    """Writes one record, or puts it aside where that will never be possible: nothing behind it has to wait."""
    try:
        if record.ended and not record.session:
            await _end(runtime, record, record.ended)
        else:
            await _insist(runtime, record)
    except StoreUnavailable as error:
        if not isinstance(error, StoreRefused):
            raise
        _put_aside(runtime, record, error)
    except Exception as error:
        _put_aside(runtime, record, error)


async def _insist(runtime: Runtime, record: records.Turn) -> None:
    for attempt in range(1, conversation.NUMBERS_TRIED):
        try:
            await runtime.store.write(record)
            return
        except NumberTaken:
            # Its number was never spoken, so another does as well.
            record = _renumbered(record, runtime.case_number(record.call.call_sid, attempt))
    await runtime.store.write(record)


async def _end(runtime: Runtime, record: records.Turn, ended: records.Ended) -> None:
    call = record.call
    hook = Webhook(call.call_sid, call.called, call.caller, ended.status, {})
    await conversation.finish(runtime, hook, ended, replayed_from=record.at)


def _put_aside(runtime: Runtime, record: records.Turn, error: Exception) -> None:
    runtime.journal.put_aside(msgspec.json.encode(record))
    log.error(
        "a record cannot be written and was put aside",
        call_sid=record.call.call_sid,
        error=type(error).__name__,
        reason=str(error),
    )


def _renumbered(record: records.Turn, number: str) -> records.Turn:
    deeds = tuple(
        msgspec.structs.replace(deed, number=number) if isinstance(deed, records.NewCase) else deed
        for deed in record.deeds
    )
    return msgspec.structs.replace(record, deeds=deeds, case_number=number)
