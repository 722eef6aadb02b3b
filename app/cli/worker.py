"""worker: background work in a process of its own."""

from typing import TYPE_CHECKING

import typer

from app.cli.errors import WRONG_USE, fail, refuse_old_schema

if TYPE_CHECKING:
    from app.settings import Settings


def add_to(app: typer.Typer) -> None:
    app.command()(worker)


def worker() -> None:
    """Does background work only: several may share it. On SQLite the service does it itself."""
    import asyncio

    from app import content
    from app.settings import load

    chosen = load()
    if chosen.on_sqlite:
        fail(
            "on SQLite the service does its background work itself; a worker of its own needs PostgreSQL: "
            "set PARTNERLINE_DATABASE_URL=postgresql+psycopg://…",
            WRONG_USE,
        )
    content.load(chosen.flows_dir)
    refuse_old_schema(chosen.database)
    typer.echo("Partnerline does background work: it offers and places calls, pages, fetches recordings. Ctrl-C stops.")
    asyncio.run(_until_told_to_stop(chosen))


async def _until_told_to_stop(settings: "Settings") -> None:
    """The first signal lets what has begun come to its end; a second one does not wait for that."""
    import asyncio
    import signal
    from contextlib import suppress

    from app.main import work

    loop = asyncio.get_running_loop()
    working = asyncio.create_task(work(settings))

    def stop() -> None:
        working.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await working
