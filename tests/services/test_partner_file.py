"""The partner file as text: what is read, what is refused and where, and what is written."""

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.partner_cells import COLUMNS
from app.services.partner_check import check_partner
from app.services.partner_file import PartnerFile, written
from app.store.partner_staging import FIELDS
from tests.support.facts import COUNTRIES

HEADINGS = ",".join(COLUMNS)
GOOD = {"pid": "100234", "name": "Tallgrass Relay", "type": "resale", "region": "us"}
CASES = """pid,name,type,region,parent_account,status,certified_from,certified_until,phones,loa_customers
100234,Tallgrass Relay,resale,us,Tallgrass Group,active,2025-01-01,,+12065550147,
0042,Bluefin Voice,wholesale,emea,,active,,,+12065550142,
AB-7781,Kestrel Lane,agency,us,,active,2025-01-01,2026-03-10,+12065550143,CUST-9
55012,Harbor & Sons <Telecom>,resale,apac,,active,2025-01-01,2026-03-10,+12065550144,
990017,Lumen Tide,agency,us,,suspended,2025-01-01,,+12065550145,
"""


class Read:
    """A file, read to its end."""

    def __init__(self, content: str | bytes) -> None:
        file = PartnerFile(io.BytesIO(content.encode() if isinstance(content, str) else content), COUNTRIES)
        self.rows: list[dict[str, str | None]] = []
        self.lines: list[int] = []
        for batch in file.batches():
            self.lines += batch.lines
            self.rows += [dict(zip(FIELDS, row, strict=True)) for row in zip(*batch.columns, strict=True)]
        self.file = file
        self.problems = [(p.line, p.column, p.reason) for p in file.problems.first]
        self.places = [(p.line, p.column) for p in file.problems.first]


def row(**fields: str) -> str:
    """The headings and one row."""
    return table([GOOD | fields])


def table(rows: Iterable[dict[str, str]]) -> str:
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue()


def test_the_file_of_the_cases() -> None:
    read = Read(CASES)
    assert read.problems == []
    assert [r["pid"] for r in read.rows] == ["100234", "0042", "AB-7781", "55012", "990017"]
    assert [r["dialled"] for r in read.rows] == ["100234", "0042", "7781", "55012", "990017"]
    assert read.rows[2] == {
        "pid": "AB-7781",
        "dialled": "7781",
        "name": "Kestrel Lane",
        "type": "agency",
        "region": "us",
        "parent_account": "",
        "status": "active",
        "certified_from": "2025-01-01",
        "certified_until": "2026-03-10",
        "dial_code": "",
        "phones": "+12065550143",
        "loa_customers": "CUST-9",
    }
    assert read.lines == [2, 3, 4, 5, 6]
    assert read.file.absent == ("dial_code",)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
def test_form(mark: bytes, end: str, last: bool) -> None:
    text = CASES if last else CASES.rstrip("\n")
    read = Read(mark + text.replace("\n", end).encode())
    assert (read.rows, read.problems) == (Read(CASES).rows, [])


@pytest.mark.parametrize(
    ("encoding", "place"),
    [
        ("utf-16", (1, "cell 1")),
        ("utf-16-le", (1, "cell 1")),
        ("utf-16-be", (1, "cell 1")),
        ("utf-32", (1, "cell 1")),
        ("latin-1", (2, "name")),
        ("cp1252", (2, "name")),
    ],
)
def test_another_encoding(encoding: str, place: tuple[int, str]) -> None:
    read = Read(row(name="Café Réseau").encode(encoding))
    assert read.places == [place]
    assert "UTF-8" in read.problems[0][2]
    assert not read.file.read_to_its_end


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator(separator: str) -> None:
    read = Read(CASES.replace(",", separator))
    assert len(read.problems) == 1
    assert "commas" in read.problems[0][2]


@pytest.mark.parametrize(
    ("headings", "problem"),
    [
        ("pid,name,type,region,colour", ("colour", "is no column")),
        ("pid,name,type,region,", ("cell 5", "is no column")),
        ("PID,name,type,region", ("PID", "is no column")),
        ("pid,name,type,region,name", ("name", "twice")),
        ("pid,name,type", ("region", "is missing")),
        ("100234,Tallgrass Relay,resale,us", ("pid", "is missing")),
        ("", ("", "empty")),
        ("\n\n", ("", "empty")),
        ("\ufeff", ("", "empty")),
    ],
)
def test_headings(headings: str, problem: tuple[str, str]) -> None:
    read = Read(headings)
    assert any(column == problem[0] and problem[1] in reason for _, column, reason in read.problems)
    assert read.rows == []


def test_headings_alone_are_a_file_without_partners() -> None:
    read = Read(HEADINGS)
    assert (read.problems, read.rows, read.file.rows) == ([], [], 0)


def test_columns_in_any_order_with_blanks_around() -> None:
    read = Read("region, name ,pid,type\n us ,  Tallgrass Relay ,100234 , resale\n")
    assert read.problems == []
    assert (read.rows[0]["pid"], read.rows[0]["name"], read.rows[0]["region"]) == ("100234", "Tallgrass Relay", "us")


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("pid", "", "is empty"),
        ("pid", "123", "has 3 digits"),
        ("pid", "12345678901", "has 11 digits"),
        ("pid", "ABCD", "has 0 digits"),
        ("pid", "12 34", "is no PID"),
        ("pid", "10_234", "is no PID"),
        ("pid", "É1234", "is no PID"),
        ("pid", "١٢٣٤٥", "is no PID"),
        ("pid", "1.00E+05", "spreadsheet"),
        ("pid", "1E+05", "spreadsheet"),
        ("pid", "100234.0", "spreadsheet"),
        ("pid", "1002\x0034", "\\x00"),
        ("pid", "A" * 30 + "1234", "longer than 32"),
        ("name", "", "is empty"),
        ("name", "   ", "is empty"),
        ("name", "Tall\x00grass", "a NUL"),
        ("name", "Tall\x1bgrass", "a control character"),
        ("name", "Tall\x85grass", "a control character"),
        ("name", "Tall\ngrass", "a line break"),
        ("name", "x" * 201, "longer than 200"),
        ("type", "", "is empty"),
        ("type", "Resale", "none of agency, resale, wholesale"),
        ("region", "latam", "none of us, emea, apac"),
        ("region", "US", "none of"),
        ("status", "closed", "none of active, suspended"),
        ("certified_from", "46085", "spreadsheet"),
        ("certified_from", "07/03/2026", "no ISO date"),
        ("certified_from", "20260307", "spreadsheet"),
        ("certified_from", "2026-3-7", "no ISO date"),
        ("certified_from", "2026-02-30", "not in the calendar"),
        ("certified_from", "2026-03-07T00:00:00Z", "no ISO date"),
        ("certified_until", "2026-W10-6", "no ISO date"),
        ("dial_code", "12", "4 to 10 digits"),
        ("dial_code", "12a4", "4 to 10 digits"),
        ("dial_code", "12345678901", "4 to 10 digits"),
        ("phones", "12", "no telephone number in US"),
        ("phones", "+12065550147;+44", "'+44' is no telephone number"),
        ("phones", "+12065550147,+12065550148", "no telephone number"),
        ("phones", "1.20656E+10", "no telephone number"),
        ("phones", ";".join(f"+12065550{n:03}" for n in range(101)), "at most 100"),
        ("loa_customers", "CUST-\x07", "a control character"),
        ("loa_customers", "x" * 101, "longer than 100"),
        ("loa_customers", ";".join(map(str, range(1_001))), "at most 1000"),
        ("parent_account", "x" * 201, "longer than 200"),
        ("parent_account", "a\x00b", "a NUL"),
    ],
)
def test_values_refused(column: str, text: str, reason: str) -> None:
    read = Read(row(**{column: text}))
    assert read.places == [(2, column)]
    assert reason in read.problems[0][2]
    assert "\n" not in read.problems[0][2]
    assert check_partner(GOOD | {column: text}, COUNTRIES).refused == {column: read.problems[0][2]}


@pytest.mark.parametrize(
    ("column", "text", "kept"),
    [
        ("pid", "0042", "0042"),
        ("pid", "ab-7781-x", "ab-7781-x"),
        ("pid", "12345678E1", "12345678E1"),
        ("name", "Harbor & Sons <Telecom>", "Harbor & Sons <Telecom>"),
        ("name", "Étoile 星 O'Neil", "Étoile 星 O'Neil"),
        ("name", "A\u00a0B", "A\u00a0B"),
        ("name", 'Say "Hello", Inc.', 'Say "Hello", Inc.'),
        ("name", "two\ttabs", "two\ttabs"),
        ("name", "x" * 200, "x" * 200),
        ("parent_account", "one\ntwo", "one\ntwo"),
        ("parent_account", "one\r\ntwo", "one\ntwo"),
        ("status", "", "active"),
        ("certified_from", "", None),
        ("certified_from", "2024-02-29", "2024-02-29"),
        ("dial_code", "0001", "0001"),
        ("phones", "(206) 555-0123", "+12065550123"),
        ("phones", " +12065550147 ; ;+12065550147;2065550148", "+12065550147;+12065550148"),
        ("phones", ";", ""),
        ("loa_customers", "CUST-9; CUST-10 ;;CUST-9", "CUST-9;CUST-10"),
    ],
)
def test_values_kept(column: str, text: str, kept: str | None) -> None:
    read = Read(row(**{column: text}))
    assert read.problems == []
    assert read.rows[0][column] == kept
    assert check_partner(GOOD | {column: text}, COUNTRIES).values[column] == kept


@pytest.mark.parametrize(
    ("region", "text", "kept"),
    [
        ("us", "206 555 0123", "+12065550123"),
        ("emea", "020 7946 0123", "+442079460123"),
        ("apac", "1800 648 574", "+611800648574"),
        ("apac", "1300 088 917", "+611300088917"),
        ("apac", "6123 4567", "+6561234567"),
    ],
)
def test_a_national_number_is_read_in_the_partners_region(region: str, text: str, kept: str) -> None:
    assert Read(row(region=region, phones=text)).rows[0]["phones"] == kept


def test_a_certification_ends_after_it_starts() -> None:
    read = Read(row(certified_from="2026-03-10", certified_until="2026-03-09"))
    assert read.places == [(2, "certified_until")]
    assert Read(row(certified_from="2026-03-10", certified_until="2026-03-10")).problems == []


def test_a_field_of_the_api_that_is_none() -> None:
    assert check_partner(GOOD | {"colour": "red"}, COUNTRIES).refused == {"colour": "is no field of a partner"}


def test_rows_of_the_wrong_length() -> None:
    read = Read("pid,name,type,region\n100234,Tallgrass,resale\n100235,Tall,grass,resale,us\n100236,Fine,resale,us\n")
    assert read.places == [(2, "region"), (3, "cell 5")]
    assert [r["pid"] for r in read.rows] == ["100236"]


def test_every_bad_row_is_told_with_its_line_in_the_file() -> None:
    text = table(
        [
            GOOD | {"parent_account": "over\nthree\nlines"},  # 2 to 4
            GOOD | {"region": "mars", "type": "shop"},  # 5
            GOOD,  # 6
            GOOD | {"status": "gone"},  # 7
        ]
    ).replace("active", "")
    blank = text + "\n\n100234,,resale,us,,,,,,,\n"  # 10
    assert Read(blank).places == [(5, "region"), (5, "type"), (7, "status"), (10, "name")]
    assert Read(blank).lines[0] == 2


def test_more_problems_than_anyone_reads_are_counted() -> None:
    read = Read(HEADINGS + "\n" + "1,,,,,,,,,,\n" * 5_000)
    assert len(read.problems) == 1_000
    assert read.file.problems.total == 5_000 * 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('100234,"Tallgrass,resale,us\n100235,Fine,resale,us\n', "never closed"),
        ('100234,"Tall"grass,resale,us\n100235,Fine,resale,us\n', "must be doubled"),
        ("100234,Tall\rgrass,resale,us\n100235,Fine,resale,us\n", "carriage return"),
        ('100234,"' + "x" * 200_000 + '",resale,us\n100235,Fine,resale,us\n', "not closed within"),
    ],
)
def test_what_is_no_csv(text: str, reason: str) -> None:
    read = Read("pid,name,type,region\n" + text)
    assert [line for line, _, _ in read.problems] == [2]
    assert reason in read.problems[0][2]


def test_old_line_ends_are_named() -> None:
    assert "carriage return" in Read(CASES.replace("\n", "\r")).problems[0][2]


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    assert "longer than" in Read(HEADINGS + "\n" + "1" * 3_000_000).problems[0][2]


def test_quotes_do_not_change_what_is_read() -> None:
    """Rows with and without quotes are split by different code."""
    many = [GOOD | {"pid": str(n), "phones": "+12065550147"} for n in range(10_000, 14_000)]
    plain = Read(table(many))
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, restval="", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(many)
    quoted = Read(target.getvalue())
    assert (plain.rows, plain.lines, plain.problems) == (quoted.rows, quoted.lines, [])


@pytest.mark.parametrize(
    "name",
    ['=HYPERLINK("http://x.example","a")', "-1+1", "@SUM(1)", "+1", "\uff1d1", "'=1", "''@x", "'Tis fine", "'"],
)
def test_no_exported_cell_is_a_formula(name: str) -> None:
    before = Read(row(name=name)).rows if name[0] != "'" else [check_partner(GOOD | {"name": name}, COUNTRIES).values]
    before[0]["dialled"] = "100234"
    exported = "".join(written(before))
    cells = list(csv.reader(io.StringIO(exported)))[1]
    assert not any(cell.startswith(("=", "-", "@", "\t", "+", "\uff1d")) for cell in cells)
    assert Read(exported).rows == before
    assert before[0]["name"] == name


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.from_regex(r"'{0,3}[=+@\t-]?.{0,5}", fullmatch=True)


@given(st.lists(st.fixed_dictionaries({"name": TEXTS, "parent_account": TEXTS, "loa_customers": TEXTS}), max_size=5))
def test_export_then_import_changes_nothing(texts: list[dict[str, str]]) -> None:
    checked = [check_partner(GOOD | fields, COUNTRIES) for fields in texts]
    partners = [partner.values | {"dialled": "100234"} for partner in checked if not partner.refused]
    read = Read("".join(written(partners)))
    assert (read.rows, read.problems) == (partners, [])


@given(st.dictionaries(st.sampled_from(COLUMNS), TEXTS))
def test_the_file_and_the_api_refuse_the_same(fields: dict[str, str]) -> None:
    fields = GOOD | {column: text for column, text in fields.items() if not text.startswith("'")}
    checked = check_partner(fields, COUNTRIES)
    read = Read(table([fields]).encode())
    if "\r" not in "".join(fields.values()):
        assert {column: reason for _, column, reason in read.problems} == checked.refused


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_problems(content: bytes) -> None:
    read = Read(HEADINGS.encode() + b"\n" + content)
    assert read.file.read_to_its_end or read.problems
