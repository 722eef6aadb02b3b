"""One TwiML element to one record. The elements are known to be good: `twiml` has checked them."""

from xml.etree.ElementTree import Element

from app.exchange import verbs
from app.exchange.verbs import Prompt, Verb


def text_of(element: Element) -> str:
    """The text of an element and of all in it, without the blanks around it."""
    return "".join(element.itertext()).strip()


def verb_of(element: Element) -> Verb:
    """The record of a verb."""
    match element.tag:
        case "Gather":
            return _gather(element)
        case "Record":
            return _record(element)
        case "Enqueue":
            return _enqueue(element)
        case "Dial":
            return _dial(element)
        case "Redirect":
            return verbs.Redirect(text_of(element), element.get("method", "POST"))
        case "Leave":
            return verbs.Leave()
        case "Hangup":
            return verbs.Hangup()
        case "Reject":
            return verbs.Reject(element.get("reason", "rejected"))
        case _:
            return _prompt(element)


def _prompt(element: Element) -> Prompt:
    loop = _number(element, "loop", 1)
    match element.tag:
        case "Say":
            return verbs.Say(text_of(element), element.get("voice", "man"), element.get("language", "en-US"), loop)
        case "Play":
            return verbs.Play(text_of(element), loop, element.get("digits", ""))
        case "Pause":
            return verbs.Pause(_number(element, "length", 1))
    raise ValueError(f"{element.tag} is no verb")


def _gather(element: Element) -> verbs.Gather:
    speech_timeout = element.get("speechTimeout", "")
    return verbs.Gather(
        prompts=tuple(_prompt(child) for child in element),
        input=tuple(element.get("input", "dtmf").split()),
        action=element.get("action", ""),
        method=element.get("method", "POST"),
        timeout=_number(element, "timeout", 5),
        num_digits=int(element.attrib["numDigits"]) if "numDigits" in element.attrib else None,
        finish_on_key=element.get("finishOnKey", "#"),
        action_on_empty_result=_flag(element, "actionOnEmptyResult", False),
        # The provider finds out by itself when the caller has done speaking; we take that to need one second.
        speech_timeout=1 if speech_timeout == "auto" else int(speech_timeout) if speech_timeout else None,
    )


def _record(element: Element) -> verbs.Record:
    transcribe = _flag(element, "transcribe", False)
    return verbs.Record(
        action=element.get("action", ""),
        method=element.get("method", "POST"),
        timeout=_number(element, "timeout", 5),
        finish_on_key=element.get("finishOnKey", "1234567890*#"),
        max_length=_number(element, "maxLength", 120 if transcribe else 3600),
        play_beep=_flag(element, "playBeep", True),
        recording_status_callback=element.get("recordingStatusCallback", ""),
        recording_status_callback_method=element.get("recordingStatusCallbackMethod", "POST"),
        recording_status_callback_event=tuple(element.get("recordingStatusCallbackEvent", "completed").split()),
        transcribe=transcribe,
        transcribe_callback=element.get("transcribeCallback", ""),
    )


def _enqueue(element: Element) -> verbs.Enqueue:
    return verbs.Enqueue(
        name=text_of(element),
        action=element.get("action"),
        method=element.get("method", "POST"),
        wait_url=element.get("waitUrl"),
        wait_url_method=element.get("waitUrlMethod", "POST"),
        max_queue_size=int(element.attrib["maxQueueSize"]) if "maxQueueSize" in element.attrib else None,
    )


def _dial(element: Element) -> verbs.Dial:
    plain = verbs.Target(text_of(element))
    return verbs.Dial(
        nouns=tuple(_noun(child) for child in element) or (plain,),
        action=element.get("action"),
        method=element.get("method", "POST"),
        timeout=_number(element, "timeout", 30),
        time_limit=_number(element, "timeLimit", 14400),
        caller_id=element.get("callerId", ""),
        sequential=_flag(element, "sequential", False),
    )


def _noun(element: Element) -> verbs.Target | verbs.QueueNoun | verbs.Conference:
    match element.tag:
        case "Queue":
            return verbs.QueueNoun(text_of(element), element.get("url"), element.get("method", "POST"))
        case "Conference":
            return _conference(element)
    prefix = "client:" if element.tag == "Client" else ""
    return verbs.Target(
        address=prefix + text_of(element),
        url=element.get("url"),
        method=element.get("method", "POST"),
        status_callback=element.get("statusCallback"),
        status_callback_method=element.get("statusCallbackMethod", "POST"),
        status_callback_event=tuple(element.get("statusCallbackEvent", "completed").split()),
    )


def _conference(element: Element) -> verbs.Conference:
    return verbs.Conference(
        name=text_of(element),
        start_on_enter=_flag(element, "startConferenceOnEnter", True),
        end_on_exit=_flag(element, "endConferenceOnExit", False),
        beep=element.get("beep", "true"),
        muted=_flag(element, "muted", False),
        label=element.get("participantLabel", ""),
        wait_url=element.get("waitUrl"),
        wait_method=element.get("waitMethod", "POST"),
        status_callback=element.get("statusCallback"),
        status_callback_method=element.get("statusCallbackMethod", "POST"),
        status_callback_event=tuple(element.get("statusCallbackEvent", "").split()),
    )


def _number(element: Element, name: str, default: int) -> int:
    return int(element.get(name, default))


def _flag(element: Element, name: str, default: bool) -> bool:
    return element.get(name, "true" if default else "false") == "true"
