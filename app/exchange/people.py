"""Who picks up when the exchange rings a number."""

from dataclasses import dataclass
from typing import Literal

Reaction = Literal["answers", "busy", "no-answer", "failed"]


@dataclass(frozen=True, slots=True)
class Person:
    """How somebody takes a call. Seconds; `talks` None: until the other side hangs up."""

    reaction: Reaction = "answers"
    after: float = 3.0
    """Seconds of ringing before the answer, or before the exchange learns that there is none."""
    talks: float | None = None


NOBODY = Person("no-answer", after=float("inf"))
