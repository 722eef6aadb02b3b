"""Whom the service wants to tell how an outbound call comes along, and of which steps."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

Step = Literal["initiated", "ringing", "answered", "completed"]


@dataclass(slots=True)
class Progress:
    """The status callback of a leg: of a Number noun, or of a call placed by REST. `completed` is any final status."""

    url: str
    method: str = "POST"
    steps: tuple[str, ...] = ("completed",)
    told: Iterator[int] = field(default_factory=count)
    """Numbers the callbacks from 0: they may arrive in any order."""
