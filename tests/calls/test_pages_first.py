"""agents.md, "Contacts on duty and paging": a page is handed over within 30 seconds, whatever else is to be rung."""

from datetime import timedelta
from itertools import pairwise

from sqlalchemy import insert

from app.domain.agents import Agent
from app.exchange import Person
from app.store import tables
from tests.support.duty import page
from tests.support.partners import TALLGRASS
from tests.support.service import Service

MANY = 30
AGENTS = [f"+1206555{2000 + n}" for n in range(MANY)]


def all_are_free(service: Service) -> None:
    """At once, and none of them picks up."""
    now = service.now()
    with service.engine.begin() as connection:
        for n, reach in enumerate(AGENTS):
            agent = Agent(f"a{n:02d}", f"Agent {n}", reach, ("tier2-us",), "available", now, idle_since=now)
            values = {field: getattr(agent, field) for field in Agent.__dataclass_fields__}
            connection.execute(insert(tables.agents).values(**values, code=f"{1000 + n}"))
        connection.execute(insert(tables.jobs).values(name="dispatch", args="{}", at=now))
    service.exchange.people |= dict.fromkeys(AGENTS, Person("no-answer"))


async def test_a_page_does_not_wait_behind_all_the_offers_that_are_planned(service: Service) -> None:
    # A minute's worth.
    service.runtime.calls_apart = timedelta(seconds=2)
    for n in range(MANY):
        await service.calls("US certified", f"{TALLGRASS.keys},2,#", f"+120655501{n:02d}")
    all_are_free(service)
    await service.exchange.timeline.run_for(2)
    turns = [row["not_before"] for row in service.rows(tables.legs, purpose="offer")]
    assert max(turns) - service.now() > timedelta(seconds=50)
    await service.calls("US support", "*#,1", "+12065550190")
    await service.exchange.timeline.run_for(90)
    handed = [row["handed_at"] for row in service.rows(tables.page_tries) if row["handed_at"]]
    assert timedelta(0) <= min(handed) - page(service)["opened_at"] <= timedelta(seconds=30)


async def test_offers_are_still_a_second_apart(service: Service) -> None:
    for n in range(5):
        await service.calls("US certified", f"{TALLGRASS.keys},2,#", f"+120655501{n:02d}")
    all_are_free(service)
    await service.exchange.timeline.run_for(2)
    turns = sorted(row["not_before"] for row in service.rows(tables.legs, purpose="offer"))
    assert len(turns) == 5
    assert {after - before for before, after in pairwise(turns)} == {timedelta(seconds=1)}
