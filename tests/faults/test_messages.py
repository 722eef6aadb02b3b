"""A message that is recorded while the database is away is in the journal, and is kept and fetched when it is back."""

from app.exchange.sound import wav
from app.store import tables
from tests.faults.test_database_away import is_back
from tests.support.faults import Fault, Stopwatch
from tests.support.partners import TALLGRASS
from tests.support.service import Service


async def test_a_message_left_while_the_database_is_away(service: Service, fault: Fault, stopwatch: Stopwatch) -> None:
    phone = await service.calls("US escalation voicemail", f"{TALLGRASS.keys},2,#")
    number = service.case(phone)["number"]
    service.engine.dispose()
    with fault.struck():
        await phone.leaves_message(10)
        await phone.presses("1")
        phone.hears("Your message is sent")
        phone.is_cut_off()
        assert service.runtime.journal.waiting
        (recording,) = service.exchange.recordings.values()
        assert not recording.deleted, "what is not kept here stays there"
    await is_back(service)
    await service.exchange.timeline.run_for(60)
    message = service.row(tables.voicemails)
    assert (message["case_number"], message["recording_sid"], message["status"]) == (number, recording.sid, "kept")
    assert service.row(tables.recordings)["audio"] == wav(10)
    assert service.exchange.recordings[recording.sid].deleted
    assert service.case(phone)["status"] == "escalated"
    assert service.row(tables.pages)["case_number"] == number
