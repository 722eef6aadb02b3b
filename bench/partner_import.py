"""Importing a partner file of a million rows, against the plain csv reader over the same file.

Into an empty directory on SQLite and on PostgreSQL, both as durable as in production; and what memory it takes.
`python -m bench.partner_import [--rows N] [--database URL]`; each round begins with an empty directory.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter

from sqlalchemy import create_engine, text

from app.store import schema
from bench.report import Row, progress, ratios, table
from tests.support.postgres import Postgres

ROWS, ROUNDS = 1_000_000, 5
QUICK_ROWS, QUICK_ROUNDS = 100_000, 3
HEADINGS = "pid,name,type,region,parent_account,status,certified_from,certified_until,dial_code,phones,loa_customers"
REGIONS = {"us": "+1206555{:04}", "emea": "+4420794{:05}", "apac": "+6128201{:04}"}
PROMISED = {"sqlite": "≤ 12", "postgresql": "≤ 15"}
MEGABYTES = 250

# A process of its own, so that its peak is the import's. The peak that `resource` tells is at least the parent's.
_IMPORT = """
import re, sys, time
from app.services.partners import import_file
start = time.perf_counter()
with open(sys.argv[1], "rb") as source:
    countries = {"us": ("US",), "emea": ("GB",), "apac": ("AU", "SG")}
    report = import_file(source, sys.argv[2], countries)
seconds = time.perf_counter() - start
with open("/proc/self/status") as status:
    print(seconds, re.search(r"VmHWM:\\s+([0-9]+)", status.read())[1], report.added)
"""


def measure(quick: bool = False) -> list[Row]:
    return _on_both(QUICK_ROWS, QUICK_ROUNDS) if quick else _on_both(ROWS, ROUNDS)


def _on_both(rows: int, rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        measured = _compared(f"sqlite:///{Path(name) / 'partnerline.db'}", rows, rounds)
        server = Postgres(fsync=True)
        try:
            server.start()
            return measured + _compared(server.url(server.create_database()), rows, rounds)
        finally:
            server.close()


def _compared(url: str, rows: int, rounds: int) -> list[Row]:
    kind = url.partition("+")[0].partition(":")[0]
    schema.upgrade(url)
    with tempfile.TemporaryDirectory() as name:
        whole, tenth = Path(name) / "partners.csv", Path(name) / "tenth.csv"
        write(whole, rows)
        write(tenth, rows // 10)
        _, memory_of_a_tenth = _import(tenth, url, rows // 10)
        ours, baseline, memory = [], [], []
        for n in range(rounds):
            baseline.append(_timed(lambda: _read(whole)))
            seconds, megabytes = _import(whole, url, rows)
            ours.append(seconds)
            memory.append(megabytes)
            progress(
                f"partner_import: {kind}, round {n + 1} of {rounds}: {ours[-1]:.1f} s against {baseline[-1]:.2f} s, "
                f"{megabytes:.0f} MB at most, {memory_of_a_tenth:.0f} MB for a tenth of the rows"
            )
    growth = [(m - memory_of_a_tenth) / memory_of_a_tenth / 9 for m in memory]
    named = f"{rows:,} partners into {kind}"
    return [
        Row(f"seconds for {named}", "the plain csv reader", ratios(ours, baseline), PROMISED[kind]),
        Row(f"peak memory, {named}", f"{MEGABYTES} MB", [m / MEGABYTES for m in memory], "≤ 1"),
        Row(f"growth of memory, {named}", "growth of rows (tenfold)", growth, "≤ 0.10"),
    ]


def write(path: Path, rows: int) -> None:
    """A file of partners in no order: most with a number, some with two, some with Letters of Agency."""
    random = Random(rows)
    pids = random.sample(range(1_000_000, 1_000_000 + 5 * rows), rows)
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(HEADINGS.split(","))
        writer.writerows(_partner(random, n, pid) for n, pid in enumerate(pids))


def _partner(random: Random, n: int, pid: int) -> tuple[object, ...]:
    region = random.choice(tuple(REGIONS))
    type_ = random.choice(("agency", "resale", "resale", "wholesale"))
    phones = (REGIONS[region].format(random.randrange(2_000, 9_999)) for _ in range(random.choice((0, 1, 1, 1, 2))))
    certified = random.random() < 0.6
    return (
        f"{'AB-' if n % 20 == 0 else ''}{pid}",
        f"Partner {n}, Ltd" if n % 50 == 0 else f"Partner {n}",
        type_,
        region,
        f"Group {n % 5_000}" if n % 3 else "",
        "suspended" if n % 40 == 0 else "active",
        f"20{random.randrange(20, 26)}-{random.randrange(1, 13):02}-01" if certified else "",
        f"20{random.randrange(26, 30)}-{random.randrange(1, 13):02}-28" if certified and n % 2 else "",
        "",
        ";".join(phones),
        f"CUST-{n};CUST-{n + 1}" if type_ == "agency" and n % 3 else "",
    )


def _read(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as source:
        for _ in csv.reader(source):
            pass


def _timed(work: Callable[[], None]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _import(path: Path, url: str, rows: int) -> tuple[float, float]:
    """Seconds and megabytes of an import into the emptied directory."""
    _empty(url)
    done = subprocess.run([sys.executable, "-c", _IMPORT, path, url], capture_output=True, text=True, check=True)
    seconds, kilobytes, added = done.stdout.split()
    assert int(added) == rows, done.stdout
    return float(seconds), int(kilobytes) / 1024


def _empty(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.name == "sqlite":
            connection.execute(text("DELETE FROM partner_phones"))
            connection.execute(text("DELETE FROM partners"))
            connection.execute(text("VACUUM"))
        else:
            connection.execute(text("TRUNCATE partner_phones, partners"))
            connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _is_empty(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return not connection.scalar(text("SELECT count(*) FROM partners"))
    finally:
        engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.partner_import", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows of the file ({ROWS:,} by default)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} by default")
    parser.add_argument("--database", metavar="URL", help="only this database, which must hold no partners")
    options = parser.parse_args()
    if not options.database:
        print(table(_on_both(options.rows, options.rounds)))
        return
    schema.upgrade(options.database)
    if not _is_empty(options.database):
        parser.error("the database holds partners, which measuring would delete")
    print(table(_compared(options.database, options.rows, options.rounds)))


if __name__ == "__main__":
    main()
