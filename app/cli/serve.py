"""serve, migrate, settings: the service itself."""

import re
from typing import Annotated

import typer

from app.cli.errors import WRONG_USE, fail

MASKED = "(set, not shown)"


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(migrate)
    app.command()(settings)


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one needs PostgreSQL.")] = 1,
) -> None:
    """Runs the service."""
    import uvicorn

    from app import content
    from app.settings import load
    from app.store import schema

    chosen = load()
    if workers > 1 and chosen.on_sqlite:
        fail("more than one worker needs PostgreSQL: set PARTNERLINE_DATABASE_URL=postgresql+psycopg://…", WRONG_USE)
    flows = content.load(chosen.flows_dir)
    if not schema.is_current(chosen.database):
        fail("the database is not at the newest schema; run `partnerline migrate` first")
    _refuse_taken(host, port)
    _welcome(host, port, chosen.env == "development", flows.lines.default.name)
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


def _refuse_taken(host: str, port: int) -> None:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            fail(f"cannot listen on {host}:{port} ({error.strerror}); choose another with --port or --host")


def _welcome(host: str, port: int, development: bool, line: str) -> None:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 because it is only compared
    typer.echo(f"Partnerline answers on http://{shown}:{port}   API: http://{shown}:{port}/api/v1/openapi.json")
    if development:
        typer.echo("Place a call from another terminal, as certified partner 100234 with production down:")
        typer.echo(f'  .venv/bin/partnerline call "{line}" --keys "100234#,1"')
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
