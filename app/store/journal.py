"""What could not be written yet: turns, one JSON line each, on this machine's disk until the database is back.

A file belongs to the process that holds its lock. When a process dies its file is taken over by the next that looks.
Records are written by finding or inserting, so a file replayed twice, or halfway before a crash, does no harm.
"""

import fcntl
import os
from collections.abc import Awaitable, Callable, Iterator
from io import BufferedRandom
from pathlib import Path

import msgspec

from app.store.records import Turn

_decoder = msgspec.json.Decoder(Turn)
Write = Callable[[Turn], Awaitable[object]]


class Journal:
    """One process's journal in a folder of journals.

    `calls` are those with turns in it: their next turns follow them there, so that a call is written in its order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BufferedRandom | None = None
        self.waiting = 0
        self.calls: set[str] = set()

    def append(self, record: Turn) -> None:
        """Returns once the record is on disk. Raises OSError if the disk does not take it."""
        file = self._own()
        file.seek(0, os.SEEK_END)
        file.write(msgspec.json.encode(record) + b"\n")
        file.flush()
        os.fsync(file.fileno())
        self.waiting += 1
        self.calls.add(record.call.call_sid)

    async def replay(self, write: Write) -> int:
        """Writes what waits here, in order, and what dead processes left. Returns how many records were written.

        Stops at the first that still cannot be written, by raising what `write` raised; nothing is lost then.
        """
        written = 0
        for left in list(self._orphans()):
            written += await _replay(left, write)
            Path(left.name).unlink(missing_ok=True)
            left.close()
        if self._file is not None and self.waiting:
            written += await _replay(self._file, write)
            self.waiting = 0
            self.calls.clear()
        return written

    def put_aside(self, record: Turn) -> None:
        """Keeps a record that no database takes, for a person to look at."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "refused.json").open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            empty = os.fstat(self._file.fileno()).st_size == 0
            if empty:
                Path(self._file.name).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def has_orphans(self) -> bool:
        own = self._file.name if self._file else ""
        return self._folder.is_dir() and any(str(path) != own for path in self._folder.glob("*.jsonl"))

    def _own(self) -> BufferedRandom:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Two at once may try the same name: the lock decides, and the loser takes the next.
            for n in range(1000):
                file = _locked(self._folder / f"{os.getpid()}-{n}.jsonl", create=True)
                if file is not None:
                    self._file = file
                    break
        if self._file is None:
            raise OSError(f"no journal can be opened in {self._folder}")
        return self._file

    def _orphans(self) -> Iterator[BufferedRandom]:
        own = self._file.name if self._file else ""
        for path in sorted(self._folder.glob("*.jsonl")) if self._folder.is_dir() else ():
            if str(path) != own and (file := _locked(path, create=False)) is not None:
                yield file


def _locked(path: Path, *, create: bool) -> BufferedRandom | None:
    try:
        handle = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if create else 0), 0o600)
    except OSError as error:
        if create and not isinstance(error, FileExistsError):
            raise
        return None
    file = os.fdopen(handle, "r+b")
    # The descriptor knows no name: `replay` and `close` remove the file by it.
    file.raw.name = str(path)  # type: ignore[misc,attr-defined,unused-ignore]  # because typeshed has it read-only
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


async def _replay(file: BufferedRandom, write: Write) -> int:
    """Writes every record of a file, then empties it."""
    file.seek(0)
    written = 0
    for line in file.readlines():
        try:
            record = _decoder.decode(line)
        except msgspec.DecodeError:
            # The last line of a process that died while writing it: its caller heard no number.
            continue
        await write(record)
        written += 1
    file.seek(0)
    file.truncate()
    file.flush()
    return written
