"""Record: a beep, then the caller's message, until a key, silence, the limit or the end of the call."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.events import Beep, Key, Talk
from app.exchange.interrupts import Ending, Redirected
from app.exchange.telling import inform
from app.exchange.verbs import Record
from app.exchange.webhooks import notify


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as the provider knows it. `seconds` is 0 where nobody spoke, and the status then `absent`.

    `processing` for as long as the exchange is told (`Exchange.processing_seconds`); `deleted` is for good.
    """

    sid: str
    call_sid: str
    url: str
    began: datetime
    seconds: int = 0
    words: str = ""
    ready_at: datetime | None = None
    deleted: bool = False

    @property
    def status(self) -> str:
        """What it comes to in the end."""
        return "completed" if self.seconds else "absent"

    def status_at(self, now: datetime) -> str:
        """What the provider says of it now."""
        if self.deleted:
            return "deleted"
        return "processing" if self.seconds and self.ready_at and now < self.ready_at else self.status


async def record(call: Call, verb: Record, here: Document) -> Goto | None:
    """Records, keeps the recording, and goes on to the action."""
    if verb.play_beep:
        call.hear(Beep())
    tape = _Tape(call, verb)
    try:
        with call.waiting_for("recording", Key, Talk):
            key = await tape.run()
    except Ending:
        if goto := _action(call, verb, here, tape.recording(), "hangup"):
            await inform(call, goto)
        _tell_later(call, verb, here, tape.recording())
        raise
    except Redirected:
        _tell_later(call, verb, here, tape.recording())
        raise
    _tell_later(call, verb, here, tape.recording())
    return _action(call, verb, here, tape.recording(), key)


class _Tape:
    """A recording that runs."""

    def __init__(self, call: Call, verb: Record) -> None:
        self.call, self.verb = call, verb
        self.began = call.seconds
        sid = "RE" + call.exchange.new_id()
        url = f"https://api.twilio.com/2010-04-01/Accounts/{call.exchange.account_sid}/Recordings/{sid}"
        self._recording = Recording(sid, call.sid, url, call.exchange.clock.now())
        self._words: list[str] = []
        self._spoken = False

    async def run(self) -> str:
        """The key that ended it; empty for silence or the limit."""
        limit = self.verb.max_length
        patience: float = self.verb.timeout or limit
        while (left := self.began + limit - self.call.seconds) > 0:
            match await self.call.pass_time(min(left, patience), quiet=True):
                case Talk(seconds, words):
                    self._spoken = self._spoken or seconds > 0
                    self._words.append(words)
                    patience = seconds + (self.verb.timeout or limit)
                case Key(key) if key in self.verb.finish_on_key:
                    return key
                case None:
                    return ""
        return ""

    def recording(self) -> Recording:
        """What has been recorded, the same however often one asks: kept by the exchange at the first time."""
        recordings = self.call.exchange.recordings
        if self._recording.sid not in recordings:
            seconds = round(self.call.seconds - self.began) if self._spoken else 0
            words = " ".join(filter(None, self._words))
            exchange = self.call.exchange
            ready_at = exchange.clock.now() + timedelta(seconds=exchange.processing_seconds)
            recorded = replace(self._recording, seconds=seconds, words=words, ready_at=ready_at)
            recordings[recorded.sid] = recorded
        return recordings[self._recording.sid]


def _action(call: Call, verb: Record, here: Document, recording: Recording, key: str) -> Goto | None:
    """None for an empty recording on an exchange that makes no request then: the next verb follows."""
    if not recording.seconds and not call.exchange.empty_recording_requests_action:
        return None
    form = {"RecordingUrl": recording.url, "RecordingSid": recording.sid, "RecordingDuration": str(recording.seconds)}
    return here.goto(verb.action, verb.method, form | {"Digits": key})


def _tell_later(call: Call, verb: Record, here: Document, recording: Recording) -> None:
    """Starts the callbacks about the recording. They run beside the call, in any order with its other requests."""
    if verb.recording_status_callback and recording.status in verb.recording_status_callback_event:
        callback = here.goto(
            verb.recording_status_callback,
            verb.recording_status_callback_method,
            call.bare_form() | _status_form(recording),
        )
        told = replace(callback, bare=True)
        call.exchange.later(call.exchange.processing_seconds, lambda: notify(call, told))
    if verb.transcribe and verb.transcribe_callback and 2 < recording.seconds < 120:
        call.exchange.later(call.exchange.transcribes_after, lambda: _transcribed(call, verb, here, recording))


def _status_form(recording: Recording) -> dict[str, str]:
    return {
        "RecordingSid": recording.sid,
        "RecordingUrl": recording.url,
        "RecordingStatus": recording.status,
        "RecordingDuration": str(recording.seconds),
        "RecordingChannels": "1",
        "RecordingStartTime": format_datetime(recording.began),
        "RecordingSource": "RecordVerb",
    }


async def _transcribed(call: Call, verb: Record, here: Document, recording: Recording) -> None:
    form = {
        "TranscriptionSid": "TR" + call.exchange.new_id(),
        "TranscriptionText": recording.words,
        "TranscriptionStatus": "completed",
        "RecordingSid": recording.sid,
        "RecordingUrl": recording.url,
    }
    await notify(call, here.goto(verb.transcribe_callback, "POST", form))
