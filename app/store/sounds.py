"""Where the sound of a message is kept: in the database, or as a file in a folder.

A file's name comes from the recording's SID alone. It is written under another name, and has its own only when all of
it is on the disk.
"""

import asyncio
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import Database
from app.store.tables import recordings

IN_DATABASE = "database"
SID = re.compile("RE[0-9A-Za-z]{32}")


@dataclass(frozen=True, slots=True)
class Sounds:
    """New ones go to the folder where there is one. Those kept before are found where they are."""

    database: Database
    folder: Path | None = None

    async def keep(self, recording: str, audio: bytes) -> str:
        """The place where it is kept now; twice is once. Raises OSError where the disk does not take it."""
        if not SID.fullmatch(recording):
            raise ValueError("this is not the SID of a recording")
        if self.folder is None:
            await self._insert(recording, audio)
            return IN_DATABASE
        name = f"{recording}.wav"
        await asyncio.to_thread(_write, self.folder, name, audio)
        return name

    async def read(self, recording: str, place: str) -> bytes | None:
        """The sound; None where it is not, or no longer."""
        if place == IN_DATABASE:
            async with self.database.reading() as tx:
                found: bytes | None = await tx.scalar(
                    select(recordings.c.audio).where(recordings.c.recording_sid == recording)
                )
                return found
        if self.folder is None or not SID.fullmatch(place.removesuffix(".wav")):
            return None
        try:
            return await asyncio.to_thread((self.folder / place).read_bytes)
        except OSError:
            return None

    async def _insert(self, recording: str, audio: bytes) -> None:
        async with self.database.transaction() as tx:
            insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
            values = insert(recordings).values(recording_sid=recording, audio=audio)
            await tx.execute(values.on_conflict_do_nothing())


def _write(folder: Path, name: str, audio: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f"{name}.{secrets.token_hex(4)}.part"
    try:
        handle = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(audio)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / name)
    finally:
        unfinished.unlink(missing_ok=True)
    # The name is in the folder, which is written apart from the file.
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
