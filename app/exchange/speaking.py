"""Say, Play, Pause: what a caller hears, for as long as it takes."""

from app.exchange.call import Call
from app.exchange.events import Input, Played, Said, Silence
from app.exchange.verbs import Pause, Play, Prompt, Say

CHARACTERS_A_SECOND = 15
ENDLESS = 1000
"""How often `loop="0"` repeats."""


async def speak(call: Call, prompt: Prompt) -> Input | None:
    """Says or plays it through; ends early, with what the caller gave, where a Gather listens."""
    match prompt:
        case Pause(length):
            call.hear(Silence(length))
            return await call.pass_time(length, quiet=_may_rest(call))
        case Say(text, voice, language, loop):
            return await _repeat(call, Said(text, voice, language), len(text) / CHARACTERS_A_SECOND, loop)
        case Play(_, loop, digits) if digits:
            return await _repeat(call, Played(f"digits:{digits}"), len(digits) / 2, loop)
        case Play(url, loop):
            return await _repeat(call, Played(url), call.exchange.sound_seconds, loop, quiet=_may_rest(call))


async def _repeat(call: Call, event: Said | Played, seconds: float, loop: int, quiet: bool = False) -> Input | None:
    for _ in range(loop or ENDLESS):
        call.hear(event)
        if given := await call.pass_time(seconds, quiet=quiet):
            return given
    return None


def _may_rest(call: Call) -> bool:
    """In a queue music and pauses are the waiting itself: a caller who listens for news has heard it."""
    return call.waiting_in is not None
