"""Who waits in a queue, as it is told to those who look after it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.services import queues
from app.store import tables
from tests.support.agents import DAN, hire
from tests.support.service import Service, running_service


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        hire(service, DAN, "tier1-us", state="on_call")
        yield service


async def waits(service: Service, kind: str = "call", **place: Any) -> None:
    """Somebody has called, and has this place since."""
    phone = await service.calls("US support", "*#,2,#")
    place |= {"kind": kind}
    changed = update(tables.waiting).where(tables.waiting.c.call_sid == phone.call.sid)
    with service.engine.begin() as connection:
        connection.execute(changed.values(**place))


async def told(service: Service) -> tuple[int, bool, int]:
    """How many wait, whether anybody does, and how many are shown."""
    queue = await queues.one(service.runtime, "tier1-us")
    assert queue in await queues.all_of_them(service.runtime)
    return queue["length"], queue["longest_wait"] is not None, len(queue["waiting"])


async def test_a_caller_waits_and_a_callback_that_is_due(service: Service) -> None:
    await waits(service)
    await waits(service, kind="callback", number="+12065550177")
    await waits(service, kind="callback", number="+12065550178", due_at=service.now() - timedelta(seconds=1))
    assert await told(service) == (3, True, 3)


async def test_nobody_waits_whose_callback_is_for_later_or_who_left_no_number(service: Service) -> None:
    later = service.now() + timedelta(hours=12)
    await waits(service, kind="callback", number="+12065550177", due_at=later)
    await waits(service, kind="callback", number=None)
    assert await told(service) == (0, False, 0)
    service.it_is(later)
    assert await told(service) == (1, True, 1)
