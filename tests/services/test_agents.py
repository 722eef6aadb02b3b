"""Agents from a file: all or nothing, on both databases; and what is done at a desk when something is in the way."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.services import agent_import, agents
from app.services.imports import ImportReport
from app.services.refusals import Conflict, Missing
from app.store import tables
from tests.support.agents import AMY, BEN, hire, is_now, state
from tests.support.service import Service, running_service

HEADINGS = "name,reach,queues,code\n"
ANA = "Ana Ruiz,+12065550147,tier1-us,4711\n"
BO = "Bo Lind,+12065550148,tier1-us;tier2-us,4712\n"
NOBODY_CHANGED = ImportReport(rows=2, unchanged=2)


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        yield service


async def take(service: Service, *rows: str, dry_run: bool = False, replace: bool = False) -> ImportReport:
    source = io.BytesIO((HEADINGS + "".join(rows)).encode())
    return await agent_import.import_file(service.runtime, source, "a test", dry_run=dry_run, replace=replace)


def known(service: Service) -> dict[str, tuple[str, tuple[str, ...], str, str]]:
    rows = service.rows(tables.agents)
    return {row["name"]: (row["reach"], row["queues"], row["code"], row["state"]) for row in rows}


def places(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.reason) for problem in report.problems]


async def test_new_agents_are_offline(service: Service) -> None:
    assert await take(service, ANA, BO) == ImportReport(rows=2, added=2)
    assert known(service) == {
        "Ana Ruiz": ("+12065550147", ("tier1-us",), "4711", "offline"),
        "Bo Lind": ("+12065550148", ("tier1-us", "tier2-us"), "4712", "offline"),
    }
    assert await take(service, BO, ANA) == NOBODY_CHANGED


async def test_a_dry_run_changes_nothing(service: Service) -> None:
    assert await take(service, ANA, BO, dry_run=True) == ImportReport(rows=2, added=2)
    assert service.count(tables.agents, tables.audit, tables.events, tables.jobs) == 0


async def test_who_is_known_by_name_is_changed_and_keeps_the_state(service: Service) -> None:
    await take(service, ANA, BO)
    ids = {row["name"]: row["id"] for row in service.rows(tables.agents)}
    is_now(service, "+12065550147", "on_call")
    assert await take(service, "Ana Ruiz,client:ana,tier2-us,0000\n", BO) == ImportReport(
        rows=2, changed=1, unchanged=1
    )
    assert known(service)["Ana Ruiz"] == ("client:ana", ("tier2-us",), "0000", "on_call")
    assert {row["name"]: row["id"] for row in service.rows(tables.agents)} == ids


async def test_two_may_swap_their_telephones_and_codes(service: Service) -> None:
    await take(service, ANA, BO)
    swapped = ("Ana Ruiz,+12065550148,tier1-us,4712\n", "Bo Lind,+12065550147,tier1-us;tier2-us,4711\n")
    assert await take(service, *swapped) == ImportReport(rows=2, changed=2)
    assert (known(service)["Ana Ruiz"][0], known(service)["Bo Lind"][0]) == ("+12065550148", "+12065550147")


async def test_a_new_agent_may_get_the_telephone_that_another_gives_up(service: Service) -> None:
    await take(service, ANA)
    rows = ("Bo Lind,+12065550147,tier1-us,4711\n", "Ana Ruiz,client:ana,tier1-us,4713\n")
    assert await take(service, *rows) == ImportReport(rows=2, added=1, changed=1)


async def test_who_is_missing_from_the_file_stays(service: Service) -> None:
    await take(service, ANA, BO)
    is_now(service, "+12065550148", "available")
    assert await take(service, ANA) == ImportReport(rows=1, unchanged=1)
    assert known(service)["Bo Lind"][3] == "available"


async def test_replace_sets_who_is_missing_offline_and_who_talks_afterwards(service: Service) -> None:
    await take(service, ANA)
    hire(service, AMY, "tier1-us", code="0001")
    hire(service, BEN, "tier1-us", state="on_call", code="0002")
    await agents.set_state(service.runtime, "ben", "available", "", "a test")
    report = await take(service, ANA, replace=True)
    assert report == ImportReport(rows=1, unchanged=1, left_out=2)
    assert (state(service, AMY), state(service, BEN)) == ("offline", "on_call")
    assert service.row(tables.agents, name="Ben")["before"] == "offline"


async def test_an_empty_file_replaces_nobody(service: Service) -> None:
    await take(service, ANA)
    ((line, _, reason),) = places(await take(service, replace=True))
    assert line == 1
    assert "names no agent" in reason


async def test_what_another_agent_has_is_refused(service: Service) -> None:
    await take(service, ANA)
    before = known(service)
    report = await take(service, BO, "Cleo,+12065550147,tier1-us,4713\n", "Dee,client:dee,tier1-us,4711\n")
    whose = "is Ana Ruiz's already, who is not in the file"
    assert places(report) == [(3, "reach", whose), (4, "code", whose)]
    assert known(service) == before


async def test_one_bad_row_keeps_all_out(service: Service) -> None:
    report = await take(service, ANA, "Bo Lind,+12065550148,tier1-su,4712\n")
    assert [(line, column) for line, column, _ in places(report)] == [(3, "queues")]
    assert service.count(tables.agents, tables.audit, tables.events) == 0


async def test_an_import_is_noted_and_looked_at(service: Service) -> None:
    await take(service, ANA, BO)
    entry = service.row(tables.audit)
    assert (entry["actor"], entry["action"]) == ("a test", "agents imported")
    assert entry["detail"] == "2 added, 0 changed, 0 unchanged, 0 set offline"
    assert service.row(tables.events)["kind"] == "agents imported"
    assert service.row(tables.jobs)["name"] == "dispatch"
    assert "4711" not in f"{service.rows(tables.audit)}{service.rows(tables.events)}"


async def test_of_two_imports_at_once_neither_is_half_in(service: Service) -> None:
    other = "Ana Ruiz,+12065550149,tier1-us,4711\n"
    results = await asyncio.gather(take(service, ANA, BO), take(service, other), return_exceptions=True)
    refusals = [result for result in results if isinstance(result, BaseException)]
    assert all(isinstance(refusal, Conflict) for refusal in refusals)
    assert set(known(service)) <= {"Ana Ruiz", "Bo Lind"}
    assert ("Bo Lind" in known(service)) == (not isinstance(results[0], BaseException))


async def test_everyone_is_listed_with_their_reach(service: Service) -> None:
    await take(service, BO, ANA)
    assert [(agent.name, agent.reach) for agent in await agents.everyone(service.runtime)] == [
        ("Ana Ruiz", "+12065550147"),
        ("Bo Lind", "+12065550148"),
    ]


async def test_a_deed_that_is_refused_leaves_no_trace(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    before: list[Any] = [service.rows(table) for table in (tables.agents, tables.jobs, tables.audit, tables.events)]
    with pytest.raises(Conflict):
        await agents.prolong(service.runtime, "amy", "a test")
    with pytest.raises(Conflict):
        await agents.hand_over(service.runtime, "amy", "tier2-us", "", "a test")
    with pytest.raises(Missing):
        await agents.set_state(service.runtime, "nobody", "offline", "", "a test")
    after = [service.rows(table) for table in (tables.agents, tables.jobs, tables.audit, tables.events)]
    assert after == before


async def test_two_who_set_a_state_at_once_are_both_heard(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    runtime = service.runtime
    await asyncio.gather(
        agents.set_state(runtime, "amy", "away", "lunch", "one"), agents.set_state(runtime, "amy", "offline", "", "two")
    )
    assert len(service.rows(tables.audit)) == 2
    assert state(service, AMY) in ("away", "offline")
