"""A process that does background work until it is killed: `python -m tests.jobs.process URL shared|alone FILE`.

Its only job never ends the first time, and says in the file what it does.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from app.store.database import Database
from tests.jobs.work import runner


async def run(url: str, shared: bool, file: Path) -> None:
    async def slow() -> None:
        first = not file.exists()
        with file.open("a", encoding="utf-8") as log:
            log.write("begun\n")
        if first:
            await asyncio.sleep(60)
        with file.open("a", encoding="utf-8") as log:
            log.write("done\n")

    jobs = runner(url, Database(url), {"slow": slow}, lambda: datetime.now(UTC), shared)
    await jobs.keep_running()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2] == "shared", Path(sys.argv[3])))
