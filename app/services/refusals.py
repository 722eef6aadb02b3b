"""Why a use case does not do what it was asked. The message is for who asked; each kind is a status of its own.

Refusal
├── Missing      there is no such thing
├── Conflict     the thing is not in a state for this
└── Unfit        a value cannot be used
"""


class Refusal(Exception):
    """Expected, and no fault of the service: nothing was changed."""


class Missing(Refusal):
    """There is no such thing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what}.")


class Conflict(Refusal):
    """The thing is there, and not in a state for this; the message says what to do instead."""


class Unfit(Refusal):
    """Values that cannot be used: `reasons` by the name of the field."""

    def __init__(self, **reasons: str) -> None:
        super().__init__("; ".join(f"{field}: {reason}" for field, reason in reasons.items()))
        self.reasons = reasons
