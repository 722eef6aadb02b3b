"""A call from the first webhook to the status callback."""

from app.exchange import Exchange
from tests.exchange.service import Service, twiml
from tests.support.handset import Handset


async def test_standard_parameters(phone: Handset, service: Service) -> None:
    # "On the very first inbound webhook it is normally `ringing`, later `in-progress`"
    # "Empty values are sent as empty"
    service.pages = {"/twilio/voice": twiml("<Redirect>/second</Redirect>"), "/second": twiml("<Say>Hello</Say>")}
    await phone.dial("+18888988733", StirVerstat="TN-Validation-Passed-A")
    first, second = service.forms("/twilio/voice")[0], service.forms("/second")[0]
    assert (first["CallStatus"], second["CallStatus"]) == ("ringing", "in-progress")
    assert first["From"] == first["Caller"] == "+12065550147"
    assert first["To"] == first["Called"] == "+18888988733"
    assert first["CallSid"] == second["CallSid"] == phone.call.sid
    assert (first["Direction"], first["ApiVersion"], first["FromCity"]) == ("inbound", "2010-04-01", "")
    assert first["StirVerstat"] == "TN-Validation-Passed-A"
    assert service.received[0].headers["i-twilio-idempotency-token"]


async def test_the_end_of_a_document_ends_the_call_and_the_service_is_told(phone: Handset, service: Service) -> None:
    # "End of document = hang up"; "one async request when the call ends … standard + CallDuration (seconds)"
    service.pages = {"/twilio/voice": twiml('<Say>Hello</Say><Pause length="10"/>')}
    await phone.dial("+18888988733")
    phone.hears("hello")
    phone.is_cut_off()
    status = service.forms("/twilio/status")
    assert [(form["CallStatus"], form["CallDuration"]) for form in status] == [("completed", "10")]
    assert phone.transcript().splitlines()[-1] == "00:10 caller hears: disconnected"


async def test_after_a_hangup_the_service_is_told_once(phone: Handset, service: Service) -> None:
    service.pages = {"/twilio/voice": twiml('<Gather timeout="60"/>')}
    await phone.dial("+18888988733")
    await phone.waits(seconds=30)
    await phone.hangs_up()
    await phone.hangs_up()
    assert [form["CallDuration"] for form in service.forms("/twilio/status")] == ["30"]


async def test_a_withheld_number(exchange: Exchange, service: Service) -> None:
    service.pages = {"/twilio/voice": twiml()}
    await exchange.dial("+18888988733", None)
    assert service.forms("/twilio/voice")[0]["From"] == "anonymous"


async def test_reject_is_not_answered(phone: Handset, service: Service) -> None:
    service.pages = {"/twilio/voice": twiml('<Reject reason="busy"/>')}
    await phone.dial("+18888988733")
    assert service.forms("/twilio/status")[0]["CallStatus"] == "busy"


async def test_an_hour_takes_no_time(phone: Handset, exchange: Exchange, service: Service) -> None:
    service.pages = {"/twilio/voice": twiml('<Pause length="3600"/>')}
    before = exchange.clock.now()
    await phone.dial("+18888988733")
    assert (exchange.clock.now() - before).total_seconds() == 3600


async def test_the_service_may_have_work_of_its_own_between(phone: Handset, exchange: Exchange) -> None:
    moments = []

    async def work() -> None:
        moments.append(exchange.clock.now())

    exchange.every(60, work)
    await exchange.timeline.run_for(3600)
    assert len(moments) == 60


async def test_work_may_say_itself_when_it_is_due(exchange: Exchange) -> None:
    began = exchange.clock.now()
    due: list[float | None] = [90, 1800, None]
    moments = []

    async def work() -> float | None:
        moments.append((exchange.clock.now() - began).total_seconds())
        return due.pop(0) if due else None

    wake = exchange.on_demand(work)
    await exchange.timeline.run_for(3600)
    assert moments == [0, 90, 1890]
    wake()
    await exchange.timeline.settle()
    assert moments[3:] == [3600]
