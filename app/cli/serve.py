"""serve, migrate, settings: the service itself."""

import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import WRONG_USE, fail, refuse_old_schema

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from app.settings import Settings

MASKED = "(set, not shown)"
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 because it is only compared


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(migrate)
    app.command()(settings)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one needs PostgreSQL.")] = 1,
    exchange_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The built-in exchange's port; ten beyond --port, or any free one."),
    ] = None,
) -> None:
    """Runs the service; where the provider is `exchange`, with the built-in telephone company beside it."""
    import uvicorn

    from app import content
    from app.settings import load

    chosen = load()
    if workers > 1 and chosen.on_sqlite:
        fail("more than one worker needs PostgreSQL: set PARTNERLINE_DATABASE_URL=postgresql+psycopg://…", WRONG_USE)
    flows = content.load(chosen.flows_dir)
    refuse_old_schema(chosen.database)
    port = _free(host, port)
    address = f"http://{_shown_host(host)}:{port}"
    with _exchange(chosen, address, port, exchange_port) as told:
        _welcome(address, told, chosen.env == "development", flows.lines.default.name)
        uvicorn.run(
            "app.main:app_from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            http="httptools",
            access_log=False,
            log_level="warning",
            # The provider is told our public address; nothing that a proxy adds is believed.
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )


def _shown_host(host: str) -> str:
    """The host as it stands in an address on this machine."""
    if host in EVERYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _exchange(chosen: "Settings", address: str, port: int, exchange_port: int | None) -> "AbstractContextManager[str]":
    """The telephone company beside the service, if it is ours and on this machine. Gives what is said about it."""
    from app.cli import own_exchange

    if not chosen.on_own_exchange or not own_exchange.here(chosen):
        return nullcontext("")
    return own_exchange.beside(own_exchange.wanted(chosen, address, port, exchange_port))


def _free(host: str, port: int) -> int:
    """The port, if it is free; for 0 one that is."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
            return int(trial.getsockname()[1])
        except OSError as error:
            fail(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port or --host")


def _welcome(address: str, exchange: str, development: bool, line: str) -> None:
    typer.echo(f"Partnerline answers on {address}   API: {address}/api/v1/openapi.json")
    if development:
        typer.echo("Place a call from another terminal, as certified partner 100234 with production down:")
        typer.echo(f'  .venv/bin/partnerline call "{line}" --keys "100234#,1"')
    if exchange:
        typer.echo(
            "Or hold telephones in real time, each in a terminal of its own: a caller's, and an agent's that rings:"
        )
        typer.echo(f'  .venv/bin/partnerline phone +12065550147 --calls "{line}" --keys "100234#,1"')
        typer.echo("  .venv/bin/partnerline phone +12065550162   (agents are set up as in README.md, Answer a call)")
        typer.echo(exchange)
    typer.echo("Stop with Ctrl-C.")


def migrate() -> None:
    """Brings the database to the newest schema."""
    from app.settings import load
    from app.store import schema

    chosen = load()
    schema.upgrade(chosen.database)
    typer.echo("The database is at the newest schema.")


def settings() -> None:
    """Lists every setting, its default and its present value."""
    from app.settings import PREFIX, Settings, read

    present = read()
    for name, field in Settings.model_fields.items():
        typer.echo(f"{PREFIX}{name.upper()}")
        typer.echo(f"    {field.description}")
        typer.echo(f"    default: {_shown(name, field.default)}   now: {_shown(name, getattr(present, name))}")


def _shown(name: str, value: object) -> str:
    """A value as a person may see it: of a secret only that there is one, of a database its address."""
    secret = getattr(value, "get_secret_value", None)
    text = str(secret() if secret else "" if value is None else value)
    if not text:
        return "(none)"
    if name == "database_url":
        return re.sub(r"//([^:/@]*):[^@]*@", r"//\1:***@", text)
    return MASKED if secret else text
