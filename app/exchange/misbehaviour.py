"""What the exchange can be told to do wrong, as real telephone companies and networks do."""

from dataclasses import dataclass


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

    @property
    def copies(self) -> int:
        """How often a webhook is sent."""
        return max(self.repeat, 2 if self.lose_first_answer else 1)
