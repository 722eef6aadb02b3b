"""Somebody was rung for a waiting caller. Only who presses 1 is connected: a voice mailbox never does (agents.md)."""

from app.domain.digits import from_speech
from app.domain.routing import ASSUMED_SEVERITY
from app.flows.session import Session
from app.flows.turn import Gather, Hangup, Heard, Keyed, Say, Spoken
from app.provider import twiml
from app.runtime import Runtime
from app.store import lookups
from app.store.hot import StoreUnavailable

SECONDS_TO_DECIDE = 8


async def whisper(runtime: Runtime, session: Session, answer_url: str) -> str:
    """What the person hears before being connected: how bad, and who."""
    flows = runtime.flows
    line = flows.lines.by_name.get(session.line, flows.lines.default)
    wording = flows.wording[line.languages[0]]
    partner = await _partner_name(runtime, session) or wording.texts["whisper_unverified"]
    severity = (session.severity or ASSUMED_SEVERITY).removeprefix("S")
    values = {"partner": partner, "severity": severity, "line": line.name}
    said = Say(wording.texts["whisper"].format_map(values), wording.locale, wording.voice)
    gather = Gather((said,), 1, "", SECONDS_TO_DECIDE, False, 0, "", wording.locale, goes_on=False)
    return twiml.render((gather, Hangup()), _urls(answer_url))


def decided(heard: Heard) -> str:
    """Pressing 1 connects: the document ends, and the provider bridges. Anything else hangs up."""
    match heard:
        case Keyed(keys) if keys.startswith("1"):
            directives: tuple[Hangup, ...] = ()
        case Spoken(text) if from_speech(text) == "1":
            directives = ()
        case _:
            directives = (Hangup(),)
    return twiml.render(directives, _urls(""))


def _urls(answer_url: str) -> twiml.Urls:
    return twiml.Urls(step=answer_url, wait="", screen="", music="", recordings="")


async def _partner_name(runtime: Runtime, session: Session) -> str | None:
    if session.partner is None:
        return None
    try:
        partner = await lookups.partner_with_id(runtime.store, session.partner.id)
    except StoreUnavailable:
        return None
    return partner.name if partner else None
