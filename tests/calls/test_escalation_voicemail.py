"""call-flows, "The escalation voicemail": a test a sentence, in its order."""

from datetime import timedelta

import pytest

from app.exchange.events import Played
from app.exchange.sound import wav
from app.store import tables
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import CALLER, Service

LINE = "US escalation voicemail"


async def at_the_tone(service: Service, caller: str | None = CALLER) -> Handset:
    """A certified partner with an S2, about to speak."""
    return await service.calls(LINE, f"{TALLGRASS.keys},2,#", caller)


def nothing_was_sent(service: Service) -> None:
    assert service.count(tables.voicemails, tables.pages) == 0


async def test_number_then_the_portal_then_that_it_is_recorded_and_how_long_kept_then_the_beep(
    service: Service,
) -> None:
    phone = await at_the_tone(service)
    number = " ".join(service.case(phone)["number"])
    story = phone.transcript()
    places = [story.index(text) for text in (f"case number is {number}", "Escalate button", "kept for 90 days", "beep")]
    assert places == sorted(places)
    phone.is_asked_for("recording")


async def test_a_case_number_is_asked_first_and_that_case_is_the_one_escalated(service: Service) -> None:
    earlier = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    await service.exchange.answer("tier2-us", talks=60)
    await earlier.waits(90)
    number = service.case(earlier)["number"]
    phone = await service.calls(LINE, f"{TALLGRASS.keys},2,{number}#")
    await phone.leaves_message(10)
    await phone.presses("1")
    assert service.count(tables.cases) == 1
    assert service.row(tables.cases)["status"] == "escalated"
    assert service.row(tables.voicemails)["case_number"] == number


async def test_a_message_lasts_up_to_5_minutes(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.talks(299)
    phone.is_asked_for("recording")
    await phone.waits(1)
    phone.hears("To send your message, press 1")
    await phone.presses("1")
    assert service.row(tables.voicemails)["duration"] == 300


async def test_pound_ends_the_message_and_no_other_key_does(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.talks(5)
    await phone.presses("123")
    phone.is_asked_for("recording")
    await phone.presses("#")
    phone.hears("To send your message, press 1")


async def test_1_sends_the_message_escalates_the_case_and_pages_the_ladder_of_the_tier(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.leaves_message(42)
    nothing_was_sent(service)
    await phone.presses("1")
    number = service.case(phone)["number"]
    phone.hears("Your message is sent", f"case number is {' '.join(number)}")
    phone.is_cut_off()
    message, page = service.row(tables.voicemails), service.row(tables.pages)
    assert (message["case_number"], message["call_sid"], message["duration"]) == (number, phone.call.sid, 42)
    assert message["recording_sid"] in service.exchange.recordings
    assert (page["case_number"], page["tier"], page["accepted_at"]) == (number, 2, None)
    assert service.case(phone)["status"] == "escalated"


async def test_2_records_again_and_only_the_second_message_is_sent(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.leaves_message(10)
    await phone.presses("2")
    phone.is_asked_for("recording")
    await phone.leaves_message(20)
    await phone.presses("1")
    assert service.row(tables.voicemails)["duration"] == 20


async def test_3_listens_and_asks_again(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.leaves_message(10)
    await phone.presses("3")
    (recording,) = service.exchange.recordings
    assert any(isinstance(event, Played) and recording in event.url for event in phone.call.heard)
    phone.hears("To send your message, press 1")
    await phone.presses("1")
    assert service.row(tables.voicemails)["recording_sid"] == recording


@pytest.mark.parametrize("silent", ["keys nothing", "keys something else"])
async def test_who_never_says_what_to_do_with_the_message_has_still_left_it(service: Service, silent: str) -> None:
    phone = await at_the_tone(service)
    await phone.leaves_message(10)
    await (phone.waits(90) if silent == "keys nothing" else phone.presses("7,8,9"))
    phone.hears("Your message is sent")
    assert service.row(tables.voicemails)["duration"] == 10


async def test_hanging_up_while_recording_sends_what_was_recorded(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.talks(12)
    await phone.hangs_up()
    assert service.row(tables.voicemails)["duration"] == 12
    assert service.case(phone)["status"] == "escalated"
    assert service.count(tables.pages) == 1


@pytest.mark.parametrize("then", ["", "2", "3", "7"], ids=["asked", "recording again", "listening", "a wrong key"])
async def test_hanging_up_after_recording_sends_what_was_recorded(service: Service, then: str) -> None:
    phone = await at_the_tone(service)
    await phone.leaves_message(10)
    if then:
        await phone.call.press(then, listen=False)
        await phone.call.wait(1)
    await phone.hangs_up()
    assert service.row(tables.voicemails)["duration"] == 10
    assert service.case(phone)["status"] == "escalated"


async def test_hanging_up_before_saying_anything_sends_nothing(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.hangs_up()
    nothing_was_sent(service)
    case = service.case(phone)
    assert (case["status"], case["destination"]) == ("abandoned", "voicemail")
    assert all("error" not in why for turn in service.turns(phone) for why in turn["why"])


async def test_an_empty_recording_is_asked_for_once_more(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.presses("#")
    phone.hears("no message")
    phone.is_asked_for("recording")
    await phone.leaves_message(8)
    await phone.presses("1")
    assert service.row(tables.voicemails)["duration"] == 8


async def test_a_second_empty_recording_becomes_a_callback_request(service: Service) -> None:
    phone = await at_the_tone(service)
    number = service.case(phone)["number"]
    await phone.presses("#")
    await phone.presses("#")
    phone.hears("call you back on 1 2 0 6 5 5 5 0 1 9 9", f"case number is {' '.join(number)}")
    case = service.case(phone)
    assert (case["status"], case["callback_number"], case["callback_at"]) == ("callback_requested", CALLER, None)
    await phone.waits(10)
    phone.is_cut_off()
    nothing_was_sent(service)


async def test_a_second_empty_recording_from_a_withheld_number_asks_for_one(service: Service) -> None:
    phone = await at_the_tone(service, None)
    await phone.presses("#,#")
    phone.hears("key the number we shall call")
    await phone.presses("2065550188#,1")
    assert service.case(phone)["callback_number"] == "+12065550188"


async def test_the_stub_is_marked_escalated_though_the_status_comes_before_the_recording(service: Service) -> None:
    service.exchange.misbehaviour.status_first = True
    phone = await at_the_tone(service)
    await phone.talks(12)
    await phone.hangs_up()
    assert service.case(phone)["status"] == "escalated"
    assert service.count(tables.voicemails, tables.pages) == 2


async def test_the_recording_is_fetched_stored_deleted_at_the_provider_and_transcribed(service: Service) -> None:
    service.runtime.provider_transcribes = True
    phone = await at_the_tone(service)
    await phone.leaves_message(42, words="all our trunks are down")
    await phone.presses("1")
    await service.exchange.timeline.run_for(30)
    message = service.row(tables.voicemails)
    assert (message["status"], message["transcript"]) == ("kept", "all our trunks are down")
    assert service.row(tables.recordings)["audio"] == wav(42)
    assert service.exchange.recordings[message["recording_sid"]].deleted


async def test_what_was_recorded_when_the_caller_hung_up_is_fetched_too(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.talks(12)
    await phone.hangs_up()
    await service.exchange.timeline.run_for(10)
    assert service.row(tables.recordings)["audio"] == wav(12)


async def test_what_the_caller_replaced_is_kept_nowhere(service: Service) -> None:
    phone = await at_the_tone(service)
    await phone.leaves_message(10)
    await phone.presses("2")
    await phone.leaves_message(20)
    await phone.presses("1")
    await service.exchange.timeline.run_for(10)
    service.it_is(service.now() + timedelta(hours=2))
    await service.works()
    assert all(recording.deleted for recording in service.exchange.recordings.values())
    assert service.row(tables.recordings)["audio"] == wav(20)


async def test_a_recording_that_never_comes_withdraws_no_page(service: Service) -> None:
    service.exchange.processing_seconds = 7 * 24 * 3600
    phone = await at_the_tone(service)
    await phone.leaves_message(10)
    await phone.presses("1")
    for _ in range(14):
        service.it_is(service.now() + timedelta(minutes=20))
        await service.works()
    assert service.row(tables.voicemails)["status"] == "failed"
    assert service.case(phone)["status"] == "escalated"
    (entry,) = service.rows(tables.case_updates, kind="message")
    assert "The message of 10 s that the caller left cannot be heard." in entry["note"]
    assert service.row(tables.pages)["accepted_at"] is None
