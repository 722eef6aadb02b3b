"""What was heard, in words, for the record of a call."""

from typing import assert_never

from app.flows.asks import (
    AgentLost,
    Done,
    FoundCase,
    FoundClosures,
    FoundNumber,
    FoundPartner,
    FoundPlace,
    HandedOver,
    No,
    Opened,
    Toggled,
    Unavailable,
    Yes,
)
from app.flows.nodes.collect import BEFORE_A_CODE
from app.flows.turn import (
    Began,
    DialEnded,
    Heard,
    HungUp,
    Keyed,
    LeftQueue,
    Recorded,
    Silence,
    Spoken,
    StillWaiting,
)


def heard(what: Heard) -> str:
    match what:
        case Began():
            return "the call began"
        case Keyed(keys) if keys.startswith(BEFORE_A_CODE):
            # An agent's code is a secret.
            return "keyed ** and a code"
        case Keyed(keys):
            return f"keyed {keys}"
        case Spoken(text):
            return f'said "{text}"'
        case Silence():
            return "silence"
        case Recorded(_, seconds, hung_up):
            return f"a message of {seconds} s{', then hung up' if hung_up else ''}"
        case DialEnded(status, seconds):
            return f"the dialled party: {status}{f' after {seconds} s' if seconds else ''}"
        case StillWaiting(seconds):
            return f"waiting for {seconds} s"
        case LeftQueue(result, seconds):
            return f"left the queue: {result} after {seconds} s"
        case HungUp():
            return "hung up"
        case (
            Yes()
            | No()
            | Done()
            | Opened()
            | FoundPartner()
            | FoundClosures()
            | FoundCase()
            | FoundNumber()
            | FoundPlace()
            | AgentLost()
            | HandedOver()
            | Toggled()
            | Unavailable()
        ):
            return "an answer"
        case _:
            assert_never(what)
