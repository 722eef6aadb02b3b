"""The tables of what stands behind a queue: who waits, who answers, who is paged, and what is still to be done."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy import Column as C

from app.store.columns import Instant, Strings, metadata, one_open

OPEN_PAGE = "accepted_at IS NULL"
NOT_BEGUN = "key IS NOT NULL AND taken_at IS NULL AND failed_at IS NULL"

voicemails = Table(
    "voicemails",
    metadata,
    C("recording_sid", Text, primary_key=True),
    C("call_sid", Text, nullable=False, index=True),
    C("case_number", Text, nullable=False, index=True),
    C("duration", Integer, nullable=False, comment="seconds"),
    C("recorded_at", Instant, nullable=False, index=True),
    C("status", Text, nullable=False, server_default="expected", comment="then kept, absent or failed"),
    C("place", Text, nullable=False, server_default="", comment="where the sound is kept: database, or a file's name"),
    C("size", Integer, comment="bytes"),
    C("sha256", Text),
    C("fetched_at", Instant),
    C("deleted_there_at", Instant, comment="deleted at the provider"),
    C("transcript", Text),
    C("transcribed_by", Text),
)

recordings = Table(
    "recordings",
    metadata,
    C("recording_sid", Text, primary_key=True),
    C("audio", LargeBinary, nullable=False),
    comment="the sound of the messages that are kept in the database",
)

pages = Table(
    "pages",
    metadata,
    C("id", Text, primary_key=True, comment="made by the writer, so that a repeat finds its own"),
    C("case_number", Text, nullable=False, index=True),
    C("tier", Integer, nullable=False),
    C("reason", Text, nullable=False),
    C("call_sid", Text, index=True, comment="the caller who waits, or is rung back"),
    C("opened_at", Instant, nullable=False),
    C("climbs", Integer, comment="the tier whose ladder is climbed now"),
    C("round", Integer, nullable=False, server_default="0"),
    C("rung", Integer, nullable=False, server_default="0"),
    C("next_at", Instant, comment="when the next contact is reached"),
    C("merged", Integer, nullable=False, server_default="0", comment="unverified callers this page stands for besides"),
    C("alarmed_at", Instant, comment="nobody accepted in a whole round"),
    C("accepted_at", Instant),
    C("accepted_by", Text),
    Index("ix_pages_open", "opened_at", sqlite_where=text(OPEN_PAGE), postgresql_where=text(OPEN_PAGE)),
)

page_tries = Table(
    "page_tries",
    metadata,
    C("id", Text, primary_key=True),
    C("page_id", ForeignKey("pages.id"), nullable=False, index=True),
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

agents = Table(
    "agents",
    metadata,
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

# A row is a place in a queue, from the first time the call waits until it is over, also while somebody talks to it.
waiting = Table(
    "waiting",
    metadata,
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

offers = Table(
    "offers",
    metadata,
    C("id", Text, primary_key=True),
    C("call_sid", Text, nullable=False, index=True),
    C("slot", Integer, nullable=False, comment="1 for the second agent of an S1, else 0"),
    C("agent_id", ForeignKey("agents.id"), nullable=False, index=True),
    C("made_at", Instant, nullable=False),
    C("expires_at", Instant, nullable=False),
    C("answered_at", Instant),
    C("ended_at", Instant),
    C("result", Text, comment="accepted, missed, declined, taken, gone, cancelled"),
    # Not care but the database keeps it: one offer at a time, for the call and for the agent.
    one_open("uq_offers_open_of_agent", "agent_id"),
    one_open("uq_offers_open_of_call", "call_sid", "slot"),
)

talks = Table(
    "talks",
    metadata,
    C("id", Text, primary_key=True, comment="the conference's name too"),
    C("call_sid", Text, nullable=False, index=True, comment="the caller's leg, or the call a callback is for"),
    C("case_number", Text, nullable=False, index=True),
    C("agent_id", ForeignKey("agents.id"), index=True),
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

legs = Table(
    "legs",
    metadata,
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

messages = Table(
    "messages",
    metadata,
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

rates = Table(
    "rates",
    metadata,
    C("name", Text, primary_key=True),
    C("next_at", Instant, nullable=False),
    comment="when the next of a kind may be done",
)

events = Table(
    "events",
    metadata,
    C("id", Integer, primary_key=True),
    C("at", Instant, nullable=False, index=True),
    C("kind", Text, nullable=False),
    C("subject", Text, nullable=False),
    C("detail", Text, nullable=False, comment="JSON"),
    comment="what changed, for whoever watches",
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
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
