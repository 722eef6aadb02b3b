"""By whom a caller is taken; in the last moment, too; and what follows when the line to whoever took the call fails."""

from itertools import pairwise

import pytest

from app.exchange import Person
from app.store import tables
from tests.support.agents import AMY, BEN, CARA, TAKES, answers, hire, is_now
from tests.support.service import Service

UNVERIFIED = "*#,"
# 07:00 in Los Angeles, 15:00 in London.
BOTH_OPEN = "2026-03-03 15:00"


def rung(service: Service) -> list[str]:
    return [call.to for call in service.exchange.calls if call.direction == "outbound-api"]


# By whom


async def test_nobody_is_rung_twice_in_a_row_for_a_call_while_another_is_free(service: Service) -> None:
    declines = Person(after=3, keys=("2",))
    answers(service, amy=declines, ben=declines)
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(90)
    assert len(rung(service)) > 3
    assert all(one != next_one for one, next_one in pairwise(rung(service)))


async def test_an_s2_is_offered_to_the_next_open_region_after_the_limit_and_is_taken_there(service: Service) -> None:
    service.it_is(BOTH_OPEN)
    hire(service, CARA, "tier1-us", state="on_call")
    hire(service, BEN, "tier1-emea")
    answers(service, ben=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(14 * 60)
    assert rung(service) == []
    await phone.waits(90)
    phone.is_connected_to(BEN)


# In the last moment


def until_many_requests_later(service: Service) -> None:
    """Callers are taken out of the queue some time after somebody has pressed 1: they ask for more music before."""
    service.exchange.misbehaviour.rest = ["busy"] * 14
    service.exchange.misbehaviour.rest_only = "/Members/"


@pytest.mark.parametrize(("keys", "seconds"), [("1", 400), ("2,#", 16 * 60)], ids=["S1", "S2"])
async def test_who_is_taken_after_the_limit_hears_music_until_connected(
    service: Service, keys: str, seconds: int
) -> None:
    service.it_is(BOTH_OPEN)
    hire(service, AMY, "tier1-us", state="on_call")
    hire(service, CARA, "tier1-emea", state="on_call")
    phone = await service.calls("US support", UNVERIFIED + keys)
    await phone.waits(seconds)
    until_many_requests_later(service)
    answers(service, amy=TAKES)
    is_now(service, AMY, "available")
    await phone.waits(60)
    phone.is_connected_to(AMY)
    phone.does_not_hear("Nobody is free", "ringing the people on duty")
    assert service.row(tables.talks)["how"] is None


async def test_who_asks_for_a_callback_in_the_moment_of_being_taken_is_connected(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="on_call")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(70)
    until_many_requests_later(service)
    answers(service, amy=TAKES)
    is_now(service, AMY, "available")
    await service.exchange.timeline.run_until(lambda: bool(service.rows(tables.talks)), at_most=30)
    await phone.interrupts("1", after=0.1)
    await phone.waits(40)
    phone.is_connected_to(AMY)
    assert service.row(tables.talks)["how"] is None


# The line to the agent fails


async def test_the_caller_waits_again_while_the_agents_leg_still_seems_to_be_there(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_progress(sid: str) -> str:
        return "in-progress"

    monkeypatch.setattr(service.runtime.provider, "call_status", in_progress)
    service.exchange.misbehaviour.status_late = 5
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), fails=30))
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(50)
    assert "lost the line" in phone.transcript()
    phone.is_waiting_in("tier1-us")


async def test_the_caller_waits_again_when_the_end_of_the_wait_is_told_after_that_of_the_talk(service: Service) -> None:
    service.exchange.misbehaviour.queue_action_late = 11.9
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=15, keys=("1",), fails=12))
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(60)
    assert "lost the line" in phone.transcript()
    phone.is_waiting_in("tier1-us")


async def test_a_late_copy_of_the_end_of_a_talk_does_not_end_the_next(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), fails=20), ben=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(30)
    hire(service, BEN, "tier1-us")
    await phone.waits(30)
    phone.is_connected_to(BEN)
    (ended,) = (request for request in phone.call.requests if "DialCallStatus" in request.form)
    await service.post(ended.url.removeprefix(service.exchange.public_url), ended.form)
    assert sorted(str(row["how"]) for row in service.rows(tables.talks)) == ["None", "dropped"]
