"""Messages over the API: who sees them, who hears them, and that each listening is written down."""

from typing import Any

from sqlalchemy import delete, update

from app.exchange.sound import wav
from app.store import tables
from tests.support.partners import TALLGRASS
from tests.support.service import CALLER
from tests.web.api.client import Api, refused

LINE = "US escalation voicemail"
SECONDS = 8


async def leaves_message(api: Api, *, fetched: bool = True) -> dict[str, Any]:
    """A message, as an agent sees it."""
    service = api.service
    service.exchange.processing_seconds = 0 if fetched else 300
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,#")
    await phone.leaves_message(SECONDS)
    await phone.presses("1")
    await service.exchange.timeline.run_for(20)
    found: list[dict[str, Any]] = (await api.get(f"/voicemails?call_sid={phone.call.sid}", "agent")).json()["items"]
    (message,) = found
    return message


def turns(api: Api, message: dict[str, Any], **values: Any) -> None:
    """Something else became of a message."""
    with api.service.engine.begin() as connection:
        this = tables.voicemails.c.recording_sid == message["id"]
        connection.execute(update(tables.voicemails).where(this).values(**values))


def listenings(api: Api) -> list[tuple[str, str, str]]:
    found = api.service.rows(tables.audit, action="message listened to")
    return [(row["actor"], row["subject"], row["detail"]) for row in found]


async def test_a_message_is_shown_with_its_call_and_its_case(api: Api) -> None:
    message = await leaves_message(api)
    case = (await api.get(f"/cases/{message['case_number']}")).json()
    assert case["call_sid"] == message["call_sid"]
    assert (message["caller"], message["seconds"], message["status"]) == (CALLER, SECONDS, "kept")
    assert message["size"] == len(wav(SECONDS))
    assert (await api.get(f"/voicemails/{message['id']}", "agent")).json() == message


async def test_messages_are_found_by_case_and_by_call_the_newest_first(api: Api) -> None:
    first, second = await leaves_message(api), await leaves_message(api)
    for one, other in ((first, second), (second, first)):
        for name in ("case_number", "call_sid"):
            found = (await api.get(f"/voicemails?{name}={one[name]}")).json()
            assert [message["id"] for message in found["items"]] == [one["id"]] != [other["id"]]
    page = (await api.get("/voicemails?limit=1")).json()
    assert [message["id"] for message in page["items"]] == [second["id"]]
    rest = (await api.get(f"/voicemails?limit=1&cursor={page['next']}")).json()
    assert ([message["id"] for message in rest["items"]], rest["next"]) == ([first["id"]], None)


async def test_an_agent_listens_and_each_listening_is_written_down(api: Api) -> None:
    message = await leaves_message(api)
    for _ in range(2):
        answer = await api.get(f"/voicemails/{message['id']}/audio", "agent")
        assert answer.content == wav(SECONDS)
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Cache-Control"] == "no-store"
    assert listenings(api) == [("agent", f"message {message['id']}", f"case {message['case_number']}")] * 2


async def test_it_is_sent_as_a_whole_whatever_part_is_asked_for(api: Api) -> None:
    message = await leaves_message(api)
    path = f"/voicemails/{message['id']}/audio"
    answer = await api.get(path, "agent", headers={"Range": "bytes=0-99"})
    assert (answer.status_code, answer.headers["Accept-Ranges"]) == (200, "none")
    assert answer.content == wav(SECONDS)


async def test_a_viewer_sees_that_there_is_a_message_and_neither_hears_nor_reads_it(api: Api) -> None:
    message = await leaves_message(api)
    turns(api, message, transcript="my number is", transcribed_by="provider")
    for path in ("/voicemails", f"/voicemails/{message['id']}"):
        seen = await api.get(path, "viewer")
        assert CALLER[1:] not in seen.text
        assert "my number is" not in seen.text
        assert message["id"] in seen.text
        assert "my number is" in (await api.get(path, "agent")).text
    refused(await api.get(f"/voicemails/{message['id']}/audio", "viewer"), 403, "needs the role agent")
    assert listenings(api) == []


async def test_without_a_key_nothing_is_heard(api: Api) -> None:
    message = await leaves_message(api)
    refused(await api.get(f"/voicemails/{message['id']}/audio", None), 401)


async def test_a_message_that_is_still_being_fetched(api: Api) -> None:
    message = await leaves_message(api, fetched=False)
    assert message["status"] == "expected"
    refused(await api.get(f"/voicemails/{message['id']}/audio", "agent"), 409, "still being fetched")
    assert listenings(api) == []


async def test_a_message_without_sound_says_so(api: Api) -> None:
    message = await leaves_message(api)
    for status, words in (("absent", "the provider had none"), ("failed", "could not be fetched")):
        turns(api, message, status=status)
        refused(await api.get(f"/voicemails/{message['id']}/audio", "agent"), 404, words, "history")
    turns(api, message, status="kept")
    with api.service.engine.begin() as connection:
        connection.execute(delete(tables.recordings))
    refused(await api.get(f"/voicemails/{message['id']}/audio", "agent"), 404, "where it was kept")
    assert listenings(api) == []


async def test_a_message_that_is_not_there(api: Api) -> None:
    for path in ("/voicemails/RE0", "/voicemails/RE0/audio"):
        refused(await api.get(path, "agent"), 404, "There is no message RE0.")
    refused(await api.get("/voicemails/..%2Fsecret", "agent"), 404)
    refused(await api.get("/voicemails/RE.wav", "agent"), 422)


async def test_a_transcript_is_text_and_nothing_else(api: Api) -> None:
    message = await leaves_message(api)
    turns(api, message, transcript="<script>alert(1)</script>")
    answer = await api.get(f"/voicemails/{message['id']}", "agent")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["transcript"] == "<script>alert(1)</script>"


async def test_a_message_whose_sid_was_not_told_is_shown_too(api: Api) -> None:
    message = await leaves_message(api)
    turns(api, message, recording_sid=f"{message['call_sid']}-7")
    shown = (await api.get(f"/voicemails/{message['call_sid']}-7", "agent")).json()
    assert shown == {**message, "id": f"{message['call_sid']}-7"}
