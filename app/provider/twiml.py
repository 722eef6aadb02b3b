"""A turn as TwiML. One `match` over the directives: what a caller can experience, in order of the provider's page.

Valid by construction and checked in the tests against the rules of twilio-voice. Text is escaped and stripped of what
XML cannot hold: names come from partners' files.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never
from xml.sax.saxutils import escape, quoteattr

from app.flows.turn import (
    Confer,
    Dial,
    Directive,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Music,
    PlayRecording,
    Record,
    Say,
    TakeFromQueue,
)

MEDIA_TYPE = "text/xml"
LONGEST_SAY = 3000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses that the provider requests next. `step` carries the session; `wait` is for a caller in a queue.

    `recorded` is told of each recording; `transcribed` gets its text, and is empty where nobody asks for that.
    """

    step: str
    wait: str
    screen: str
    music: str
    recordings: str
    recorded: str = ""
    transcribed: str = ""


def render(directives: Iterable[Directive], urls: Urls) -> str:
    """The document. Whatever waits for the caller is followed by a way on: no branch ends in nothing."""
    return f"<Response>{''.join([_verb(directive, urls) for directive in directives])}</Response>"


def _verb(directive: Directive, urls: Urls) -> str:
    match directive:
        case Say(text, language, voice):
            return f'<Say voice="{voice}" language="{language}">{_text(text)}</Say>'
        case Gather():
            return _gather(directive, urls) + (_go_on(urls) if directive.goes_on else "")
        case Record():
            return _record(directive, urls) + _go_on(urls)
        case PlayRecording(sid):
            return f"<Play>{_text(urls.recordings + sid)}.wav</Play>"
        case Enqueue(queue):
            return f"<Enqueue action={quoteattr(urls.step)} waitUrl={quoteattr(urls.wait)}>{_text(queue)}</Enqueue>"
        case Music(prompts, listens):
            played = "".join([_verb(prompt, urls) for prompt in prompts]) + f"<Play>{_text(urls.music)}</Play>"
            return (_listening(played, urls) if listens else played) + f"<Redirect>{_text(urls.wait)}</Redirect>"
        case Leave():
            return "<Leave/>"
        case Dial():
            return _dial(directive, urls)
        case TakeFromQueue():
            return _take(directive, urls)
        case Confer(name):
            return _confer(name, urls)
        case Hangup():
            return "<Hangup/>"
        case _:
            assert_never(directive)


def _gather(gather: Gather, urls: Urls) -> str:
    attributes = [
        f"action={quoteattr(urls.step)}",
        f'input="{"dtmf speech" if gather.speech else "dtmf"}"',
        f'timeout="{gather.timeout}"',
        f'finishOnKey="{gather.finish_on}"',
    ]
    if gather.digits is not None:
        attributes.append(f'numDigits="{gather.digits}"')
    if gather.speech:
        attributes.append(f'speechTimeout="{gather.speech_timeout}"')
        attributes.append(f"language={quoteattr(gather.language)} hints={quoteattr(gather.hints)}")
    prompts = "".join([_verb(prompt, urls) for prompt in gather.prompts])
    return f"<Gather {' '.join(attributes)}>{prompts}</Gather>"


def _record(record: Record, urls: Urls) -> str:
    attributes = [
        f"action={quoteattr(urls.step)}",
        f'maxLength="{record.max_seconds}" finishOnKey="{record.finish_on}" timeout="{record.silence}"',
        'playBeep="true"',
    ]
    if urls.recorded:
        attributes.append(f"recordingStatusCallback={quoteattr(urls.recorded)}")
    if urls.transcribed:
        attributes.append(f'transcribe="true" transcribeCallback={quoteattr(urls.transcribed)}')
    return f"<Record {' '.join(attributes)}/>"


def _listening(played: str, urls: Urls) -> str:
    """One key of a caller in a queue. Whoever presses none hears on: the provider waits a second at the end for it."""
    return (
        f'<Gather action={quoteattr(urls.wait)} input="dtmf" timeout="1" numDigits="1" finishOnKey="">{played}</Gather>'
    )


def _dial(dial: Dial, urls: Urls) -> str:
    caller_id = f" callerId={quoteattr(dial.caller_id)}" if dial.caller_id else ""
    url = f" url={quoteattr(urls.screen)}" if dial.screened else ""
    numbers = "".join([f"<Number{url}>{_text(number)}</Number>" for number in dial.numbers])
    sequential = ' sequential="true"' if len(dial.numbers) > 1 else ""
    return f'<Dial action={quoteattr(urls.step)} timeout="{dial.timeout}"{sequential}{caller_id}>{numbers}</Dial>'


def _take(take: TakeFromQueue, urls: Urls) -> str:
    """The caller hears what stands at `screen`; the agent goes on at `step`, also when nobody came."""
    pause = f'<Pause length="{take.silence}"/>' if take.silence else ""
    queue = f"<Queue url={quoteattr(urls.screen)}>{_text(take.queue)}</Queue>"
    return f'{pause}<Dial action={quoteattr(urls.step)} timeout="{take.timeout}">{queue}</Dial>'


def _confer(name: str, urls: Urls) -> str:
    conference = (
        f'<Conference beep="false" startConferenceOnEnter="true" endConferenceOnExit="true" waitUrl="">'
        f"{_text(name)}</Conference>"
    )
    return f"<Dial action={quoteattr(urls.step)}>{conference}</Dial>"


def _go_on(urls: Urls) -> str:
    return f"<Redirect>{_text(urls.step)}</Redirect>"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text)[:LONGEST_SAY])
