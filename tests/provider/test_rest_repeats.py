"""A request is repeated where that is safe, as long as patience lasts, and never blindly where it is not."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import httpx2
import pytest
from structlog.testing import capture_logs

from app.provider import backoff
from app.provider.rest import TwilioRest
from app.provider.rest_errors import AnswerLost, Busy
from tests.provider.scripted import ACCOUNT, API, CALL, NUMBER, QUEUE, RECORDING, Line, NoChance, said, script

Use = Callable[[TwilioRest], Awaitable[object]]


class Breaks(httpx2.AsyncByteStream):
    """A body that ends in the middle."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"sid": "CA'
        raise httpx2.ReadError("the connection was reset")


def place(rest: TwilioRest) -> Awaitable[object]:
    return rest.call(
        to="+12065550147", shown="+14086874120", url="https://x/s?t=secret", status_url="https://x", timeout=20
    )


def send(rest: TwilioRest) -> Awaitable[object]:
    return rest.message(to="+12065550147", sender="+14086874120", text="A case")


Trouble = Callable[[], Line]
NOT_DONE: dict[str, Trouble] = {
    "connection refused": lambda: httpx2.ConnectError("connection refused"),
    "no connection in time": lambda: httpx2.ConnectTimeout(""),
    "no connection free": lambda: httpx2.PoolTimeout(""),
    "429": lambda: said(429, code=20429, message="Too many requests"),
}
MAYBE_DONE: dict[str, Trouble] = {
    "500": lambda: said(500),
    "503": lambda: said(503),
    "no answer in time": lambda: httpx2.ReadTimeout(""),
    "not sent in time": lambda: httpx2.WriteTimeout(""),
    "reset while reading": lambda: httpx2.ReadError("reset"),
    "reset while writing": lambda: httpx2.WriteError("reset"),
    "closed": lambda: httpx2.RemoteProtocolError("Server disconnected without sending a response."),
    "half an answer": lambda: httpx2.Response(201, stream=Breaks()),
}
ONCE: dict[str, Use] = {"call": place, "message": send}
REPEATABLE: dict[str, Use] = {
    "call status": lambda rest: rest.call_status(CALL),
    "redirect": lambda rest: rest.redirect(CALL, "https://x"),
    "hang up": lambda rest: rest.hang_up(CALL),
    "delete recording": lambda rest: rest.delete_recording(RECORDING),
    "set number": lambda rest: rest.set_number(NUMBER, voice_url="https://x"),
}


def each(name: str, *cases: Mapping[str, object]) -> pytest.MarkDecorator:
    """One test for each case, called by the name of the case."""
    joined = {key: case for some in cases for key, case in some.items()}
    return pytest.mark.parametrize(name, joined.values(), ids=joined.keys())


@each("trouble", NOT_DONE)
@each("use", ONCE, REPEATABLE)
async def test_what_was_surely_not_done_is_asked_for_again(trouble: Trouble, use: Use) -> None:
    provider = script(trouble(), trouble(), said(200, sid=CALL, status="queued"))
    await use(provider.rest())
    assert len(provider.asked) == 3
    assert provider.slept == [0.5, 1]


@each("trouble", MAYBE_DONE)
@each("use", ONCE)
async def test_a_call_or_message_is_never_asked_for_again_when_the_answer_was_lost(trouble: Trouble, use: Use) -> None:
    provider = script(trouble(), said(201, sid=CALL))
    with pytest.raises(AnswerLost, match="may have done it"):
        await use(provider.rest())
    assert (len(provider.asked), provider.slept) == (1, [])


async def test_a_caller_is_taken_out_once() -> None:
    queues = said(200, queues=[{"sid": QUEUE, "friendly_name": "tier1"}])
    provider = script(queues, said(503), said(400))
    with pytest.raises(AnswerLost):
        await provider.rest().dequeue("tier1", CALL, "https://x")
    assert len(provider.asked) == 2


@each("trouble", MAYBE_DONE)
@each("use", REPEATABLE)
async def test_what_may_be_done_twice_is_asked_for_again(trouble: Trouble, use: Use) -> None:
    provider = script(trouble(), said(200, status="queued"))
    await use(provider.rest())
    assert len(provider.asked) == 2


@each("trouble", NOT_DONE)
@each("use", ONCE, REPEATABLE)
async def test_patience_ends_and_nothing_was_done(trouble: Trouble, use: Use) -> None:
    provider = script(trouble())
    with pytest.raises(Busy, match="try again later"):
        await use(provider.rest(patience=10))
    assert provider.slept == [0.5, 1, 2, 4]


async def test_patience_ends_and_nobody_knows_whether_a_change_was_made() -> None:
    """The first attempt may have done it, whatever became of the others."""
    with pytest.raises(AnswerLost):
        await script(httpx2.ReadTimeout(""), httpx2.ConnectError("refused")).rest().hang_up(CALL)


async def test_a_question_without_an_answer_has_changed_nothing() -> None:
    with pytest.raises(Busy):
        await script(said(503)).rest().call_status(CALL)


@pytest.mark.parametrize("status", [429, 503])
async def test_the_provider_says_how_long_to_wait(status: int) -> None:
    provider = script(httpx2.Response(status, headers={"Retry-After": "7"}), said(200, status="queued"))
    await provider.rest().call_status(CALL)
    assert provider.slept == [7]


@pytest.mark.parametrize("after", ["", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "1e3", "²"])
async def test_a_wait_that_is_no_number_of_seconds_is_our_own(after: str) -> None:
    headers = httpx2.Headers({b"Retry-After": after.encode()})
    provider = script(httpx2.Response(429, headers=headers), said(200, status="queued"))
    await provider.rest().call_status(CALL)
    assert provider.slept == [0.5]


async def test_nobody_waits_longer_than_patience() -> None:
    provider = script(httpx2.Response(429, headers={"Retry-After": "600"}))
    with pytest.raises(Busy):
        await place(provider.rest(patience=10))
    assert (len(provider.asked), provider.slept) == (1, [])


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_patience() -> None:
    async def silent(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(60)
        return said(201, sid=CALL)

    rest = TwilioRest(ACCOUNT, "the token", API, transport=httpx2.MockTransport(silent), patience=0.05)
    with pytest.raises(AnswerLost):
        await asyncio.wait_for(place(rest), 5)
    with pytest.raises(Busy):
        await asyncio.wait_for(rest.call_status(CALL), 5)
    await rest.close()


async def test_a_question_that_hangs_is_asked_again() -> None:
    asked: list[httpx2.Request] = []

    async def silent_at_first(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        await asyncio.sleep(60 if len(asked) == 1 else 0)
        return said(200, status="queued")

    async def at_once(seconds: float) -> None:
        """Only counted."""

    transport = httpx2.MockTransport(silent_at_first)
    rest = TwilioRest(ACCOUNT, "the token", API, transport=transport, patience=1.5, sleep=at_once, chance=NoChance())
    assert await rest.call_status(CALL) == "queued"
    assert len(asked) == 2


async def test_a_long_recording_may_take_longer_than_patience() -> None:
    """Bytes that come slowly still come; a second of them is no silence."""

    class Slow(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(4):
                await asyncio.sleep(0.05)
                yield b"RIFF"

    rest = script(httpx2.Response(200, stream=Slow())).rest(patience=0.1)
    assert await rest.audio(RECORDING, at_most=1_000_000) == b"RIFF" * 4


async def test_what_is_refused_is_not_asked_for_again() -> None:
    provider = script(said(400, code=21211, message="not a number"))
    with pytest.raises(Exception, match="no valid one"):
        await place(provider.rest())
    assert len(provider.asked) == 1


def test_pauses_grow_and_are_not_in_step() -> None:
    pauses = backoff.pauses(random.Random(7))
    drawn = [next(pauses) for _ in range(8)]
    longest = [0.5, 1, 2, 4, 8, 8, 8, 8]
    assert all(most / 2 < pause <= most for pause, most in zip(drawn, longest, strict=True))
    assert len(set(drawn)) == 8


async def test_the_log_of_a_repetition_holds_no_number_address_or_token() -> None:
    with capture_logs() as logged:
        await place(script(said(429, message="+12065550147"), said(201, sid=CALL)).rest())
    assert logged == [
        {
            "event": "the provider is asked again",
            "log_level": "warning",
            "reason": "it says that there are too many requests (429)",
            "seconds": 0.5,
        }
    ]
