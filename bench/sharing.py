"""How much sooner two workers have done the same background work than one: whole processes, on PostgreSQL.

The work is the look at a page that somebody has accepted already, each at another: a transaction that finds nothing
more to do. The database server shares the cores with the workers.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep

from sqlalchemy import Engine, TextClause, create_engine, insert, select, text

from app.store import tables
from bench import databases, waiting_room, workers
from bench.report import Row, progress, ratios, run_alone
from bench.start import PARTNERLINE

JOBS = 1_000
ROUNDS = 9
QUICK_ROUNDS = 3
NOW = datetime.fromisoformat(workers.OPEN)
SECONDS_TO_START = 30.0
SECONDS_TO_WORK = 120.0
# What a worker does first is done by then.
SECONDS_TO_BEGIN = 1.0
BETWEEN_LOOKS = 0.05
# As the service defers it, for every page in one transaction.
DEFER = text("""
SELECT procrastinate_defer_jobs_v1(array_agg(CAST(ROW(
    'partnerline', 'partnerline', 0, NULL, NULL,
    jsonb_build_object('name', 'look_at_page', 'key', NULL, 'at', CAST(:at AS text),
                       'args', jsonb_build_object('page', id)), now()
) AS procrastinate_job_to_defer_v1))) FROM pages
""")
LEFT = text("SELECT EXISTS (SELECT 1 FROM procrastinate_jobs WHERE args ->> 'name' = 'look_at_page')")
WORKERS = text("SELECT count(*) FROM procrastinate_workers")


def measure(quick: bool = False) -> list[Row]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    one, two = [], []
    with tempfile.TemporaryDirectory() as name, databases.postgres() as url, _engine(url) as engine:
        waiting_room.fill(url, NOW, JOBS)
        _accept(engine)
        for n in range(rounds):
            one.append(_seconds(engine, Path(name), url, 1))
            two.append(_seconds(engine, Path(name), url, 2))
            progress(f"sharing: round {n + 1} of {rounds}: one worker {one[-1]:.2f} s, two {two[-1]:.2f} s")
    progress(f"sharing: medians: {JOBS / median(one):,.0f} jobs a second by one, {JOBS / median(two):,.0f} by two")
    return [Row("background work by two workers, PostgreSQL", "one", ratios(one, two), "≥ 0.8")]


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()


def _accept(engine: Engine) -> None:
    """A page for each case, which somebody has accepted."""
    accepted = {"tier": 1, "reason": "a bench", "opened_at": NOW, "accepted_at": NOW, "accepted_by": "the bench"}
    with engine.connect() as connection:
        numbers = connection.execute(select(tables.cases.c.number)).scalars()
        rows = [{"id": number, "case_number": number, **accepted} for number in numbers]
        connection.execute(insert(tables.pages), rows)


def _seconds(engine: Engine, folder: Path, url: str, count: int) -> float:
    """From the commit of all jobs to the end of the last one. The workers have started before, and are idle."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(_worker(folder, url))
        _wait(engine, WORKERS, count, SECONDS_TO_START)
        sleep(SECONDS_TO_BEGIN)
        start = perf_counter()
        with engine.connect() as connection:
            connection.execute(DEFER, {"at": workers.OPEN})
        _wait(engine, LEFT, False, SECONDS_TO_WORK)
        return perf_counter() - start


@contextmanager
def _worker(folder: Path, url: str) -> Iterator[None]:
    command = (PARTNERLINE, "worker")
    # This checkout's own code, wherever the command is installed from.
    environment = workers.environment(folder, url) | {"PYTHONPATH": str(workers.ROOT)}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _wait(engine: Engine, query: TextClause, expected: int | bool, at_most: float) -> None:
    give_up = monotonic() + at_most
    with engine.connect() as connection:
        while (found := connection.execute(query).scalar()) != expected:
            assert monotonic() < give_up, f"{found} and not {expected}: {query}"
            sleep(BETWEEN_LOOKS)


if __name__ == "__main__":
    run_alone(measure)
