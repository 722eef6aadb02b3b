"""duty check: who is on duty for escalations, and whether somebody always is."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import fail

if TYPE_CHECKING:
    from app.domain.duty import Gap
    from app.flows.flow import Flows

app = typer.Typer(help="The contacts on duty.", no_args_is_help=True, rich_markup_mode=None)
GAPS_SHOWN = 20


@app.callback()
def duty() -> None:
    """The contacts on duty for escalations."""


@app.command()
def check(
    year: Annotated[
        int | None, typer.Option(min=1971, max=9000, help="The year to check; this one by default.")
    ] = None,
) -> None:
    """Shows who covers which hours of a year, and every gap. Exit code 1 if there is one."""
    from app import content
    from app.domain import duty
    from app.runtime import clock
    from app.settings import load

    settings = load()
    flows = content.load(settings.flows_dir)
    chosen = year or clock(settings.clock)().year
    tiers = sorted({ladder.tier for ladder in flows.ladders})
    found = [gap for tier in tiers for gap in duty.gaps(flows.ladders, tier, chosen)]
    for tier in tiers:
        _show(flows, tier)
    if not found:
        typer.echo(f"No gap in {chosen}: somebody is on duty for each tier at every minute.")
        return
    for text, days in _daily(found):
        typer.echo(f"{text} UTC on {days} {'day' if days == 1 else 'days'} of {chosen}")
    counted = f"{len(found)} {'gap' if len(found) == 1 else 'gaps'}"
    fail(f"nobody is on duty in {counted} of {chosen}; widen a window in duty.yaml")


def _show(flows: "Flows", tier: int) -> None:
    typer.echo(f"Tier {tier}")
    for ladder in flows.ladders:
        if ladder.tier == tier:
            window = f"{ladder.window.opens:%H:%M}-{ladder.window.closes:%H:%M} {ladder.zone.key}"
            typer.echo(f"  {ladder.region:6} {window:36} {', then '.join(c.name for c in ladder.rungs)}")


def _daily(gaps: "list[Gap]") -> list[tuple[str, int]]:
    """The gaps, those alike counted together: a gap of every day is one line."""
    counted: dict[str, int] = {}
    for gap in gaps:
        days = (gap.span.end - gap.span.start).days
        until = f"{gap.span.end:%H:%M}" if days == 0 else f"{gap.span.end:%Y-%m-%d %H:%M}"
        start = f"{gap.span.start:%H:%M}" if days == 0 else f"{gap.span.start:%Y-%m-%d %H:%M}"
        text = f"Tier {gap.tier}: nobody on duty {start}-{until}"
        counted[text] = counted.get(text, 0) + 1
    return list(counted.items())[:GAPS_SHOWN]
