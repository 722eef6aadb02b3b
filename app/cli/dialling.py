"""What is dialled and keyed on a command line."""

from typing import TYPE_CHECKING

from app.cli.errors import WRONG_USE, fail

if TYPE_CHECKING:
    from app.domain.lines import Lines

KEYPAD = frozenset("0123456789*#")


def odd_key(keys: str) -> str | None:
    """A key that is not on the keypad; None where all are."""
    return min(set(keys) - KEYPAD, default=None)


def refuse_odd_keys(keys: str | None) -> None:
    """Ends the command where `--keys` names a key that there is not."""
    if odd := odd_key((keys or "").replace(",", "")):
        fail(f"--keys: {odd!r} is not on the keypad; use 0 to 9, *, # and a comma between answers", WRONG_USE)


def number_of(line: str, lines: "Lines") -> str:
    """The number of a line that is named, or the number itself. Ends the command for a name that is no line's."""
    if line.startswith("+"):
        return line.replace(" ", "")
    if line not in lines.by_name:
        known = ", ".join(lines.by_name)
        fail(f"there is no line {line!r}; give a number as +18888988733, or one of {known}", WRONG_USE)
    return lines.by_name[line].numbers[0]
