"""The database goes away while a caller talks to an agent, and the talk ends."""

from app.store import tables
from tests.faults.test_database_away import is_back
from tests.support.agents import AMY, DAN, TAKES, answers, hire, state
from tests.support.faults import Fault, Stopwatch, TableLocked, TablesMissing, TablesRenamed
from tests.support.handset import Handset
from tests.support.service import Service

DESK = "+12065550110"
# Other tables are away then.
TALKS_ARE_KNOWN = (TablesMissing, TableLocked, TablesRenamed)


async def waits_in_tier_1(service: Service) -> Handset:
    phone = await service.calls("US support", "*#,2,#")
    await phone.waits(20)
    service.engine.dispose()
    return phone


async def test_the_agents_leg_ends_and_the_caller_waits_again_unless_it_is_known_that_they_hung_up(
    service: Service, fault: Fault, stopwatch: Stopwatch
) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    phone = await waits_in_tier_1(service)
    phone.is_connected_to(AMY)
    (leg,) = (call for call in service.exchange.calls if call.to == AMY)
    with fault.struck():
        await leg.hangup()
        await phone.waits(60)
        known = isinstance(fault, TALKS_ARE_KNOWN)
        assert phone.call.waiting_in == (None if known else "tier1-us")
        assert phone.call.over == known
    await is_back(service)
    await service.exchange.timeline.run_for(180)
    # Who waits is taken again.
    ended = ["hung_up"] if known else ["dropped", None]
    talks = sorted(service.rows(tables.talks), key=lambda row: row["began"])
    assert [row["how"] for row in talks] == ended
    assert state(service, AMY) == ("available" if known else "on_call")


async def test_the_caller_hangs_up_and_the_agent_is_free_when_it_is_back(
    service: Service, fault: Fault, stopwatch: Stopwatch
) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    phone = await waits_in_tier_1(service)
    phone.is_connected_to(AMY)
    with fault.struck():
        await phone.hangs_up()
        await service.exchange.timeline.run_for(60)
    await is_back(service)
    await service.exchange.timeline.run_for(180)
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]
    assert (state(service, AMY), service.count(tables.waiting)) == ("available", 0)


async def test_so_is_an_agent_who_had_dialled_in(service: Service, fault: Fault, stopwatch: Stopwatch) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    # So the caller waits, and is not called back: Dan is at work.
    hire(service, DAN, "tier1-us", state="on_call", code="1111")
    phone = await waits_in_tier_1(service)
    agent = service.phone(AMY)
    await agent.dial(DESK, listen=False)
    await service.exchange.timeline.run_for(10)
    agent.is_connected_to("tier1-us")
    assert state(service, AMY) == "on_call"
    service.engine.dispose()
    with fault.struck():
        await phone.hangs_up()
        await service.exchange.timeline.run_for(5)
        assert agent.call.over
    await is_back(service)
    await service.exchange.timeline.run_for(180)
    assert service.row(tables.talks)["how"] == "hung_up"
    assert state(service, AMY) == "offline"
