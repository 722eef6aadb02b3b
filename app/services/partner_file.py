"""The partner file: CSV in, checked rows out; rows in, CSV out. The contract is interfaces, "The partner file".

A block of rows is looked at by column, where a text that repeats is looked at once: that is what makes a million rows
quick. A block that does not pass is looked at row by row, so that every bad row can be told.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from app.domain.partners import dialled
from app.services import csv_blocks
from app.services import partner_cells as cells
from app.services import partner_columns as columns
from app.services.partner_check import check_partner
from app.store.partner_staging import FIELDS, Batch, Column

MOST_PROBLEMS = 1_000

# What a spreadsheet takes for a formula, also in its full-width form. A text that begins so is written with a `'` in
# front; one that begins with `'` and so gets a second one, or it would lose its own when read.
_FORMULA = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")
# Not the phones: they begin with + and hold digits only.
_GUARDED = frozenset(("pid", "name", "parent_account", "loa_customers"))
_EMPTY: csv_blocks.Rows = ((1,), [[]])
_NOTHING = dict.fromkeys(("certified_from", "certified_until"))


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Why a row is refused. `line` is the line of the file where the row begins; `column` "" stands for the row."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.column and self.column + ': '}{self.reason}"


class Problems:
    """The first problems by line, and how many there are in all: a file may have a million."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self.total = 0

    def add(self, line: int, column: str, reason: str) -> None:
        """For problems that come in the order of their lines."""
        self.total += 1
        if len(self._kept) < MOST_PROBLEMS:
            self._kept.append(Problem(line, column, reason))

    def extend(self, first: Iterable[Problem], total: int) -> None:
        """For the first problems of another order, and how many that order has in all."""
        self._kept = sorted([*self._kept, *first])[:MOST_PROBLEMS]
        self.total += total

    @property
    def first(self) -> tuple[Problem, ...]:
        return tuple(sorted(self._kept))


class PartnerFile:
    """Reads one file. Bad rows go to `problems`; what `batches` gives is worth storing only if there are none.

    `absent` names the columns that the file has not. `read_to_its_end` is False where headings or encoding forbid it.
    """

    def __init__(
        self, source: BinaryIO, countries: cells.Countries, progress: Callable[[int], None] | None = None
    ) -> None:
        self.problems = Problems()
        self.absent: tuple[str, ...] = ()
        self.rows = 0
        self.read_to_its_end = False
        self._countries = countries
        self._rules = cells.rules(countries)
        self._headings: list[str] = []
        self._blocks = csv_blocks.read(source, self._not_csv, progress)

    def batches(self) -> Iterator[Batch]:
        try:
            first_lines, first_rows = next((block for block in self._blocks if block[1]), _EMPTY)
            if self._read_headings(first_lines[0], first_rows[0]):
                for lines, rows in chain([(first_lines[1:], first_rows[1:])], self._blocks):
                    self.rows += len(rows)
                    yield self._checked(lines, rows)
                self.read_to_its_end = True
        except csv_blocks.NotText as error:
            self.problems.add(error.line, self._heading(error.cell), error.reason)

    def _not_csv(self, line: int, reason: str) -> None:
        self.problems.add(line, "", reason)

    def _read_headings(self, line: int, row: Sequence[str]) -> bool:
        """Whether the headings are good: without them no row can be read."""
        self._headings = [heading.strip() for heading in row]
        self.absent = tuple(column for column in cells.COLUMNS if column not in self._headings)
        bad = list(_bad_headings(self._headings))
        for column, reason in bad:
            self.problems.add(line, column, reason)
        return not bad

    def _heading(self, cell: int) -> str:
        return self._headings[cell - 1] if cell <= len(self._headings) else f"cell {cell}"

    def _checked(self, lines: Sequence[int], rows: Sequence[list[str]]) -> Batch:
        try:
            return Batch(lines, self._by_column(rows))
        except (cells.Refused, _Ragged):
            return self._by_row(lines, rows)

    def _by_column(self, rows: Sequence[list[str]]) -> list[Column]:
        """The columns as they are kept. Raises Refused or _Ragged if anything is wrong."""
        if set(map(len, rows)) - {len(self._headings)}:
            raise _Ragged
        texts: dict[str, Sequence[str]] = dict(zip(self._headings, zip(*rows, strict=True), strict=False))
        for column in _GUARDED & texts.keys():
            if "'" in "".join(texts[column]):
                texts[column] = [_without_guard(text) for text in texts[column]]
        nothing = ("",) * len(rows)
        kept = {column: columns.kept(column, texts.get(column, nothing), rule) for column, rule in self._rules.items()}
        kept["phones"] = columns.phones(texts.get("phones", nothing), kept["region"], self._countries)
        for start, end in set(zip(kept["certified_from"], kept["certified_until"], strict=True)):
            cells.period(start, end)
        kept["dialled"] = columns.all_dialled(kept["pid"], kept["dial_code"])
        return [kept[column] for column in FIELDS]

    def _by_row(self, lines: Sequence[int], rows: Sequence[list[str]]) -> Batch:
        """Every problem of every row. A bad row whose PID can be read is kept, to be compared with the others."""
        kept_lines = []
        kept = []
        for line, row in zip(lines, rows, strict=True):
            values = self._row(line, row)
            if "pid" in values and "dial_code" in values:
                values["dialled"] = dialled(values["pid"] or "", values["dial_code"] or "")
                kept_lines.append(line)
                kept.append([values.get(column, _NOTHING.get(column, "")) for column in FIELDS])
        return Batch(kept_lines, list(zip(*kept, strict=True)))

    def _row(self, line: int, row: list[str]) -> dict[str, str | None]:
        """The good cells of a row, as they are kept."""
        if len(row) != len(self._headings):
            at = self._heading(min(len(row), len(self._headings)) + 1)
            self.problems.add(line, at, f"the row has {len(row)} cells, the headings are {len(self._headings)}")
            return {}
        texts = dict(zip(self._headings, row, strict=True))
        checked = check_partner(
            {column: _without_guard(text) if column in _GUARDED else text for column, text in texts.items()},
            self._countries,
        )
        for column, reason in checked.refused.items():
            self.problems.add(line, column, reason)
        return checked.values


class _Ragged(Exception):
    """A row has more or fewer cells than there are headings."""


def _bad_headings(headings: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not headings:
        yield "", "the file is empty; its first line must name the columns"
        return
    if len(headings) == 1 and (separator := re.search("[;\t|:]", headings[0])):
        yield headings[0][:40], f"the columns are separated by {separator[0]!r}; separate them by commas"
        return
    for place, heading in enumerate(headings, 1):
        if heading not in cells.COLUMNS:
            yield heading or f"cell {place}", f"is no column; the columns are {', '.join(cells.COLUMNS)}"
        elif heading in headings[: place - 1]:
            yield heading, "the heading is there twice"
    for column in cells.REQUIRED:
        if column not in headings:
            yield column, "the column is missing"


def _without_guard(text: str) -> str:
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def _guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


class _Echo:
    def write(self, text: str) -> str:
        return text


def written(partners: Iterable[dict[str, str | None]]) -> Iterator[str]:
    """The partner file, line by line, headings first. Read again it gives the same partners; no cell is a formula."""
    writer: Any = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(cells.COLUMNS)
    for partner in partners:
        guarded = {column: _guarded(partner[column] or "") for column in _GUARDED}
        yield writer.writerow([(partner | guarded)[column] for column in cells.COLUMNS])
