"""The partner file and the directory, on both databases: everything or nothing, and only what differs."""

import io
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, select

from app.domain.partners import dialled
from app.services import partners
from app.services.imports import ImportReport
from app.services.partner_cells import COLUMNS
from app.services.partners import Unusable, import_file
from app.store import tables
from app.store.partner_import import MOST_CLASHES
from tests.services.test_partner_file import CASES, GOOD, table
from tests.support.facts import COUNTRIES

SAMPLE = Path(__file__).parents[2] / "ivr_flows/sample/partners.csv"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


class Directory:
    """The directory of a test, filled and read by file."""

    def __init__(self, url: str, engine: Engine) -> None:
        self.url = url
        self._engine = engine

    def take(self, *rows: dict[str, str], dry_run: bool = False, replace: bool = False) -> ImportReport:
        return self.take_text(table([GOOD | row for row in rows]), dry_run=dry_run, replace=replace)

    def take_text(self, text: str, *, dry_run: bool = False, replace: bool = False) -> ImportReport:
        return import_file(io.BytesIO(text.encode()), self.url, COUNTRIES, dry_run=dry_run, replace=replace)

    def exported(self) -> str:
        with partners.export(self.url) as lines:
            return "".join(lines)

    def rows(self) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(tables.partners).order_by("pid")).mappings()]

    def column(self, name: str) -> dict[str, Any]:
        return {row["pid"]: row[name] for row in self.rows()}

    def phones(self) -> set[tuple[str, str]]:
        """The numbers, each with the PID that it belongs to."""
        with self._engine.connect() as connection:
            phones, partners = tables.partner_phones, tables.partners
            query = select(phones.c.number, partners.c.pid).where(phones.c.partner_id == partners.c.id)
            return {(number, pid) for number, pid in connection.execute(query)}


@pytest.fixture
def directory(database_url: str, engine: Engine) -> Directory:
    return Directory(database_url, engine)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    """Added, changed, unchanged, suspended."""
    assert report.problems == ()
    return report.added, report.changed, report.unchanged, report.left_out


def test_the_file_of_the_cases_and_again(directory: Directory) -> None:
    assert counts(directory.take_text(CASES)) == (5, 0, 0, 0)
    assert directory.column("pid").keys() == {"100234", "0042", "AB-7781", "55012", "990017"}
    before = directory.rows()
    assert counts(directory.take_text(CASES)) == (0, 0, 5, 0)
    assert directory.rows() == before


def test_a_pid_keeps_its_zeros_everywhere(directory: Directory) -> None:
    directory.take_text(CASES)
    assert directory.column("dialled")["0042"] == "0042"
    assert "\n0042,Bluefin Voice" in directory.exported()


def test_the_sample_is_good(directory: Directory) -> None:
    report = directory.take_text(SAMPLE.read_text(encoding="utf-8"))
    assert report.added == report.rows > 8


def test_dates_are_dates_and_phones_are_found(directory: Directory) -> None:
    directory.take({"certified_from": "2025-01-01", "phones": "+12065550147;206 555 0148"}, {"pid": "100235"})
    assert str(directory.column("certified_from")) == "{'100234': datetime.date(2025, 1, 1), '100235': None}"
    assert directory.phones() == {("+12065550147", "100234"), ("+12065550148", "100234")}


def test_only_what_differs_is_changed(directory: Directory) -> None:
    directory.take({}, {"pid": "100235", "phones": "+12065550147", "loa_customers": "A;B"}, {"pid": "100236"})
    ids = directory.column("id")
    report = directory.take({"pid": "100236"}, {"pid": "100235", "phones": "+12065550148"}, {"pid": "100237"})
    assert counts(report) == (1, 1, 1, 0)
    assert directory.phones() == {("+12065550148", "100235")}
    assert directory.column("loa_customers")["100235"] == ""
    assert directory.column("id") | ids == directory.column("id")
    assert directory.column("status")["100234"] == "active", "a partner missing from the file stays"


def test_replace_suspends_those_missing(directory: Directory) -> None:
    directory.take({}, {"pid": "100235"}, {"pid": "100236", "status": "suspended"})
    assert counts(directory.take({}, replace=True)) == (0, 0, 1, 1)
    assert directory.column("status") == {"100234": "active", "100235": "suspended", "100236": "suspended"}
    assert counts(directory.take({}, replace=True)) == (0, 0, 1, 0)


def test_replacing_by_nothing_is_refused(directory: Directory) -> None:
    directory.take({})
    assert len(directory.take(replace=True).problems) == 1
    assert counts(directory.take()) == (0, 0, 0, 0)
    assert directory.column("status") == {"100234": "active"}


def test_a_dry_run_tells_and_changes_nothing(directory: Directory) -> None:
    directory.take({}, {"pid": "100235"}, {"pid": "100236"})
    before = directory.rows()
    report = directory.take({"name": "Other"}, {"pid": "100235"}, {"pid": "100237"}, dry_run=True, replace=True)
    assert counts(report) == (1, 1, 1, 1)
    assert directory.rows() == before


def test_one_bad_row_and_nothing_is_in(directory: Directory) -> None:
    directory.take({})
    before = directory.rows()
    report = directory.take({"name": "Other"}, {"pid": "100235", "region": "mars"}, {"pid": "100236", "type": ""})
    assert [(p.line, p.column) for p in report.problems] == [(3, "region"), (4, "type")]
    assert (report.added, report.changed) == (0, 0)
    assert directory.rows() == before


def test_the_same_pid_twice_in_the_file(directory: Directory) -> None:
    report = directory.take({}, {"pid": "100235"}, {}, {"region": "mars"})
    assert [(p.line, p.column) for p in report.problems] == [(4, "pid"), (5, "pid"), (5, "region")]
    assert "line 2" in report.problems[0].reason
    assert directory.rows() == []


def test_two_dialled_alike_in_the_file(directory: Directory) -> None:
    report = directory.take({"pid": "AB-7781"}, {"pid": "77-81"}, {"dial_code": "7781"})
    assert [(p.line, p.column) for p in report.problems] == [(3, "pid"), (4, "pid")]
    assert "'AB-7781' on line 2" in report.problems[0].reason


@pytest.mark.parametrize("status", ["active", "suspended"])
def test_dialled_like_a_partner_of_the_directory(directory: Directory, status: str) -> None:
    directory.take({"pid": "AB-7781", "status": status})
    report = directory.take({"pid": "CD-7781"}, {"pid": "7781-X", "name": ""})
    assert [(p.line, p.column) for p in report.problems] == [(2, "pid"), (3, "name"), (3, "pid"), (3, "pid")]
    assert f"'AB-7781' in the directory ({status})" in report.problems[0].reason
    assert len(directory.take({"pid": "CD-7781"}, replace=True).problems) == 1, "suspending frees no code"


def test_a_partner_is_not_compared_with_its_own_old_row(directory: Directory) -> None:
    directory.take({"pid": "AB-7781"})
    assert counts(directory.take({"pid": "AB-7781", "dial_code": "5550"}, {"pid": "CD-7781"})) == (1, 1, 0, 0)
    assert directory.column("dialled") == {"AB-7781": "5550", "CD-7781": "7781"}


def test_two_partners_swap_their_codes(directory: Directory) -> None:
    directory.take({"pid": "A-1001", "dial_code": "7001"}, {"pid": "B-1002", "dial_code": "7002"})
    report = directory.take({"pid": "A-1001", "dial_code": "7002"}, {"pid": "B-1002", "dial_code": "7001"})
    assert counts(report) == (0, 2, 0, 0)
    assert directory.column("dialled") == {"A-1001": "7002", "B-1002": "7001"}


def test_a_number_may_belong_to_two_partners(directory: Directory) -> None:
    directory.take({"phones": "+12065550147"}, {"pid": "100235", "phones": "+12065550147"})
    directory.take({"pid": "100235", "phones": ""})
    assert directory.phones() == {("+12065550147", "100234")}


def test_a_column_the_file_has_not_stays_as_it_is(directory: Directory) -> None:
    directory.take({"pid": "A-1001", "dial_code": "7001", "phones": "+12065550147", "certified_from": "2025-01-01"})
    report = directory.take_text("pid,name,type,region\nA-1001,Other,resale,us\nB-1002,New,agency,emea\n")
    assert counts(report) == (1, 1, 0, 0)
    row = directory.rows()[0]
    assert (row["name"], row["dialled"], row["phones"]) == ("Other", "7001", "+12065550147")
    assert str(row["certified_from"]) == "2025-01-01"
    clash = directory.take_text("pid,name,type,region\nA-1001,Other,resale,us\nC-7001,New,agency,emea\n")
    assert [(p.line, p.column) for p in clash.problems] == [(3, "pid")]


def test_many_clashes_are_counted(directory: Directory) -> None:
    rows = [GOOD | {"pid": f"A-{n}"} for n in range(10_000, 11_500)]
    report = directory.take(*rows, *rows)
    assert len(report.problems) == MOST_CLASHES
    assert report.more_problems == 500
    assert report.problems[0].line == 1_502


def test_export_then_import_changes_nothing(directory: Directory) -> None:
    names = ['=HYPERLINK("http://x.example","a")', "-1", "@a", "+1", "'=1", "back\\slash", 'a "b", c', "tab\tbed", "星"]
    directory.take(
        *({"pid": f"{n}000", "name": name, "parent_account": f"{name}\n{name}"} for n, name in enumerate(names, 1))
    )
    assert list(directory.column("name").values()) == [name.removeprefix("'") for name in names]
    before = directory.rows()
    assert counts(directory.take_text(directory.exported(), replace=True)) == (0, 0, len(names), 0)
    assert directory.rows() == before


@pytest.mark.parametrize("seed", range(6))
def test_any_files_one_after_another(directory: Directory, seed: int) -> None:
    """The directory is always what a dictionary would be."""
    random = Random(seed)
    model: dict[str, dict[str, str]] = {}
    for _ in range(12):
        rows = {pid: _random_row(random, pid) for pid in random.sample(PIDS, random.randrange(1, 8))}
        replace = random.random() < 0.3
        after = {pid: row | ({"status": "suspended"} if replace else {}) for pid, row in model.items()} | rows
        codes = [dialled(row["pid"], row["dial_code"]) for row in after.values()]
        report = directory.take(*rows.values(), replace=replace)
        if len(set(codes)) < len(codes):
            assert report.problems
        else:
            assert counts(report)[:2] == (
                len(rows.keys() - model.keys()),
                sum(model[pid] != row for pid, row in rows.items() if pid in model),
            )
            model = after
        assert directory.exported() == table(model[pid] for pid in sorted(model))
        assert {row["pid"]: row["dialled"] for row in directory.rows()} == {
            pid: dialled(pid, row["dial_code"]) for pid, row in model.items()
        }
        assert directory.phones() == {(n, pid) for pid, r in model.items() for n in r["phones"].split(";") if n}


PIDS = [f"{letter}-{number}" for number in range(1001, 1009) for letter in "AB"]


def _random_row(random: Random, pid: str) -> dict[str, str]:
    phones = random.sample(["+12065550147", "+12065550148", "+442079460123"], random.randrange(3))
    return dict.fromkeys(COLUMNS, "") | {
        "pid": pid,
        "name": random.choice(["One", "Two"]),
        "type": "resale",
        "region": "us",
        "status": random.choice(["active", "suspended"]),
        "certified_from": random.choice(["", "2025-01-01"]),
        "dial_code": random.choice(["", *(str(n) for n in range(7001, 7012))]),
        "phones": ";".join(phones),
    }


def test_two_imports_at_once_end_as_one_after_the_other(directory: Directory) -> None:
    files = [table(GOOD | {"pid": str(n), "name": name} for n in range(10_000, 13_000)) for name in ("One", "Two")]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(directory.take_text, files))
    assert sorted((report.added, report.changed) for report in reports) == [(0, 3_000), (3_000, 0)]
    assert len(set(directory.column("name").values())) == 1


def test_calls_are_written_while_a_file_is_staged(sqlite_url: str) -> None:
    """Reading the file takes no lock: somebody else writes between two of its blocks."""
    call = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), timeout=0)

    def write(_size: int) -> None:
        with call:
            call.execute("INSERT INTO wrong_pids (call_sid, turn, caller, at) SELECT hex(randomblob(8)), 1, '', ''")

    source = io.BytesIO(table(GOOD | {"pid": str(n)} for n in range(10_000, 20_000)).encode())
    assert import_file(source, sqlite_url, COUNTRIES, progress=write).added == 10_000
    assert call.execute("SELECT count(*) FROM wrong_pids").fetchone()[0] > 5
    call.close()


def test_a_database_without_tables(database_url: str, engine: Engine) -> None:
    tables.metadata.drop_all(engine)
    with pytest.raises(Unusable, match="partnerline migrate"):
        import_file(io.BytesIO(CASES.encode()), database_url, COUNTRIES)


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="partnerline migrate"):
        import_file(io.BytesIO(CASES.encode()), f"sqlite:///{tmp_path / 'none.db'}", COUNTRIES)
    with pytest.raises(Unusable, match="cannot be used"):
        import_file(io.BytesIO(CASES.encode()), "postgresql+psycopg://nobody@127.0.0.1:1/none", COUNTRIES)
    assert list(tmp_path.iterdir()) == []


def test_no_database_file_at_all(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database " * 100)
    with pytest.raises(Unusable, match="cannot be used"):
        import_file(io.BytesIO(CASES.encode()), f"sqlite:///{tmp_path / 'text.db'}", COUNTRIES)
