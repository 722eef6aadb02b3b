"""keys create, keys list, keys revoke: the keys of the REST API."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.cli.errors import NOT_RIGHT, WRONG_USE, fail

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.database import Database

app = typer.Typer(help="The keys of the REST API.", no_args_is_help=True, rich_markup_mode=None)
T = TypeVar("T")
ACTOR = "command line"
LONGEST_NAME = 100


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is; the audit log shows this name.")],
    role: Annotated[str, typer.Option(help="viewer, agent, supervisor or admin.")],
    expires: Annotated[
        str | None, typer.Option(help="The moment it stops working, ISO 8601 with an offset; never by default.")
    ] = None,
) -> None:
    """Makes a key and prints it, once: nobody can read it again."""
    from app.services import keys
    from app.settings import load, secret_key

    settings = load()
    if role not in keys.ROLES:
        fail(f"there is no role {role!r}; give one of {', '.join(keys.ROLES)}", WRONG_USE)
    _check_name(name)
    now = _now(settings)
    wanted = keys.KeyRequest(name.strip(), role, _moment(expires, now))
    secret = secret_key(settings)
    key = _with_database(
        settings, lambda db: keys.create(db, lambda text: keys.hash_key(secret, text), wanted, ACTOR, now)
    )
    typer.echo(key)


@app.command("list")
def list_() -> None:
    """Lists the keys: name, role, when each was made, is used, expires; never the key itself."""
    from app.services import keys
    from app.settings import load

    settings = load()
    for row in _with_database(settings, keys.listed):
        state = _state(row["revoked_at"], row["expires_at"], _now(settings))
        used = f"last used {_shown(row['last_used_at'])}" if row["last_used_at"] else "never used"
        typer.echo(f"{row['name']}  {row['role']}  made {_shown(row['created_at'])}  {used}{state}")


@app.command()
def revoke(name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the key.")]) -> None:
    """Makes a key useless, from now on."""
    from app.services import keys
    from app.settings import load

    settings = load()
    _check_name(name)
    _with_database(settings, lambda db: keys.revoke(db, name, ACTOR, _now(settings)))
    typer.echo(f"The key {name} is revoked.")


def _check_name(name: str) -> None:
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        fail(f"a name has 1 to {LONGEST_NAME} characters that can be seen", WRONG_USE)


def _with_database(settings: "Settings", use: "Callable[[Database], Awaitable[T]]") -> T:
    import asyncio

    from app.services.refusals import Refusal
    from app.store.database import Database

    async def run() -> T:
        database = Database(settings.database)
        try:
            return await use(database)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except Refusal as error:
        fail(str(error), NOT_RIGHT)


def _now(settings: "Settings") -> datetime:
    from app.runtime import clock

    return clock(settings.clock)()


def _moment(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        fail(f"--expires: {text!r} is no ISO 8601 moment, as 2027-01-01T00:00:00Z", WRONG_USE)
    if moment.tzinfo is None:
        fail("--expires: give the offset too, as in 2027-01-01T00:00:00Z", WRONG_USE)
    if in_utc <= now:
        fail("--expires: this moment has passed", WRONG_USE)
    return in_utc


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _state(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> str:
    if revoked_at:
        return f"  revoked {_shown(revoked_at)}"
    if expires_at:
        return f"  {'expired' if expires_at <= now else 'expires'} {_shown(expires_at)}"
    return ""
