"""exchange: the built-in telephone company as a process of its own, in real time."""

from typing import Annotated

import typer

from app.cli.errors import WRONG_USE, fail


def add_to(app: typer.Typer) -> None:
    app.command()(exchange)


def exchange(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any free one.")] = 8010,
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="How many times as fast as in life speech, music and ringing pass.")
    ] = 1.0,
    for_service: Annotated[
        bool, typer.Option("--for-service", help="Ends by itself once service and calls have been gone for a while.")
    ] = False,
) -> None:
    """Runs the built-in telephone company: calls live in it, and go on while the service is away.

    `partnerline serve` starts one by itself where the provider is `exchange`. It calls the service at
    PARTNERLINE_PUBLIC_URL, or http://127.0.0.1:8000. Its telephones are held with `partnerline phone NUMBER`.
    """
    import asyncio
    import os
    from contextlib import suppress

    from app import logs
    from app.exchange.clock import RealClock
    from app.exchange.hosting import Hosted
    from app.exchange.hosting import host as run
    from app.exchange.whereabouts import SERVICE
    from app.runtime import clock
    from app.settings import auth_tokens, load

    settings = load()
    if settings.provider_name != "exchange":
        fail("the provider is twilio: the built-in telephone company takes no part", WRONG_USE)
    logs.configure(settings.log_format or "text")
    hosted = Hosted(
        account_sid=settings.account_sid,
        auth_token=auth_tokens(settings)[0],
        calls=settings.public_url.rstrip("/") or SERVICE,
        clock=RealClock(clock(settings.clock)(), speed),
        state_dir=settings.state_dir,
        host=host,
        port=port,
        for_service=for_service,
    )

    def ready(url: str) -> None:
        typer.echo(f"The telephone company listens on {url} and calls the service at {hosted.calls}.")
        typer.echo("Hold a telephone in another terminal: .venv/bin/partnerline phone +12065550147 --help")
        typer.echo("Stop with Ctrl-C.")

    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(run(hosted, ready))
    except OSError as error:
        fail(f"cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}); choose another with --port")
