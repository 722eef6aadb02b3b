"""What every channel promises, and that each planned message is sent at most once."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.duty import Contact
from app.notify import Channel, Notice
from app.notify.mail import MailSender
from app.provider.rest import Busy
from app.services import reaching
from app.store import tables
from tests.support.mail_server import MailServer, mail_server
from tests.support.service import Service, running_service

ANN = Contact("Ann", "lead", "+12065550131", sms="+12065550139", mail="ann@example.test")
NOTICE = Notice("page 1/1.1.1", "+14086874120", "Page for Tier 1", "Page for Tier 1: severity 1. Press 1 to accept.")
ALL = ["phone", "sms", "mail"]
WRITTEN = ["sms", "mail"]


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


@pytest.fixture
async def service(database_url: str, server: MailServer) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        service.runtime.mail = MailSender(server.url, "desk@example.test")
        yield service


def channel(service: Service, name: str) -> Channel:
    return next(one for one in reaching.channels(service.runtime) if one.name == name)


async def plan(service: Service, name: str, notice: Notice = NOTICE) -> bool:
    one = channel(service, name)
    async with service.runtime.database.transaction() as tx:
        return await one.plan(tx, one.reach(ANN), notice)


def planned(service: Service) -> int:
    return service.count(tables.messages, tables.legs)


def message(service: Service) -> Any:
    return service.row(tables.messages)


def sent(service: Service, server: MailServer) -> int:
    return len(service.exchange.messages) + len(server.mails)


# Every channel


@pytest.mark.parametrize("name", ALL)
async def test_the_contact_says_where_and_one_without_is_not_reached(service: Service, name: str) -> None:
    assert [one.name for one in reaching.channels(service.runtime)] == ALL
    assert channel(service, name).reach(ANN) == getattr(ANN, name)
    assert channel(service, name).reach(Contact("Bo", "director", "")) == ""


@pytest.mark.parametrize("name", ALL)
async def test_what_is_planned_twice_is_planned_once(service: Service, name: str) -> None:
    assert [await plan(service, name), await plan(service, name)] == [True, False]
    assert planned(service) == 1
    assert await plan(service, name, Notice("another", NOTICE.shown, NOTICE.subject, NOTICE.text))
    assert planned(service) == 2


@pytest.mark.parametrize("name", ALL)
async def test_nothing_leaves_of_what_is_undone(service: Service, server: MailServer, name: str) -> None:
    one = channel(service, name)

    async def half_done() -> None:
        async with service.runtime.database.transaction() as tx:
            await one.plan(tx, one.reach(ANN), NOTICE)
            raise LookupError("undone")

    with pytest.raises(LookupError):
        await half_done()
    await service.works()
    assert planned(service) == 0
    assert sent(service, server) == 0
    assert service.exchange.calls == []


# What is written


@pytest.mark.parametrize("name", WRITTEN)
async def test_a_message_is_sent_once_however_often_its_job_comes(
    service: Service, server: MailServer, name: str
) -> None:
    await plan(service, name)
    await service.works()
    for _ in range(3):
        await reaching.send_message(service.runtime, message(service)["key"], NOTICE.shown)
    assert sent(service, server) == 1
    assert (message(service)["state"], message(service)["error"]) == ("sent", None)


@pytest.mark.parametrize("name", WRITTEN)
async def test_where_the_answer_is_lost_it_is_never_sent_again(service: Service, server: MailServer, name: str) -> None:
    service.exchange.misbehaviour.rest = ["lost"]
    server.hangs_up_after = "END"
    await plan(service, name)
    for _ in range(3):
        await service.exchange.timeline.run_for(60)
        await service.works()
    assert sent(service, server) == 1
    assert message(service)["state"] == "unknown"


@pytest.mark.parametrize("name", WRITTEN)
async def test_a_job_that_was_cut_off_after_it_asked_does_not_ask_again(
    service: Service, server: MailServer, name: str
) -> None:
    await plan(service, name)
    with service.engine.begin() as connection:
        connection.execute(tables.messages.update().values(state="asked", asked_at=service.now()))
    await service.works()
    assert sent(service, server) == 0
    assert message(service)["state"] == "unknown"


@pytest.mark.parametrize("name", WRITTEN)
async def test_what_was_surely_not_sent_is_sent_later(service: Service, server: MailServer, name: str) -> None:
    real = service.runtime.provider
    server.answers["MAIL"] = "451 try again later"
    service.runtime.provider = Away(real)
    await plan(service, name)
    await service.works()
    assert (sent(service, server), message(service)["state"]) == (0, "planned")
    server.answers.clear()
    service.runtime.provider = real
    await service.exchange.timeline.run_for(10)
    assert (sent(service, server), message(service)["state"]) == (1, "sent")


@pytest.mark.parametrize("name", WRITTEN)
async def test_what_is_refused_is_kept_with_the_reason(service: Service, server: MailServer, name: str) -> None:
    service.exchange.unreachable.add(ANN.sms)
    server.answers["RCPT"] = "550 no such user"
    await plan(service, name)
    await service.works()
    assert message(service)["state"] == "failed"
    assert message(service)["error"]
    assert ANN.sms not in message(service)["error"]


async def test_a_long_text_is_cut_to_what_a_text_message_holds(service: Service) -> None:
    await plan(service, "sms", Notice("long", NOTICE.shown, "Page", "x" * 5000))
    await service.works()
    assert [len(one.text) for one in service.exchange.messages] == [1600]


class Away:
    """A telephone company that cannot be reached."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def message(self, *, to: str, sender: str, text: str) -> str:
        raise Busy("the provider could not be reached")
