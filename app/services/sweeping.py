"""An agent is free again even where the end of the talk was never heard: the service was away, or killed half way.

The telephone company knows which calls are over, and is asked for those of talks that go on for a while.
"""

from datetime import timedelta

import structlog

from app.provider.inbound import FINAL
from app.provider.rest import NotThere, ProviderError
from app.runtime import Runtime
from app.services import desk, placing
from app.store import sweeping
from app.store.hot import StoreUnavailable
from app.store.rows import Row

log = structlog.get_logger()
FOR_A_WHILE = timedelta(minutes=2)
AT_ONCE = 20


async def sweep(runtime: Runtime) -> None:
    """Ends what is over. What cannot be asked or written now is left to the next time."""
    try:
        async with runtime.database.reading() as tx:
            found = await sweeping.open_talks(tx, runtime.now() - FOR_A_WHILE, AT_ONCE)
        for talk in found:
            await _look(runtime, talk)
    except (ProviderError, StoreUnavailable) as error:
        log.warning("whether talks are over is looked at again later", reason=type(error).__name__)


async def _look(runtime: Runtime, talk: Row) -> None:
    how = await _how_it_ended(runtime, talk)
    if how is None:
        return
    log.warning("the end of a talk was not heard", call_sid=talk["sid"] or talk["leg"], status=how)
    try:
        if talk["key"] is None:
            await desk.is_over(runtime, talk["leg"])
        else:
            await placing.over(runtime, talk["key"], how)
    except StoreUnavailable:
        raise
    except Exception as error:
        log.error("a talk that is over cannot be ended", error=type(error).__name__, exc_info=error)


async def _how_it_ended(runtime: Runtime, talk: Row) -> str | None:
    """The provider's word for the end of the answerer's call; None where it goes on, or nobody knows which it is."""
    if talk["state"] == "ended":
        # Its own status is kept with it, and counts.
        return "completed"
    sid = talk["leg"] if talk["key"] is None else talk["sid"]
    if sid is None:
        return None
    try:
        status = await runtime.provider.call_status(sid)
    except NotThere:
        return "completed"
    return status if status in FINAL else None
