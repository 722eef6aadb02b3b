"""The first tables."""

from alembic import op
from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy import Column as C

from app.store.tables import Instant, Strings

revision = "0001"
down_revision = None

TABLES = (
    "partners",
    "partner_phones",
    "calls",
    "turns",
    "cases",
    "case_updates",
    "voicemails",
    "pages",
    "wrong_pids",
    "closures",
    "api_keys",
    "audit",
)


def upgrade() -> None:
    op.create_table(
        "partners",
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
    )
    op.create_index(op.f("ix_partners_pid"), "partners", ["pid"], unique=True)
    op.create_index(op.f("ix_partners_dialled"), "partners", ["dialled"], unique=True)
    op.create_table(
        "partner_phones",
        C("number", Text, primary_key=True),
        C("partner_id", Integer, primary_key=True, autoincrement=False),
        comment="which partners a caller's number belongs to; made from partners.phones at each change",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
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
    op.create_table(
        "turns",
        C("call_sid", Text, primary_key=True),
        C("turn", Integer, primary_key=True, autoincrement=False),
        C("at", Instant, nullable=False),
        C("heard", Text, nullable=False),
        C("path", Strings, nullable=False, comment="the nodes the conversation went through"),
        C("why", Strings, nullable=False, comment="which rule decided, in words"),
        C("answer", Text, nullable=False, comment="the TwiML sent; a repeated webhook gets it again"),
    )
    op.create_table(
        "cases",
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
    op.create_table(
        "case_updates",
        C("id", Text, primary_key=True, comment="made by the writer, so that a repeat finds its own"),
        C("case_number", Text, ForeignKey("cases.number"), nullable=False, index=True),
        C("at", Instant, nullable=False),
        C("author", Text, nullable=False),
        C("kind", Text, nullable=False),
        C("note", Text, nullable=False),
    )
    op.create_table(
        "voicemails",
        C("recording_sid", Text, primary_key=True),
        C("call_sid", Text, nullable=False, index=True),
        C("case_number", Text, nullable=False, index=True),
        C("duration", Integer, nullable=False, comment="seconds"),
        C("recorded_at", Instant, nullable=False),
    )
    op.create_table(
        "pages",
        C("id", Text, primary_key=True, comment="made by the writer, so that a repeat finds its own"),
        C("case_number", Text, nullable=False, index=True),
        C("tier", Integer, nullable=False),
        C("reason", Text, nullable=False),
        C("opened_at", Instant, nullable=False),
        C("accepted_at", Instant),
    )
    op.create_table(
        "wrong_pids",
        C("call_sid", Text, primary_key=True),
        C("turn", Integer, primary_key=True, autoincrement=False),
        C("caller", Text, nullable=False),
        C("at", Instant, nullable=False),
        Index(None, "caller", "at"),
    )
    op.create_table(
        "closures",
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
    op.create_table(
        "api_keys",
        C("id", Text, primary_key=True),
        C("name", Text, nullable=False),
        C("role", Text, nullable=False),
        C(
            "secret_hash",
            Text,
            nullable=False,
            comment="HMAC of the key; the key itself is shown once and kept nowhere",
        ),
        C("created_at", Instant, nullable=False),
        C("expires_at", Instant),
        C("last_used_at", Instant),
        C("revoked_at", Instant),
        UniqueConstraint("name"),
        CheckConstraint("role IN ('viewer', 'agent', 'supervisor', 'admin')", name="role"),
    )
    op.create_table(
        "audit",
        C("id", Integer, primary_key=True),
        C("at", Instant, nullable=False),
        C("actor", Text, nullable=False),
        C("action", Text, nullable=False),
        C("subject", Text, nullable=False),
        C("detail", Text, nullable=False),
        Index(None, "at"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
