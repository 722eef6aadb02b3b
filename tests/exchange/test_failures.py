"""What goes wrong, by mistake of the service or by command of the test."""

import asyncio
import itertools

import httpx2
import pytest

from app.exchange import Exchange, Misbehaviour
from tests.exchange.service import Form, Reply, Service, twiml
from tests.support.handset import Handset

XML = {"content-type": "text/xml"}
FALLBACK = twiml("<Say>we are connecting you</Say>")


@pytest.fixture
def careless(exchange: Exchange) -> Handset:
    return Handset(exchange, strict=False)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ((500, XML, b"<Response/>"), "11200"),
        ((200, {"content-type": "application/json"}, b'"<Response/>"'), "12300"),
        ((200, {}, b"<Response/>"), "12300"),
        ((200, XML, b"\n<Response/>"), "12100"),
        ((200, XML, b"<Answer/>"), "12102"),
        ((200, XML, b"<Response><Speak/></Response>"), "12200"),
        ((302, {"location": "/twilio/voice"}, b""), "11215"),
        (twiml("<Redirect>https://elsewhere.example/</Redirect>"), "11210"),
    ],
)
async def test_a_failed_document_is_followed_by_the_fallback(
    careless: Handset, service: Service, reply: Reply, code: str
) -> None:
    # "Twilio then requests the number's `VoiceFallbackUrl` with extra parameters `ErrorCode` and `ErrorUrl`"
    service.pages = {"/twilio/voice": reply, "/twilio/fallback.xml": FALLBACK}
    await careless.dial("+18888988733")
    careless.hears("we are connecting you")
    form = service.forms("/twilio/fallback.xml")[0]
    assert form["ErrorCode"] == code
    assert form["ErrorUrl"].startswith("https://")
    assert [failure.code for failure in careless.call.errors] == [int(code)]


async def test_without_a_fallback_the_call_drops(careless: Handset, service: Service) -> None:
    # "Without a fallback the caller hears Twilio's recorded "application error" and the call drops."
    await careless.dial("+18888988733")
    careless.hears("application error")
    careless.is_cut_off()
    assert len(service.forms("/twilio/status")) == 1


async def test_the_fallback_also_fires_for_failures_mid_call(careless: Handset, service: Service) -> None:
    service.pages = {"/twilio/voice": twiml('<Gather numDigits="1" action="/gone"/>'), "/twilio/fallback.xml": FALLBACK}
    await careless.dial("+18888988733")
    await careless.presses("1")
    careless.hears("we are connecting you")


async def test_a_strict_handset_fails_the_test(phone: Handset) -> None:
    with pytest.raises(AssertionError, match="11200"):
        await phone.dial("+18888988733")


async def test_no_answer_in_time(careless: Handset, exchange: Exchange, service: Service) -> None:
    # "Hard ceiling of 15 s on every call-related HTTP request"
    exchange.answer_within = 0.01
    send, service.pages = exchange.http.request, {"/twilio/fallback.xml": FALLBACK}

    async def slow(method: str, url: str, **rest: object) -> object:
        if url == "/twilio/voice":
            await asyncio.sleep(1)
        return await send(method, url, **rest)  # type: ignore[arg-type]  # because it is passed on

    exchange.http.request = slow  # type: ignore[method-assign,assignment]  # because the test slows it
    await careless.dial("+18888988733")
    assert [failure.code for failure in careless.call.errors] == [11205]
    careless.hears("we are connecting you")


async def test_keys_are_not_sent_again_after_a_redirect(phone: Handset, service: Service) -> None:
    # "After a 3xx on a Gather action the `Digits` are **not** re-sent"
    service.pages = {
        "/twilio/voice": twiml('<Gather numDigits="1" action="/keys"/>'),
        "/keys": (307, {"location": "/keys/"}, b""),
        "/keys/": twiml(),
    }
    await phone.dial("+18888988733")
    await phone.presses("1")
    assert "Digits" not in service.forms("/keys/")[0]


async def test_an_endless_loop_is_stopped(careless: Handset, service: Service) -> None:
    # "No documented loop limit"
    service.pages = {"/twilio/voice": twiml("<Redirect>/twilio/voice</Redirect>")}
    await careless.dial("+18888988733")
    careless.is_cut_off()
    assert "no time passes" in str(careless.call.errors[0])


async def test_plain_text_is_read_aloud_and_sound_is_played(phone: Handset, service: Service) -> None:
    service.pages = {"/twilio/voice": (200, {"content-type": "text/plain"}, b"not found")}
    await phone.dial("+18888988733")
    phone.hears("not found")
    service.pages = {"/twilio/voice": (200, {"content-type": "audio/mpeg"}, b"...")}
    await phone.dial("+18888988733")
    assert "sound https://ivr.example/twilio/voice" in phone.transcript()


@pytest.mark.parametrize("overlap", [False, True])
async def test_every_webhook_three_times(phone: Handset, exchange: Exchange, service: Service, overlap: bool) -> None:
    # "the same webhook can arrive twice *after* the handler already ran. `I-Twilio-Idempotency-Token` … identifies"
    exchange.misbehaviour = Misbehaviour(repeat=3, overlap=overlap)
    service.pages = {"/twilio/voice": twiml("<Say>Hello</Say>")}
    await phone.dial("+18888988733")
    assert [request.path for request in service.received] == ["/twilio/voice"] * 3 + ["/twilio/status"] * 3
    tokens = [request.headers["i-twilio-idempotency-token"] for request in service.received]
    assert [tokens.count(token) for token in tokens] == [3] * 6
    assert phone.call.differences == []


async def test_differences_between_copies_are_kept(phone: Handset, exchange: Exchange, service: Service) -> None:
    exchange.misbehaviour = Misbehaviour(repeat=2)
    count = itertools.count(1)

    def voice(_: Form) -> str:
        return twiml(f"<Say>case {next(count)}</Say>")

    service.pages = {"/twilio/voice": voice}
    await phone.dial("+18888988733")
    phone.hears("case 1")
    assert [difference.other.body for difference in phone.call.differences] == [twiml("<Say>case 2</Say>").encode()]


async def test_a_lost_answer(phone: Handset, exchange: Exchange, service: Service) -> None:
    exchange.misbehaviour = Misbehaviour(lose_first_answer=True)
    count = itertools.count(1)
    service.pages = {"/twilio/voice": lambda _: twiml(f"<Say>case {next(count)}</Say>")}
    await phone.dial("+18888988733")
    phone.hears("case 2")


async def test_late_copies_come_out_of_order(phone: Handset, exchange: Exchange, service: Service) -> None:
    exchange.misbehaviour = Misbehaviour(replay_late=True)
    service.pages = {"/twilio/voice": twiml("<Redirect>/second</Redirect>"), "/second": twiml()}
    await phone.dial("+18888988733")
    paths = [request.path for request in service.received]
    once = ["/twilio/voice", "/second", "/twilio/status"]
    assert paths == once + once[::-1]


async def test_the_status_callback_overtakes_the_action(phone: Handset, exchange: Exchange, service: Service) -> None:
    # "Race to expect: completed status vs. Record action (`Digits=hangup`) vs. Enqueue action (`hangup`) …, any order."
    exchange.misbehaviour = Misbehaviour(status_first=True)
    service.pages = {"/twilio/voice": twiml('<Record action="/done"/>'), "/done": twiml()}
    await phone.dial("+18888988733")
    await phone.hangs_up()
    assert [request.path for request in service.received] == ["/twilio/voice", "/twilio/status", "/done"]


async def test_no_status_callback(phone: Handset, exchange: Exchange, service: Service) -> None:
    exchange.misbehaviour = Misbehaviour(drop_status=True)
    service.pages = {"/twilio/voice": twiml()}
    await phone.dial("+18888988733")
    phone.is_cut_off()
    assert service.forms("/twilio/status") == []


async def test_a_fallback_that_does_not_answer_either_is_not_asked_again(
    phone: Handset, exchange: Exchange, service: Service
) -> None:
    class Away(httpx2.AsyncBaseTransport):
        asked = 0

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            self.asked += 1
            raise httpx2.ConnectError("nobody listens")

    away = Away()
    phone.strict = False
    async with httpx2.AsyncClient(transport=away, base_url="http://internal") as exchange.http:
        await phone.dial("+18888988733")
        phone.hears("an application error has occurred")
        assert [failure.code for failure in phone.call.errors][:2] == [11205, 11205]
    # The document, the fallback, and that the call is over.
    assert away.asked == 3
