"""What could not be written waits on disk, in the order of its calls, whatever happens to the process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.store.hot import StoreUnavailable
from app.store.journal import Journal
from app.store.records import Turn
from tests.support.records import opens_case, turn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    journal = Journal(folder)
    yield journal
    journal.close()


class Database:
    """Takes records until it is away."""

    def __init__(self) -> None:
        self.records: list[Turn] = []
        self.takes = 10**6

    async def write(self, record: Turn) -> None:
        await asyncio.sleep(0)
        if len(self.records) >= self.takes:
            raise StoreUnavailable("away")
        self.records.append(record)


@pytest.fixture
def database() -> Database:
    return Database()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


async def test_what_waits_is_written_in_order_and_once(journal: Journal, database: Database, folder: Path) -> None:
    some = [opens_case(f"CA{n % 3}", n) for n in range(30)]
    for record in some:
        journal.append(record)
    assert journal.waiting == 30
    assert set(journal.calls) == {"CA0", "CA1", "CA2"}

    assert await journal.replay(database.write) == 30
    assert database.records == some
    assert (journal.waiting, set(journal.calls)) == (0, set())
    assert await journal.replay(database.write) == 0
    assert [file.stat().st_size for file in files(folder)] == [0]


async def test_a_record_is_on_disk_once_it_is_kept(journal: Journal, folder: Path) -> None:
    journal.append(opens_case("CA1"))
    (file,) = files(folder)
    assert msgspec.json.decode(file.read_bytes(), type=Turn) == opens_case("CA1")
    assert file.stat().st_mode & 0o777 == 0o600, "it holds callers' numbers"


async def test_what_comes_while_it_is_written_is_not_lost(journal: Journal, database: Database) -> None:
    journal.append(turn("CA1", 0))

    async def write(record: Turn) -> None:
        if record.turn < 5:
            journal.append(turn("CA1", record.turn + 1))
        await database.write(record)

    assert await journal.replay(write) == 6
    assert [record.turn for record in database.records] == [0, 1, 2, 3, 4, 5]


async def test_a_call_leaves_the_journal_as_soon_as_its_last_turn_is_written(
    journal: Journal, database: Database
) -> None:
    journal.append(turn("CA1", 0))
    journal.append(turn("CA2", 0))
    journal.append(turn("CA2", 1))
    database.takes = 2
    with pytest.raises(StoreUnavailable):
        await journal.replay(database.write)
    assert set(journal.calls) == {"CA2"}
    assert journal.waiting == 1

    database.takes = 3
    assert await journal.replay(database.write) == 1
    assert [(record.call.call_sid, record.turn) for record in database.records] == [("CA1", 0), ("CA2", 0), ("CA2", 1)]


async def test_two_at_once_write_everything_once(journal: Journal, database: Database) -> None:
    some = [turn("CA1", n) for n in range(20)]
    for record in some:
        journal.append(record)
    assert sum(await asyncio.gather(*(journal.replay(database.write) for _ in range(3)))) == 20
    assert database.records == some


def process(folder: Path, code: str) -> "subprocess.Popen[str]":
    """Another process, with a journal of its own in the same folder; it has begun when this returns."""
    program = f"""
import sys, time
from pathlib import Path
from app.store.journal import Journal
from tests.support.records import opens_case, turn
journal = Journal(Path({str(folder)!r}))
{code}
print("begun", flush=True)
time.sleep(60)
"""
    started = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
    assert started.stdout is not None
    assert started.stdout.readline() == "begun\n"
    return started


async def test_what_a_killed_process_left_is_written_by_the_next(
    journal: Journal, database: Database, folder: Path
) -> None:
    dead = process(folder, "for n in range(3): journal.append(turn('CA1', n))")
    journal.take_over()
    assert journal.waiting == 0, "it lives, and its journal is its own"
    dead.kill()
    dead.communicate()

    journal.take_over()
    assert set(journal.calls) == {"CA1"}, "the next turn of the call follows"
    journal.append(turn("CA1", 3))
    assert await journal.replay(database.write) == 4
    assert [record.turn for record in database.records] == [0, 1, 2, 3]
    assert [file.stat().st_size for file in files(folder)] == [0]


async def test_two_processes_have_two_journals(journal: Journal, database: Database, folder: Path) -> None:
    journal.append(turn("CA1", 0))
    other = process(folder, "journal.append(turn('CA2', 0))")
    journal.take_over()
    assert len(files(folder)) == 2
    assert await journal.replay(database.write) == 1
    other.kill()
    other.communicate()
    journal.take_over()
    assert await journal.replay(database.write) == 1


async def test_what_was_taken_over_stays_on_disk_until_it_is_written(
    journal: Journal, database: Database, folder: Path
) -> None:
    left = Journal(folder)
    left.append(turn("CA1", 0))
    left.close()
    journal.take_over()
    journal.close()

    again = Journal(folder)
    again.take_over()
    assert await again.replay(database.write) == 1
    again.close()
    assert not files(folder)


async def test_a_last_line_written_halfway_is_put_aside_and_the_rest_is_written(
    journal: Journal, database: Database, folder: Path
) -> None:
    left = Journal(folder)
    for n in range(3):
        left.append(turn("CA1", n))
    left.close()
    (file,) = files(folder)
    whole = file.read_bytes()
    half = whole.splitlines()[2][:70]
    file.write_bytes(b"\n".join([*whole.splitlines()[:2], half]))

    journal.take_over()
    assert await journal.replay(database.write) == 2
    assert (folder / "refused.json").read_bytes() == half + b"\n"
    journal.take_over()
    assert journal.waiting == 0


def test_a_full_disk_leaves_no_half_a_line(journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append(turn("CA1", 0))
    (file,) = files(folder)
    whole = file.read_bytes()
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:20]))
        with pytest.raises(OSError, match="full"):
            journal.append(turn("CA1", 1))
    assert file.read_bytes() == whole
    journal.append(turn("CA1", 2))
    assert len(file.read_bytes().splitlines()) == 2
    assert journal.waiting == 3, "what is not on disk is still in memory"


async def test_a_folder_that_cannot_be_made_loses_nothing_while_the_process_lives(
    tmp_path: Path, database: Database
) -> None:
    (tmp_path / "journal").write_text("a file, where a folder should be")
    journal = Journal(tmp_path / "journal")
    with pytest.raises(OSError, match="exists"):
        journal.append(turn("CA1", 0))
    journal.take_over()
    assert await journal.replay(database.write) == 1
    journal.put_aside(b"what no database takes")
    journal.close()


def test_closing_leaves_no_empty_file(folder: Path) -> None:
    journal = Journal(folder)
    journal.close()
    assert not folder.exists()


async def test_a_journal_that_is_written_leaves_no_file(folder: Path, database: Database) -> None:
    journal = Journal(folder)
    journal.append(turn("CA1", 0))
    await journal.replay(database.write)
    journal.close()
    assert not files(folder)
