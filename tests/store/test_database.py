"""The database for the API: what a transaction holds, and how its faults come out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update

from app.store.database import Database
from app.store.hot import StoreUnavailable
from app.store.tables import wrong_pids
from tests.support.service import TUESDAY

ROW = {"call_sid": "CA1", "turn": 0, "caller": "+12065550147", "at": TUESDAY}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


async def test_what_is_written_is_there_when_the_block_ends(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(wrong_pids).values(ROW))
    async with database.reading() as tx:
        assert (await tx.execute(select(wrong_pids.c.at))).scalar_one() == TUESDAY


async def test_nothing_is_written_when_the_block_raises(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await tx.execute(insert(wrong_pids).values(ROW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as tx:
        assert (await tx.execute(select(func.count()).select_from(wrong_pids))).scalar_one() == 0


async def test_twenty_who_count_at_once_count_to_twenty(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(insert(wrong_pids).values(ROW))

    async def count_one_more() -> None:
        async with database.transaction() as tx:
            so_far = (await tx.execute(select(wrong_pids.c.turn).with_for_update())).scalar_one()
            await asyncio.sleep(0)
            await tx.execute(update(wrong_pids).values(turn=so_far + 1))

    await asyncio.gather(*(count_one_more() for _ in range(20)))
    async with database.reading() as tx:
        assert (await tx.execute(select(wrong_pids.c.turn))).scalar_one() == 20


async def test_a_database_without_our_tables_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    file.write_bytes(b"this is no database, and longer than a header of one hundred bytes would have to be " * 4)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StoreUnavailable):
        async with database.reading() as tx:
            await tx.execute(select(wrong_pids))
    await database.close()


@pytest.mark.parametrize("content", [None, b""])
async def test_sqlite_makes_no_file_of_its_own(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "gone.db"
    if content is not None:
        file.write_bytes(content)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StoreUnavailable):
        async with database.transaction() as tx:
            await tx.execute(text("SELECT 1"))
    await database.close()
    assert not file.exists() or file.stat().st_size == 0


async def test_sqlite_waits_for_the_disk_and_keeps_its_references(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.reading() as tx:
        found = [(await tx.execute(text(f"PRAGMA {name}"))).scalar_one() for name in ("journal_mode", "synchronous")]
        assert (await tx.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
    assert found == ["wal", 2]
    await database.close()


async def test_postgresql_that_does_not_run_is_unavailable_soon() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    async with asyncio.timeout(5):
        with pytest.raises(StoreUnavailable):
            async with database.reading():
                pass
    await database.close()
