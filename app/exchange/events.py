"""What a caller perceives, in order, and what a caller can do. `at` is in seconds since the call began."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something perceived on the line."""

    at: float = 0.0

    def __str__(self) -> str:
        return type(self).__name__.lower()


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A text read aloud."""

    text: str
    voice: str = ""
    language: str = ""

    def __str__(self) -> str:
        return f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Played(Event):
    """A sound file, or keys played as tones (`digits:…`)."""

    url: str

    def __str__(self) -> str:
        return f"sound {self.url}"


@dataclass(frozen=True, slots=True)
class Music(Event):
    """The exchange's own waiting music."""


@dataclass(frozen=True, slots=True)
class Beep(Event):
    """The tone before a recording, or when somebody enters or leaves a conference."""


@dataclass(frozen=True, slots=True)
class Ringing(Event):
    """The ringing of a dialled number; on the phone that rings, the number that it shows."""

    number: str

    def __str__(self) -> str:
        return f"ringing {self.number}"


@dataclass(frozen=True, slots=True)
class Connected(Event):
    """Somebody on the other end: a number, or the queue that the call was taken from."""

    to: str

    def __str__(self) -> str:
        return f"connected, {self.to}"


@dataclass(frozen=True, slots=True)
class Silence(Event):
    """A pause, of so many seconds; 0 for one without an end."""

    seconds: float

    def __str__(self) -> str:
        return f"silence, {self.seconds:g} s" if self.seconds else "silence"


@dataclass(frozen=True, slots=True)
class Disconnected(Event):
    """The line drops: the service or the exchange has hung up, not the caller."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key pressed."""

    key: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words said to a Gather that listens for speech."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Talk:
    """Talk onto a recording, for so many seconds."""

    seconds: float
    words: str


@dataclass(frozen=True, slots=True)
class PickUp:
    """A ringing phone is answered."""


@dataclass(frozen=True, slots=True)
class Decline:
    """A ringing phone is turned away."""


Input = Key | Spoken | Talk | PickUp | Decline
