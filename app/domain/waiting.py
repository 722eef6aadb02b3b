"""The order of a queue. Source: call-flows "Waiting": S1 before S2 before S3, certified first, then first come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.routing import Severity


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in a queue. `since` is when it first began to wait; handing over or a dropped agent does not reset it."""

    call_sid: str
    severity: Severity
    certified: bool
    since: datetime

    @property
    def place(self) -> tuple[str, bool, datetime, str]:
        """Sorts as the queue is served. The last part only makes the order total."""
        return self.severity, not self.certified, self.since, self.call_sid


def position(call: Waiting, queue: Iterable[Waiting]) -> int:
    """The call's position in the queue, from 1, whether or not the queue lists the call itself."""
    return 1 + sum(other.place < call.place for other in queue if other.call_sid != call.call_sid)
