"""provision: where the provider's numbers lead, and the queues, as `ivr_flows/` has them."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import WRONG_USE, fail

if TYPE_CHECKING:
    from app.flows.flow import Flows
    from app.services.provisioning import Plan, Step
    from app.settings import Settings

ACCOUNT_SID = re.compile("AC[0-9A-Za-z]{32}")
THIS_MACHINE = re.compile(r"localhost|127\..*|0\.0\.0\.0|::1")


def add_to(app: typer.Typer) -> None:
    app.command()(provision)


def provision(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    fallback: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Your copy of /twilio/fallback.xml on another host; this service's own by default."
        ),
    ] = None,
) -> None:
    """Sets up the account at the provider from ivr_flows/, and says line by line what it does.

    Every number of lines.yaml and every desk number of regions.yaml is led to this service (PARTNERLINE_PUBLIC_URL):
    calls, the fallback for when it does not answer, and the news that a call has ended. Queues of queues.yaml that are
    missing are created. Nothing is ever deleted, and other numbers of the account are left alone.

    A second run changes nothing. Exit code 1: something is left that only you can put right; each such line says how.
    """
    import asyncio

    from app import content
    from app.settings import load

    settings = load()
    if problems := _unfit(settings, fallback):
        fail("\n".join(problems), WRONG_USE)
    asyncio.run(_provision(settings, content.load(settings.flows_dir), fallback, dry_run))


def _unfit(settings: "Settings", fallback: str | None) -> list[str]:
    """What must be set before the provider can be told anything."""
    if settings.provider_name == "exchange":
        return [
            "the provider is the built-in exchange, which needs no setting up; for a real one set"
            " PARTNERLINE_PROVIDER=twilio, PARTNERLINE_TWILIO_ACCOUNT_SID and PARTNERLINE_TWILIO_AUTH_TOKEN"
        ]
    problems = []
    if not ACCOUNT_SID.fullmatch(settings.twilio_account_sid):
        problems.append(
            "PARTNERLINE_TWILIO_ACCOUNT_SID: give the account's SID, AC and 32 hexadecimal digits, from the first page"
            " of the provider's console"
        )
    if misfit := _misfit(settings.twilio_api_url):
        problems.append(f"PARTNERLINE_TWILIO_API_URL: {misfit}, as in https://api.twilio.com")
    elif misfit := _misfit(settings.public_url) or _unreachable(settings.public_url, settings.twilio_api_url):
        problems.append(f"PARTNERLINE_PUBLIC_URL: {misfit}, as in https://ivr.example.com")
    if fallback is not None and (misfit := _misfit(fallback)):
        problems.append(f"--fallback: {misfit}, as in https://files.example.com/fallback.xml")
    return problems


def _misfit(address: str) -> str | None:
    """Why an address cannot be one that the provider asks, as the beginning of a remedy."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "this is no address; give the whole one"
    if parts.scheme not in ("http", "https") or not host or not address.isprintable() or " " in address:
        return "give the whole address"
    if parts.query or parts.fragment:
        return "give the address without anything after ? or #"
    return "the provider refuses host names with an underscore; give another name" if "_" in host else None


def _unreachable(public_url: str, api_url: str) -> str | None:
    """A stand-in for the provider on this machine may well call this machine; the provider cannot."""
    if _here(public_url) and not _here(api_url):
        return "the provider cannot reach this machine by that name; give its public address"
    return None


def _here(address: str) -> bool:
    from urllib.parse import urlsplit

    return THIS_MACHINE.fullmatch(urlsplit(address).hostname or "") is not None


async def _provision(settings: "Settings", flows: "Flows", fallback: str | None, dry_run: bool) -> None:
    from app.provider.rest import TwilioRest
    from app.provider.rest_errors import ProviderError
    from app.services import provisioning

    provider = TwilioRest(settings.twilio_account_sid, settings.auth_tokens[0], settings.twilio_api_url)
    try:
        plan = await provisioning.look(provider, flows, provisioning.addresses(settings.public_url, fallback))
        for name in plan.right:
            typer.echo(f"right already: {name}")
        for step in plan.steps:
            if not dry_run:
                await provisioning.carry_out(provider, step)
            _tell(step, dry_run)
    except ProviderError as error:
        fail(str(error))
    finally:
        await provider.close()
    _sum_up(plan, dry_run)


def _tell(step: "Step", dry_run: bool) -> None:
    from app.services.provisioning import CreateQueue

    if isinstance(step, CreateQueue):
        verb = "would create" if dry_run else "created"
        typer.echo(f"{verb} queue {step.name}, for {step.max_size} callers")
        return
    typer.echo(f"{'would set' if dry_run else 'set'} {step.name}")
    for change in step.changes:
        typer.echo(f"    {change}")


def _sum_up(plan: "Plan", dry_run: bool) -> None:
    """The count, and what is left to the operator, which is an exit code of its own."""
    problems = len(plan.problems)
    left = f", {problems} left to you" if problems else ""
    verb = "would be set up" if dry_run else "set up"
    typer.echo(f"{len(plan.right)} right already, {len(plan.steps)} {verb}{left}.")
    if plan.problems:
        fail("\n".join(plan.problems))
