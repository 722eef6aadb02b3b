"""The partner directory behind the API: a partner at a time by the rules of the partner file, or a whole file."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, BinaryIO

from app.domain.partners import dialled
from app.runtime import Runtime
from app.services.imports import ImportReport
from app.services.partner_check import check_partner
from app.services.partners import import_file
from app.services.refusals import Conflict, Missing, Unfit
from app.store import audit, partners
from app.store.database import Transaction
from app.store.paging import Page
from app.store.rows import Row


@dataclass(frozen=True, slots=True)
class Saved:
    partner: Row
    is_new: bool


async def listed(runtime: Runtime, cursor: str | None, limit: int) -> Page:
    async with runtime.database.reading() as tx:
        return await partners.listed(tx, cursor, limit)


async def one(runtime: Runtime, pid: str) -> Row:
    """Raises Missing."""
    async with runtime.database.reading() as tx:
        found = await partners.one(tx, pid)
    if found is None:
        raise Missing(f"partner {pid}")
    return found


async def save(runtime: Runtime, actor: str, pid: str, fields: Mapping[str, str]) -> Saved:
    """Puts a partner in place of the one with this PID, or adds it. `fields` are those of the partner file.

    Raises Unfit for values that the partner file would refuse, Conflict when another partner is dialled alike.
    """
    checked = check_partner({**fields, "pid": pid}, runtime.flows.countries)
    if checked.refused:
        raise Unfit(**checked.refused)
    values = _columns(checked.values)
    try:
        async with runtime.database.transaction() as tx:
            await _refuse_twin(tx, values)
            before = await partners.one(tx, values["pid"])
            phones = [number for number in values["phones"].split(";") if number]
            partner = await partners.save(tx, before["id"] if before else None, values, phones)
            action = "partner changed" if before else "partner added"
            await audit.note(tx, audit.Entry(runtime.now(), actor, action, f"partner {partner['pid']}"))
    except partners.DialledTaken:
        raise Conflict(f"Partner {pid}, or one that is dialled alike, has just been changed: send it again.") from None
    return Saved(partner, before is None)


async def take_file(runtime: Runtime, actor: str, file: BinaryIO, *, dry_run: bool, replace: bool) -> ImportReport:
    """Imports a partner file, in a thread of its own."""
    if not dry_run:
        # Before the import, which is a transaction apart: a change that nobody is named for is worse than the reverse.
        detail = "replace" if replace else ""
        async with runtime.database.transaction() as tx:
            await audit.note(tx, audit.Entry(runtime.now(), actor, "partner file sent", "partners", detail))
    work = partial(import_file, file, runtime.database.url, runtime.flows.countries, dry_run=dry_run, replace=replace)
    return await asyncio.to_thread(work)


def _columns(checked: Mapping[str, str | None]) -> dict[str, Any]:
    values: dict[str, Any] = dict(checked)
    for day in ("certified_from", "certified_until"):
        values[day] = date.fromisoformat(values[day]) if values[day] else None
    return {**values, "dialled": dialled(values["pid"], values["dial_code"])}


async def _refuse_twin(tx: Transaction, values: Mapping[str, Any]) -> None:
    twin = await partners.dialling(tx, values["dialled"])
    if twin is not None and twin["pid"] != values["pid"]:
        raise Conflict(
            f"Partner {twin['pid']} ({twin['status']}) is dialled {values['dialled']} too: give one of the two another "
            "dial_code."
        )
