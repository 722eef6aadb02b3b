"""Regions closed or opened by hand for a time (call-flows, "All regions closed")."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.regions import ClosureKind
from app.runtime import Runtime
from app.services.refusals import Missing, Unfit
from app.store import audit, closures
from app.store.paging import Page
from app.store.rows import Row


@dataclass(frozen=True, slots=True)
class NewClosure:
    region: str
    kind: ClosureKind
    starts_at: datetime
    ends_at: datetime
    reason: str


async def listed(runtime: Runtime, region: str | None, cursor: str | None, limit: int) -> Page:
    async with runtime.database.reading() as tx:
        return await closures.listed(tx, region, cursor, limit)


async def create(runtime: Runtime, actor: str, wanted: NewClosure) -> Row:
    """Raises Unfit for a region that is none, or a time that has no length."""
    if wanted.region not in runtime.flows.regions:
        raise Unfit(region=f"there is no such region; give one of {', '.join(runtime.flows.regions)}")
    if wanted.starts_at >= wanted.ends_at:
        raise Unfit(until="must be later than `from`")
    values = {
        "region": wanted.region,
        "kind": wanted.kind,
        "starts_at": wanted.starts_at,
        "ends_at": wanted.ends_at,
        "reason": wanted.reason,
        "created_by": actor,
    }
    async with runtime.database.transaction() as tx:
        row = await closures.add(tx, values)
        await audit.note(tx, _entry(runtime, actor, "closure created", row))
    return row


async def remove(runtime: Runtime, actor: str, id_: int) -> None:
    """Raises Missing."""
    async with runtime.database.transaction() as tx:
        row = await closures.remove(tx, id_)
        if row is None:
            raise Missing(f"closure {id_}")
        await audit.note(tx, _entry(runtime, actor, "closure removed", row))


def _entry(runtime: Runtime, actor: str, action: str, row: Row) -> audit.Entry:
    times = f"{row['starts_at']:%Y-%m-%dT%H:%M:%SZ} until {row['ends_at']:%Y-%m-%dT%H:%M:%SZ}"
    detail = f"{row['region']}, {row['kind']}, {times}: {row['reason']}"
    return audit.Entry(runtime.now(), actor, action, f"closure {row['id']}", detail)
