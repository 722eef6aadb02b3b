"""call: places a call on the built-in exchange and prints what the caller hears, with the case and the reasons."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import dialling
from app.cli.errors import WRONG_USE, fail, refuse_old_schema

if TYPE_CHECKING:
    from app.exchange import Call
    from app.runtime import Runtime

# What the caller does when the service records or makes the caller wait, in seconds.
MESSAGE = 8.0
PATIENCE = 30.0
# A call that has not come to a rest by then goes round in circles.
STEPS = 60
CENTURY = range(2000, 2100)


def add_to(app: typer.Typer) -> None:
    app.command()(call)


def call(
    line: Annotated[str, typer.Argument(help='The line by name or number: "US support" or +18888988733.')],
    caller: Annotated[
        str, typer.Option("--from", help="The caller's number; empty for a withheld one.")
    ] = "+12065550147",
    keys: Annotated[
        str | None,
        typer.Option(
            help='What the caller keys: "100234#,1". A comma waits for the next prompt. Asked for if left out.'
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The moment of the call, ISO 8601 with an offset; now by default.")
    ] = None,
) -> None:
    """Places a call and prints what the caller hears, and why."""
    import asyncio

    dialling.refuse_odd_keys(keys)
    asyncio.run(_call(line, caller or None, keys, _moment(at)))


def _moment(at: str | None) -> datetime | None:
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        fail(f"--at: {at!r} is no moment; write it as 2026-03-07T12:00:00Z", WRONG_USE)
    if moment.tzinfo is None:
        fail(f"--at: {at} has no offset; write it as {at}Z, or with +01:00", WRONG_USE)
    if moment.year not in CENTURY:
        fail(f"--at: {at} is not in this century", WRONG_USE)
    return moment


async def _call(line: str, caller: str | None, keys: str | None, at: datetime | None) -> None:
    import httpx2

    from app import logs
    from app.exchange import Exchange, VirtualClock
    from app.main import build_runtime, create_app, running
    from app.runtime import clock
    from app.settings import auth_tokens, load

    settings = load()
    if settings.env == "production":
        fail("a call on the built-in exchange would open a real case; call the line itself in production", WRONG_USE)
    logs.configure("quiet")
    refuse_old_schema(settings.database)
    # The call's own clock: an hour of music takes a moment, and the service lives in the same hour.
    turned = VirtualClock(at or clock(settings.clock)())
    runtime = build_runtime(settings, now=turned.now)
    number = dialling.number_of(line, runtime.flows.lines)
    async with running(runtime):
        transport = httpx2.ASGITransport(app=create_app(runtime, settings))
        async with httpx2.AsyncClient(transport=transport, base_url="http://partnerline") as http:
            exchange = Exchange(
                http,
                account_sid=settings.twilio_account_sid or "AC" + "0" * 32,
                auth_token=auth_tokens(settings)[0],
                public_url=settings.public_url or "http://partnerline",
                clock=turned,
            )
            typer.echo(f"{turned.now():%Y-%m-%d %H:%M} UTC, {caller or 'a withheld number'} calls {number}")
            placed = await exchange.dial(number, caller, listen=False)
            await _converse(placed, keys)
            await _show_case(runtime, placed)
            if not placed.over:
                await placed.hangup()


async def _converse(placed: "Call", keys: str | None) -> None:
    """Goes on until the caller waits in a queue, the call is over, or nothing new happens."""
    told = 0
    left = None if keys is None else keys.split(",")
    for _ in range(STEPS):
        await placed.listen()
        told = _tell(placed, told)
        if placed.over or placed.waiting_in is not None:
            break
        if placed.waits_for == "keys":
            await _press(placed, left)
        elif placed.waits_for == "recording":
            typer.echo(f"{'':6} the caller speaks for {MESSAGE:.0f} seconds, then keys #")
            await placed.leave_message(MESSAGE)
        else:
            await placed.wait(PATIENCE)
    _tell(placed, told)
    if placed.waiting_in is not None:
        typer.echo(f"{'':6} the caller waits in the queue {placed.waiting_in}")


async def _press(placed: "Call", left: list[str] | None) -> None:
    said = [_ask()] if left is None else left
    keyed = said.pop(0) if said else ""
    if odd := dialling.odd_key(keyed):
        typer.echo(f"{'':6} {odd!r} is not on the keypad")
        return
    if keyed:
        typer.echo(f"{'':6} the caller keys {keyed}")
        await placed.press(keyed, listen=False)
    else:
        typer.echo(f"{'':6} the caller keys nothing")
        await placed.wait(PATIENCE)


def _ask() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return str(typer.prompt("       keys (Enter for none)", default="", show_default=False)).strip()


def _tell(placed: "Call", told: int) -> int:
    for event in placed.heard[told:]:
        seconds = int(event.at)
        typer.echo(f"{seconds // 60:02}:{seconds % 60:02}  {event}")
    return len(placed.heard)


def _in_words(value: object) -> str:
    """A column as a person reads it, the same from both databases."""
    text = str(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if text.endswith("Z") and text[:4].isdigit():
        return f"{text[:19].replace('T', ' ')} UTC"
    return text.strip("[]").replace('"', "")


async def _show_case(runtime: "Runtime", placed: "Call") -> None:
    from app.store import lookups

    steps = await lookups.reasons(runtime.store, placed.sid)
    stub = await lookups.stub_of_call(runtime.store, placed.sid)
    if stub is None:
        typer.echo("\nNo case was opened.")
    else:
        typer.echo(f"\nCase {stub.pop('number')}")
        for name, value in stub.items():
            if value not in (None, "", "[]"):
                typer.echo(f"  {name:22} {_in_words(value)}")
    if steps:
        typer.echo("\nWhy:")
        for step, reason in enumerate(steps, 1):
            typer.echo(f"  {step}. {reason}")
