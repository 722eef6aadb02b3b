"""What a live call may rely on, whichever database it is: one suite for both implementations."""

import asyncio
import itertools
import json
import random
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from sqlalchemy import Engine, Integer, create_engine, insert, select
from sqlalchemy.engine import make_url

from app.store import lookups, records, statements, tables
from app.store.connect import hot_store
from app.store.hot import HotStore, NumberTaken, StoreRefused, StoreUnavailable
from app.store.records import Deed, Ended, Turn
from app.store.sqlite import SqliteStore
from tests.support import partners
from tests.support.records import NOON, draft, hangs_up, number_of, opens_case, turn

Row = dict[str, Any]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[HotStore]:
    store = hot_store(database_url)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    partners.add(engine)
    yield engine
    engine.dispose()


class Database:
    """What is in it, seen past the store."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def rows(self, table: str) -> list[Row]:
        found = tables.metadata.tables[table]
        with self.engine.connect() as connection:
            rows = connection.execute(select(found).order_by(*found.primary_key.columns)).mappings()
            return [dict(row) for row in rows]

    def everything(self) -> dict[str, list[Row]]:
        return {name: self.rows(name) for name in tables.metadata.tables}

    def case(self) -> Row:
        (case,) = self.rows("cases")
        return case

    def call(self) -> Row:
        (call,) = self.rows("calls")
        return call


@pytest.fixture
def database(engine: Engine) -> Database:
    return Database(engine)


# Once


async def test_what_is_written_is_read(store: HotStore, database: Database) -> None:
    assert await store.write(opens_case("CA1", partner=1, verified_by="pid", certified=True, tier=2)) is None

    assert await store.fetch("SELECT answer FROM turns WHERE call_sid = :sid", {"sid": "CA1"}) == [
        ("<Response>CA1 3</Response>",)
    ]
    assert await lookups.case_of_call(store, "CA1") == number_of("CA1")
    case = database.case()
    assert (case["pid"], case["partner_name"], case["verified"], case["certified"]) == (
        "100234",
        "Tallgrass Relay",
        True,
        True,
    )
    assert case["opened_at"] == NOON


async def test_a_turn_that_comes_twice_gets_the_first_answer_and_nothing_is_doubled(
    store: HotStore, database: Database
) -> None:
    first = opens_case("CA1")
    await store.write(first)
    before = database.everything()

    again = opens_case("CA1", severity="S1", page=True)
    assert await store.write(again) == first.answer
    assert database.everything() == before


async def test_fifty_copies_at_once_are_one(store: HotStore, database: Database) -> None:
    case = number_of("CA1")
    copies = [
        turn("CA1", 3, records.NewCase(case, draft(page=True)), records.WrongPid("+12065550199"), answer=f"copy {n}")
        for n in range(50)
    ]
    answers = await asyncio.gather(*map(store.write, copies))

    (answer,) = {row["answer"] for row in database.rows("turns")}
    assert answers.count(None) == 1
    assert {found for found in answers if found is not None} == {answer}
    assert [len(database.rows(name)) for name in ("calls", "cases", "pages", "wrong_pids")] == [1, 1, 1, 1]


async def insist(store: HotStore, record: Turn) -> None:
    """Writes as the journal does: on a busy machine the last of hundreds may have to come again."""
    while True:
        try:
            await store.write(record)
            return
        except StoreUnavailable:
            await asyncio.sleep(0.1)
            store.look_again()


async def test_three_hundred_turns_at_once_are_all_written(store: HotStore, database: Database) -> None:
    some = [opens_case(f"CA{call}", number) for call in range(60) for number in range(5)]
    random.Random(1).shuffle(some)
    async with asyncio.TaskGroup() as tasks:
        for each in some:
            tasks.create_task(insist(store, each))
    assert [len(database.rows(name)) for name in ("turns", "calls", "cases")] == [300, 60, 60]
    assert {call["turn"] for call in database.rows("calls")} == {4}


def test_it_works_on_the_event_loop_of_production(database_url: str, database: Database) -> None:
    async def write_some() -> None:
        store = hot_store(database_url)
        await store.open()
        await asyncio.gather(*(store.write(opens_case(f"CA{n}")) for n in range(50)))
        assert await store.fetch("SELECT count(*) FROM turns", {}) == [(50,)]
        await store.close()

    uvloop.run(write_some())
    assert len(database.rows("cases")) == 50


# Together, and yet each for itself


async def test_a_number_that_is_taken_is_said_and_nothing_else_of_that_turn_is_written(
    store: HotStore, database: Database
) -> None:
    await store.write(opens_case("CA1"))
    taken = turn("CA2", 3, records.WrongPid("+1"), records.NewCase(number_of("CA1"), draft(page=True)))
    neighbours = [opens_case(f"CA{n}") for n in range(3, 30)]

    outcomes = await asyncio.gather(*map(store.write, [*neighbours, taken]), return_exceptions=True)
    assert isinstance(outcomes.pop(), NumberTaken)
    assert outcomes == [None] * len(neighbours)
    for table in ("calls", "turns", "wrong_pids", "pages"):
        assert "CA2" not in {row.get("call_sid") for row in database.rows(table)}
    assert len(database.rows("cases")) == 1 + len(neighbours)

    again = turn("CA2", 3, records.NewCase(number_of("CA2", 1), draft()))
    assert await store.write(again) is None


@pytest.mark.parametrize(
    "refused",
    [
        opens_case("BAD", severity="S9"),
        turn("BAD", 3, answer=None),
        turn("BAD", 2**70, at=NOON),
        turn("BAD", 3, heard=object()),
        turn("BAD", 3, heard="\ud800"),
    ],
    ids=[
        "a check of the table",
        "null",
        "a number too large",
        "no text",
        "half a letter",
    ],
)
async def test_a_turn_that_is_refused_harms_no_other(store: HotStore, database: Database, refused: Turn) -> None:
    neighbours = [opens_case(f"CA{n}") for n in range(20)]
    some = [*neighbours[:10], refused, *neighbours[10:]]

    outcomes = await asyncio.gather(*map(store.write, some), return_exceptions=True)
    assert isinstance(outcomes.pop(10), StoreRefused)
    assert outcomes == [None] * 20
    assert {row["call_sid"] for row in database.rows("turns")} == {each.call.call_sid for each in neighbours}
    assert await store.write(turn("CA0", 4)) is None


async def test_an_unknown_column_is_the_database_s_fault_and_the_next_read_works(store: HotStore) -> None:
    with pytest.raises(StoreUnavailable):
        await store.fetch("SELECT nothing FROM turns", {})
    store.look_again()
    assert await store.fetch("SELECT count(*) FROM turns", {}) == [(0,)]


async def test_closing_waits_for_what_is_being_written(database_url: str, database: Database) -> None:
    store = hot_store(database_url)
    await store.open()
    writing = [asyncio.create_task(store.write(opens_case(f"CA{n}"))) for n in range(5)]
    await asyncio.sleep(0)
    await store.close()
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    assert len(database.rows("turns")) == outcomes.count(None)


async def test_after_closing_a_write_fails_and_does_not_hang(database_url: str) -> None:
    store = hot_store(database_url)
    await store.open()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.write(opens_case("CA1"))


async def test_a_caller_who_no_longer_waits_harms_nobody(store: HotStore, database: Database) -> None:
    some = [asyncio.create_task(store.write(opens_case(f"CA{n}"))) for n in range(40)]
    await asyncio.sleep(0)
    for given_up in some[::2]:
        given_up.cancel()
    outcomes = await asyncio.gather(*some, return_exceptions=True)
    assert outcomes[1::2] == [None] * 20
    written = {row["call_sid"] for row in database.rows("turns")}
    assert written >= {f"CA{n}" for n in range(1, 40, 2)}
    assert await store.write(opens_case("CA99")) is None


# Each deed, twice


CASE = number_of("CA1")
DEEDS: dict[str, Deed] = {
    "NewCase": records.NewCase(CASE, draft(page=True)),
    "JoinedCase": records.JoinedCase(number_of("CA0"), draft(page=True, severity="S1")),
    "Taken": records.Taken(CASE, NOON),
    "Left": records.Left(CASE),
    "Message": records.Message(CASE, 2, "RE1", 31),
    "Callback": records.Callback(CASE, None, None),
    "CallbackNumber": records.CallbackNumber(CASE, "+12065550111"),
    "Toggled": records.Toggled("amy", "available"),
    "WrongPid": records.WrongPid("+12065550199"),
}


def test_every_deed_is_tried() -> None:
    assert set(DEEDS) == {kind.__name__ for kind in records.Deed.__args__}


@pytest.fixture
def amy(engine: Engine) -> None:
    """An agent who is at home."""
    with engine.begin() as connection:
        at_home = {"state": "offline", "queues": ("tier1-us",), "since": NOON}
        connection.execute(
            insert(tables.agents).values(id="amy", name="Amy", reach="+12065550161", code="4711", **at_home)
        )


@pytest.mark.usefixtures("amy")
@pytest.mark.parametrize("name", DEEDS)
async def test_a_deed_written_twice_changes_nothing(store: HotStore, database: Database, name: str) -> None:
    await store.write(opens_case("CA0"))
    if name != "NewCase":
        await store.write(opens_case("CA1"))
    await store.write(turn("CA1", 4, DEEDS[name]))
    before = database.everything()
    await store.write(turn("CA1", 4, DEEDS[name]))
    assert database.everything() == before


@pytest.mark.usefixtures("amy")
@pytest.mark.parametrize("name", DEEDS)
async def test_a_repeat_does_not_undo_what_came_after_it(store: HotStore, database: Database, name: str) -> None:
    """Somebody has taken the case meanwhile, and the agent who came has gone home again."""
    await store.write(opens_case("CA0"))
    if name != "NewCase":
        await store.write(opens_case("CA1"))
    await store.write(turn("CA1", 4, DEEDS[name]))
    await store.write(turn("CA1", 5, records.Taken(CASE, NOON)))
    await store.write(turn("CA0", 5, records.Taken(number_of("CA0"), NOON), records.Toggled("amy", "offline")))
    before = database.everything()
    await store.write(turn("CA1", 4, DEEDS[name]))
    assert database.everything() == before


@pytest.mark.parametrize("status", ["completed", "no-answer"])
async def test_the_end_of_a_call_is_told_twice(store: HotStore, database: Database, status: str) -> None:
    await store.write(turn("CA1", 0))
    await store.write(turn("CA1", records.HUNG_UP, ended=Ended(status, 40)))
    await store.write(turn("CA1", records.HUNG_UP, ended=Ended("failed", 99)))
    call = database.call()
    assert (call["status"], call["duration"], call["turn"]) == (status, 40, 0)


# In whatever order webhooks arrive


async def write_all(store: HotStore, *some: Turn) -> None:
    for each in some:
        await store.write(each)


async def test_who_hung_up_before_the_turn_that_enqueues_waits_nowhere(store: HotStore, database: Database) -> None:
    await write_all(store, hangs_up("CA1"), opens_case("CA1"))
    assert database.case()["status"] == "abandoned"
    assert database.call()["case_number"] == number_of("CA1")


async def test_who_left_the_queue_before_it_was_written_waits_nowhere(store: HotStore, database: Database) -> None:
    """Without any status callback: the queue's own result says that the caller is gone."""
    await write_all(store, turn("CA1", 4, records.Left(None)), opens_case("CA1", 3))
    assert database.case()["status"] == "abandoned"
    call = database.call()
    assert (call["status"], call["turn"]) == ("completed", 4)
    assert call["ended_at"] is not None

    await store.write(hangs_up("CA1"))
    assert database.call()["duration"] == 40


@pytest.mark.parametrize(
    ("before", "status"),
    [
        (records.Taken(None, NOON), "in_progress"),
        (records.Message(None, 2, "RE1", 9), "escalated"),
        (records.Callback(None, "+12065550147", None), "callback_requested"),
    ],
)
async def test_who_goes_on_with_a_case_and_hangs_up_leaves_it_as_it_was(
    store: HotStore, database: Database, before: records.Deed, status: str
) -> None:
    case = number_of("CA0")
    await write_all(store, opens_case("CA0"), turn("CA0", 4, before))
    await write_all(store, hangs_up("CA1"), turn("CA1", 3, records.JoinedCase(case, draft()), case_number=case))
    assert database.case()["status"] == status


@pytest.mark.parametrize(("number", "status"), [("+12065550147", "callback_requested"), (None, "open")])
async def test_so_is_that_of_a_paged_s1_who_hung_up(
    store: HotStore, database: Database, number: str | None, status: str
) -> None:
    """To be rung back, or without a number for it; its page alone does not make it escalated."""
    case = number_of("CA0")
    paged = records.NewCase(case, draft(severity="S1", page=True, queue="tier1-oncall"))
    await write_all(
        store,
        turn("CA0", 3, paged, case_number=case, queue="tier1-oncall"),
        hangs_up("CA0", records.Left(None, number)),
    )
    assert database.case()["status"] == status
    await write_all(store, hangs_up("CA1"), turn("CA1", 3, records.JoinedCase(case, draft()), case_number=case))
    assert database.case()["status"] == status


async def test_a_case_gone_on_with_by_voicemail_stays_escalated_until_more_is_said(
    store: HotStore, database: Database
) -> None:
    case, message = number_of("CA0"), records.Message(None, 2, "RE1", 9)
    voicemail = draft(destination="voicemail", queue=None, status="open")
    await write_all(store, opens_case("CA0"), turn("CA0", 4, message))
    await write_all(store, turn("CA1", 3, records.JoinedCase(case, voicemail), case_number=case), hangs_up("CA1"))
    assert database.case()["status"] == "escalated"


async def test_who_was_taken_and_then_left_is_in_progress_in_either_order(store: HotStore, database: Database) -> None:
    taken, left = turn("CA1", 4, records.Taken(None, NOON)), hangs_up("CA1", records.Left(None))
    for first, second in ((taken, left), (left, taken)):
        await write_all(store, opens_case("CA1"), first, second)
        assert database.case()["status"] == "in_progress"


async def test_an_end_before_the_first_turn_is_kept(store: HotStore, database: Database) -> None:
    await write_all(store, hangs_up("CA1"), turn("CA1", 0, session='{"node": "first"}'))
    call = database.call()
    assert (call["status"], call["duration"], call["turn"]) == ("completed", 40, 0)
    assert call["session"] == '{"node": "first"}'


async def test_a_stub_left_on_the_way_is_filled_in_and_keeps_its_number(store: HotStore, database: Database) -> None:
    case = number_of("CA1")
    stub = records.NewCase(case, draft(destination="none", queue=None, status="abandoned", severity="S2"))
    await write_all(store, turn("CA1", 2), hangs_up("CA1", stub, case_number=case))
    assert database.call()["case_number"] == case

    await store.write(opens_case("CA1", 3, severity="S1", queue="tier2-us", tier=2))
    found = database.case()
    assert (found["number"], found["severity"], found["queue"]) == (case, "S1", "tier2-us")
    assert found["status"] == "abandoned"


async def test_an_older_turn_that_comes_late_does_not_take_the_call_back(store: HotStore, database: Database) -> None:
    await write_all(
        store,
        turn("CA1", 5, session="fifth", outcome="tier1-us"),
        turn("CA1", 4, session="fourth", outcome="tier2-us", partner=1),
    )
    call = database.call()
    assert (call["turn"], call["session"], call["outcome"], call["pid"]) == (5, "fifth", "tier1-us", "100234")


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=lambda order: "".join(map(str, order)))
async def test_whatever_the_order_nobody_is_left_waiting(
    store: HotStore, database: Database, order: tuple[int, ...]
) -> None:
    story = [turn("CA1", 2), opens_case("CA1", 3), turn("CA1", 4, records.Left(None)), hangs_up("CA1")]
    await write_all(store, *(story[n] for n in order))
    assert database.case()["status"] == "abandoned"
    call = database.call()
    assert (call["status"], call["turn"], call["case_number"]) == ("completed", 4, number_of("CA1"))


@pytest.mark.parametrize("flags", [(), ("suspended",), ("no_callback_number",), ("suspended", "no_callback_number")])
async def test_flags_stay_a_list_whatever_comes(store: HotStore, database: Database, flags: tuple[str, ...]) -> None:
    deeds: list[Deed] = [
        records.Callback(None, None, NOON),
        records.Callback(None, None, NOON),
        records.CallbackNumber(None, "+12065550111"),
        records.Callback(None, "+12065550111", NOON + timedelta(days=1)),
        records.CallbackNumber(None, "+12065550112"),
    ]
    await store.write(opens_case("CA1", flags=flags))
    suspended = {"suspended"} & set(flags)
    for n, deed in enumerate(deeds, 4):
        await store.write(turn("CA1", n, deed))
        (raw,) = await store.fetch("SELECT flags FROM cases WHERE call_sid = :sid", {"sid": "CA1"})
        without = {"no_callback_number"} if n < 6 else set()
        assert sorted(json.loads(raw[0])) == sorted(suspended | without)


# The statements, and the tables


SQL = [text for text in vars(statements).values() if isinstance(text, str) and re.match(r"\s*(INSERT|UPDATE)", text)]


@pytest.mark.parametrize("sql", SQL, ids=lambda sql: " ".join(sql.split()[:3]))
def test_a_statement_names_columns_that_its_table_has(sql: str) -> None:
    name = re.match(r"\s*(?:INSERT INTO|UPDATE) (\w+)", sql)
    assert name is not None
    table = tables.metadata.tables[name[1]]
    if inserted := re.search(r"INSERT INTO \w+ \(([^)]*)\)", sql):
        listed = [column.strip() for column in inserted[1].split(",")]
        needed = {c.name for c in table.columns if not c.nullable and c.server_default is None}
        # The database counts these itself.
        needed -= {column.name for column in table.primary_key if isinstance(column.type, Integer)}
        assert len(listed) == len(set(listed))
        assert set(listed) <= set(table.columns.keys())
        assert needed <= set(listed)
    changed = re.findall(r"(?:SET|,)\s+(\w+) = ", sql)
    assert set(changed) <= set(table.columns.keys())


# Durable


async def test_a_commit_on_sqlite_is_on_disk_before_it_is_told(sqlite_url: str) -> None:
    store = SqliteStore(Path(make_url(sqlite_url).database or ""))
    await store.open()
    await store.write(opens_case("CA1"))
    writer = store._writer.connection()
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA foreign_keys").fetchone() == (1,)
    await store.close()


async def test_a_commit_on_postgresql_is_on_disk_before_it_is_told(postgres_url: str) -> None:
    """The servers of these tests are told to be forgetful, so this says that ours is asked for by the connection."""
    store = hot_store(postgres_url)
    await store.open()
    assert await store.fetch("SELECT current_setting('synchronous_commit')", {}) == [("on",)]
    await store.close()
