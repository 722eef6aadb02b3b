"""A small CSV file with headings, checked: every bad row is told by line, column and reason.

For files that people write by hand and that fit into memory. The partner file, which may have a million rows, has a
reader of its own; what both are made of is `csv_blocks`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, BinaryIO

from app.services import csv_blocks
from app.services.partner_cells import Refused, shown
from app.services.partner_file import Problem, Problems

__all__ = ["Problem", "Refused", "Row", "Rule", "Table", "closest", "read", "shown", "twice"]

Rule = Callable[[str], Any]
"""Takes a cell and gives the value kept, or raises Refused with the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file: the line where it begins, and the values of its good cells."""

    line: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class Table:
    """What a file holds. Its rows are worth keeping only if there are no problems.

    `read_to_its_end` is False where headings or encoding forbid it.
    """

    rows: list[Row] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    read_to_its_end: bool = False

    def refuse(self, problems: Iterable[Problem]) -> None:
        """For what is found once the rows are read."""
        found = list(problems)
        self.problems.extend(found, len(found))


def read(source: BinaryIO, rules: Mapping[str, Rule]) -> Table:
    """Reads a file that has exactly the columns of the rules, in any order."""
    table = Table()
    headings: list[str] = []
    try:
        for line, row in _rows(csv_blocks.read(source, lambda line, reason: table.problems.add(line, "", reason))):
            if headings:
                table.rows.append(Row(line, dict(_cells(table.problems, line, headings, row, rules))))
                continue
            headings = [heading.strip() for heading in row]
            if not _are_good(table.problems, line, headings, rules):
                return table
    except csv_blocks.NotText as error:
        at = headings[error.cell - 1] if error.cell <= len(headings) else f"cell {error.cell}"
        table.problems.add(error.line, at, error.reason)
        return table
    if headings:
        table.read_to_its_end = True
    elif not table.problems.total:
        table.problems.add(1, "", "the file is empty; its first line must name the columns")
    return table


def twice(rows: Iterable[Row], column: str) -> Iterator[Problem]:
    """The rows that have a value which an earlier row has already. The value itself may be a secret."""
    first: dict[Any, int] = {}
    for row in rows:
        if column in row.values:
            line = first.setdefault(row.values[column], row.line)
            if line != row.line:
                yield Problem(row.line, column, f"the same is on line {line} already")


def closest(name: str, names: Iterable[str]) -> str:
    """A remedy for a name that is none: the one that was probably meant, or all there are."""
    known = list(names)
    likely = get_close_matches(name.lower(), known, 1)
    return f"did you mean {likely[0]}?" if likely else f"there are {', '.join(known)}"


def _rows(blocks: Iterable[csv_blocks.Rows]) -> Iterator[tuple[int, list[str]]]:
    for lines, rows in blocks:
        yield from zip(lines, rows, strict=True)


def _are_good(problems: Problems, line: int, headings: Sequence[str], columns: Iterable[str]) -> bool:
    """Whether the headings are good: without them no row can be read."""
    bad = list(_bad_headings(headings, list(columns)))
    for column, reason in bad:
        problems.add(line, column, reason)
    return not bad


def _bad_headings(headings: Sequence[str], columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(headings) == 1 and (separator := re.search("[;\t|:]", headings[0])):
        yield headings[0][:40], f"the columns are separated by {separator[0]!r}; separate them by commas"
        return
    for place, heading in enumerate(headings, 1):
        if heading not in columns:
            yield heading[:40] or f"cell {place}", f"is no column; {closest(heading, columns)}"
        elif heading in headings[: place - 1]:
            yield heading, "the heading is there twice"
    for column in columns:
        if column not in headings:
            yield column, "the column is missing"


def _cells(
    problems: Problems, line: int, headings: Sequence[str], row: Sequence[str], rules: Mapping[str, Rule]
) -> Iterator[tuple[str, Any]]:
    """The good cells of a row, as they are kept."""
    if len(row) != len(headings):
        at = headings[len(row)] if len(row) < len(headings) else f"cell {len(headings) + 1}"
        problems.add(line, at, f"the row has {len(row)} cells, the headings are {len(headings)}")
        return
    for column, text in zip(headings, row, strict=True):
        try:
            yield column, rules[column](text)
        except Refused as reason:
            problems.add(line, column, str(reason))
