"""What is to be done once a turn is committed: the background work that its record asks for."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from app.store import records


class Job(NamedTuple):
    """`key`: see `deferring.Defer`."""

    name: str
    at: datetime
    key: str | None
    args: dict[str, str | int]


def jobs_of(record: records.Turn) -> Iterator[Job]:
    for deed in record.deeds:
        match deed:
            case records.NewCase(_, draft) | records.JoinedCase(_, draft) if draft.page:
                yield Job("look_at_page", record.at, None, {"page": record.page_id})
            case records.Message(_, _, recording, _):
                yield Job("look_at_page", record.at, None, {"page": record.page_id})
                yield Job("fetch_recording", record.at, None, {"recording": record.recording_id(recording)})
    if record.look_at:
        # One look serves everything that has changed by then.
        at = record.look_at
        yield Job("dispatch", at, "dispatch" if at <= record.at else "dispatch soon", {})
