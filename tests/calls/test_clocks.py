"""support-model, "Severity and service-level targets": the clocks act, and before anything is late.

Tuesday, 10:00 in Los Angeles, and a severity 2: the response is due at 12:00, the update on Wednesday at 10:00.
"""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.notify.mail import MailSender
from app.services import cases, clocks
from app.services.case_drafts import NewCase
from app.store import tables
from tests.support.duty import events, reached_by
from tests.support.mail_server import MailServer, mail_server
from tests.support.partners import TALLGRASS
from tests.support.service import TUESDAY, Row, Service, running_service

LEAD, SMS, MAIL = "+12065550121", "+12065550129", "lead@example.test"
RESPONSE, UPDATE = TUESDAY + timedelta(minutes=90), TUESDAY + timedelta(hours=18)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def service(database_url: str, server: MailServer) -> AsyncIterator[Service]:
    """The lead of Tier 1 who is on duty can be reached by SMS and by mail."""
    async with running_service(database_url, flows=reached_by(LEAD, sms=SMS, mail=MAIL)) as service:
        service.runtime.mail = MailSender(server.url, "desk@example.test")
        yield service


async def opens(service: Service, pid: str | None = None) -> str:
    service.it_is(TUESDAY)
    case = await cases.create(service.runtime, NewCase("S2", pid=pid, line="US support"), cases.Deed("a test"))
    return str(case["number"])


async def is_looked_at(service: Service, at: datetime, times: int = 1) -> None:
    """The clocks are looked at, at that moment."""
    for _ in range(times):
        service.it_is(at)
        await clocks.look_at_clocks(service.runtime)
        await service.works()


def told(service: Service) -> list[tuple[str, str]]:
    """By event: of which clock, and whom."""
    rows = sorted(events(service, "clock"), key=lambda row: row["id"])
    return [(detail_of(row)["what"], detail_of(row)["lead"]) for row in rows]


def detail_of(event: Row) -> dict[str, str]:
    found: dict[str, str] = json.loads(event["detail"])
    return found


async def test_before_an_initial_response_is_missed_the_lead_on_duty_is_told_once_by_sms_and_mail(
    service: Service, server: MailServer
) -> None:
    number = await opens(service)
    await is_looked_at(service, RESPONSE - SECOND)
    assert (told(service), service.exchange.messages) == ([], [])
    await is_looked_at(service, RESPONSE)
    assert told(service) == [("response", "Sample Lead US")]
    (sms,) = service.exchange.messages
    assert sms.to == SMS
    for words in ("Tier 1", "severity 2", number):
        assert words in sms.text
    assert server.recipients == [MAIL]
    assert number in server.mails[0]
    await is_looked_at(service, RESPONSE + timedelta(minutes=1), times=3)
    assert (len(told(service)), len(service.exchange.messages), len(server.mails)) == (1, 1, 1)
    assert events(service, "clock")[0]["subject"] == f"case {number}"


async def test_before_the_next_update_is_missed_the_lead_is_told_once(service: Service) -> None:
    number = await opens(service)
    await cases.write_update(service.runtime, number, cases.Deed("a test", "We look into it."))
    await is_looked_at(service, UPDATE - SECOND)
    assert told(service) == []
    await is_looked_at(service, UPDATE, times=3)
    assert [what for what, _ in told(service)] == ["update"]


async def test_each_update_has_its_own_clock(service: Service) -> None:
    number = await opens(service)
    await cases.write_update(service.runtime, number, cases.Deed("a test", "We look into it."))
    await is_looked_at(service, UPDATE)
    await cases.write_update(service.runtime, number, cases.Deed("a test", "Still at it."))
    await is_looked_at(service, UPDATE + timedelta(hours=18) - SECOND)
    assert len(told(service)) == 1
    await is_looked_at(service, UPDATE + timedelta(hours=18))
    assert [what for what, _ in told(service)] == ["update", "update"]


async def test_a_case_answered_in_time_tells_nobody_of_its_response(service: Service) -> None:
    number = await opens(service)
    service.it_is(RESPONSE - SECOND)
    await cases.write_update(service.runtime, number, cases.Deed("a test", "We look into it."))
    await is_looked_at(service, TUESDAY + timedelta(hours=3))
    assert (told(service), service.exchange.messages) == ([], [])


@pytest.mark.parametrize("status", ["resolved", "abandoned"])
async def test_a_case_that_is_over_tells_nobody_of_anything(service: Service, status: str) -> None:
    await opens(service)
    with service.engine.begin() as connection:
        connection.execute(update(tables.cases).values(status=status))
    await is_looked_at(service, TUESDAY + timedelta(days=3))
    assert (told(service), service.exchange.messages) == ([], [])


async def test_told_is_the_lead_of_the_cases_own_tier(service: Service) -> None:
    """Who is reached by telephone only is not rung for a clock; the event says so."""
    await opens(service, TALLGRASS.pid)
    await is_looked_at(service, RESPONSE)
    assert told(service) == [("response", "Sample Tier 2 Manager US")]
    assert service.exchange.messages == []
    assert service.count(tables.legs) == 0


async def test_the_clocks_go_on_by_themselves_minute_by_minute(service: Service) -> None:
    await opens(service)
    await clocks.ensure(service.runtime)
    await service.exchange.timeline.run_for(10)
    service.it_is(RESPONSE - timedelta(seconds=90))
    await service.exchange.timeline.run_for(20)
    assert told(service) == []
    await service.exchange.timeline.run_for(150)
    assert len(told(service)) == 1
