"""A CSV file as blocks of rows, each row with the line that it begins on. Memory is bounded whatever the file holds.

A block ends with a line and outside quotes, so that each is read on its own. Its lines are split at their commas, which
takes half the time of the csv module; that reads the lines with a quote, and the block as a whole where they belong
together or are no CSV.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

# Rows of a block fit into the processor's cache, and are few enough not to wake the garbage collector.
BLOCK = 1 << 15
LONGEST = 1 << 20

Rows = tuple[Sequence[int], list[list[str]]]
"""The lines that rows begin on, and the rows."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_REMEDY = "save the file as CSV UTF-8"
_QUOTED = re.compile('"[^"]*"?')
_ERRORS = {
    "unexpected end of data": "a quote is opened here and never closed",
    "field larger": f"a quote is opened here and not closed within {csv.field_size_limit()} characters",
    "expected after": "a quote in a quoted cell must be doubled, and a comma must follow the last one",
    "new-line character": "holds a carriage return without a line feed; save the file with ordinary line ends",
}


class NotText(Exception):
    """The bytes are not lines of UTF-8. `line` and `cell` count from 1."""

    def __init__(self, line: int, cell: int, reason: str) -> None:
        self.line = line
        self.cell = cell
        self.reason = reason
        super().__init__(reason)


def read(
    source: BinaryIO, not_csv: Callable[[int, str], None], progress: Callable[[int], None] | None = None
) -> Iterator[Rows]:
    """The rows, without blank lines. Raises NotText on the way.

    `not_csv` is told the line and the reason of a row that is no CSV; `progress` how many bytes were read so far.
    """
    for line, block in _blocks(source, progress):
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            good = block[: block.rfind(b"\n", 0, error.start) + 1]
            if good:
                yield _rows(good.decode(), line, not_csv)
            raise _not_utf_8(block, error.start, line) from None
        yield _rows(text, line, not_csv)


def _rows(text: str, line: int, not_csv: Callable[[int, str], None]) -> Rows:
    text = text.replace("\r\n", "\n")
    if "\r" in text or "\n\n" in text or text[0] == "\n":
        return _parsed(text, line, not_csv)
    rows = _split(text.removesuffix("\n").split("\n"))
    return (range(line, line + len(rows)), rows) if rows else _parsed(text, line, not_csv)


def _split(lines: Sequence[str]) -> list[list[str]] | None:
    """The row of each line; None where a line is not a row by itself."""
    rows = [line.split(",") for line in lines]
    quoted = [place for place, line in enumerate(lines) if '"' in line]
    try:
        parsed = list(csv.reader((lines[place] for place in quoted), strict=True))
    except csv.Error:
        return None
    if len(parsed) < len(quoted):
        return None
    for place, row in zip(quoted, parsed, strict=True):
        rows[place] = row
    return rows


def _parsed(text: str, first: int, not_csv: Callable[[int, str], None]) -> Rows:
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    while True:
        line = first + reader.line_num
        try:
            for row in reader:
                if row:
                    lines.append(line)
                    rows.append(row)
                line = first + reader.line_num
            return lines, rows
        except csv.Error as error:
            not_csv(line, _explained(error, line, first + reader.line_num - 1))


def _explained(error: csv.Error, line: int, seen: int) -> str:
    reason = next((ours for theirs, ours in _ERRORS.items() if theirs in str(error)), str(error))
    return reason if seen == line else f"{reason} (lines {line} to {seen} were read as one row)"


def _blocks(source: BinaryIO, progress: Callable[[int], None] | None) -> Iterator[tuple[int, bytes]]:
    """Blocks of whole lines, each with the line it begins on. One that cannot end outside quotes ends anywhere."""
    rest = source.read(4)
    size, line = len(rest), 1
    rest = rest.removeprefix(_BYTE_ORDER_MARK)
    _refuse_utf_16(rest)
    while more := source.read(BLOCK):
        size += len(more)
        block, end, rest = (rest + more).rpartition(b"\n")
        block += end
        if block.count(b'"') % 2 and len(block) < LONGEST:
            block, rest = b"", block + rest
        elif block:
            yield line, block
            line += block.count(b"\n")
        elif len(rest) > LONGEST:
            raise NotText(line, 1, f"the line is longer than {LONGEST} bytes")
        if progress:
            progress(size)
    if rest:
        yield line, rest


def _refuse_utf_16(start: bytes) -> None:
    # Without a byte order mark it shows by its NULs: a heading is ASCII.
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise NotText(1, 1, f"the file is UTF-16, or begins with a NUL; {_REMEDY}")


def _not_utf_8(block: bytes, at: int, first: int) -> NotText:
    row = block[block.rfind(b"\n", 0, at) + 1 : at].decode("latin-1")
    cell = _QUOTED.sub("", row).count(",") + 1
    return NotText(first + block.count(b"\n", 0, at), cell, f"byte 0x{block[at]:02X} is not UTF-8; {_REMEDY}")
