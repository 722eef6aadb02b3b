"""API keys: made, checked, revoked. A key is `plk_ID_SECRET`; what is kept of it is an HMAC."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from app.services.refusals import Conflict, Missing
from app.store import audit, keys
from app.store.database import Database
from app.store.hot import StoreUnavailable
from app.store.rows import Row

Role = Literal["viewer", "agent", "supervisor", "admin"]
# Each may do what those before it may.
ROLES: tuple[Role, ...] = get_args(Role)

PREFIX = "plk"
USE_NOTED_EVERY = timedelta(minutes=1)

HashKey = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key by its name, as the audit log knows it."""

    name: str
    role: Role

    def may(self, needed: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(needed)


def hash_key(secret: bytes, key: str) -> str:
    return hmac.digest(secret, b"api key " + key.encode(), hashlib.sha256).hex()


@dataclass(frozen=True, slots=True)
class KeyRequest:
    name: str
    role: Role
    expires_at: datetime | None = None


async def create(database: Database, hash_: HashKey, wanted: KeyRequest, actor: str, now: datetime) -> str:
    """A new key; nobody can read it again. Raises Conflict when the name is in use."""
    id_ = secrets.token_hex(6)
    key = f"{PREFIX}_{id_}_{secrets.token_urlsafe(24)}"
    values = {
        "id": id_,
        "name": wanted.name,
        "role": wanted.role,
        "secret_hash": hash_(key),
        "created_at": now,
        "expires_at": wanted.expires_at,
    }
    try:
        async with database.transaction() as tx:
            await keys.add(tx, values)
            await audit.note(tx, audit.Entry(now, actor, "key created", f"key {wanted.name}", wanted.role))
    except keys.NameTaken:
        raise Conflict(f"There is a key named {wanted.name} already, or was one: choose another name.") from None
    return key


async def listed(database: Database) -> list[Row]:
    async with database.reading() as tx:
        return await keys.listed(tx)


async def revoke(database: Database, name: str, actor: str, now: datetime) -> None:
    """From now on the key opens nothing. Raises Missing."""
    async with database.transaction() as tx:
        if not await keys.revoke(tx, name, now):
            raise Missing(f"key named {name} that is not revoked already")
        await audit.note(tx, audit.Entry(now, actor, "key revoked", f"key {name}"))


async def caller(database: Database, hash_: HashKey, key: str, now: datetime) -> Caller | None:
    """Whose key this is; None for one that is unknown, expired or revoked."""
    prefix, _, rest = key.partition("_")
    id_, _, _ = rest.partition("_")
    if prefix != PREFIX or not (id_.isascii() and id_.isalnum()):
        return None
    async with database.reading() as tx:
        row = await keys.with_id(tx, id_)
    if row is None or not hmac.compare_digest(row["secret_hash"], hash_(key)) or not _is_valid(row, now):
        return None
    await _note_use(database, row, now)
    return Caller(row["name"], row["role"])


def _is_valid(row: Row, now: datetime) -> bool:
    return row["revoked_at"] is None and (row["expires_at"] is None or now < row["expires_at"])


async def _note_use(database: Database, row: Row, now: datetime) -> None:
    if row["last_used_at"] is not None and now - row["last_used_at"] < USE_NOTED_EVERY:
        return
    try:
        async with database.transaction() as tx:
            await keys.mark_used(tx, row["id"], now, now - USE_NOTED_EVERY)
    except StoreUnavailable:
        # Who only reads is answered also while nothing can be written.
        return
