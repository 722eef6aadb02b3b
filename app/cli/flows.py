"""flows check, flows draw: the files a support lead writes."""

from typing import Annotated

import typer

from app.cli.errors import WRONG_USE, fail

app = typer.Typer(help="The flows and facts in ivr_flows/.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check() -> None:
    """Lists every mistake in ivr_flows/ with file, line and remedy."""
    from app import content
    from app.settings import load

    try:
        flows = content.load(load().flows_dir)
    except content.ContentError as error:
        for problem in error.problems:
            typer.echo(str(problem))
        fail(f"{len(error.problems)} {'mistake' if len(error.problems) == 1 else 'mistakes'} in the flows")
    lines = flows.lines.by_name
    numbers = sum(len(line.numbers) for line in lines.values())
    typer.echo(
        f"Everything is right: {len(flows.starts)} flows with {len(flows.nodes)} nodes, {len(lines)} lines with "
        f"{numbers} numbers, {len(flows.regions)} regions, {len(flows.queues)} queues, revision {flows.revision}."
    )


@app.command()
def draw(
    flow: Annotated[str | None, typer.Argument(help="A flow, as `identify`; all of them if none is named.")] = None,
) -> None:
    """Prints a flow as a Mermaid diagram, to be shown by any Markdown viewer."""
    from app import content
    from app.flows.draw import mermaid
    from app.settings import load

    flows = content.load(load().flows_dir)
    if flow is not None and flow not in flows.starts:
        fail(f"there is no flow {flow}; there are {', '.join(sorted(flows.starts))}", WRONG_USE)
    typer.echo(mermaid(flows.nodes, flows.starts, flow))
