"""What the tables are made of. Moments are aware datetimes in UTC: `timestamptz` in PostgreSQL, fixed-width ISO text in
SQLite, where text of one width sorts as time does. Lists are JSON text.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Index, MetaData, String, Text, text
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.store.instants import in_utc, instant_from_text, instant_text


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. A datetime without an offset is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(27) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return instant_text(value) if dialect.name == "sqlite" else in_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return instant_from_text(value) if isinstance(value, str) else value.astimezone(UTC)


class Strings(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, kept as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(list(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def one_open(name: str, *columns: str) -> Index:
    """At most one row of these values that has not ended."""
    still = text("ended_at IS NULL")
    return Index(name, *columns, unique=True, sqlite_where=still, postgresql_where=still)
