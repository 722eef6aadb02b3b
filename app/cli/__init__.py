"""The command `partnerline`. One file a group of commands; each imports what it needs when it is called."""

import sys
from typing import NoReturn

import typer

from app.cli import agents, call, duty, errors, exchange, flows, keys, partners, phone, provision, route, serve, worker

app = typer.Typer(
    name="partnerline",
    help="Phone support for partners: who calls, how bad it is, and where the call goes, and why.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
serve.add_to(app)
worker.add_to(app)
route.add_to(app)
call.add_to(app)
phone.add_to(app)
exchange.add_to(app)
provision.add_to(app)
app.add_typer(partners.app, name="partners")
app.add_typer(agents.app, name="agents")
app.add_typer(keys.app, name="keys")
app.add_typer(flows.app, name="flows")
app.add_typer(duty.app, name="duty")


def run() -> NoReturn:
    """Runs the command line. Exit codes: 0 done, 1 the thing asked about is not right, 2 wrong use."""
    sys.exit(errors.run(app, sys.argv[1:]))
