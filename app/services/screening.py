"""Somebody was rung for a waiting caller. Only who presses 1 is connected: a voice mailbox never does (agents.md)."""

from app.domain.digits import from_speech
from app.domain.routing import ASSUMED_SEVERITY
from app.flows.session import Session
from app.flows.turn import Hangup, Heard, Keyed, Spoken
from app.runtime import Runtime
from app.services import spoken
from app.store import lookups
from app.store.hot import StoreUnavailable


async def whisper(runtime: Runtime, session: Session, answer_url: str) -> str:
    """What the person hears before being connected: how bad, and who."""
    lines = runtime.flows.lines
    line = lines.by_name.get(session.line, lines.default).name
    wording = spoken.wording_of(runtime, line)
    partner = await _partner_name(runtime, session) or wording.texts["whisper_unverified"]
    severity = (session.severity or ASSUMED_SEVERITY).removeprefix("S")
    values = {"partner": partner, "severity": severity, "line": line}
    return spoken.document((spoken.one_key(wording.say("whisper", values)), Hangup()), answer_url)


def decided(heard: Heard) -> str:
    """Pressing 1 connects: the document ends, and the provider bridges. Anything else hangs up."""
    match heard:
        case Keyed(keys) if keys.startswith("1"):
            directives: tuple[Hangup, ...] = ()
        case Spoken(text) if from_speech(text) == "1":
            directives = ()
        case _:
            directives = (Hangup(),)
    return spoken.document(directives)


async def _partner_name(runtime: Runtime, session: Session) -> str | None:
    if session.partner is None:
        return None
    try:
        partner = await lookups.partner_with_id(runtime.store, session.partner.id)
    except StoreUnavailable:
        return None
    return partner.name if partner else None
