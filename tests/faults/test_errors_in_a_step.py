"""call-flows, "When something breaks": an error in a step. The caller hears "we are connecting you", never a 5xx."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import wraps
from time import monotonic
from typing import Any

import pytest

from app.exchange.twiml import problems_of
from app.flows import engine
from app.provider import twiml
from app.services import conversation
from app.services.recovery import recover
from app.store.hot import HotStore
from app.store.sqlite import SqliteStore
from tests.support.faults import Stopwatch
from tests.support.partners import TALLGRASS
from tests.support.service import DUE, LINES, Service, running_service

FETCH = SqliteStore.fetch
CONNECTING = "We are connecting you"


def fails(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a mistake of ours")


async def fails_at_once(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a mistake of ours")


async def hangs(*_: Any, **__: Any) -> Any:
    await asyncio.sleep(60)


def for_calls(how: Callable[..., Any]) -> Callable[..., Any]:
    """Instead of `SqliteStore.fetch`. The harness itself reads on: what it asks is no part of the service."""

    @wraps(how)
    async def fetch(store: SqliteStore, sql: str, params: dict[str, Any]) -> Any:
        return await (FETCH if sql == DUE else how)(store, sql, params)

    return fetch


@dataclass(frozen=True)
class Broken:
    """What is put in place of a part of the service."""

    owner: Any
    name: str
    with_what: Callable[..., Any] = fails

    def __str__(self) -> str:
        return f"{self.owner.__name__.rpartition('.')[2]}.{self.name} {self.with_what.__name__}"


ENGINE = [Broken(engine, "step"), Broken(engine, "_run"), Broken(conversation, "_record")]
RENDERER = [Broken(twiml, "render"), Broken(conversation, "render")]
STORE = [
    *(Broken(SqliteStore, "fetch", for_calls(how)) for how in (fails_at_once, hangs)),
    *(Broken(SqliteStore, "write", how) for how in (fails_at_once, hangs)),
]
PARTS = [*ENGINE, *RENDERER, *STORE]


@pytest.fixture
async def service(sqlite_url: str) -> AsyncIterator[Service]:
    async with running_service(sqlite_url) as service:
        yield service


@pytest.fixture(params=PARTS, ids=str)
def breaks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Breaks a part when it is called."""
    part: Broken = request.param
    return lambda: monkeypatch.setattr(part.owner, part.name, part.with_what)


async def test_a_call_that_begins_reaches_tier_1(
    service: Service, breaks: Callable[[], None], stopwatch: Stopwatch
) -> None:
    breaks()
    phone = service.phone()
    await phone.dial(LINES["US support"])
    while phone.call.waits_for == "keys":
        await phone.presses("#")
    phone.is_waiting_in("tier1-us")


async def test_a_call_under_way_reaches_tier_1_of_its_line(
    service: Service, breaks: Callable[[], None], stopwatch: Stopwatch
) -> None:
    phone = await service.calls("US support", "*#")
    breaks()
    await phone.presses("2")
    while phone.call.waits_for == "keys":
        await phone.presses("#")
    phone.is_waiting_in("tier1-us")


async def test_a_caller_in_a_queue_stays_in_it(
    service: Service, breaks: Callable[[], None], stopwatch: Stopwatch
) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    phone.is_waiting_in("tier2-us")
    breaks()
    await phone.waits(45)
    phone.is_waiting_in("tier2-us")


async def test_who_hangs_up_is_answered_too(service: Service, breaks: Callable[[], None], stopwatch: Stopwatch) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    breaks()
    await phone.hangs_up()
    phone.is_cut_off()


@pytest.mark.parametrize("part", [*ENGINE[:2], *RENDERER], ids=str)
async def test_what_the_caller_hears_on_an_error(
    service: Service, part: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)
    monkeypatch.setattr(part.owner, part.name, part.with_what)
    await phone.presses("1")
    phone.hears(CONNECTING)
    phone.is_waiting_in("tier1-us")


@pytest.mark.parametrize("part", [*ENGINE[:2], *STORE], ids=str)
async def test_who_is_connected_on_an_error_has_a_stub(
    service: Service, part: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)
    with monkeypatch.context() as broken:
        broken.setattr(part.owner, part.name, part.with_what)
        await phone.presses("2,#")
        phone.is_waiting_in("tier1-us")
        phone.does_not_hear("case number is")
    await recover(service.runtime)
    stub = service.case(phone)
    assert (stub["pid"], stub["queue"], stub["status"]) == (TALLGRASS.pid, "tier1-us", "waiting")

    await phone.hangs_up()
    assert service.case(phone)["status"] == "abandoned"


async def test_a_hang_up_that_fails_leaves_nobody_waiting(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    with monkeypatch.context() as broken:
        broken.setattr(engine, "step", fails)
        await phone.hangs_up()
    assert service.case(phone)["status"] == "abandoned"
    assert service.call(phone)["status"] == "completed"


@pytest.mark.parametrize("path", ["/twilio/screen", "/twilio/screened"])
async def test_a_contact_who_cannot_be_asked_is_not_connected(
    service: Service, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Else a voice mailbox would have the caller; the next contact is rung."""
    phone = await service.calls("US support", TALLGRASS.keys)
    token = re.search(r"[?&]s=([\w-]+)", phone.call.requests[-1].url)
    assert token is not None
    monkeypatch.setattr(twiml, "render", fails)
    form = {"CallSid": "CAchild", "ParentCallSid": phone.call.sid, "Digits": "1"}
    answer = await service.post(f"{path}?s={token[1]}", form)
    assert (answer.status_code, answer.text) == (200, "<Response><Hangup/></Response>")
    assert not problems_of(answer.content, "callee")


async def test_everything_hangs_and_the_answer_comes_within_five_seconds(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("fetch", "write"):
        monkeypatch.setattr(HotStore, name, hangs)
    began = monotonic()
    form = {"CallSid": "CA1", "To": LINES["US support"], "From": "+12065550199", "CallStatus": "ringing"}
    answers = await asyncio.gather(
        *(service.post("/twilio/voice", form | {"CallSid": f"CA{n}"}) for n in range(30)),
        *(service.post("/twilio/status", form | {"CallSid": f"CB{n}", "CallStatus": "completed"}) for n in range(30)),
    )
    assert monotonic() - began < 5
    assert {answer.status_code for answer in answers} == {200, 204}


async def test_the_fallback_document_is_valid_and_dials_the_operator_s_number(service: Service) -> None:
    answer = await service.http.get("/twilio/fallback.xml")
    assert not problems_of(answer.content)
    assert CONNECTING in answer.text
    assert f"<Dial>{service.runtime.flows.fallback_number}</Dial>" in answer.text
