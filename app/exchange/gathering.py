"""Gather: a prompt, then keys or words. No input, or the finishing key first: on to the next verb."""

from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.events import Input, Key, Spoken
from app.exchange.speaking import speak
from app.exchange.verbs import Gather


async def gather(call: Call, verb: Gather, here: Document) -> Goto | None:
    """Where the input is taken, if there is any."""
    accepted = [kind for name, kind in (("dtmf", Key), ("speech", Spoken)) if name in verb.input]
    with call.waiting_for("keys", *accepted):
        given = await _first_input(call, verb)
        if isinstance(given, Spoken):
            await call.pass_time(verb.speech_timeout or verb.timeout)
            said = {"SpeechResult": given.text, "Confidence": f"{given.confidence:.2f}"}
            return here.goto(verb.action, verb.method, said)
        digits = await _collect(call, verb, given)
    if digits:
        return here.goto(verb.action, verb.method, {"Digits": digits})
    if verb.action_on_empty_result:
        return here.goto(verb.action, verb.method)
    return None


async def _first_input(call: Call, verb: Gather) -> Input | None:
    """Input stops the prompt. The timeout starts when the prompt has ended."""
    for prompt in verb.prompts:
        if given := await speak(call, prompt):
            return given
    return await call.pass_time(verb.timeout, quiet=True)


async def _collect(call: Call, verb: Gather, given: Input | None) -> str:
    """The keys up to the finishing one, the wanted number, or a timeout after the last."""
    digits = ""
    while isinstance(given, Key) and given.key != verb.finish_on_key:
        digits += given.key
        if len(digits) == verb.num_digits:
            break
        given = await call.pass_time(verb.timeout, quiet=True)
    return digits
