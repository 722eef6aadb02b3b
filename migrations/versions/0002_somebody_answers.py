"""Somebody answers: agents, places in the queues, offers, talks, pages that climb, recordings, background work."""

from typing import Any

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy import Column as C

from app.store.columns import Instant, Strings, one_open

revision = "0002"
down_revision = "0001"

OPEN_PAGE = "accepted_at IS NULL"
RESPONSE_TO_TELL = (
    "status NOT IN ('resolved', 'abandoned') AND first_response_at IS NULL"
    " AND (response_warned IS NULL OR response_warned <> first_response_due_at)"
)
UPDATE_TO_TELL = (
    "status NOT IN ('resolved', 'abandoned') AND (update_warned IS NULL OR update_warned <> next_update_due_at)"
)
NOT_BEGUN = "key IS NOT NULL AND taken_at IS NULL AND failed_at IS NULL"
TABLES = (
    "recordings",
    "page_tries",
    "agents",
    "waiting",
    "offers",
    "talks",
    "legs",
    "messages",
    "rates",
    "events",
    "jobs",
)


def voicemail_columns() -> list[C[Any]]:
    return [
        C("status", Text, nullable=False, server_default="expected", comment="then kept, absent or failed"),
        C(
            "place",
            Text,
            nullable=False,
            server_default="",
            comment="where the sound is kept: database, or a file's name",
        ),
        C("size", Integer, comment="bytes"),
        C("sha256", Text),
        C("fetched_at", Instant),
        C("deleted_there_at", Instant, comment="deleted at the provider"),
        C("transcript", Text),
        C("transcribed_by", Text),
    ]


def page_columns() -> list[C[Any]]:
    return [
        C("call_sid", Text, comment="the caller who waits, or is rung back"),
        C("climbs", Integer, comment="the tier whose ladder is climbed now"),
        C("round", Integer, nullable=False, server_default="0"),
        C("rung", Integer, nullable=False, server_default="0"),
        C("next_at", Instant, comment="when the next contact is reached"),
        C(
            "merged",
            Integer,
            nullable=False,
            server_default="0",
            comment="unverified callers this page stands for besides",
        ),
        C("alarmed_at", Instant, comment="nobody accepted in a whole round"),
        C("accepted_by", Text),
    ]


def case_columns() -> list[C[Any]]:
    return [
        C("response_warned", Instant, comment="the moment due of which the team's lead was told"),
        C("update_warned", Instant),
    ]


def case_indexes() -> list[tuple[str, str, str]]:
    return [
        ("ix_cases_response_to_tell", "first_response_due_at", RESPONSE_TO_TELL),
        ("ix_cases_update_to_tell", "next_update_due_at", UPDATE_TO_TELL),
    ]


def upgrade() -> None:
    op.create_table(
        "recordings",
        C("recording_sid", Text, primary_key=True),
        C("audio", LargeBinary, nullable=False),
        comment="the sound of the messages that are kept in the database",
    )
    op.create_table(
        "page_tries",
        C("id", Text, primary_key=True),
        C("page_id", Text, ForeignKey("pages.id"), nullable=False, index=True),
        C("contact", Text, nullable=False),
        C("phone", Text, nullable=False),
        C("tier", Integer, nullable=False),
        C("round", Integer, nullable=False),
        C("rung", Integer, nullable=False),
        C("at", Instant, nullable=False),
        C("handed_at", Instant, comment="given to the telephone company"),
        C("ended_at", Instant),
        C("result", Text, comment="accepted, passed, missed, failed, taken by another"),
        UniqueConstraint("page_id", "tier", "round", "rung"),
    )
    op.create_table(
        "agents",
        C("id", Text, primary_key=True),
        C("name", Text, nullable=False),
        C("reach", Text, nullable=False, comment="E.164, sip: or client:"),
        C("queues", Strings, nullable=False),
        C("code", Text, nullable=False, comment="keyed after ** to toggle by phone"),
        C("state", Text, nullable=False),
        C("reason", Text, nullable=False, server_default=""),
        C("before", Text, nullable=False, server_default="offline", comment="the state to go back to"),
        C("since", Instant, nullable=False),
        C("idle_since", Instant),
        C("missed", Integer, nullable=False, server_default="0", comment="offers missed in a row"),
        C("wrap_until", Instant),
        UniqueConstraint("name"),
        UniqueConstraint("reach"),
        CheckConstraint("state IN ('offline', 'available', 'offered', 'on_call', 'wrap_up', 'away')", name="state"),
    )
    op.create_table(
        "waiting",
        C("call_sid", Text, primary_key=True),
        C("case_number", Text, nullable=False, index=True),
        C("kind", Text, nullable=False, comment="call, or callback: it keeps the place of the call that asked for it"),
        C("queue", Text, nullable=False),
        C("also", Text, comment="the queue of the next open region, once it is offered there too"),
        C("severity", Text, nullable=False),
        C("certified", Boolean, nullable=False),
        C("since", Instant, nullable=False, comment="the first waiting time; nothing resets it"),
        C("entered", Instant, comment="in the provider's queue since; null while it is not in it"),
        C("last_agent", Text),
        C("taken_by", Text, comment="the talk, while there is one"),
        C("number", Text, comment="to call back"),
        C("due_at", Instant, comment="not called back before"),
        C("tries", Integer, nullable=False, server_default="0"),
        C("paged", Boolean, nullable=False, server_default=false(), comment="the contact on duty is paged for it"),
        C(
            "leaves",
            Boolean,
            nullable=False,
            server_default=false(),
            comment="waited long enough: a callback comes next",
        ),
        CheckConstraint("kind IN ('call', 'callback')", name="kind"),
        Index(
            "ix_waiting_place",
            "queue",
            "severity",
            "since",
            sqlite_where=text("taken_by IS NULL"),
            postgresql_where=text("taken_by IS NULL"),
        ),
    )
    op.create_table(
        "offers",
        C("id", Text, primary_key=True),
        C("call_sid", Text, nullable=False, index=True),
        C("slot", Integer, nullable=False, comment="1 for the second agent of an S1, else 0"),
        C("agent_id", Text, ForeignKey("agents.id"), nullable=False, index=True),
        C("made_at", Instant, nullable=False),
        C("expires_at", Instant, nullable=False),
        C("answered_at", Instant),
        C("ended_at", Instant),
        C("result", Text, comment="accepted, missed, declined, taken, gone, cancelled"),
        # Not care but the database keeps it: one offer at a time, for the call and for the agent.
        one_open("uq_offers_open_of_agent", "agent_id"),
        one_open("uq_offers_open_of_call", "call_sid", "slot"),
    )
    op.create_table(
        "talks",
        C("id", Text, primary_key=True, comment="the conference's name too"),
        C("call_sid", Text, nullable=False, index=True, comment="the caller's leg, or the call a callback is for"),
        C("case_number", Text, nullable=False, index=True),
        C("agent_id", Text, ForeignKey("agents.id"), index=True),
        C("who", Text, nullable=False, comment="the agent's or the contact's name"),
        C("leg", Text, nullable=False, comment="the key of the answerer's leg"),
        C("queue", Text, nullable=False),
        C("began", Instant, nullable=False),
        C("connected_at", Instant),
        C("ended_at", Instant),
        C("seconds", Integer, comment="talked"),
        C("turn", Integer, comment="the caller's next, once this is over"),
        C("how", Text, comment="hung_up, dropped, handed_over, gone"),
        C("to_queue", Text, comment="handed over to"),
        C("note", Text, nullable=False, server_default=""),
        Index(None, "queue", "ended_at"),
        one_open("uq_talks_open_of_call", "call_sid"),
        one_open("uq_talks_open_of_agent", "agent_id"),
    )
    op.create_table(
        "legs",
        C("key", Text, primary_key=True, comment="in the address that the provider asks for: a repeat is seen"),
        C("purpose", Text, nullable=False),
        C("subject", Text, nullable=False, index=True, comment="the offer, page try, talk or agent it is for"),
        C("number", Text, nullable=False),
        C("shown", Text, nullable=False),
        C("timeout", Integer, nullable=False, comment="seconds of ringing"),
        C("sid", Text, unique=True),
        C("state", Text, nullable=False),
        C("status", Text, comment="final, as the provider says it"),
        C("planned_at", Instant, nullable=False),
        C("not_before", Instant, nullable=False, comment="one new call a second"),
        C("asked_at", Instant),
        C("answered_at", Instant),
        C("ended_at", Instant),
        CheckConstraint("purpose IN ('offer', 'page', 'callback', 'verify')", name="purpose"),
        CheckConstraint("state IN ('planned', 'asked', 'unknown', 'answered', 'ended')", name="state"),
    )
    op.create_table(
        "messages",
        C("key", Text, primary_key=True),
        C("channel", Text, nullable=False),
        C("recipient", Text, nullable=False),
        C("subject", Text, nullable=False),
        C("text", Text, nullable=False),
        C("state", Text, nullable=False),
        C("planned_at", Instant, nullable=False),
        C("asked_at", Instant),
        C("error", Text),
        CheckConstraint("channel IN ('sms', 'mail')", name="channel"),
        CheckConstraint("state IN ('planned', 'asked', 'sent', 'failed', 'unknown')", name="state"),
    )
    op.create_table(
        "rates",
        C("name", Text, primary_key=True),
        C("next_at", Instant, nullable=False),
        comment="when the next of a kind may be done",
    )
    op.create_table(
        "events",
        C("id", Integer, primary_key=True),
        C("at", Instant, nullable=False, index=True),
        C("kind", Text, nullable=False),
        C("subject", Text, nullable=False),
        C("detail", Text, nullable=False, comment="JSON"),
        comment="what changed, for whoever watches",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "jobs",
        C("id", Integer, primary_key=True),
        C("name", Text, nullable=False),
        C("key", Text),
        C("args", Text, nullable=False, comment="JSON"),
        C("at", Instant, nullable=False, index=True),
        C("attempts", Integer, nullable=False, server_default="0"),
        C("taken_at", Instant),
        C("failed_at", Instant),
        C("error", Text),
        Index("uq_jobs_key", "key", unique=True, sqlite_where=text(NOT_BEGUN), postgresql_where=text(NOT_BEGUN)),
        comment="background work of the embedded runner",
        sqlite_autoincrement=True,
    )
    # Who waits is put into a queue of the new kind as the old column says.
    op.execute(
        "INSERT INTO waiting (call_sid, case_number, kind, queue, severity, certified, since, entered)"
        " SELECT call_sid, number, 'call', queue, severity, certified, waiting_since, waiting_since FROM cases"
        " WHERE status = 'waiting' AND queue IS NOT NULL AND call_sid IS NOT NULL AND waiting_since IS NOT NULL"
    )
    op.drop_index("ix_cases_waiting", "cases")
    op.drop_column("cases", "waiting_since")
    for column in case_columns():
        op.add_column("cases", column)
    for name, column_name, condition in case_indexes():
        where = text(condition)
        op.create_index(name, "cases", [column_name], sqlite_where=where, postgresql_where=where)
    for column in voicemail_columns():
        op.add_column("voicemails", column)
    op.create_index(op.f("ix_voicemails_recorded_at"), "voicemails", ["recorded_at"])
    for column in page_columns():
        op.add_column("pages", column)
    op.create_index(op.f("ix_pages_call_sid"), "pages", ["call_sid"])
    still = text(OPEN_PAGE)
    op.create_index("ix_pages_open", "pages", ["opened_at"], sqlite_where=still, postgresql_where=still)


def downgrade() -> None:
    op.drop_index("ix_pages_open", "pages")
    op.drop_index(op.f("ix_pages_call_sid"), "pages")
    for column in reversed(page_columns()):
        op.drop_column("pages", column.name)
    op.drop_index(op.f("ix_voicemails_recorded_at"), "voicemails")
    for column in reversed(voicemail_columns()):
        op.drop_column("voicemails", column.name)
    for name, _, _ in case_indexes():
        op.drop_index(name, "cases")
    for column in reversed(case_columns()):
        op.drop_column("cases", column.name)
    op.add_column("cases", C("waiting_since", Instant))
    op.execute(
        "UPDATE cases SET waiting_since = (SELECT since FROM waiting WHERE waiting.case_number = cases.number)"
        " WHERE status = 'waiting'"
    )
    waits = text("status = 'waiting'")
    op.create_index(
        "ix_cases_waiting", "cases", ["queue", "severity", "waiting_since"], sqlite_where=waits, postgresql_where=waits
    )
    for table in reversed(TABLES):
        op.drop_table(table)
