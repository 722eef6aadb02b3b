"""How a command ends that cannot do what it was asked: one clear line on standard error, never a traceback."""

from collections.abc import Sequence
from typing import NoReturn

import typer

NOT_RIGHT = 1
WRONG_USE = 2


def fail(message: str, code: int = NOT_RIGHT) -> NoReturn:
    """Says what is wrong and ends the command with an exit code."""
    for line in message.splitlines():
        typer.echo(f"partnerline: {line}", err=True)
    raise typer.Exit(code)


def refuse_old_schema(database_url: str) -> None:
    """Ends the command where the database is not at the newest schema."""
    from app.store import schema

    if not schema.is_current(database_url):
        fail("the database is not at the newest schema; run `partnerline migrate` first")


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Runs a command line and gives its exit code; what was not foreseen is one line too."""
    command = typer.main.get_command(app)
    try:
        result = command.main(list(arguments), prog_name="partnerline", standalone_mode=False)
    except Exception as error:
        return _ended(error)
    except KeyboardInterrupt:
        return 130
    return result if isinstance(result, int) else 0


def _ended(error: Exception) -> int:
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, typer.Abort):
        typer.echo("partnerline: stopped", err=True)
        return NOT_RIGHT
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(str(error))
        return WRONG_USE
    shown = getattr(error, "format_message", None)
    if shown is not None:
        typer.echo(f"partnerline: {' '.join(str(shown()).split())} (see `--help`)", err=True)
        return int(getattr(error, "exit_code", WRONG_USE))
    if isinstance(error, BrokenPipeError):
        return 0
    known, code = _known(error)
    for line in known.splitlines() or [type(error).__name__]:
        typer.echo(f"partnerline: {line}", err=True)
    return code


def _known(error: Exception) -> tuple[str, int]:
    """What an error of ours means to who runs the command."""
    name = type(error).__name__
    if name == "SettingsError":
        return str(error), WRONG_USE
    if name in ("ContentError", "SchemaError"):
        return str(error), NOT_RIGHT
    if name == "StoreUnavailable":
        return (
            f"the database does not answer ({error}); check PARTNERLINE_DATABASE_URL, or run `partnerline migrate`",
            NOT_RIGHT,
        )
    return f"this should not happen: {name}: {' '.join(str(error).split())}", NOT_RIGHT
