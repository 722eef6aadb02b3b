"""An agent is not on a call for ever: what the telephone company could not tell us, it is asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from sqlalchemy import update

from app.services import clocks
from app.store import tables
from tests.support.agents import AMY, DAN, TAKES, answers, hire, state
from tests.support.duty import ACCEPTS, LEAD, NIGHT
from tests.support.handset import Handset
from tests.support.service import Service

UNVERIFIED = "*#,2,#"
DESK = "+12065550110"


class Away:
    """No webhook reaches the service."""

    async def request(self, *_: object, **__: object) -> httpx2.Response:
        raise httpx2.ConnectError("away")

    get = post = request


@asynccontextmanager
async def unheard(service: Service) -> AsyncIterator[None]:
    """The service is away for a moment, and hears nothing of what happens."""
    reached = service.exchange.http
    service.exchange.http = Away()  # type: ignore[assignment]  # because nothing else is asked of it
    try:
        yield
        await service.exchange.timeline.run_for(5)
    finally:
        service.exchange.http = reached


@pytest.fixture(autouse=True)
async def clocks_turn(service: Service) -> None:
    await clocks.ensure(service.runtime)


async def passes(service: Service, minutes: float) -> None:
    await service.exchange.timeline.run_for(60 * minutes)


async def talks_with_amy(service: Service) -> Handset:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    phone = await service.calls("US support", UNVERIFIED)
    await phone.waits(40)
    phone.is_connected_to(AMY)
    return phone


def ends(service: Service) -> list[str | None]:
    return [row["how"] for row in service.rows(tables.talks)]


async def test_an_agent_whose_hang_up_nobody_heard_is_free_some_minutes_later(service: Service) -> None:
    phone = await talks_with_amy(service)
    async with unheard(service):
        phone.call.put_down()
    assert state(service, AMY) == "on_call"
    await passes(service, 4)
    assert state(service, AMY) in ("wrap_up", "available")
    assert ends(service) == ["hung_up"]
    assert service.rows(tables.waiting) == []


async def test_so_is_one_whose_leg_has_ended_while_the_talk_was_left_open(service: Service) -> None:
    """As where the service is killed between the two."""
    await talks_with_amy(service)
    with service.engine.begin() as connection:
        connection.execute(update(tables.legs).values(state="ended", status="completed"))
    await passes(service, 4)
    assert state(service, AMY) in ("wrap_up", "available")
    assert ends(service) == ["hung_up"]


async def test_so_is_one_who_had_dialled_in(service: Service) -> None:
    hire(service, DAN, "tier1-us", state="on_call", code="1111")
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", UNVERIFIED)
    desk = service.phone(AMY)
    await desk.dial(DESK, listen=False)
    await service.exchange.timeline.run_for(8)
    desk.is_connected_to("tier1-us")
    async with unheard(service):
        desk.call.put_down()
        phone.call.put_down()
    assert state(service, AMY) == "on_call"
    await passes(service, 4)
    assert state(service, AMY) in ("wrap_up", "offline")
    assert ends(service) == ["hung_up"]


async def test_a_contact_on_duty_is_no_longer_talking_either(service: Service) -> None:
    service.it_is(NIGHT)
    service.exchange.people[LEAD] = ACCEPTS
    phone = await service.calls("US support", "*#,1")
    await phone.waits(30)
    phone.is_connected_to(LEAD)
    async with unheard(service):
        phone.call.put_down()
    assert ends(service) == [None]
    await passes(service, 4)
    assert ends(service) == ["hung_up"]


async def test_a_long_talk_goes_on(service: Service) -> None:
    phone = await talks_with_amy(service)
    await passes(service, 30)
    phone.is_connected_to(AMY)
    assert (state(service, AMY), ends(service)) == ("on_call", [None])


async def test_while_the_telephone_company_does_not_answer_a_talk_stays_and_the_clocks_turn(service: Service) -> None:
    phone = await talks_with_amy(service)
    async with unheard(service):
        phone.call.put_down()
    service.exchange.misbehaviour.rest = ["away"] * 500
    await passes(service, 3)
    assert state(service, AMY) == "on_call"
    service.exchange.misbehaviour.rest = []
    await passes(service, 2)
    assert state(service, AMY) in ("wrap_up", "available")
