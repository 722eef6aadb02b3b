"""REST: recordings, their sound, and that they are deleted."""

from dataclasses import replace

from starlette.responses import Response

from app.exchange.orders import Refused
from app.exchange.recording import Recording
from app.exchange.rest_shapes import Asked, Json, date, ok, page, uri
from app.exchange.sound import wav


def fetch(asked: Asked) -> Response:
    """What is known of a recording. A deleted one is kept for a while, but shown only on demand."""
    recording = _found(asked)
    if recording.deleted and asked.query.get("IncludeSoftDeleted") != "true":
        raise asked.not_there()
    return ok(_shape(asked, recording))


def media(asked: Asked) -> Response:
    """The sound. Not there before the recording is completed, nor after it was deleted."""
    recording = _found(asked)
    if recording.status_at(asked.exchange.clock.now()) != "completed":
        raise asked.not_there()
    if asked.query.get("RequestedChannels") == "2":
        raise Refused(400, 21220, "The recording has one channel")
    return Response(wav(recording.seconds), media_type="audio/x-wav")


def delete(asked: Asked) -> Response:
    """Gone for good."""
    recording = _found(asked)
    if recording.deleted:
        raise asked.not_there()
    asked.exchange.recordings[recording.sid] = replace(recording, deleted=True)
    return Response(status_code=204)


def listing(asked: Asked) -> Response:
    """All recordings that are not deleted; by `CallSid`."""
    wanted = asked.query.get("CallSid")
    found = [
        _shape(asked, recording)
        for recording in reversed(asked.exchange.recordings.values())
        if not recording.deleted and wanted in (None, recording.call_sid)
    ]
    return page(asked, "recordings", found)


# The media has no extension, or `.wav`; so the order of these matters.
HANDLERS = {
    ("GET", "/Recordings.json"): listing,
    ("GET", "/Recordings/{sid}.json"): fetch,
    ("DELETE", "/Recordings/{sid}.json"): delete,
    ("GET", "/Recordings/{sid}.wav"): media,
    ("GET", "/Recordings/{sid}"): media,
}


def _shape(asked: Asked, recording: Recording) -> Json:
    exchange = asked.exchange
    status = recording.status_at(exchange.clock.now())
    return {
        "sid": recording.sid,
        "account_sid": exchange.account_sid,
        "call_sid": recording.call_sid,
        "conference_sid": None,
        "status": status,
        "duration": str(recording.seconds) if status == "completed" else None,
        "channels": 1,
        "source": "RecordVerb",
        "error_code": None,
        "start_time": date(recording.began),
        "date_created": date(recording.began),
        "date_updated": date(recording.ready_at),
        "api_version": "2010-04-01",
        "media_url": recording.url,
        "uri": uri(exchange, f"/Recordings/{recording.sid}.json"),
    }


def _found(asked: Asked) -> Recording:
    recording = asked.exchange.recordings.get(asked.ids["sid"])
    if recording is None:
        raise asked.not_there()
    return recording
