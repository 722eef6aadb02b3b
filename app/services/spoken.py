"""What the service says outside of a flow: to people whom it rings."""

from app.domain.digits import spaced
from app.flows.flow import Wording
from app.flows.turn import Directive, Gather, Hangup, Say
from app.provider import twiml
from app.runtime import Runtime
from app.store.rows import Row

SECONDS_TO_DECIDE = 8


def wording_of(runtime: Runtime, line: str) -> Wording:
    """The first language of a line."""
    flows = runtime.flows
    return flows.wording[flows.lines.by_name.get(line, flows.lines.default).languages[0]]


def say(runtime: Runtime, line: str, prompt: str, /, **values: str) -> Say:
    return wording_of(runtime, line).say(prompt, values)


def partner(runtime: Runtime, case: Row) -> str:
    """Who a case is for, as a person hears it."""
    return case["partner_name"] or wording_of(runtime, case["line"]).texts["whisper_unverified"]


def of_case(runtime: Runtime, case: Row) -> dict[str, str]:
    """What is told of a case to somebody who reads it."""
    return {
        "tier": str(case["tier"]),
        "severity": case["severity"].removeprefix("S"),
        "partner": partner(runtime, case),
        "case_number": case["number"],
    }


def one_key(said: Say) -> Gather:
    """Says it, and waits for one key. Silence is an answer too: what stands behind it comes next."""
    return Gather((said,), 1, "", SECONDS_TO_DECIDE, False, 0, "", said.language, goes_on=False)


def document(directives: tuple[Directive, ...], next_url: str = "") -> str:
    """A document for somebody who is in no flow; `next_url` is asked for with the key that is pressed."""
    return twiml.render(directives, twiml.Urls(step=next_url, wait="", screen="", music="", recordings=""))


def hang_up(said: Say | None = None) -> str:
    return document((said, Hangup()) if said else (Hangup(),))


def case_in_words(number: str) -> str:
    return spaced(number)
