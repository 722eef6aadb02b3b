"""A key, a hang-up, the end of a line: what must never meet in one moment, and does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from httpx2 import Response
from sqlalchemy import NullPool, create_engine, delete, text, update

from app.exchange import Person, Press
from app.services import agents, placing
from app.services.refusals import Conflict
from app.store import legs as leg_rows
from app.store import tables
from tests.support.agents import AMY, BEN, TAKES, answers, hire, is_now, state
from tests.support.duty import ACCEPTS, LEAD, MANAGER, NIGHT, page, results, who_rang
from tests.support.handset import Handset
from tests.support.service import Row, Service, running_service

S1, S2 = "*#,1", "*#,2,#"
# Picks up, and looks at the phone for so long that the test presses the key.
HESITATES = Person(after=2, keys=(Press("1", after=60),))
OFTEN = 12


async def on_the_line(service: Service, phone: Handset, *reaches: str) -> list[Row]:
    """The legs of these people, once they have all picked up."""
    for _ in range(60):
        picked_up = {leg["number"]: leg for leg in service.rows(tables.legs, state="answered")}
        if picked_up.keys() >= set(reaches):
            return [picked_up[reach] for reach in reaches]
        await phone.waits(1)
    raise AssertionError(service.rows(tables.legs))


def presses_1(service: Service, leg: Row) -> Awaitable[Response]:
    return service.post(f"/twilio/leg/key?k={leg['key']}", form(leg, "in-progress", Digits="1"))


def ends(service: Service, leg: Row) -> Awaitable[Response]:
    return service.post(f"/twilio/leg/over?k={leg['key']}", form(leg, "completed"))


def form(leg: Row, status: str, **more: str) -> dict[str, str]:
    sent = {"CallSid": leg["sid"], "AccountSid": "AC" + "0" * 32, "From": "+14086874120", "To": leg["number"]}
    return {**sent, "CallStatus": status, **more}


def puts_down(service: Service, reach: str) -> None:
    """Somebody hangs up; of that the service is not told by the exchange."""
    for call in service.exchange.calls:
        if call.to == reach and not call.over:
            call.put_down()


def talks(service: Service) -> list[tuple[str, str | None]]:
    rows = sorted(service.rows(tables.talks), key=lambda row: row["began"])
    return [(row["who"], row["how"]) for row in rows]


async def free_again(service: Service, phone: Handset, *reaches: str) -> None:
    """The call is over and forgotten, and these people are as before it."""
    service.exchange.people.clear()
    for reach in reaches:
        puts_down(service, reach)
    phone.call.put_down()
    await service.exchange.timeline.run_for(90)
    with service.engine.begin() as connection:
        connection.execute(delete(tables.waiting))
        connection.execute(update(tables.pages).values(accepted_at=service.now()))
    await service.exchange.timeline.run_for(60)
    assert service.rows(tables.talks, ended_at=None) == []


# The key comes after the end of its line


async def test_a_key_of_an_agent_whose_line_has_ended_leaves_the_caller_with_the_music(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=HESITATES)
    phone = await service.calls("US support", S1)
    (leg,) = await on_the_line(service, phone, AMY)
    puts_down(service, AMY)
    await phone.waits(1)
    hire(service, BEN, "tier1-us", state="on_call")
    assert b"<Hangup" in (await presses_1(service, leg)).content
    assert talks(service) == []
    await phone.waits(10)
    phone.is_waiting_in("tier1-us")
    answers(service, ben=TAKES)
    is_now(service, BEN, "available")
    await phone.waits(20)
    phone.is_connected_to(BEN)


async def test_a_key_of_a_contact_whose_line_has_ended_leaves_the_page_open(service: Service) -> None:
    service.it_is(NIGHT)
    service.exchange.people |= {LEAD: HESITATES, MANAGER: ACCEPTS}
    phone = await service.calls("US support", S1)
    (leg,) = await on_the_line(service, phone, LEAD)
    puts_down(service, LEAD)
    await phone.waits(1)
    assert b"<Hangup" in (await presses_1(service, leg)).content
    assert page(service)["accepted_at"] is None
    await phone.waits(150)
    phone.is_connected_to(MANAGER)


async def test_a_key_after_the_offer_has_ended_takes_nothing(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(50)
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us")
    answers(service, amy=HESITATES, ben=HESITATES)
    amy, ben = await on_the_line(service, phone, AMY, BEN)
    await presses_1(service, amy)
    assert b"Somebody else has taken this call" in (await presses_1(service, ben)).content
    again = await presses_1(service, amy)
    assert b"<Conference" in again.content
    assert state(service, AMY) == "on_call"
    assert talks(service) == [("Amy", None)]


async def test_an_end_that_was_half_noted_is_noted_whole_the_next_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    phone = await service.calls("US support", S2)
    await phone.waits(20)
    (leg,) = service.rows(tables.legs)

    async def cut_off(*_: object, **__: object) -> bool:
        raise RuntimeError("the power failed")

    with monkeypatch.context() as at_that_moment:
        at_that_moment.setattr(leg_rows, "move", cut_off)
        with pytest.raises(RuntimeError, match="power"):
            await placing.over(service.runtime, leg["key"], "completed", leg["sid"])
    assert (state(service, AMY), talks(service)) == ("on_call", [("Amy", None)])
    await placing.over(service.runtime, leg["key"], "completed", leg["sid"])
    assert (state(service, AMY), talks(service)) == ("wrap_up", [("Amy", "hung_up")])


# At once


async def test_two_agents_press_1_at_once_and_one_has_the_call(service: Service) -> None:
    for reach in (AMY, BEN):
        hire(service, reach, "tier1-us", state="on_call")
    for n in range(OFTEN):
        phone = await service.calls("US support", S1, caller=f"+120655502{n:02d}")
        await phone.waits(50)
        answers(service, amy=HESITATES, ben=HESITATES)
        for reach in (AMY, BEN):
            is_now(service, reach, "available")
        legs = await on_the_line(service, phone, AMY, BEN)
        said = await asyncio.gather(*(presses_1(service, leg) for leg in legs))
        assert sorted(b"Somebody else has taken this call" in answer.content for answer in said) == [False, True]
        assert sorted(state(service, reach) for reach in (AMY, BEN)) == ["available", "on_call"]
        await free_again(service, phone, AMY, BEN)
        for reach in (AMY, BEN):
            is_now(service, reach, "on_call")


async def test_an_agent_and_a_contact_press_1_at_once_and_one_has_the_call(service: Service) -> None:
    service.it_is(NIGHT)
    hire(service, AMY, "tier1-oncall", state="on_call")
    for n in range(OFTEN):
        service.exchange.people[LEAD] = HESITATES
        answers(service, amy=HESITATES)
        phone = await service.calls("US support", "0042#,1", caller=f"+120655502{n:02d}")
        is_now(service, AMY, "available")
        amy, lead = await on_the_line(service, phone, AMY, LEAD)
        said = await asyncio.gather(presses_1(service, amy), presses_1(service, lead))
        assert sum(b"<Conference" in answer.content for answer in said) == 1
        assert len(service.rows(tables.talks, ended_at=None)) == 1
        await free_again(service, phone, AMY, LEAD)
        is_now(service, AMY, "on_call")


Meanwhile = Callable[[Service, Handset, Row], Awaitable[object]]


async def the_line_ends(service: Service, _phone: Handset, leg: Row) -> object:
    return await ends(service, leg)


async def the_caller_hangs_up(service: Service, phone: Handset, _leg: Row) -> object:
    sent = {"CallSid": phone.call.sid, "AccountSid": "AC" + "0" * 32, "From": str(phone.caller), "To": phone.call.to}
    return await service.post("/twilio/status", {**sent, "CallStatus": "completed", "CallDuration": "9"})


@pytest.mark.parametrize("meanwhile", [the_line_ends, the_caller_hangs_up])
async def test_1_is_pressed_and_at_once_all_is_over_and_nobody_is_left_in_a_talk(
    service: Service, meanwhile: Meanwhile
) -> None:
    hire(service, AMY, "tier1-us", state="on_call")
    for n in range(OFTEN):
        phone = await service.calls("US support", S1, caller=None)
        is_now(service, AMY, "available")
        answers(service, amy=HESITATES)
        (leg,) = await on_the_line(service, phone, AMY)
        both = [presses_1(service, leg), meanwhile(service, phone, leg)]
        await asyncio.gather(*(both if n % 2 else reversed(both)))
        puts_down(service, AMY)
        await phone.waits(3)
        assert service.rows(tables.talks, ended_at=None) == []
        assert service.rows(tables.offers, ended_at=None) == []
        assert service.runtime.journal.waiting == 0
        await free_again(service, phone, AMY)
        is_now(service, AMY, "on_call")


async def test_a_hand_over_and_the_end_of_the_line_at_once(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    for _ in range(OFTEN):
        answers(service, amy=TAKES)
        phone = await service.calls("US support", S2, caller=None)
        await phone.waits(30)
        phone.is_connected_to(AMY)
        (leg,) = service.rows(tables.legs, state="answered")
        handed = agents.hand_over(service.runtime, "amy", "tier2-us", "", "Amy")
        done = await asyncio.gather(handed, ends(service, leg), return_exceptions=True)
        assert [one for one in done if isinstance(one, BaseException) and not isinstance(one, Conflict)] == []
        assert state(service, AMY) == "wrap_up"
        await free_again(service, phone, AMY)
        is_now(service, AMY, "available")


async def test_a_turn_that_met_another_in_a_deadlock_is_written_at_once(postgres_url: str) -> None:
    """The first attempt is what the database gives up."""
    once = """
    CREATE SEQUENCE attempts;
    CREATE FUNCTION give_up_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER give_up_once BEFORE INSERT ON turns FOR EACH ROW EXECUTE FUNCTION give_up_once();
    """
    engine = create_engine(postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(once))
    try:
        async with running_service(postgres_url) as service:
            phone = await service.calls("US support")
            assert service.runtime.journal.waiting == 0
            assert len(service.turns(phone)) >= 1
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP FUNCTION give_up_once() CASCADE; DROP SEQUENCE attempts"))


# Somebody is always rung


@pytest.fixture
async def paged_by_day(service: Service) -> Handset:
    """An S1 whom nobody took within the limit. One contact was rung when an agent took the call, and talks to them."""
    hire(service, AMY, "tier1-us", state="on_call")
    phone = await service.calls("US support", S1)
    await phone.waits(200)
    answers(service, amy=Person(after=4, keys=("1",), fails=40))
    is_now(service, AMY, "available")
    await phone.waits(30)
    phone.is_connected_to(AMY)
    return phone


async def test_a_caller_who_is_dropped_after_a_page_is_paged_for_again(service: Service, paged_by_day: Handset) -> None:
    rung = len(who_rang(service))
    await paged_by_day.waits(25)
    is_now(service, AMY, "on_call")
    await paged_by_day.waits(120)
    assert (talks(service), len(who_rang(service))) == ([("Amy", "dropped")], rung)
    await paged_by_day.waits(200)
    assert len(who_rang(service)) > rung
    assert len(service.rows(tables.pages, accepted_at=None)) == 1


async def test_a_caller_who_is_handed_over_after_a_page_is_paged_for_again(
    service: Service, paged_by_day: Handset
) -> None:
    await agents.hand_over(service.runtime, "amy", "tier2-us", "", "Amy")
    rung = len(who_rang(service))
    await paged_by_day.waits(400)
    assert len(who_rang(service)) > rung
    assert len(service.rows(tables.pages, accepted_at=None)) == 1


# Who is told what


async def test_the_pages_that_stood_behind_one_are_looked_at_when_an_agent_takes_its_caller(service: Service) -> None:
    service.it_is(NIGHT)
    service.exchange.people[LEAD] = Person("no-answer")
    first = await service.calls("US support", S1)
    second = await service.calls("US support", S1, caller="+12065550181")
    await first.waits(10)
    hire(service, AMY, "tier1-oncall")
    answers(service, amy=TAKES)
    before = len(who_rang(service))
    await first.waits(30)
    first.is_connected_to(AMY)
    assert len(who_rang(service)) > before
    second.is_waiting_in("tier1-oncall")


async def test_who_is_put_away_or_wraps_up_is_told_to_whoever_watches(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us", state="on_call")
    answers(service, amy=Person("busy"), ben=Person(after=4, keys=("1",), talks=20))
    phone = await service.calls("US support", S1)
    await phone.waits(10)
    is_now(service, BEN, "available")
    await phone.waits(50)
    told = [(row["subject"], row["detail"]) for row in service.rows(tables.events, kind="agent")]
    assert ("agent amy", '{"state": "away"}') in told
    assert ("agent ben", '{"state": "wrap_up"}') in told
    assert results(service) == []


async def test_an_s1_who_hangs_up_while_connected_to_a_line_that_breaks_is_rung_back(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us", state="on_call")
    answers(service, amy=HESITATES)
    phone = await service.calls("US support", S1)
    (leg,) = await on_the_line(service, phone, AMY)
    await presses_1(service, leg)
    phone.call.put_down()
    puts_down(service, AMY)
    await ends(service, leg)
    await service.exchange.timeline.run_for(5)
    place = service.row(tables.waiting)
    assert (place["kind"], place["number"], place["taken_by"]) == ("callback", phone.caller, None)
    answers(service, ben=TAKES)
    is_now(service, BEN, "available")
    await service.exchange.timeline.run_for(30)
    assert [call.to for call in service.exchange.calls][-1] == phone.caller
