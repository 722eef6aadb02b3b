"""`partnerline partners`: the partner file in and out."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import files
from app.cli.errors import WRONG_USE, fail

if TYPE_CHECKING:
    from app.settings import Settings

app = typer.Typer(
    help="The partner directory: from a CSV file, and back into one.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def partners() -> None:
    """The partner directory: from a CSV file, and back into one."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8 CSV with a line of headings.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Suspend partners that the file does not name.")] = False,
) -> None:
    """Import partners, all of them or, where a single row is wrong, none."""
    from app import content
    from app.services.partners import import_file

    with files.opened(file) as source, _database() as settings, _bar(file) as progress:
        countries = content.load(settings.flows_dir).countries
        report = import_file(source, settings.database, countries, dry_run=dry_run, replace=replace, progress=progress)
    if report.problems:
        files.refuse(file, report)
    typer.echo(files.summary(report, "partners", "suspended", dry_run=dry_run))


@app.command()
def export() -> None:
    """Print every partner as CSV, in the form that `import` reads."""
    from app.services.partners import export as exported

    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # because the terminal may be of another locale
    try:
        with _database() as settings, exported(settings.database) as lines:
            sys.stdout.writelines(lines)
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


@contextmanager
def _database() -> "Iterator[Settings]":
    """The settings; what is wrong with the database they name ends the command."""
    from app.services.partners import Unusable
    from app.settings import SettingsError, load

    try:
        yield load()
    except SettingsError as error:
        fail(str(error), WRONG_USE)
    except Unusable as error:
        fail(str(error))


@contextmanager
def _bar(file: Path) -> Iterator[Callable[[int], None] | None]:
    """A progress bar over the bytes of a file, where a person is watching."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Reading {file.name}", total=file.stat().st_size)

        def progress(size: int) -> None:
            bar.update(task, completed=size)

        yield progress
