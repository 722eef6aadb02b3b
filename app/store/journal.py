"""What could not be written yet: turns, one JSON line each, on this machine's disk until the database is back.

A file belongs to the process that holds its lock. When a process dies its file is taken over by the next that looks.
Records are written by finding or inserting, so a file replayed twice, or halfway before a crash, does no harm.
"""

import asyncio
import fcntl
import os
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from app.store.records import Turn

log = structlog.get_logger()
_decoder = msgspec.json.Decoder(Turn)
Write = Callable[[Turn], Awaitable[object]]


class Journal:
    """One process's journal in a folder of journals. What waits is in memory too; the files are for the next process.

    `calls` are those with turns in it: their next turns follow them there, so that a call is written in its order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own: _LockedFile | None = None
        self._taken_over: list[_LockedFile] = []
        self._records: deque[Turn] = deque()
        self._replaying = asyncio.Lock()
        self.calls: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        return len(self._records)

    def append(self, record: Turn) -> None:
        """Keeps a record; on disk, when this returns.

        Raises OSError if the disk does not take it: it is kept all the same, for as long as this process lives.
        """
        self._wait(record)
        if self._own is None:
            self._own = self._new_file()
        self._own.append(msgspec.json.encode(record) + b"\n")

    async def replay(self, write: Write) -> int:
        """Writes what waits, in order. Returns how many records were written.

        Stops at the first that still cannot be written, by raising what `write` raised; nothing is lost then.
        """
        written = 0
        async with self._replaying:
            while self._records:
                record = self._records[0]
                await write(record)
                written += 1
                self._records.popleft()
                self._no_longer_waits(record)
            if written:
                self._empty_files()
        return written

    def take_over(self) -> None:
        """Takes over what dead processes left behind."""
        for path in sorted(self._folder.glob("*.jsonl")):
            if (file := _LockedFile.existing(path)) is not None:
                self._taken_over.append(file)
                self._read(file)
        if not self._records:
            self._empty_files()

    def put_aside(self, line: bytes) -> None:
        """Keeps what no database takes, for a person to look at."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "refused.json").open("ab") as file:
                file.write(line.rstrip(b"\n") + b"\n")
        except OSError as error:
            log.error("what the database refuses cannot be put aside", reason=str(error))

    def close(self) -> None:
        if not self._records:
            self._empty_files()
            if self._own is not None:
                self._own.remove()
        for file in [self._own, *self._taken_over]:
            if file is not None:
                file.close()
        self._own, self._taken_over = None, []

    def _wait(self, record: Turn) -> None:
        self._records.append(record)
        self.calls[record.call.call_sid] += 1

    def _no_longer_waits(self, record: Turn) -> None:
        self.calls[record.call.call_sid] -= 1
        if not self.calls[record.call.call_sid]:
            del self.calls[record.call.call_sid]

    def _read(self, file: "_LockedFile") -> None:
        for line in file.lines():
            try:
                self._wait(_decoder.decode(line))
            except msgspec.DecodeError as error:
                # The last line of a process that died while writing it: its caller heard no number.
                log.error("a line of a journal cannot be read and was put aside", reason=str(error))
                self.put_aside(line)

    def _empty_files(self) -> None:
        if self._own is not None:
            self._own.empty()
        for file in self._taken_over:
            file.remove()
            file.close()
        self._taken_over = []

    def _new_file(self) -> "_LockedFile":
        self._folder.mkdir(parents=True, exist_ok=True)
        # Two at once may try the same name: the lock decides, and the loser takes the next.
        for n in range(1000):
            if (file := _LockedFile.new(self._folder / f"{os.getpid()}-{n}.jsonl")) is not None:
                return file
        raise OSError(f"no journal can be opened in {self._folder}")


class _LockedFile:
    """A file that this process alone reads and writes."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def new(cls, path: Path) -> "_LockedFile | None":
        """A file that was not there, None if it was. Raises OSError where none can be made."""
        try:
            return cls._locked(path, os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return None

    @classmethod
    def existing(cls, path: Path) -> "_LockedFile | None":
        """A file that nobody else holds, else None."""
        try:
            return cls._locked(path, 0)
        except OSError:
            return None

    @classmethod
    def _locked(cls, path: Path, how: int) -> "_LockedFile | None":
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | how, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before us may have removed it.
            if os.fstat(descriptor).st_nlink:
                return cls(path, descriptor)
        except BlockingIOError:
            pass
        os.close(descriptor)
        return None

    def append(self, line: bytes) -> None:
        """Returns once the line is on disk. What is written halfway is taken back."""
        size = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, line) < len(line):
                raise OSError("the disk is full")
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, size)
            raise

    def lines(self) -> list[bytes]:
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0).splitlines(keepends=True)

    def empty(self) -> None:
        os.ftruncate(self._descriptor, 0)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self._descriptor)
