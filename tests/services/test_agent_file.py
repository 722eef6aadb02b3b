"""The agents' file as text: what is read, what is refused and where."""

import io

import pytest

from app.services import agent_file
from app.services.csv_table import Table
from tests.support.facts import FLOWS_DIR, shipped

GOOD = {"name": "Ana Ruiz", "reach": "+12065550147", "queues": "tier1-us", "code": "4711"}
TWO = (
    "name,reach,queues,code\nAna Ruiz,+12065550147,tier1-us;tier2-us,4711\nBo Lind,sip:bo@example.com,tier1-emea,0815\n"
)


def read(content: str | bytes) -> Table:
    return agent_file.read(io.BytesIO(content.encode() if isinstance(content, str) else content), shipped())


def row(**fields: str) -> str:
    values = GOOD | fields
    return f"{','.join(values)}\n" + ",".join(f'"{value}"' for value in values.values()) + "\n"


def problems(table: Table) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.reason) for problem in table.problems.first]


def test_a_good_file() -> None:
    table = read(TWO)
    assert problems(table) == []
    assert table.read_to_its_end
    assert [(row.line, row.values) for row in table.rows] == [
        (2, {"name": "Ana Ruiz", "reach": "+12065550147", "queues": ("tier1-us", "tier2-us"), "code": "4711"}),
        (3, {"name": "Bo Lind", "reach": "sip:bo@example.com", "queues": ("tier1-emea",), "code": "0815"}),
    ]


def test_the_sample_file_is_good() -> None:
    assert problems(read((FLOWS_DIR / "sample/agents.csv").read_bytes())) == []


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "not ended"])
def test_form(mark: bytes, end: str, last: bool) -> None:
    text = TWO if last else TWO.rstrip("\n")
    table = read(mark + text.replace("\n", end).encode())
    assert (table.rows, problems(table)) == (read(TWO).rows, [])


def test_columns_in_any_order_with_blanks_around_and_blank_lines_between() -> None:
    table = read("code, queues ,reach,name\n\n 4711 , tier1-us ; tier1-us ;, +1 (206) 555-0147 , Ana Ruiz \n")
    assert problems(table) == []
    (found,) = table.rows
    assert (found.line, found.values) == (3, read(row()).rows[0].values)


@pytest.mark.parametrize(
    ("encoding", "place"),
    [
        ("utf-16", (1, "cell 1")),
        ("utf-16-le", (1, "cell 1")),
        ("utf-32", (1, "cell 1")),
        ("latin-1", (2, "name")),
        ("cp1252", (2, "name")),
    ],
)
def test_another_encoding(encoding: str, place: tuple[int, str]) -> None:
    table = read(row(name="Zoé Réseau").encode(encoding))
    ((line, column, reason),) = problems(table)
    assert ((line, column), table.read_to_its_end) == (place, False)
    assert "UTF-8" in reason


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator(separator: str) -> None:
    ((line, _, reason),) = problems(read(TWO.replace(";", "").replace(",", separator)))
    assert line == 1
    assert "separate them by commas" in reason


@pytest.mark.parametrize(
    ("headings", "problem"),
    [
        ("name,reach,queues,code,colour", ("colour", "is no column; there are name, reach, queues, code")),
        ("name,reech,queues,code", ("reech", "did you mean reach?")),
        ("name,reach,queues,code,", ("cell 5", "is no column")),
        ("Name,reach,queues,code", ("Name", "did you mean name?")),
        ("name,reach,queues,code,name", ("name", "twice")),
        ("name,reach,queues", ("code", "is missing")),
        ("Ana Ruiz,+12065550147,tier1-us,4711", ("name", "is missing")),
        ("", ("", "empty")),
        ("\n\n", ("", "empty")),
        ("\ufeff", ("", "empty")),
    ],
)
def test_headings(headings: str, problem: tuple[str, str]) -> None:
    table = read(headings)
    assert any(column == problem[0] and problem[1] in reason for _, column, reason in problems(table))
    assert (table.rows, table.read_to_its_end) == ([], False)


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("name", "", "is empty"),
        ("name", "   ", "is empty"),
        ("name", "Ana\x00Ruiz", "a NUL"),
        ("name", "Ana\nRuiz", "a line break"),
        ("name", "x" * 201, "longer than 200"),
        ("reach", "", "is empty"),
        ("reach", "206 555 0147", "cannot be rung; give a number as +12065550147"),
        ("reach", "+1206", "cannot be rung"),
        ("reach", "1.20656E+10", "spreadsheet"),
        ("reach", "ana@example.com", "cannot be rung"),
        ("reach", "sip:ana", "cannot be rung"),
        ("reach", "client:an\x00a", "cannot be rung"),
        ("reach", "+1 888 898 8733", "is the line US support"),
        ("queues", "", "is empty; there are tier1-us"),
        ("queues", ";", "is empty"),
        ("queues", "tier1-su", "'tier1-su' is no queue; did you mean tier1-us?"),
        ("queues", "TIER1-US", "did you mean tier1-us?"),
        ("queues", "nonsense", "'nonsense' is no queue; there are tier1-us"),
        ("queues", "tier1-us;tier1_us;x", "did you mean tier1-us?; 'x' is no queue"),
        ("queues", "tier1-us,tier2-us", "is no queue"),
        ("code", "", "is empty; give 4 to 10 digits"),
        ("code", "471", "is no code"),
        ("code", "12345678901", "is no code"),
        ("code", "47a1", "is no code"),
        ("code", "٤٧١١", "is no code"),
        ("code", "4711.0", "is no code"),
        ("code", "4711\x00", "is no code"),
    ],
)
def test_values_refused(column: str, text: str, reason: str) -> None:
    ((line, where, why),) = problems(read(row(**{column: text})))
    assert (line, where) == (2, column)
    assert reason in why
    assert "\n" not in why


def test_every_bad_row_is_told_and_a_code_never() -> None:
    table = read(f"{TWO},+12065550148,tier1-us,12\nCleo,+12065550149,tier1-us,471100000011\nDee,+12065550150\n")
    assert [(line, column) for line, column, _ in problems(table)] == [
        (4, "code"),
        (4, "name"),
        (5, "code"),
        (6, "queues"),
    ]
    assert "4711" not in str(problems(table))
    assert "the row has 2 cells, the headings are 4" in problems(table)[-1][2]


def test_a_row_with_too_many_cells() -> None:
    ((line, column, _),) = problems(read(f"{TWO}Cleo,+12065550149,tier1-us,4713,x\n"))
    assert (line, column) == (4, "cell 5")


def test_a_quote_that_is_never_closed() -> None:
    ((line, column, reason),) = problems(read(TWO + '"Cleo,+12065550149,tier1-us,4713\n'))
    assert (line, column) == (4, "")
    assert "never closed" in reason


@pytest.mark.parametrize("column", ["name", "reach", "code"])
def test_two_rows_alike(column: str) -> None:
    other = {"name": "Bo Lind", "reach": "client:bo", "queues": "tier1-us", "code": "0815"} | {column: GOOD[column]}
    table = read(row() + ",".join(other.values()) + "\n")
    assert problems(table) == [(3, column, "the same is on line 2 already")]
