"""What the exchange can be told to do wrong, as real telephone companies and networks do."""

from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["busy", "error", "away", "timeout", "lost", "unreachable"]
"""What becomes of a REST request: 429 with code 20429, 500, 503, no answer and nothing done, done but the answer lost,
no connection at all."""


@dataclass(slots=True)
class Misbehaviour:
    """All off. Copies of one webhook carry one idempotency token, as the provider's retries do."""

    repeat: int = 1
    """How often each webhook is sent; the call goes on with the first answer."""
    overlap: bool = False
    """The copies are sent at once."""
    lose_first_answer: bool = False
    """The first copy is handled, its answer is lost; the call goes on with the second."""
    replay_late: bool = False
    """After the call all its webhooks are sent once more, the last one first."""
    status_first: bool = False
    """After a hang-up the status callback comes before the actions of Record, Enqueue and Dial."""
    drop_status: bool = False
    """The status callback of the call is never sent."""
    status_late: float = 0.0
    """Seconds by which the status callback comes after the end of a call."""
    progress_late: float = 0.0
    """Seconds by which `initiated`, `ringing` and `answered` are late: they may come after the end."""
    queue_action_late: float = 0.0
    """Seconds by which the action of an Enqueue comes after the service took the caller out of it by REST."""
    rest: list[Fault] = field(default_factory=list)
    """What becomes of the next REST requests, one each; `rest_only` spares others."""
    rest_only: str = ""
    """Part of the method and path of the requests that `rest` strikes: `POST …`, `/Members/`."""

    @property
    def copies(self) -> int:
        """How often a webhook is sent."""
        return max(self.repeat, 2 if self.lose_first_answer else 1)

    def next_rest_fault(self, request: str) -> Fault | None:
        """What becomes of this request, given as its method and path."""
        return self.rest.pop(0) if self.rest and self.rest_only in request else None
