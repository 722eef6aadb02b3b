"""The verbs of TwiML as frozen records, one for each, with the provider's defaults. Times are in seconds."""

from dataclasses import dataclass
from typing import Literal

Place = Literal["call", "queue", "callee", "front", "hold"]
"""Where a document runs: on a call; while it waits in a queue; on a dialled person before the bridge; on the front
caller of a queue before the bridge; while it is alone in a conference. All but the first allow fewer verbs."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    voice: str = "man"
    language: str = "en-US"
    loop: int = 1


@dataclass(frozen=True, slots=True)
class Play:
    url: str
    loop: int = 1
    digits: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    length: int = 1


@dataclass(frozen=True, slots=True)
class Gather:
    prompts: tuple[Say | Play | Pause, ...] = ()
    input: tuple[str, ...] = ("dtmf",)
    action: str = ""
    method: str = "POST"
    timeout: int = 5
    num_digits: int | None = None
    finish_on_key: str = "#"
    action_on_empty_result: bool = False
    speech_timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    action: str = ""
    method: str = "POST"
    timeout: int = 5
    finish_on_key: str = "1234567890*#"
    max_length: int = 3600
    play_beep: bool = True
    recording_status_callback: str = ""
    recording_status_callback_method: str = "POST"
    recording_status_callback_event: tuple[str, ...] = ("completed",)
    transcribe: bool = False
    transcribe_callback: str = ""


@dataclass(frozen=True, slots=True)
class Enqueue:
    """`wait_url` None is the provider's own music, empty is silence."""

    name: str
    action: str | None = None
    method: str = "POST"
    wait_url: str | None = None
    wait_url_method: str = "POST"
    max_queue_size: int | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    pass


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody a Dial rings: a Number, Client or Sip noun. `address` is a number, `client:name` or `sip:…`."""

    address: str
    url: str | None = None
    method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    status_callback_event: tuple[str, ...] = ("completed",)


@dataclass(frozen=True, slots=True)
class QueueNoun:
    name: str
    url: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Conference:
    """`wait_url` None is the provider's own music, empty is silence. The callback counts of whoever enters first."""

    name: str
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: str = "true"
    muted: bool = False
    label: str = ""
    wait_url: str | None = None
    wait_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    status_callback_event: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dial:
    nouns: tuple[Target | QueueNoun | Conference, ...]
    action: str | None = None
    method: str = "POST"
    timeout: int = 30
    time_limit: int = 14400
    caller_id: str = ""
    sequential: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


@dataclass(frozen=True, slots=True)
class Reject:
    reason: str = "rejected"


Prompt = Say | Play | Pause
Verb = Say | Play | Pause | Gather | Record | Enqueue | Leave | Dial | Redirect | Hangup | Reject
