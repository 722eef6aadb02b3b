"""Files that are imported: opened, or refused with every reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

import typer

from app.cli.errors import WRONG_USE, fail

if TYPE_CHECKING:
    from app.services.imports import ImportReport


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """Ends the command where the file cannot be read."""
    try:
        source = file.open("rb")
    except OSError as error:
        fail(f"{file}: {error.strerror}", WRONG_USE)
    with source:
        yield source


def refuse(file: Path, report: "ImportReport") -> NoReturn:
    """Says what is wrong, each on a line of its own, and ends the command."""
    for problem in report.problems:
        typer.echo(f"partnerline: {file}: {problem}", err=True)
    more = f", {report.more_problems} of them not shown" if report.more_problems else ""
    problems = len(report.problems) + report.more_problems
    fail(f"{file}: nothing was changed: {problems} problem{'s' * (problems != 1)}{more}")


def summary(report: "ImportReport", of: str, left_out: str, *, dry_run: bool) -> str:
    """What was changed: of whom, and what became of those whom the file leaves out."""
    verb = "would be " if dry_run else ""
    return (
        f"{report.rows} {of} read: {report.added} {verb}added, {report.changed} {verb}changed, "
        f"{report.unchanged} unchanged, {report.left_out} {verb}{left_out}."
    )
