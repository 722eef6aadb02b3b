"""The five webhooks of a call, as the provider posts them: the call, its PID, severity 2, a new case, the queue."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from bench.databases import FIRST_PID, PARTNERS

LINE = "+18888988733"


@dataclass(frozen=True, slots=True)
class Step:
    """A webhook: where it is posted (a path, or the attribute of the last answer that names it), and what must come."""

    goes_to: str
    fields: dict[str, str]
    expects: bytes


@dataclass(frozen=True, slots=True)
class Webhook:
    """A step of one call with its form: as it is sent, and as it is signed."""

    step: Step
    body: bytes
    signed: bytes


Call = list[Webhook]

CONVERSATION = (
    Step("/twilio/voice", {"CallStatus": "ringing"}, b"<Gather "),
    Step("action", {"Digits": "PID", "FinishedOnKey": "#", "msg": "Gather End"}, b"<Gather "),
    Step("action", {"Digits": "2", "FinishedOnKey": "", "msg": "Gather End"}, b"<Gather "),
    Step("action", {"Digits": "", "FinishedOnKey": "#", "msg": "Gather End"}, b"<Enqueue "),
    Step("waitUrl", {"QueueTime": "0", "QueuePosition": "1", "AvgQueueTime": "0", "CurrentQueueSize": "1"}, b"<Play>"),
)
HANGING_UP = (Step("/twilio/status", {"CallStatus": "completed", "CallDuration": "60"}, b""),)


def calls(first: int, count: int, steps: tuple[Step, ...] = CONVERSATION) -> list[Call]:
    """Calls number `first` and following. A number is the same call each time: it can be hung up later."""
    return [list(_webhooks(number, steps)) for number in range(first, first + count)]


def _webhooks(number: int, steps: tuple[Step, ...]) -> Iterator[Webhook]:
    common = _common(number)
    pid = str(FIRST_PID + Random(number).randrange(PARTNERS))
    for step in steps:
        fields = common | step.fields
        if fields.get("Digits") == "PID":
            fields["Digits"] = pid
        signed = "".join(name + fields[name] for name in sorted(fields))
        yield Webhook(step, urlencode(fields).encode(), signed.encode())


def _common(number: int) -> dict[str, str]:
    """What the provider sends with every webhook of a call."""
    caller = f"+1206{number % 10_000_000:07}"
    return {
        "AccountSid": "AC00000000000000000000000000000000",
        "ApiVersion": "2010-04-01",
        "CallSid": f"CA{number:032x}",
        "CallStatus": "in-progress",
        "Direction": "inbound",
        "StirVerstat": "TN-Validation-Passed-A",
        **_party("From", "Caller", caller, "SEATTLE", "WA"),
        **_party("To", "Called", LINE, "", ""),
    }


def _party(name: str, other_name: str, number: str, city: str, state: str) -> dict[str, str]:
    of_number = {"": number, "City": city, "State": state, "Zip": "98101" if city else "", "Country": "US"}
    return {prefix + part: value for prefix in (name, other_name) for part, value in of_number.items()}
