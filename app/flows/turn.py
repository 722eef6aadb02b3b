"""What is heard, what the caller gets, and what one turn of a conversation is.

Closed sets are unions of frozen records, matched to `assert_never`: a new directive makes the type checker point at
every place that must learn it.
"""

from dataclasses import dataclass, field

from app.flows.asks import Answer, Ask
from app.flows.session import Session


@dataclass(frozen=True, slots=True)
class Began:
    """The call reached us; the session says on which line."""


@dataclass(frozen=True, slots=True)
class Keyed:
    keys: str


@dataclass(frozen=True, slots=True)
class Spoken:
    text: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was keyed or said in time; or only the finishing key was."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message was recorded. `seconds` is its length, 0 for an empty one."""

    sid: str
    seconds: int
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class DialEnded:
    """The dialled party is gone, or was never reached. `seconds` is how long the two talked, None when unknown."""

    status: str
    seconds: int | None = None
    bridged: bool | None = None


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """The provider asks what a caller in a queue hears next. `seconds` is how long the caller waits already."""

    seconds: int


@dataclass(frozen=True, slots=True)
class LeftQueue:
    """The caller left the queue: `bridged`, `leave`, `hangup`, `queue-full`, … (the provider's page on Enqueue)."""

    result: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call ended."""


Heard = Began | Keyed | Spoken | Silence | Recorded | DialEnded | StillWaiting | LeftQueue | HungUp | Answer


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str
    voice: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Prompts, and then keys or speech. `digits` is the most that can be keyed, None for no limit.

    With `goes_on` silence comes back as the next turn; without, what stands behind the Gather is next.
    """

    prompts: tuple[Say, ...]
    digits: int | None
    finish_on: str
    timeout: int
    speech: bool
    speech_timeout: int
    hints: str
    language: str
    goes_on: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    max_seconds: int
    finish_on: str
    silence: int


@dataclass(frozen=True, slots=True)
class PlayRecording:
    """Plays what the caller just recorded."""

    sid: str


@dataclass(frozen=True, slots=True)
class Enqueue:
    queue: str


@dataclass(frozen=True, slots=True)
class Music:
    """What a waiting caller is told, and a stretch of music, after which the wait document is asked for again.

    With `listens` a key may be pressed at any time of it.
    """

    prompts: tuple[Say, ...] = ()
    listens: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Takes the caller out of the queue; the conversation goes on with LeftQueue("leave")."""


@dataclass(frozen=True, slots=True)
class Dial:
    """Rings numbers one after another. With `screened`, only somebody who presses 1 is connected."""

    numbers: tuple[str, ...]
    timeout: int
    screened: bool
    caller_id: str = ""


@dataclass(frozen=True, slots=True)
class TakeFromQueue:
    """Connects an agent with the front caller of a queue, or who comes within so many seconds; first it is silent."""

    queue: str
    timeout: int
    silence: int = 0


@dataclass(frozen=True, slots=True)
class Confer:
    """Brings the call together with another in a conference of their own, which ends with whoever leaves first."""

    name: str


@dataclass(frozen=True, slots=True)
class Hangup:
    pass


Directive = Say | Gather | Record | PlayRecording | Enqueue | Music | Leave | Dial | TakeFromQueue | Confer | Hangup


@dataclass(frozen=True, slots=True)
class Turn:
    """What one step decided. With an `ask`, the step goes on once the ask is answered."""

    session: Session
    directives: tuple[Directive, ...] = ()
    ask: Ask | None = None
    path: tuple[str, ...] = ()
    why: tuple[str, ...] = field(default=())
