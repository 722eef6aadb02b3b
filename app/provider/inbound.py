"""A webhook's form -> what was heard. Nothing in it is trusted to be there, or to be what its name says.

Source: twilio-voice, "The webhook request". Blank fields count, names may come twice, new ones may appear any day.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from app.flows.turn import (
    DialEnded,
    Heard,
    HungUp,
    Keyed,
    LeftQueue,
    Recorded,
    Silence,
    Spoken,
    StillWaiting,
)
from app.provider.signature import Form

LONGEST_TEXT = 256
# Texts of several lines, of which more is wanted.
LONGER: dict[str, int] = {"TranscriptionText": 4_000}
# What carriers put in place of a number that is withheld: words, or numbers that spell ANONYMOUS and the like.
WITHHELD = frozenset({"", "anonymous", "unknown", "restricted", "private", "unavailable", "blocked", "withheld"})
WITHHELD_NUMBERS = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
_RECORDING = re.compile("RE[0-9A-Za-z]{1,40}")
_SID = re.compile("RE[0-9A-Za-z]{32}")
FULL_ATTESTATION = "-A"
# The last status of a call: without a conversation, or after one.
FAILED = frozenset({"failed", "busy", "no-answer", "canceled"})
FINAL = FAILED | {"completed"}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A verified webhook. `caller` is free text, a number or an address, or None when it is withheld."""

    call_sid: str
    called: str
    caller: str | None
    status: str
    fields: dict[str, str]

    @property
    def fully_attested(self) -> bool:
        return self.fields.get("StirVerstat", "").endswith(FULL_ATTESTATION)

    @property
    def duration(self) -> int | None:
        """Seconds, of a call that has ended."""
        return _number(self.fields.get("CallDuration"))


def parse_form(body: bytes) -> Form:
    """The form as the provider signed it: blanks kept, percent-encoding undone."""
    pairs = [part.partition("=") for part in body.decode("utf-8", "replace").replace("+", " ").split("&") if part]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in pairs]


def _unquoted(text: str) -> str:
    return unquote(text) if "%" in text else text


def webhook(form: Form) -> Webhook:
    fields = {name: _field(name, value) for name, value in form}
    return Webhook(
        call_sid=fields.get("CallSid", ""),
        called=fields.get("To") or fields.get("Called", ""),
        caller=caller(fields.get("From", "")),
        status=fields.get("CallStatus", ""),
        fields=fields,
    )


def _field(name: str, value: str) -> str:
    return clean(" ".join(value.split()), LONGER[name]) if name in LONGER else clean(value)


def caller(sent: str) -> str | None:
    """Who calls, as text: a number, a SIP or client address; None for the many ways of saying nothing."""
    if sent.lower() in WITHHELD or sent in WITHHELD_NUMBERS:
        return None
    return sent


def clean(value: str, longest: int = LONGEST_TEXT) -> str:
    """Text without control characters and of bounded length: it goes to logs, tables and XML."""
    if value.isprintable() and len(value) <= longest:
        return value
    return "".join(c for c in value[:longest] if c.isprintable())


def heard(hook: Webhook) -> Heard:
    """What the caller did, for a webhook that an action URL of ours asked for."""
    fields = hook.fields
    if "QueueResult" in fields:
        return LeftQueue(fields["QueueResult"], _number(fields.get("QueueTime")) or 0)
    if "DialCallStatus" in fields:
        bridged = {"true": True, "false": False}.get(fields.get("DialBridged", ""))
        return DialEnded(fields["DialCallStatus"], _number(fields.get("DialCallDuration")), bridged)
    if "RecordingSid" in fields or "RecordingUrl" in fields:
        seconds, hung_up = _number(fields.get("RecordingDuration")) or 0, fields.get("Digits") == "hangup"
        if hung_up and not seconds:
            return HungUp()
        return Recorded(_recording(fields), seconds, hung_up)
    if keys := fields.get("Digits", ""):
        return HungUp() if keys == "hangup" else Keyed(keys)
    if text := fields.get("SpeechResult", "").strip():
        return Spoken(text)
    return Silence()


def still_waiting(hook: Webhook) -> StillWaiting | Keyed:
    """What a caller in a queue does: waits on, or presses a key."""
    if keys := hook.fields.get("Digits", ""):
        return Keyed(keys)
    return StillWaiting(_number(hook.fields.get("QueueTime")) or 0)


@dataclass(frozen=True, slots=True)
class Made:
    """The provider has made a recording, or the text of one. Which and whose is told by ids, never by an address."""

    call_sid: str
    recording: str
    status: str
    seconds: int
    text: str


def made(hook: Webhook) -> Made | None:
    """What a callback about a recording tells; None where it names none."""
    fields = hook.fields
    recording = fields.get("RecordingSid", "")
    if not hook.call_sid or not _SID.fullmatch(recording):
        return None
    status = fields.get("TranscriptionStatus") or fields.get("RecordingStatus", "")
    seconds = _number(fields.get("RecordingDuration")) or 0
    return Made(hook.call_sid, recording, status, seconds, fields.get("TranscriptionText", ""))


def _recording(fields: dict[str, str]) -> str:
    """The recording's id. The provider promises only the address, which ends in it; nothing else of that is used."""
    sid = fields.get("RecordingSid") or fields.get("RecordingUrl", "").rpartition("/")[2].partition(".")[0]
    return sid if _RECORDING.fullmatch(sid) else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
