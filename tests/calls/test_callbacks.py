"""agents.md, "Callbacks": who asked for one is called back, once for each time that was promised."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.exchange import Person, Press, mailbox
from app.exchange.call import Call
from app.exchange.events import Said
from app.services import cases
from app.services.cases import Deed
from app.store import tables
from tests.support.agents import AMY, BEN, TAKES, answers, hire, state
from tests.support.handset import Handset
from tests.support.service import CALLER, Row, Service

UNVERIFIED = "*#,"
US_OUTBOUND = "+14086874120"
ANSWERS = Person(after=3, keys=("1",))
TRY_AGAIN = 15 * 60.0


async def to_be_called(service: Service, caller: str = CALLER, line: str = "US support") -> Handset:
    """Somebody has asked to be called back: the queue was full."""
    for name in ("tier1-us", "tier2-us"):
        service.exchange.queue(name).max_size = 0
    phone = await service.calls(line, f"{UNVERIFIED}2,#", caller)
    await phone.waits(10)
    phone.is_cut_off()
    for name in ("tier1-us", "tier2-us"):
        service.exchange.queue(name).max_size = 1000
    return phone


def calls_to(service: Service, number: str) -> list[Call]:
    return [call for call in service.exchange.calls if call.to == number]


def said_to(service: Service, number: str) -> str:
    """All that was said on calls to somebody."""
    return " ".join(e.text for call in calls_to(service, number) for e in call.heard if isinstance(e, Said))


def place(service: Service) -> Row | None:
    return next(iter(service.rows(tables.waiting)), None)


async def passes(service: Service, seconds: float) -> None:
    await service.exchange.timeline.run_for(seconds)


# The agent first, then the partner


async def test_the_agent_is_rung_first_then_the_partner_who_presses_1_to_be_connected(service: Service) -> None:
    service.exchange.people[CALLER] = ANSWERS
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    agent = await service.exchange.rings(AMY)
    await agent.answer()
    assert calls_to(service, CALLER) == []
    await agent.press("1")
    await passes(service, 20)
    (partner,) = calls_to(service, CALLER)
    assert (partner.connected_to, agent.connected_to) == (AMY, CALLER)
    assert "We are calling the partner" in said_to(service, AMY)
    number = service.case(phone)["number"]
    assert f"about case {' '.join(number)}" in said_to(service, CALLER)
    assert service.case(phone)["status"] == "in_progress"
    assert state(service, AMY) == "on_call"


async def test_the_first_response_is_the_moment_at_which_the_partner_is_on_the_line(service: Service) -> None:
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    partner = await service.exchange.rings(CALLER)
    assert service.case(phone)["first_response_at"] is None
    await partner.answer()
    await partner.press("1")
    (talk,) = service.rows(tables.talks)
    assert service.case(phone)["first_response_at"] == talk["connected_at"]


async def test_a_callback_that_is_over_is_over(service: Service) -> None:
    service.exchange.people[CALLER] = Person(after=3, keys=("1",), talks=30)
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 120)
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]
    assert place(service) is None
    assert service.case(phone)["status"] == "in_progress"
    await passes(service, 60)
    assert state(service, AMY) == "available"
    assert len(calls_to(service, CALLER)) == 1


async def test_a_voice_mailbox_is_never_connected(service: Service) -> None:
    service.exchange.people[CALLER] = mailbox(after=10)
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 90)
    (partner,) = calls_to(service, CALLER)
    assert partner.over
    assert "We did not reach the partner" in said_to(service, AMY)
    assert [row["connected_at"] for row in service.rows(tables.talks)] == [None]


async def test_the_partner_is_rung_for_30_seconds(service: Service) -> None:
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await service.exchange.rings(CALLER)
    assert service.row(tables.legs, purpose="callback")["timeout"] == 30


# It keeps its place


async def test_a_callback_keeps_its_place_and_counts_in_the_positions_of_others(service: Service) -> None:
    first = await to_be_called(service)
    second = await service.calls("US support", f"{UNVERIFIED}2,#", "+12065550177")
    second.hears("You are number 2")
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await service.exchange.rings(CALLER)
    assert service.row(tables.talks)["call_sid"] == first.call.sid


async def test_a_callback_at_the_opening_is_not_made_before(service: Service) -> None:
    service.it_is("2026-03-07 12:00")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(30)
    service.exchange.people[CALLER] = ANSWERS
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 60)
    assert calls_to(service, AMY) == []
    service.it_is("2026-03-09 11:59:50")
    await passes(service, 5)
    assert calls_to(service, AMY) == []
    await passes(service, 30)
    assert calls_to(service, CALLER)[0].connected_to == AMY
    assert service.case(phone)["status"] == "in_progress"


# Two tries


@pytest.mark.parametrize(
    "person",
    [
        Person("no-answer", after=60),
        Person("busy", after=2),
        Person("failed", after=2),
        Person("declines", after=4),
        Person(after=3, keys=("5",)),
        Person(after=3, stays=2),
        mailbox(after=5),
    ],
    ids=["no answer", "busy", "failure", "declined", "another key", "hangs up", "mailbox"],
)
async def test_two_tries_15_minutes_apart_then_the_case_is_open_with_the_flag(service: Service, person: Person) -> None:
    service.exchange.people[CALLER] = person
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 90)
    assert len(calls_to(service, CALLER)) == 1
    assert state(service, AMY) == "available"
    assert "We did not reach the partner" in said_to(service, AMY)
    waits = service.row(tables.waiting)
    assert timedelta(minutes=13) < waits["due_at"] - service.now() < timedelta(minutes=15)
    assert service.case(phone)["status"] == "callback_requested"
    await passes(service, TRY_AGAIN - 120)
    assert len(calls_to(service, CALLER)) == 1
    await passes(service, 180)
    assert len(calls_to(service, CALLER)) == 2
    case = service.case(phone)
    assert (case["status"], case["flags"]) == ("open", ("callback_failed",))
    assert place(service) is None
    await passes(service, 2 * TRY_AGAIN)
    assert len(calls_to(service, CALLER)) == 2


async def test_both_tries_stand_in_the_history_and_among_the_events(service: Service) -> None:
    service.exchange.people[CALLER] = Person("busy", after=2)
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, TRY_AGAIN + 120)
    number = service.case(phone)["number"]
    notes = [row["note"] for row in service.rows(tables.case_updates, case_number=number, kind="callback")]
    assert len(notes) == 2
    assert all("did not reach the partner (busy)" in note for note in notes)
    kinds = [row["kind"] for row in service.rows(tables.events, subject=f"case {number}")]
    assert (kinds.count("partner not reached"), kinds.count("callback failed")) == (2, 1)


async def test_the_second_try_may_reach_the_partner(service: Service) -> None:
    service.exchange.people[CALLER] = Person("no-answer", after=60)
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    since = service.row(tables.waiting)["since"]
    await passes(service, 90)
    assert service.row(tables.waiting)["since"] == since
    service.exchange.people[CALLER] = ANSWERS
    await passes(service, TRY_AGAIN)
    assert calls_to(service, CALLER)[-1].connected_to == AMY
    assert service.case(phone)["status"] == "in_progress"


# The numbers


async def test_the_regions_outbound_number_is_shown(service: Service) -> None:
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    partner = await service.exchange.rings(CALLER)
    assert partner.caller == US_OUTBOUND


async def called_before(service: Service, times: int, hours: float = 1) -> None:
    """The number was called back so often, so long ago."""
    at = service.now() - timedelta(hours=hours)
    with service.engine.begin() as connection:
        for n in range(times):
            connection.execute(
                tables.legs.insert().values(
                    key=f"before{n}", purpose="callback", subject=f"talk{n}", number=CALLER, shown=US_OUTBOUND,
                    timeout=30, state="ended", planned_at=at, not_before=at, asked_at=at, ended_at=at,
                )
            )  # fmt: skip


async def test_at_most_3_callbacks_a_day_to_one_number(service: Service) -> None:
    await called_before(service, 3)
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 60)
    assert calls_to(service, CALLER) == []
    assert "may not be called now" in said_to(service, AMY)
    assert state(service, AMY) == "available"
    case = service.case(phone)
    assert (case["status"], case["flags"]) == ("callback_requested", ("callback_limit",))
    waits = service.row(tables.waiting)
    assert timedelta(hours=22) < waits["due_at"] - service.now() < timedelta(hours=23)
    assert waits["tries"] == 0


async def test_a_callback_that_may_not_be_made_now_is_paged_for_anew(service: Service) -> None:
    await called_before(service, 3)
    await to_be_called(service)
    with service.engine.begin() as connection:
        connection.execute(update(tables.waiting).values(paged=True))
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 60)
    assert "may not be called now" in said_to(service, AMY)
    assert not service.row(tables.waiting)["paged"]


@pytest.mark.parametrize(("times", "hours"), [(2, 1), (3, 24.5)], ids=["the third", "those of yesterday"])
async def test_fewer_than_3_within_a_day_are_no_hindrance(service: Service, times: int, hours: float) -> None:
    await called_before(service, times, hours)
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await service.exchange.rings(CALLER)


async def test_a_number_that_may_no_longer_be_dialled_is_not_dialled(service: Service) -> None:
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    service.runtime.dialable = lambda number, region: None
    await passes(service, 60)
    assert calls_to(service, CALLER) == []
    assert "may not be called now" in said_to(service, AMY)
    case = service.case(phone)
    assert (case["status"], case["flags"]) == ("open", ("callback_failed",))


# When it goes wrong in between


async def test_an_agent_who_hangs_up_while_the_partner_is_rung_leaves_a_callback_that_is_due_now(
    service: Service,
) -> None:
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    agent = await service.exchange.rings(AMY)
    await agent.answer()
    await agent.press("1")
    partner = await service.exchange.rings(CALLER)
    await agent.hangup()
    await passes(service, 3)
    assert partner.over
    waits = service.row(tables.waiting)
    assert (waits["taken_by"], waits["tries"]) == (None, 0)
    hire(service, BEN, "tier1-us")
    answers(service, ben=TAKES)
    service.exchange.people[CALLER] = ANSWERS
    await passes(service, 30)
    assert calls_to(service, CALLER)[-1].connected_to == BEN
    assert service.case(phone)["status"] == "in_progress"


async def test_an_agent_whose_line_fails_while_talking_leaves_a_partner_who_is_called_again(service: Service) -> None:
    service.exchange.people[CALLER] = ANSWERS
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), fails=20))
    hire(service, BEN, "tier1-us", state="offline")
    await passes(service, 60)
    assert "We call you again" in said_to(service, CALLER)
    assert service.case(phone)["status"] == "callback_requested"
    assert service.row(tables.waiting)["taken_by"] is None
    hire_ben_available(service)
    await passes(service, 60)
    assert calls_to(service, CALLER)[-1].connected_to == BEN
    assert service.case(phone)["status"] == "in_progress"


def hire_ben_available(service: Service) -> None:
    answers(service, ben=TAKES)
    with service.engine.begin() as connection:
        connection.execute(
            update(tables.agents)
            .where(tables.agents.c.reach == BEN)
            .values(state="available", idle_since=service.now())
        )
        connection.execute(tables.jobs.insert().values(name="dispatch", args="{}", at=service.now()))


async def test_a_leg_of_which_nothing_is_heard_is_over_after_its_time(service: Service) -> None:
    service.exchange.people[CALLER] = Person("no-answer", after=60)
    service.exchange.misbehaviour.drop_status = True
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 110)
    assert "We did not reach the partner" in said_to(service, AMY)
    assert service.row(tables.waiting)["tries"] == 1
    assert len(calls_to(service, CALLER)) == 1


async def test_a_status_that_comes_late_counts_once(service: Service) -> None:
    service.exchange.people[CALLER] = Person("busy", after=2)
    service.exchange.misbehaviour.status_late = 200
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 400)
    assert service.row(tables.waiting)["tries"] == 1


async def test_each_webhook_twice_changes_nothing(service: Service) -> None:
    service.exchange.misbehaviour.repeat = 2
    service.exchange.people[CALLER] = Person(after=3, keys=("1",), talks=30)
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 120)
    assert not [call for call in calls_to(service, CALLER) if call.differences]
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]
    notes = [row["kind"] for row in service.rows(tables.case_updates, case_number=service.case(phone)["number"])]
    assert notes == ["taken"]


async def test_a_call_whose_answer_was_lost_is_not_placed_twice(service: Service) -> None:
    service.exchange.people[CALLER] = ANSWERS
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    agent = await service.exchange.rings(AMY)
    await agent.answer()
    service.exchange.misbehaviour.rest, service.exchange.misbehaviour.rest_only = ["lost"], "/Calls.json"
    await agent.press("1")
    await passes(service, 30)
    (partner,) = calls_to(service, CALLER)
    assert partner.connected_to == AMY


async def test_a_job_that_comes_again_rings_nobody_twice(service: Service) -> None:
    await to_be_called(service)
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await service.exchange.rings(CALLER)
    (talk,) = service.rows(tables.talks)
    with service.engine.begin() as connection:
        for name in ("call_partner", "callback_is_over"):
            args = f'{{"talk": "{talk["id"]}"}}'
            if name == "call_partner":
                connection.execute(tables.jobs.insert().values(name=name, args=args, at=service.now()))
    await passes(service, 5)
    assert len(calls_to(service, CALLER)) == 1


# Withdrawn


async def test_a_case_that_is_resolved_is_not_called_back(service: Service) -> None:
    phone = await to_be_called(service)
    await cases.resolve(service.runtime, service.case(phone)["number"], Deed("desk"))
    hire(service, AMY, "tier1-us")
    await passes(service, 60)
    assert calls_to(service, AMY) == []
    assert place(service) is None


async def test_an_agent_who_is_rung_for_a_case_that_is_resolved_now_is_rung_no_more(service: Service) -> None:
    phone = await to_be_called(service)
    hire(service, AMY, "tier1-us")
    agent = await service.exchange.rings(AMY)
    await cases.resolve(service.runtime, service.case(phone)["number"], Deed("desk"))
    await passes(service, 5)
    assert agent.over
    assert state(service, AMY) == "available"


async def test_who_calls_again_about_the_case_has_waited_since_the_first_call(service: Service) -> None:
    first = await to_be_called(service)
    since = service.row(tables.waiting)["since"]
    again = await service.calls("US support", f"{UNVERIFIED}2,{service.case(first)['number']}#")
    again.is_waiting_in("tier1-us")
    assert service.row(tables.waiting, call_sid=again.call.sid)["since"] == since
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), talks=20))
    await passes(service, 60)
    assert place(service) is None
    assert calls_to(service, CALLER) == []


async def test_who_calls_again_and_hangs_up_is_called_back_as_promised(service: Service) -> None:
    first = await to_be_called(service)
    again = await service.calls("US support", f"{UNVERIFIED}2,{service.case(first)['number']}#")
    await again.hangs_up()
    assert service.case(first)["status"] == "callback_requested"
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await service.exchange.rings(CALLER)


# An S1 who hung up


async def test_an_s1_who_hung_up_while_paged_is_rung_back_by_who_takes_it(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    with service.engine.begin() as connection:
        connection.execute(update(tables.waiting).values(paged=True))
    await phone.hangs_up()
    service.exchange.people[CALLER] = Person(after=3, keys=(Press("1"),))
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await passes(service, 40)
    assert calls_to(service, CALLER)[0].connected_to == AMY
    assert service.case(phone)["status"] == "in_progress"
