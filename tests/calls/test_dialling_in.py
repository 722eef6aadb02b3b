"""agents.md, "Dialling in": agents who call a desk number take waiting calls without the dispatcher."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import get_args
from urllib.parse import urlsplit

import pytest

from app.domain import agents as rules
from app.domain.agents import State
from app.exchange import Person
from app.provider.rest import NotThere
from app.services import recovery
from app.services.desk import is_over
from app.store import tables
from app.store.database import Database
from tests.support.agents import AMY, BEN, DAN, TAKES, agent, answers, hire, state
from tests.support.duty import LEAD, NIGHT
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import CALLER, Service

UNVERIFIED = "*#,"
CERTIFIED = f"{TALLGRASS.keys},"
DESKS = {"us": "+12065550110", "emea": "+442079460110", "apac": "+12065550111"}


@pytest.fixture(autouse=True)
def somebody_serves_the_queues(service: Service) -> None:
    """So callers wait, and are not called back at once: Dan is at work, and has a call."""
    hire(service, DAN, "tier1-us", "tier2-us", state="on_call", code="1111")


async def dials_in(service: Service, reach: str, region: str = "us") -> Handset:
    phone = service.phone(reach)
    await phone.dial(DESKS[region], listen=False)
    await service.exchange.timeline.run_for(8)
    return phone


async def passes(service: Service, seconds: float) -> None:
    await service.exchange.timeline.run_for(seconds)


async def test_an_agent_who_calls_a_desk_number_is_answered_with_the_queues_that_agent_serves(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    desk = await dials_in(service, AMY)
    desk.hears("You take waiting calls now")
    desk.is_connected_to("tier1-us")
    phone.hears("You are connected")


@pytest.mark.parametrize("region", DESKS)
async def test_every_regions_desk_number_does(service: Service, region: str) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    await service.calls("US support", f"{UNVERIFIED}2,#")
    (await dials_in(service, AMY, region)).is_connected_to("tier1-us")


async def test_other_queues_are_left_alone(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{CERTIFIED}2,#")
    desk = await dials_in(service, AMY)
    await passes(service, 60)
    phone.is_waiting_in("tier2-us")
    assert not desk.call.over


async def test_the_queues_are_asked_in_the_agents_order_until_somebody_comes(service: Service) -> None:
    hire(service, AMY, "tier2-us", "tier1-us", state="offline")
    first = await service.calls("US support", f"{UNVERIFIED}2,#")
    second = await service.calls("US support", f"{CERTIFIED}2,#")
    desk = await dials_in(service, AMY)
    desk.is_connected_to("tier2-us")
    first.is_waiting_in("tier1-us")
    second.hears("You are connected")


async def test_an_agent_waits_for_as_long_as_nobody_comes(service: Service) -> None:
    hire(service, AMY, "tier2-us", "tier1-us", state="offline")
    desk = await dials_in(service, AMY)
    await passes(service, 600)
    assert not desk.call.over
    assert not desk.call.errors
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await passes(service, 30)
    desk.is_connected_to("tier1-us")
    phone.hears("You are connected")


async def test_a_queue_that_is_not_there_is_not_asked_without_a_pause(service: Service) -> None:
    """The provider answers that at once, and would be asked for ever without a breath."""
    hire(service, AMY, "tier2-us", "tier1-us", state="offline")
    desk = await dials_in(service, AMY)
    before = len(desk.call.requests)
    await passes(service, 60)
    assert len(desk.call.requests) - before <= 60 / 3 + 1


async def test_the_case_is_in_progress_and_the_agent_on_call_while_they_talk(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    desk = await dials_in(service, AMY)
    case = service.case(phone)
    assert case["status"] == "in_progress"
    assert timedelta(0) <= service.now() - case["first_response_at"] < timedelta(seconds=10)
    assert state(service, AMY) == "on_call"
    await phone.hangs_up()
    await passes(service, 5)
    assert state(service, AMY) == "wrap_up"
    assert desk.call.over
    await passes(service, 62)
    assert state(service, AMY) == "offline"
    assert service.case(phone)["status"] == "in_progress"
    assert service.rows(tables.waiting) == []


async def test_an_agent_who_hangs_up_first_wraps_up_too(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    desk = await dials_in(service, AMY)
    await desk.hangs_up()
    await passes(service, 5)
    assert state(service, AMY) == "wrap_up"
    assert service.case(phone)["status"] == "in_progress"
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]


async def test_a_caller_who_is_taken_so_is_rung_to_nobody_else(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    hire(service, BEN, "tier1-us")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    ringing = await service.exchange.rings(BEN)
    await dials_in(service, AMY)
    await passes(service, 2)
    assert ringing.over
    assert state(service, BEN) == "available"
    answers(service, ben=TAKES)
    await passes(service, 60)
    assert [call.to for call in service.exchange.calls].count(BEN) == 1
    phone.is_connected_to("tier1-us")


async def test_who_is_no_agent_and_calls_a_desk_number_reaches_that_regions_support_line(service: Service) -> None:
    phone = await service.calls(DESKS["us"], f"{UNVERIFIED}2,#")
    phone.is_waiting_in("tier1-us")
    assert service.call(phone)["line"] == "US support"
    other = await service.calls(DESKS["emea"])
    assert service.call(other)["line"] == "EMEA support"


async def test_so_does_who_withholds_the_number(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls(DESKS["us"], f"{UNVERIFIED}2,#", None)
    phone.is_waiting_in("tier1-us")


async def test_an_agent_who_calls_a_line_is_a_caller_like_any(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#", AMY)
    phone.is_waiting_in("tier1-us")


async def test_a_dialled_in_call_opens_no_case(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    desk = await dials_in(service, AMY)
    await desk.hangs_up()
    await passes(service, 5)
    assert service.rows(tables.cases) == []


async def test_each_webhook_twice_changes_nothing(service: Service) -> None:
    service.exchange.misbehaviour.repeat = 2
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    desk = await dials_in(service, AMY)
    await phone.hangs_up()
    await passes(service, 5)
    assert not desk.call.differences
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]
    assert state(service, AMY) == "wrap_up"
    assert service.count(tables.case_updates) == 1


async def test_an_end_that_is_never_told_is_made_up_for_by_the_next_conversation(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    await service.calls("US support", f"{UNVERIFIED}2,#")
    lost = await dials_in(service, AMY)
    lost.call.requests.clear()
    second = await service.calls("US support", f"{UNVERIFIED}2,#", "+12065550177")
    await dials_in(service, AMY)
    second.hears("You are connected")
    ended = sorted(row["how"] or "" for row in service.rows(tables.talks))
    assert ended == ["", "hung_up"]
    assert state(service, AMY) == "on_call"


# Taken all the same


@asynccontextmanager
async def nothing_is_written(service: Service) -> AsyncIterator[None]:
    """The database takes nothing of what agents do who dial in."""
    database = service.runtime.database
    service.runtime.database = Database("sqlite:////nowhere/at/all.db")
    try:
        yield
    finally:
        service.runtime.database = database


async def test_a_caller_taken_while_the_database_was_away_is_rung_to_nobody_once_it_is_back(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    async with nothing_is_written(service):
        desk = await dials_in(service, AMY)
        desk.is_connected_to("tier1-us")
        taken = service.now()
    await recovery.recover(service.runtime)
    assert (service.runtime.unwritten, state(service, AMY)) == ([], "on_call")
    answered = service.case(phone)["first_response_at"]
    assert timedelta(0) <= taken - answered < timedelta(seconds=10)
    hire(service, BEN, "tier1-us")
    answers(service, ben=TAKES)
    await passes(service, 240)
    assert not any(call.to == BEN for call in service.exchange.calls)
    phone.is_connected_to("tier1-us")
    await phone.hangs_up()
    await passes(service, 5)
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]
    assert state(service, AMY) == "wrap_up"


async def test_of_a_conversation_that_was_over_before_nobody_is_left_on_a_call(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    async with nothing_is_written(service):
        desk = await dials_in(service, AMY)
        await desk.hangs_up()
        await passes(service, 2)
    await recovery.recover(service.runtime)
    assert all(row["ended_at"] for row in service.rows(tables.talks))
    assert state(service, AMY) != "on_call"
    assert service.case(phone)["status"] == "in_progress"
    assert service.rows(tables.waiting) == []


async def test_an_end_that_is_heard_before_the_beginning_is_written_is_not_lost(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    await service.calls("US support", f"{UNVERIFIED}2,#")
    async with nothing_is_written(service):
        agents_call = (await dials_in(service, AMY)).call.sid
    await is_over(service.runtime, agents_call)
    await recovery.recover(service.runtime)
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]
    assert state(service, AMY) == "wrap_up"


async def test_who_dials_in_is_faster_than_an_agent_who_has_pressed_1_and_waits_for_the_caller(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    hire(service, BEN, "tier1-us")
    answers(service, ben=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    # The telephone company gives the caller to the one who is there first.
    monkeypatch.setattr(service.runtime.provider, "dequeue", _never_there)
    for _ in range(40):
        await passes(service, 1)
        if service.rows(tables.talks):
            break
    await dials_in(service, AMY)
    phone.is_connected_to("tier1-us")
    await passes(service, 10)
    assert {row["who"]: row["how"] for row in service.rows(tables.talks)} == {"Ben": "gone", "Amy": None}
    assert (state(service, AMY), state(service, BEN)) == ("on_call", "available")
    (rung,) = [call for call in service.exchange.calls if call.to == BEN]
    assert rung.over


async def _never_there(*_: object) -> None:
    raise NotThere("the caller is not in this queue")


async def test_a_contact_who_is_rung_for_a_caller_taken_so_is_rung_no_longer(service: Service) -> None:
    service.it_is(NIGHT)
    hire(service, AMY, "tier1-oncall", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    ringing = await service.exchange.rings(LEAD)
    await dials_in(service, AMY)
    phone.is_connected_to("tier1-oncall")
    await passes(service, 5)
    assert ringing.over
    assert service.row(tables.pages)["accepted_by"] == "Amy"


# The state, set by phone


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("available", "offline", "You take no more calls"),
        ("offline", "available", "You take calls from now on"),
        ("away", "available", "You take calls from now on"),
    ],
)
@pytest.mark.parametrize("line", ["US support", "EMEA certified", "US escalation voicemail"])
async def test_two_stars_and_the_code_from_the_agents_own_phone_toggle_available_and_offline(
    service: Service, line: str, before: State, after: State, said: str
) -> None:
    hire(service, AMY, "tier1-us", state=before)
    phone = await service.calls(line, "**4711#", AMY)
    phone.hears(said)
    phone.is_cut_off()
    assert state(service, AMY) == after
    assert service.rows(tables.cases) == []


async def test_who_is_available_so_is_rung(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    waiting = await service.calls("US support", f"{UNVERIFIED}2,#")
    await service.calls("US support", "**4711#", AMY)
    answers(service, amy=TAKES)
    await waiting.waits(40)
    waiting.is_connected_to(AMY)


async def test_while_on_a_call_what_holds_afterwards_is_toggled(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=2, keys=("1",)))
    caller = await service.calls("US support", f"{UNVERIFIED}2,#")
    await caller.waits(15)
    phone = await service.calls("US support", "**4711#", AMY)
    phone.hears("You take no more calls")
    assert state(service, AMY) == "on_call"
    await caller.hangs_up()
    await passes(service, 70)
    assert state(service, AMY) == "offline"


@pytest.mark.parametrize(("caller", "code"), [(AMY, "4712"), (CALLER, "4711"), (BEN, "4711"), (None, "4711")])
async def test_a_wrong_code_or_another_phone_is_answered_like_a_wrong_pid(
    service: Service, caller: str | None, code: str
) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    hire(service, BEN, "tier1-us", state="offline", code="9999")
    wrong_pid = (await service.calls("US support", "999999#", "+12065550166")).heard_text
    phone = await service.calls("US support", f"**{code}#", caller)
    assert phone.heard_text == wrong_pid
    assert state(service, AMY) == "offline"
    assert service.count(tables.wrong_pids) == (1 if caller is None else 2)


async def test_it_counts_as_an_attempt(service: Service) -> None:
    phone = await service.calls("US support", "**4711#,**4711#,**4711#")
    phone.hears("We go on without a partner I D")


async def test_a_repeated_webhook_does_not_toggle_twice(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", "", AMY)
    service.exchange.misbehaviour.repeat = 2
    await phone.presses("**4711#")
    assert not phone.call.differences
    assert state(service, AMY) == "available"


async def test_the_code_stands_in_no_history(service: Service) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", "**4711#", AMY)
    assert all("4711" not in turn["heard"] for turn in service.turns(phone))
    assert all("4711" not in urlsplit(request.url).query for request in phone.call.requests)


@pytest.mark.parametrize("before", get_args(State))
async def test_what_is_written_is_what_the_rule_says(service: Service, before: State) -> None:
    """`domain.agents.toggled`, told in SQL: the one is held to the other."""
    hire(service, AMY, "tier1-us", state=before)
    ruled = rules.toggled(_as_the_rules_know(service), service.now())
    await service.calls("US support", "**4711#", AMY)
    told = _as_the_rules_know(service)
    assert (told.state, told.before, told.reason, told.missed) == (ruled.state, ruled.before, ruled.reason, 0)
    assert (told.idle_since is None) == (ruled.idle_since is None)
    assert (told.since > ruled.since) == (ruled.state != before)


def _as_the_rules_know(service: Service) -> rules.Agent:
    row = agent(service, AMY)
    return rules.Agent(**{name: row[name] for name in rules.Agent.__dataclass_fields__})
