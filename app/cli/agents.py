"""agents list, agents import: the people who take the calls."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli import files
from app.cli.errors import fail, refuse_old_schema

if TYPE_CHECKING:
    from app.domain.agents import Agent
    from app.runtime import Runtime

app = typer.Typer(help="The agents: the people who take the calls.", no_args_is_help=True, rich_markup_mode=None)
T = TypeVar("T")
ACTOR = "command line"
HEADINGS = ("NAME", "STATE", "SINCE (UTC)", "QUEUES", "REACH")


@app.callback()
def agents() -> None:
    """The agents: the people who take the calls."""


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="A JSON array, for programs.")] = False) -> None:
    """Lists the agents: name, state and since when, queues, and where each is rung; never the code."""
    from app.services import agents as service

    found = _with_runtime(service.everyone)
    if as_json:
        import json

        typer.echo(json.dumps([_as_json(agent) for agent in found], ensure_ascii=False))
    elif not found:
        typer.echo("There are no agents. `partnerline agents import FILE.csv` reads some; see its --help.")
    else:
        for line in _table([HEADINGS, *(_cells(agent) for agent in found)]):
            typer.echo(line)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8 CSV: name,reach,queues,code.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Set agents offline that the file does not name.")] = False,
) -> None:
    """Reads agents from a file: all of them or, where a single row is wrong, none.

    The first line names the columns, in any order:

        name,reach,queues,code

        Ana Ruiz,+12065550147,tier1-us;tier2-us,4711

    reach: a number with its country's code, or an address as sip:ana@example.com or client:ana. queues: from
    queues.yaml, separated by semicolons. code: 4 to 10 digits; keyed after ** from the agent's own telephone it takes
    the agent on duty and off.

    An agent who is known by name is changed and keeps the state; a new one is offline. An agent missing from the file
    stays as it is. Exit code 1: the file is refused, and every bad row is listed.
    """
    from app.services import agent_import

    with files.opened(file) as source:
        report = _with_runtime(
            lambda runtime: agent_import.import_file(runtime, source, ACTOR, dry_run=dry_run, replace=replace)
        )
    if report.problems:
        files.refuse(file, report)
    typer.echo(files.summary(report, "agents", "set offline", dry_run=dry_run))


def _with_runtime(use: "Callable[[Runtime], Awaitable[T]]") -> T:
    """Does something with a runtime whose database is good. What is refused ends the command."""
    import asyncio

    from app.main import build_runtime
    from app.services.refusals import Refusal
    from app.settings import load

    settings = load()
    refuse_old_schema(settings.database)
    runtime = build_runtime(settings)

    async def run() -> T:
        try:
            return await use(runtime)
        finally:
            await runtime.provider.close()
            await runtime.database.close()
            runtime.journal.close()

    try:
        return asyncio.run(run())
    except Refusal as error:
        fail(str(error))


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(agent: "Agent") -> Sequence[str]:
    state = agent.state.replace("_", " ")
    return (
        agent.name,
        f"{state} ({agent.reason})" if agent.reason else state,
        f"{agent.since:%Y-%m-%d %H:%M}",
        ", ".join(agent.queues),
        agent.reach,
    )


def _as_json(agent: "Agent") -> dict[str, object]:
    return {
        "id": agent.id,
        "name": agent.name,
        "reach": agent.reach,
        "queues": list(agent.queues),
        "state": agent.state,
        "reason": agent.reason,
        "since": _moment(agent.since),
        "wrap_until": _moment(agent.wrap_until) if agent.wrap_until else None,
    }


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
