"""Every table of the service, once. Alembic's migrations, the queries of this package and its tests read it.

Moments are aware datetimes in UTC: `timestamptz` in PostgreSQL, fixed-width ISO text in SQLite, where text of one
width sorts as time does. Lists are JSON text. A SQLite column declared `TEXT` keeps the zeros of `0042`.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy import Column as C
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

partners = Table(
    "partners",
    metadata,
    C("id", Integer, primary_key=True),
    C("pid", Text, nullable=False),
    C("dialled", Text, nullable=False, comment="what the caller keys: dial_code, else the PID's digits"),
    C("name", Text, nullable=False),
    C("type", Text, nullable=False),
    C("region", Text, nullable=False),
    C("parent_account", Text, nullable=False),
    C("status", Text, nullable=False),
    C("certified_from", Date),
    C("certified_until", Date),
    C("dial_code", Text, nullable=False, comment="as the partner file gives it; empty for none"),
    C("phones", Text, nullable=False, comment="E.164, separated by ;"),
    C("loa_customers", Text, nullable=False, comment="customer accounts, separated by ;"),
    # Indexes of their own, not constraints of the table: SQLite copies a whole directory into an empty one that way.
    Index(None, "pid", unique=True),
    Index(None, "dialled", unique=True),
)

# Without a foreign key: checking it row by row is most of what an import of a million partners would take, and partners
# are suspended, never deleted.
partner_phones = Table(
    "partner_phones",
    metadata,
    C("number", Text, primary_key=True),
    C("partner_id", Integer, primary_key=True, autoincrement=False),
    comment="which partners a caller's number belongs to; made from partners.phones at each change",
    sqlite_with_rowid=False,
)

calls = Table(
    "calls",
    metadata,
    C("call_sid", Text, primary_key=True),
    C("line", Text, nullable=False),
    C("called", Text, nullable=False, comment="the number dialled, as the provider sent it"),
    C("caller", Text, comment="free text: a number, a SIP address, or null when withheld"),
    C("status", Text, nullable=False),
    C("started_at", Instant, nullable=False),
    C("ended_at", Instant),
    C("duration", Integer, comment="seconds, as the provider reports it"),
    C("turn", Integer, nullable=False, comment="the newest turn written"),
    C("session", Text, nullable=False, comment="where the conversation stands, a copy of the token's content"),
    C("pid", Text),
    C("case_number", Text),
    C("outcome", Text),
    Index(None, "started_at"),
)

turns = Table(
    "turns",
    metadata,
    C("call_sid", Text, primary_key=True),
    C("turn", Integer, primary_key=True, autoincrement=False),
    C("at", Instant, nullable=False),
    C("heard", Text, nullable=False),
    C("path", Strings, nullable=False, comment="the nodes the conversation went through"),
    C("why", Strings, nullable=False, comment="which rule decided, in words"),
    C("answer", Text, nullable=False, comment="the TwiML sent; a repeated webhook gets it again"),
)

cases = Table(
    "cases",
    metadata,
    C("number", Text, primary_key=True),
    C("call_sid", Text, unique=True),
    C("channel", Text, nullable=False),
    C("line", Text, nullable=False),
    C("region", Text, nullable=False),
    C("pid", Text),
    C("partner_name", Text),
    C("partner_type", Text),
    C("certified", Boolean, nullable=False),
    C("verified", Boolean, nullable=False),
    C("verified_by", Text),
    C("severity", Text, nullable=False),
    C("severity_assumed", Boolean, nullable=False),
    C("tier", Integer, nullable=False),
    C("destination", Text, nullable=False),
    C("queue", Text),
    C("loa", Text, nullable=False),
    C("flags", Strings, nullable=False),
    C("status", Text, nullable=False),
    C("caller", Text),
    C("callback_number", Text),
    C("callback_at", Instant),
    C("opened_at", Instant, nullable=False),
    C("waiting_since", Instant),
    C("first_response_due_at", Instant),
    C("first_response_at", Instant),
    C("next_update_due_at", Instant),
    C("resolved_at", Instant),
    CheckConstraint("severity IN ('S1', 'S2', 'S3')", name="severity"),
    Index(None, "opened_at"),
    Index(None, "pid"),
    Index(
        "ix_cases_waiting",
        "queue",
        "severity",
        "waiting_since",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
)

case_updates = Table(
    "case_updates",
    metadata,
    C("id", Text, primary_key=True, comment="made by the writer, so that a repeat finds its own"),
    C("case_number", ForeignKey("cases.number"), nullable=False, index=True),
    C("at", Instant, nullable=False),
    C("author", Text, nullable=False),
    C("kind", Text, nullable=False),
    C("note", Text, nullable=False),
)

voicemails = Table(
    "voicemails",
    metadata,
    C("recording_sid", Text, primary_key=True),
    C("call_sid", Text, nullable=False, index=True),
    C("case_number", Text, nullable=False, index=True),
    C("duration", Integer, nullable=False, comment="seconds"),
    C("recorded_at", Instant, nullable=False),
)

pages = Table(
    "pages",
    metadata,
    C("id", Text, primary_key=True, comment="made by the writer, so that a repeat finds its own"),
    C("case_number", Text, nullable=False, index=True),
    C("tier", Integer, nullable=False),
    C("reason", Text, nullable=False),
    C("opened_at", Instant, nullable=False),
    C("accepted_at", Instant),
)

wrong_pids = Table(
    "wrong_pids",
    metadata,
    C("call_sid", Text, primary_key=True),
    C("turn", Integer, primary_key=True, autoincrement=False),
    C("caller", Text, nullable=False),
    C("at", Instant, nullable=False),
    Index(None, "caller", "at"),
)

closures = Table(
    "closures",
    metadata,
    C("id", Integer, primary_key=True),
    C("region", Text, nullable=False),
    C("kind", Text, nullable=False),
    C("starts_at", Instant, nullable=False),
    C("ends_at", Instant, nullable=False),
    C("reason", Text, nullable=False),
    C("created_by", Text, nullable=False),
    CheckConstraint("kind IN ('emergency', 'closed', 'open')", name="kind"),
    CheckConstraint("starts_at < ends_at", name="length"),
    Index(None, "ends_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    C("id", Text, primary_key=True),
    C("name", Text, nullable=False),
    C("role", Text, nullable=False),
    C("secret_hash", Text, nullable=False, comment="HMAC of the key; the key itself is shown once and kept nowhere"),
    C("created_at", Instant, nullable=False),
    C("expires_at", Instant),
    C("last_used_at", Instant),
    C("revoked_at", Instant),
    UniqueConstraint("name"),
    CheckConstraint("role IN ('viewer', 'agent', 'supervisor', 'admin')", name="role"),
)

audit = Table(
    "audit",
    metadata,
    C("id", Integer, primary_key=True),
    C("at", Instant, nullable=False),
    C("actor", Text, nullable=False),
    C("action", Text, nullable=False),
    C("subject", Text, nullable=False),
    C("detail", Text, nullable=False),
    Index(None, "at"),
)
