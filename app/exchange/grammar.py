"""What may stand in a TwiML document: elements, their attributes and values, and what they may contain.

Stricter than the provider, which ignores what it does not know and lets the call limp on: here it is a mistake.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from app.exchange.verbs import Place

Check = Callable[[str], str | None]
"""Says what is wrong with the value of an attribute, or None."""

VERBS: Mapping[Place, frozenset[str]] = {
    "call": frozenset({"Say", "Play", "Pause", "Gather", "Record", "Enqueue", "Dial", "Redirect", "Hangup", "Reject"}),
    "queue": frozenset({"Say", "Play", "Pause", "Gather", "Redirect", "Leave", "Hangup"}),
    "callee": frozenset({"Say", "Play", "Pause", "Gather", "Redirect", "Hangup"}),
    "front": frozenset({"Say", "Play", "Pause", "Redirect"}),
    "hold": frozenset({"Say", "Play", "Pause", "Redirect"}),
}
ALL_VERBS = frozenset[str]().union(*VERBS.values())
SSML = frozenset({"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"})
CHILDREN: Mapping[str, frozenset[str]] = {
    "Gather": frozenset({"Say", "Play", "Pause"}),
    "Dial": frozenset({"Number", "Client", "Sip", "Queue", "Conference"}),
    "Say": SSML,
}


def one_of(*values: str) -> Check:
    return lambda value: None if value in values else f"is none of {', '.join(values)}"


def words_of(*values: str) -> Check:
    """One or several of the values, separated by spaces."""

    def check(value: str) -> str | None:
        given = value.split(" ")
        return None if given and set(given) <= set(values) else f"is not made of {', '.join(values)}"

    return check


def whole(low: int, high: int = 2**31) -> Check:
    def check(value: str) -> str | None:
        good = re.fullmatch(r"[0-9]{1,10}", value) and low <= int(value) <= high
        return None if good else f"is no whole number from {low} to {high}"

    return check


def matches(pattern: str, meaning: str) -> Check:
    return lambda value: None if re.fullmatch(pattern, value) else f"is not {meaning}"


def either(*checks: Check) -> Check:
    def check(value: str) -> str | None:
        problems = [check(value) for check in checks]
        return None if None in problems else " and ".join(problem for problem in problems if problem)

    return check


def anything(_: str) -> str | None:
    return None


_boolean = one_of("true", "false")
_method = one_of("GET", "POST")
_url = matches(r"\S+", "a URL")
_language = matches(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?", "a language such as en-US")
_events = words_of("initiated", "ringing", "answered", "completed")
_callback: dict[str, Check] = {
    "url": _url, "method": _method,
    "statusCallback": _url, "statusCallbackMethod": _method, "statusCallbackEvent": _events,
}  # fmt: skip
_recording: dict[str, Check] = {
    "recordingStatusCallback": _url, "recordingStatusCallbackMethod": _method,
    "recordingStatusCallbackEvent": words_of("in-progress", "completed", "absent"),
    "recordingConfigurationId": anything,
}  # fmt: skip

ATTRIBUTES: Mapping[str, Mapping[str, Check]] = {
    "Response": {},
    "Say": {
        "voice": matches(r"man|woman|alice|(Polly|Google)\.[A-Za-z0-9-]+", "a voice"),
        "language": _language, "loop": whole(0, 1000),
    },
    "Play": {"loop": whole(0, 1000), "digits": matches(r"[0-9A-DwW#*]+", "made of 0-9 A-D w W # *")},
    "Pause": {"length": whole(1)},
    "Gather": {
        "input": one_of("dtmf", "speech", "dtmf speech", "speech dtmf"),
        "action": _url, "method": _method, "timeout": whole(1), "numDigits": whole(1),
        "finishOnKey": matches(r"[0-9#*]?", "one key or empty"), "actionOnEmptyResult": _boolean,
        "speechTimeout": either(whole(1), one_of("auto")), "speechModel": anything, "enhanced": _boolean,
        "language": _language, "hints": anything, "profanityFilter": _boolean, "bargeIn": _boolean,
        "partialResultCallback": _url, "partialResultCallbackMethod": _method, "maxSpeechTime": whole(1, 60),
    },
    "Record": {
        "action": _url, "method": _method, "timeout": whole(0),
        "finishOnKey": matches(r"[0-9#*]*", "made of 0-9 # *"), "maxLength": whole(1, 14400), "playBeep": _boolean,
        "trim": one_of("trim-silence", "do-not-trim"), "transcribe": _boolean, "transcribeCallback": _url, **_recording,
    },
    "Enqueue": {
        "action": _url, "method": _method, "waitUrl": either(_url, one_of("")), "waitUrlMethod": _method,
        "maxQueueSize": whole(1, 5000),
    },
    "Leave": {},
    "Dial": {
        "action": _url, "method": _method, "timeout": whole(5, 600), "timeLimit": whole(1, 14400),
        "callerId": anything, "answerOnBridge": _boolean, "hangupOnStar": _boolean, "sequential": _boolean,
        "record": one_of("true", "do-not-record", "record-from-answer", "record-from-answer-dual",
                         "record-from-ringing", "record-from-ringing-dual"),
        "recordingTrack": one_of("inbound", "outbound", "both"), "trim": one_of("trim-silence", "do-not-trim"),
        "ringTone": anything, "referUrl": _url, "referMethod": _method, "callReason": anything, **_recording,
    },
    "Number": {"sendDigits": matches(r"[0-9A-DwW#*]+", "made of 0-9 A-D w W # *"), "byoc": anything,
               "machineDetection": one_of("Enable", "DetectMessageEnd"), **_callback},
    "Client": _callback,
    "Sip": {"username": anything, "password": anything, **_callback},
    "Queue": {"url": _url, "method": _method, "reservationSid": anything, "postWorkActivitySid": anything},
    "Conference": {
        "muted": _boolean, "beep": one_of("true", "false", "onEnter", "onExit"), "startConferenceOnEnter": _boolean,
        "endConferenceOnExit": _boolean, "participantLabel": matches(r".{1,128}", "of 1 to 128 characters"),
        "maxParticipants": whole(2, 250), "waitUrl": either(_url, one_of("")), "waitMethod": _method,
        "jitterBufferSize": one_of("large", "medium", "small", "off"), "trim": one_of("trim-silence", "do-not-trim"),
        "record": one_of("do-not-record", "record-from-start"), "coach": matches(r"CA[0-9a-fA-F]{32}", "a CallSid"),
        "statusCallback": _url, "statusCallbackMethod": _method,
        "statusCallbackEvent": words_of("start", "end", "join", "leave", "mute", "hold", "modify", "speaker",
                                        "announcement"), **_recording,
    },
    "Redirect": {"method": _method},
    "Hangup": {},
    "Reject": {"reason": one_of("rejected", "busy")},
}  # fmt: skip


def longest_text(voice: str) -> int:
    """How many characters a voice reads at most."""
    return 3000 if voice.startswith("Polly.") else 5000 if voice.startswith("Google.") else 4096


def attribute_problems(tag: str, attributes: Iterable[tuple[str, str]]) -> list[str]:
    """What is wrong with the attributes of an element."""
    known = ATTRIBUTES[tag]
    problems = []
    for name, value in attributes:
        if name not in known:
            problems.append(f"{tag}: unknown attribute {name}")
        elif problem := known[name](value):
            problems.append(f'{tag}: {name}="{value}" {problem}')
    return problems
