"""A worker's memory after 10,000 calls, against itself after 1,000: nothing of a call stays behind.

Python's allocator never gives all back, so a few percent are no growth; a leak of one kilobyte a call would show as 7.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import calls, databases, load, workers
from bench.report import Row, progress, run_alone
from bench.workers import Worker

FEW, MANY = 1_000, 10_000
QUICK_FEW, QUICK_MANY = 250, 2_500
CALLS_A_ROUND = 125


def measure(quick: bool = False) -> list[Row]:
    few, many = (QUICK_FEW, QUICK_MANY) if quick else (FEW, MANY)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        urls = {"SQLite": databases.sqlite(Path(folder)), "PostgreSQL": stack.enter_context(databases.postgres())}
        rows = []
        for name, url in urls.items():
            with workers.partnerline(url, Path(folder)) as worker:
                growth = _growth(worker, few, many)
            rows.append(Row(f"memory after {many:,} calls, {name}", f"after {few:,}", [growth], "≤ 1.05"))
        return rows


def _growth(worker: Worker, few: int, many: int) -> float:
    _play(worker, 0, few)
    before = worker.memory
    _play(worker, few, many)
    return worker.memory / before


def _play(worker: Worker, first: int, last: int) -> None:
    """Calls from `first` up to `last`, each hung up soon after: nobody's queue is thousands long."""
    for n in range(first, last, CALLS_A_ROUND):
        load.play(worker.port, calls.calls(n, CALLS_A_ROUND))
        load.play(worker.port, calls.calls(n, CALLS_A_ROUND, calls.HANGING_UP))
        progress(f"memory: {n + CALLS_A_ROUND:,} calls, {worker.memory / 2**20:.1f} MiB")


if __name__ == "__main__":
    run_alone(measure)
