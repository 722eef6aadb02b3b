"""Imports the agents' file: either every row is good and all are in, or nothing changes."""

import dataclasses
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from app.domain import agents as rules
from app.domain.agents import Agent
from app.runtime import Runtime
from app.services import agent_file
from app.services.csv_table import Problem, Row
from app.services.imports import ImportReport, refused
from app.services.refusals import Conflict
from app.store import agent_import, agents, audit, events
from app.store.database import Transaction


@dataclass(slots=True)
class _Merge:
    """What has to be written. `codes` by id, of all that are in the file."""

    new: list[Agent] = field(default_factory=list)
    changed: list[Agent] = field(default_factory=list)
    unchanged: int = 0
    leaving: list[Agent] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)


async def import_file(
    runtime: Runtime, source: BinaryIO, actor: str, *, dry_run: bool = False, replace: bool = False
) -> ImportReport:
    """Imports the agents of a file. Who is known by name keeps the state; `replace` sets those missing offline.

    Raises Conflict where another import was faster.
    """
    table = agent_file.read(source, runtime.flows)
    if replace and table.read_to_its_end and not table.rows:
        table.refuse([Problem(1, "", "the file names no agent, so replacing would set all offline")])
    if not table.read_to_its_end:
        return refused(len(table.rows), table.problems)
    try:
        async with runtime.database.transaction() as tx:
            known = await agents.all_locked(tx)
            codes = await agents.codes(tx)
            table.refuse(agent_file.clashes(table.rows, known, codes))
            if table.problems.total:
                return refused(len(table.rows), table.problems)
            merge = _merged(table.rows, known, codes, runtime.now(), replace=replace)
            report = ImportReport(
                len(table.rows), len(merge.new), len(merge.changed), merge.unchanged, len(merge.leaving)
            )
            if not dry_run:
                await _write(runtime, tx, merge, report, actor)
    except agent_import.Taken:
        raise Conflict("The agents were changed meanwhile, and this file changed nothing: import it again.") from None
    runtime.jobs.wake()
    return report


def _merged(rows: list[Row], known: list[Agent], codes: Mapping[str, str], now: datetime, *, replace: bool) -> _Merge:
    merge = _Merge()
    by_name = {agent.name: agent for agent in known}
    for row in rows:
        before = by_name.pop(row.values["name"], None)
        after = _agent(row, before, now)
        merge.codes[after.id] = row.values["code"]
        if before is None:
            merge.new.append(after)
        elif (after, row.values["code"]) != (before, codes[before.id]):
            merge.changed.append(after)
        else:
            merge.unchanged += 1
    if replace:
        merge.leaving = [gone for agent in by_name.values() if (gone := _offline(agent, now)) != agent]
    return merge


def _agent(row: Row, before: Agent | None, now: datetime) -> Agent:
    reach, queues = row.values["reach"], row.values["queues"]
    if before is None:
        return Agent(secrets.token_hex(8), row.values["name"], reach, queues, "offline", now)
    return dataclasses.replace(before, reach=reach, queues=queues)


def _offline(agent: Agent, now: datetime) -> Agent:
    """Offline now, or once the call at hand is over."""
    gone = rules.set_state(agent, "offline", "", now)
    return agent if isinstance(gone, rules.Refusal) else gone


async def _write(runtime: Runtime, tx: Transaction, merge: _Merge, report: ImportReport, actor: str) -> None:
    now = runtime.now()
    await agent_import.write(tx, merge.new, merge.changed, merge.codes)
    for agent in merge.leaving:
        await agents.save(tx, agent)
    counts = {
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "set_offline": report.left_out,
    }
    await events.note(tx, now, "agents imported", "agents", **counts)
    detail = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items())
    await audit.note(tx, audit.Entry(now, actor, "agents imported", "agents", detail))
    await runtime.jobs.defer(tx, "dispatch", key="dispatch")
