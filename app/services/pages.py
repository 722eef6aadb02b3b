"""Pages: which cases somebody on duty must take, whom they have reached, and who takes them."""

from app.runtime import Runtime
from app.services import accepting
from app.services.refusals import Missing
from app.store import page_list
from app.store.paging import Page
from app.store.rows import Row


async def listed(runtime: Runtime, cursor: str | None, limit: int) -> Page:
    """Those that nobody has accepted first, then the newest."""
    async with runtime.database.reading() as tx:
        return await page_list.listed(tx, cursor, limit)


async def one(runtime: Runtime, id_: str) -> Row:
    """Raises Missing."""
    async with runtime.database.reading() as tx:
        found = await page_list.one(tx, id_)
    if found is None:
        raise Missing(f"page {id_}")
    return found


async def accept(runtime: Runtime, id_: str, who: str) -> Row:
    """Somebody takes the case: nobody else need be rung. Raises Missing, and Conflict where another was faster."""
    await accepting.accept(runtime, id_, who)
    return await one(runtime, id_)
