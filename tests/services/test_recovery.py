"""What could not be written is written when the database is back, once: case by case."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from app.services import conversation, recovery
from app.services.recovery import recover
from app.store import records, tables
from app.store.hot import StoreUnavailable
from app.store.journal import Journal
from app.store.records import Turn
from tests.support.partners import TALLGRASS
from tests.support.records import draft, hangs_up, number_of, opens_case, turn
from tests.support.service import LINES, Service, running_service


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        assert service.runtime.recovering is not None
        service.runtime.recovering.cancel()
        yield service


def refused(service: Service) -> list[bytes]:
    """What was put aside."""
    file: Path = service.runtime.journal._folder / "refused.json"
    return file.read_bytes().splitlines() if file.exists() else []


async def test_every_deed_is_written_once(service: Service) -> None:
    case = number_of("CA1")
    story = [
        turn("CA1", 0),
        turn("CA1", 1, records.WrongPid("+12065550188")),
        opens_case("CA1", 2, destination="voicemail", queue=None, status="open"),
        turn("CA1", 3, records.Message(case, 2, "RE1", 31)),
        hangs_up("CA1"),
    ]
    for _ in range(2):
        for record in story:
            service.runtime.journal.append(record)
        assert await recover(service.runtime) == len(story)
    counted = {table.name: service.count(table) for table in (tables.calls, tables.cases, tables.wrong_pids)}
    assert counted == {"calls": 1, "cases": 1, "wrong_pids": 1}
    assert [service.count(table) for table in (tables.turns, tables.voicemails, tables.pages)] == [5, 1, 1]
    assert service.row(tables.cases, number=case)["status"] == "escalated"


async def test_a_number_that_was_taken_meanwhile_is_drawn_anew(service: Service) -> None:
    await service.runtime.store.write(opens_case("CA1"))
    theirs = number_of("CA1")
    service.runtime.journal.append(turn("CA2", 3, records.NewCase(theirs, draft(page=True)), case_number=theirs))
    assert await recover(service.runtime) == 1
    case = service.row(tables.cases, call_sid="CA2")
    assert case["number"] != theirs
    assert service.row(tables.calls, call_sid="CA2")["case_number"] == case["number"]
    assert service.row(tables.pages)["case_number"] == case["number"]


async def test_numbers_that_are_all_taken_put_the_record_aside(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.runtime.store.write(opens_case("CA1"))
    theirs = number_of("CA1")
    monkeypatch.setattr(service.runtime, "case_number", lambda *_: theirs)
    service.runtime.journal.append(turn("CA2", 3, records.NewCase(theirs, draft()), case_number=theirs))
    service.runtime.journal.append(opens_case("CA3"))
    assert await recover(service.runtime) == 2
    assert len(refused(service)) == 1
    assert service.row(tables.cases, call_sid="CA3")


async def test_a_record_that_no_database_takes_is_put_aside_and_the_rest_goes_on(service: Service) -> None:
    service.runtime.journal.append(opens_case("CA1", severity="S9"))
    service.runtime.journal.append(opens_case("CA2"))
    assert await recover(service.runtime) == 2
    assert service.rows(tables.cases, call_sid="CA1") == []
    assert service.row(tables.cases, call_sid="CA2")
    assert msgspec.json.decode(refused(service)[0])["call"]["call_sid"] == "CA1"
    assert service.runtime.journal.waiting == 0


async def test_a_mistake_in_replaying_a_hang_up_holds_up_nobody(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(conversation, "finish", fails)
    service.runtime.journal.append(msgspec.structs.replace(hangs_up("CA1"), session=""))
    service.runtime.journal.append(opens_case("CA2"))
    assert await recover(service.runtime) == 2
    assert len(refused(service)) == 1
    assert service.row(tables.cases, call_sid="CA2")


async def test_the_background_work_survives_what_it_did_not_expect(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Journal) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(recovery, "SECONDS_BETWEEN_TRIES", 0.01)
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "take_over", fails)
        working = asyncio.create_task(recovery.keep_recovering(service.runtime))
        await asyncio.sleep(0.05)
    service.runtime.journal.append(opens_case("CA1"))
    await asyncio.sleep(0.3)
    assert service.row(tables.cases, call_sid="CA1")
    working.cancel()


async def test_the_next_turn_of_a_call_follows_into_the_journal_and_later_ones_do_not(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)

    async def away(_: Turn) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr(service.runtime.store, "write", away)
        await phone.presses("2")
    # It is back, and yet nothing has been written so far: this turn must not overtake the one before.
    await phone.presses("#")
    phone.does_not_hear("case number is")
    assert service.runtime.journal.waiting == 2
    assert await recover(service.runtime) == 2

    await phone.hangs_up()
    assert service.runtime.journal.waiting == 0
    assert [row["turn"] for row in service.turns(phone)] == [0, 1, 2, 3, 4, records.HUNG_UP]
    assert service.case(phone)["status"] == "abandoned"


async def test_turns_that_come_while_the_journal_is_written_keep_their_order(service: Service) -> None:
    runtime = service.runtime
    for n in range(40):
        runtime.journal.append(turn("CA1", n))

    async def goes_on() -> None:
        for n in range(40, 80):
            await conversation.write_or_keep(runtime, turn("CA1", n))
            await asyncio.sleep(0)

    await asyncio.gather(recover(runtime), goes_on())
    await recover(runtime)
    assert sorted(row["turn"] for row in service.rows(tables.turns, call_sid="CA1")) == list(range(80))
    assert service.row(tables.calls, call_sid="CA1")["turn"] == 79
    assert not runtime.journal.calls


async def test_a_disk_that_takes_no_journal_stops_no_call(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_: Turn) -> None:
        raise StoreUnavailable("away")

    folder = service.runtime.journal._folder
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file, where the folder should be")
    with monkeypatch.context() as broken:
        broken.setattr(service.runtime.store, "write", away)
        phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
        phone.is_waiting_in("tier1-us")
        phone.does_not_hear("We are connecting you")
    await recover(service.runtime)
    assert service.case(phone)["queue"] == "tier1-us"


async def test_who_waited_through_a_fault_gets_a_callback_with_a_number(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: Turn) -> None:
        raise StoreUnavailable("away")

    phone = service.phone("+12065550147")
    with monkeypatch.context() as broken:
        broken.setattr(service.runtime.store, "write", away)
        await phone.dial(LINES["US support"])
        await phone.presses(f"{TALLGRASS.keys},2,#")
    await recover(service.runtime)
    phone.is_waiting_in("tier1-us")
    await phone.waits(16 * 60)
    phone.hears(f"Your case number is {' '.join(service.case(phone)['number'])}")
    assert service.case(phone)["status"] == "callback_requested"
