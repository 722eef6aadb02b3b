"""agents.md, "Dialling in": how calls are taken while the database is away."""

from tests.support.agents import AMY, hire
from tests.support.faults import Fault
from tests.support.service import Service

DESK = "+12065550110"


async def test_agents_take_calls_by_dialling_in_while_the_database_is_away(service: Service, fault: Fault) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    before = service.phone(AMY)
    await before.dial(DESK, listen=False)
    await service.exchange.timeline.run_for(5)
    await before.hangs_up()
    with fault.struck():
        phone = await service.calls("US support", "*#,2,#")
        phone.is_waiting_in("tier1-us")
        agent = service.phone(AMY)
        await agent.dial(DESK, listen=False)
        await service.exchange.timeline.run_for(15)
        agent.is_connected_to("tier1-us")
        phone.hears("You are connected")
        await phone.hangs_up()
        await service.exchange.timeline.run_for(5)
        assert agent.call.over
        assert not agent.call.errors


async def test_who_was_no_agent_by_the_last_good_reading_is_a_caller(service: Service, fault: Fault) -> None:
    with fault.struck():
        phone = await service.calls(DESK, "*#,2,#")
        phone.is_waiting_in("tier1-us")
