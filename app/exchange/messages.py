"""Text messages that the service sent: kept, and delivered at once."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """An SMS as the provider took it."""

    sid: str
    to: str
    sender: str
    text: str
    at: datetime
