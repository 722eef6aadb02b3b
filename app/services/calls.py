"""Calls, looked up."""

from collections.abc import Sequence

from app.runtime import Runtime
from app.services.refusals import Missing
from app.store import calls
from app.store.paging import Page
from app.store.rows import Row


async def listed(runtime: Runtime, call_sid: str | None, pid: str | None, cursor: str | None, limit: int) -> Page:
    async with runtime.database.reading() as tx:
        return await calls.listed(tx, call_sid, pid, cursor, limit)


async def with_turns(runtime: Runtime, call_sid: str) -> tuple[Row, Sequence[Row]]:
    """Raises Missing."""
    async with runtime.database.reading() as tx:
        call = await calls.one(tx, call_sid)
        if call is None:
            raise Missing(f"call {call_sid}")
        return call, await calls.turns_of(tx, call_sid)
