"""What we ask of the provider, and what we make of its answers."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from app.provider.rest import NumberFacts, RecordingFacts, TwilioRest
from app.provider.rest_errors import AnswerLost, NotThere, Refused
from tests.provider.scripted import CALL, NUMBER, QUEUE, RECORDING, said, script

URL = "https://ivr.example.test/twilio/agent?leg=1"


async def test_a_call_is_placed_with_all_of_its_news() -> None:
    provider = script(said(201, sid=CALL, status="queued"))
    rest, status = provider.rest(), "https://ivr.example.test/twilio/leg"
    assert await rest.call(to="+12065550147", shown="+14086874120", url=URL, status_url=status, timeout=20) == CALL
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/Calls.json")
    assert asked.form == {
        "To": ["+12065550147"],
        "From": ["+14086874120"],
        "Url": [URL],
        "Method": ["POST"],
        "StatusCallback": [status],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["20"],
    }
    assert asked.authorization.startswith("Basic ")


async def test_a_live_call_is_asked_about_redirected_and_ended() -> None:
    provider = script(said(200, sid=CALL, status="in-progress"))
    rest = provider.rest()
    assert await rest.call_status(CALL) == "in-progress"
    await rest.redirect(CALL, URL)
    await rest.hang_up(CALL)
    assert [(asked.method, asked.path) for asked in provider.asked] == [
        ("GET", f"/Calls/{CALL}.json"),
        ("POST", f"/Calls/{CALL}.json"),
        ("POST", f"/Calls/{CALL}.json"),
    ]
    assert provider.asked[1].form == {"Url": [URL], "Method": ["POST"]}
    assert provider.asked[2].form == {"Status": ["completed"]}


@pytest.mark.parametrize("answer", [said(400, code=21220, message="Call is not in-progress"), said(404, code=20404)])
async def test_a_call_that_has_ended_is_not_there(answer: httpx2.Response) -> None:
    rest = script(answer).rest()
    with pytest.raises(NotThere):
        await rest.redirect(CALL, URL)
    with pytest.raises(NotThere):
        await rest.hang_up(CALL)


async def test_a_message_is_sent() -> None:
    provider = script(said(201, sid="SM" + "0" * 32))
    assert await provider.rest().message(to="+12065550147", sender="+14086874120", text="Grüße") == "SM" + "0" * 32
    assert provider.asked[0].path == "/Messages.json"
    assert provider.asked[0].form == {"To": ["+12065550147"], "From": ["+14086874120"], "Body": ["Grüße"]}


# Queues


def queues(**sids: str) -> httpx2.Response:
    return said(200, queues=[{"sid": sid, "friendly_name": name} for name, sid in sids.items()], next_page_uri=None)


async def test_a_caller_is_taken_out_of_a_queue_whose_sid_is_looked_up_once() -> None:
    provider = script(queues(tier1=QUEUE), said(200, call_sid=CALL))
    rest = provider.rest()
    await rest.dequeue("tier1", CALL, URL)
    await rest.dequeue("tier1", CALL, URL)
    member = f"/Queues/{QUEUE}/Members/{CALL}.json"
    assert [(asked.method, asked.path) for asked in provider.asked] == [
        ("GET", "/Queues.json"),
        ("POST", member),
        ("POST", member),
    ]
    assert provider.asked[1].form == {"Url": [URL], "Method": ["POST"]}


@pytest.mark.parametrize("answer", [said(400, code=20001, message="not waiting"), said(404, code=20404)])
async def test_a_caller_who_has_gone_or_was_taken_is_not_there(answer: httpx2.Response) -> None:
    provider = script(queues(tier1=QUEUE), answer)
    with pytest.raises(NotThere):
        await provider.rest().dequeue("tier1", CALL, URL)
    assert len(provider.asked) == 2


async def test_an_address_that_cannot_be_used_is_no_missing_caller() -> None:
    with pytest.raises(Refused, match="PARTNERLINE_PUBLIC_URL"):
        await script(queues(tier1=QUEUE), said(400, code=21205)).rest().dequeue("tier1", CALL, "nowhere")


async def test_nobody_waits_in_a_queue_that_is_not_there() -> None:
    with pytest.raises(NotThere, match="no queue tier1"):
        await script(queues(tier2=QUEUE)).rest().dequeue("tier1", CALL, URL)


async def test_a_queue_that_was_made_anew_is_found_by_its_name() -> None:
    other = "QU" + "f" * 32
    provider = script(queues(tier1=QUEUE), said(200), said(404), queues(tier1=other), said(200))
    rest = provider.rest()
    await rest.dequeue("tier1", CALL, URL)
    await rest.dequeue("tier1", CALL, URL)
    assert provider.asked[-1].path == f"/Queues/{other}/Members/{CALL}.json"


async def test_a_caller_who_has_gone_from_a_queue_we_know_is_not_asked_for_twice() -> None:
    provider = script(queues(tier1=QUEUE), said(200), said(404), queues(tier1=QUEUE))
    rest = provider.rest()
    await rest.dequeue("tier1", CALL, URL)
    with pytest.raises(NotThere):
        await rest.dequeue("tier1", CALL, URL)
    assert len(provider.asked) == 4


async def test_a_queue_is_created() -> None:
    provider = script(said(201, sid=QUEUE))
    assert await provider.rest().create_queue("tier1", 200) == QUEUE
    assert provider.asked[0].form == {"FriendlyName": ["tier1"], "MaxSize": ["200"]}


@pytest.mark.parametrize("first", [said(400, code=22003, message="exists"), said(500), httpx2.ReadTimeout("")])
async def test_a_queue_that_somebody_made_already_is_that_queue(first: httpx2.Response | Exception) -> None:
    provider = script(first, queues(tier1=QUEUE))
    assert await provider.rest().create_queue("tier1", 200) == QUEUE
    assert [asked.method for asked in provider.asked] == ["POST", "GET"]


async def test_a_queue_that_is_refused_and_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="too long"):
        await script(said(400, code=1, message="too long"), queues()).rest().create_queue("t" * 65, 200)


# Lists


async def test_a_list_is_read_to_its_last_page_and_never_from_another_address() -> None:
    first = said(200, queues=[], next_page_uri="https://evil.example/2010-04-01/x?Page=1&PageToken=PAx&PageSize=1000")
    provider = script(first, queues(tier1=QUEUE))
    assert await provider.rest().queue_sids() == {"tier1": QUEUE}
    assert [asked.path for asked in provider.asked] == ["/Queues.json"] * 2
    assert provider.asked[0].query == {"PageSize": ["1000"]}
    assert provider.asked[1].query == {"Page": ["1"], "PageToken": ["PAx"], "PageSize": ["1000"]}


async def test_a_list_without_an_end_is_left() -> None:
    with pytest.raises(Refused, match="more than 100 pages"):
        await script(said(200, queues=[], next_page_uri="/x?Page=1")).rest().queue_sids()


async def test_numbers_come_with_what_overrides_them() -> None:
    number = {"sid": NUMBER, "phone_number": "+18888988733", "voice_url": "https://old", "trunk_sid": "TK1", "new": 1}
    found = await script(said(200, incoming_phone_numbers=[number])).rest().numbers()
    assert found == [NumberFacts(NUMBER, "+18888988733", voice_url="https://old", trunk_sid="TK1")]


async def test_of_a_number_only_what_is_named_is_set() -> None:
    provider = script(said(200, sid=NUMBER))
    await provider.rest().set_number(NUMBER, voice_url="https://new", status_callback_method="POST")
    assert provider.asked[0].path == f"/IncomingPhoneNumbers/{NUMBER}.json"
    assert provider.asked[0].form == {"VoiceUrl": ["https://new"], "StatusCallbackMethod": ["POST"]}


# Recordings


@pytest.mark.parametrize(("duration", "seconds"), [("12", 12), (12, 12), (None, 0), ("-1", 0)])
async def test_what_is_known_of_a_recording(duration: str | int | None, seconds: int) -> None:
    provider = script(said(200, sid=RECORDING, call_sid=CALL, status="completed", duration=duration))
    assert await provider.rest().recording(RECORDING) == RecordingFacts(RECORDING, CALL, "completed", seconds)
    assert provider.asked[0].path == f"/Recordings/{RECORDING}.json"


class Endless(httpx2.AsyncByteStream):
    """A body that does not stop and has told no length."""

    def __init__(self) -> None:
        self.given = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.given += 1
            yield b"x" * 100


async def test_audio_is_fetched_by_its_sid() -> None:
    provider = script(httpx2.Response(200, content=b"RIFF1234"))
    assert await provider.rest().audio(RECORDING, at_most=8) == b"RIFF1234"
    assert provider.asked[0].path == f"/Recordings/{RECORDING}.wav"


async def test_audio_that_says_it_is_too_long_is_not_read() -> None:
    with pytest.raises(Refused, match="more than the 7 bytes"):
        await script(httpx2.Response(200, content=b"RIFF1234")).rest().audio(RECORDING, at_most=7)


async def test_audio_that_does_not_end_is_cut_off() -> None:
    body = Endless()
    with pytest.raises(Refused, match="more than the 1000 bytes"):
        await script(httpx2.Response(200, stream=body)).rest().audio(RECORDING, at_most=1000)
    assert body.given == 11


async def test_no_other_address_is_asked_for_audio() -> None:
    provider = script(httpx2.Response(302, headers={"Location": "https://elsewhere.example/x.wav"}))
    with pytest.raises(Refused):
        await provider.rest().audio(RECORDING, at_most=1000)
    assert len(provider.asked) == 1


@pytest.mark.parametrize("answer", [httpx2.Response(204), said(404, code=20404)])
async def test_a_deleted_recording_is_gone_however_often_it_is_deleted(answer: httpx2.Response) -> None:
    provider = script(answer)
    await provider.rest().delete_recording(RECORDING)
    assert (provider.asked[0].method, provider.asked[0].path) == ("DELETE", f"/Recordings/{RECORDING}.json")


# Nothing from outside goes into a path unread


@pytest.mark.parametrize(
    "sid", ["", "1", "RE1", "RE" + "a" * 31 + "/", "RE" + "a" * 33, "RE" + "a" * 32 + "\n", "XX" + "a" * 32]
)
@pytest.mark.parametrize(
    "use",
    [
        lambda rest, sid: rest.recording(sid),
        lambda rest, sid: rest.audio(sid, 1000),
        lambda rest, sid: rest.delete_recording(sid),
        lambda rest, sid: rest.call_status(sid),
        lambda rest, sid: rest.redirect(sid, URL),
        lambda rest, sid: rest.hang_up(sid),
        lambda rest, sid: rest.set_number(sid, voice_url=URL),
    ],
)
async def test_what_is_no_sid_is_never_asked_for(use: Callable[[TwilioRest, str], Awaitable[object]], sid: str) -> None:
    provider = script(said(200))
    with pytest.raises(Refused, match="not the SID") as refused:
        await use(provider.rest(), sid)
    assert (provider.asked, refused.value.status) == ([], 0)


async def test_a_caller_is_named_by_a_sid_too() -> None:
    provider = script(queues(tier1=QUEUE))
    with pytest.raises(Refused, match="not the SID of a call"):
        await provider.rest().dequeue("tier1", "Front", URL)


# Answers that are none


async def test_an_account_that_is_not_there_is_no_caller_who_has_gone() -> None:
    with pytest.raises(Refused, match="PARTNERLINE_TWILIO_ACCOUNT_SID"):
        await script(said(404, code=20404)).rest().dequeue("tier1", CALL, URL)


@pytest.mark.parametrize("body", [b"<html>a proxy</html>", b"{}", b'{"sid": "../x"}', b"\xff", b'{"sid": 1}'])
async def test_a_call_that_was_made_and_not_named_may_be_ringing(body: bytes) -> None:
    provider = script(httpx2.Response(201, content=body))
    with pytest.raises(AnswerLost):
        await provider.rest().call(to="+12065550147", shown="+14086874120", url=URL, status_url=URL, timeout=20)
    assert len(provider.asked) == 1


@pytest.mark.parametrize("body", [b"<html>a proxy</html>", b"{}", b"\xff"])
async def test_an_answer_that_cannot_be_read_says_what_to_look_at(body: bytes) -> None:
    with pytest.raises(Refused, match="PARTNERLINE_TWILIO_API_URL"):
        await script(httpx2.Response(200, content=body)).rest().call_status(CALL)
