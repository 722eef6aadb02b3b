"""phone: a telephone in the terminal, at the exchange that runs."""

import re
from typing import Annotated

import typer

from app.cli import dialling
from app.cli.errors import WRONG_USE, fail

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}|(sip|client):\S+")


def add_to(app: typer.Typer) -> None:
    app.command()(phone)


def phone(
    number: Annotated[str, typer.Argument(help="The telephone's own number, as +12065550161; or sip:… or client:….")],
    calls: Annotated[
        str | None,
        typer.Option(help='Dials this line first, by name or number: "US support". Ends when that call is over.'),
    ] = None,
    keys: Annotated[
        str | None,
        typer.Option(
            help='Keyed by itself, each time keys are asked for: "100234#,1". A comma waits for the next time.'
        ),
    ] = None,
    answers: Annotated[bool, typer.Option("--answers", help="Answers by itself when it rings.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Ends when the first call is over.")] = False,
    exchange: Annotated[
        str | None, typer.Option(help="The exchange's address. By default the one that `serve` has started.")
    ] = None,
) -> None:
    """Holds a telephone: shows who rings, prints what is heard, keys what you type. In real time.

    Type, and press Enter:

    \b
        a, or Enter alone   answers when it rings
        d                   declines
        100234#             is keyed
        s 8                 speaks for 8 seconds
        w 5                 waits 5 seconds
        h                   hangs up

    Lines may also come from a file or a pipe. Then each waits until its time has come: `a` until it rings, keys until
    keys are asked for. Ctrl-C hangs up and ends.

    \b
    An agent's telephone:   partnerline phone +12065550161
    A caller's telephone:   partnerline phone +12065550147 --calls "US support"
    """
    import asyncio

    from app.cli.handset import Handset

    if not NUMBER.fullmatch(number):
        fail(f"{number!r} is no number; write it with its country's code, as +12065550161", WRONG_USE)
    dialling.refuse_odd_keys(keys)
    if exchange is not None and not exchange.startswith(("http://", "https://")):
        fail(f"--exchange: {exchange!r} is no address; write it whole, as http://127.0.0.1:8010", WRONG_USE)
    handset = Handset(
        address=exchange or _exchange(),
        number=number,
        dials=None if calls is None else _line(calls),
        keys=[] if keys is None else keys.split(","),
        answers=answers,
        once=once or calls is not None,
    )
    asyncio.run(handset.held())


def _exchange() -> str:
    from app.exchange import whereabouts
    from app.settings import read

    settings = read()
    given = "exchange_url" in settings.model_fields_set
    return whereabouts.of(settings.state_dir, settings.exchange_url, given=given).url


def _line(name: str) -> str:
    """The number of a line."""
    from app import content
    from app.settings import read

    return dialling.number_of(name, content.load(read().flows_dir).lines)
