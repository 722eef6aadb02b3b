"""call-flows, "Waiting": the parts that exist without agents: the order, what is heard, the limits, a full queue."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.exchange import Person
from app.exchange.events import Played, Ringing
from app.services import agents
from app.store import tables
from tests.support.agents import AMY, BEN, CARA, TAKES, answers, hire
from tests.support.handset import Handset
from tests.support.partners import LUMEN, TALLGRASS
from tests.support.service import CALLER, Service, running_service, shipped_flows

CERTIFIED, UNVERIFIED = f"{TALLGRASS.keys},", "*#,"
# duty.yaml: Tier 1 and Tier 2 on duty at 10 in the morning in Los Angeles.
TIER_1 = ["+12065550121", "+12065550122", "+12065550123"]
TIER_2 = ["+12065550124", "+12065550125"]


def position_of(phone: Handset) -> str:
    """What the caller was last told."""
    return phone.transcript().rpartition("You are number ")[2].partition(" ")[0]


# The order


async def test_s1_before_s2_before_s3_then_first_come(service: Service) -> None:
    s3 = await service.calls("US support", f"{UNVERIFIED}3,#")
    s2 = await service.calls("US support", f"{UNVERIFIED}2,#")
    another_s2 = await service.calls("US support", f"{UNVERIFIED}2,#")
    s1 = await service.calls("US support", f"{UNVERIFIED}1")
    assert [position_of(phone) for phone in (s3, s2, another_s2, s1)] == ["1", "1", "2", "1"]
    # The others are not told that they fell back; who comes next learns it from the own position.
    assert position_of(await service.calls("US support", f"{UNVERIFIED}3,#")) == "5"
    assert position_of(await service.calls("US support", f"{UNVERIFIED}2,#")) == "4"
    assert position_of(await service.calls("US support", f"{UNVERIFIED}1")) == "2"


async def test_a_suspended_partner_waits_as_if_not_certified(service: Service) -> None:
    await service.calls("US support", f"{UNVERIFIED}2,#")
    assert position_of(await service.calls("US support", f"{LUMEN.keys},2,#")) == "2"


async def test_a_certified_caller_is_before_those_who_came_first(service: Service) -> None:
    hire(service, CARA, "tier1-us", state="on_call")
    first = await service.calls("US support", f"{UNVERIFIED}2,#")
    hire(service, AMY, "tier2-us")
    answers(service, amy=TAKES, ben=TAKES)
    certified = await service.calls("US support", f"{CERTIFIED}2,#")
    await certified.waits(20)
    await agents.hand_over(service.runtime, "amy", "tier1-us", "", "desk")
    await certified.waits(20)
    assert position_of(certified) == "1"
    hire(service, BEN, "tier1-us")
    await certified.waits(10)
    certified.is_connected_to(BEN)
    first.is_waiting_in("tier1-us")


async def test_each_queue_has_its_own_order(service: Service) -> None:
    await service.calls("US support", f"{UNVERIFIED}1")
    assert position_of(await service.calls("US support", f"{CERTIFIED}3,#")) == "1"


# What the waiting caller hears


async def test_the_position_then_music_again_and_again(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    phone.hears("You are number 1 in the queue")
    assert isinstance(phone.call.heard[-1], Played)
    await phone.waits(120)
    phone.does_not_hear("You are number")
    assert sum(isinstance(event, Played) for event in phone.call.heard) > 3


async def test_the_position_is_told_again_only_when_it_improved(service: Service) -> None:
    await service.calls("US support", f"{UNVERIFIED}2,#")
    second = await service.calls("US support", f"{UNVERIFIED}2,#")
    third = await service.calls("US support", f"{UNVERIFIED}2,#")
    await third.waits(60)
    third.does_not_hear("You are number")
    await service.exchange.answer("tier1-us")
    await third.waits(60)
    assert (position_of(second), position_of(third)) == ("2", "3")
    # The provider tells that a call was taken only when it ends: until then the caller is counted as waiting.
    await service.exchange.release(service.exchange.calls[0])
    await third.waits(60)
    assert (position_of(second), position_of(third)) == ("1", "2")


def talked(service: Service, times: int, seconds: int = 240) -> None:
    """So many conversations of a queue are over."""
    now = service.now()
    with service.engine.begin() as connection:
        for n in range(times):
            connection.execute(
                tables.talks.insert().values(
                    id=f"talk{n}", call_sid=f"CA{n}", case_number="1", who="Cara", leg=f"leg{n}", queue="tier1-us",
                    began=now, connected_at=now, ended_at=now, how="hung_up", seconds=seconds,
                )
            )  # fmt: skip


async def test_the_expected_wait_is_told_once_five_conversations_are_known(service: Service) -> None:
    hire(service, CARA, "tier1-us", state="on_call")
    talked(service, 4)
    first = await service.calls("US support", f"{UNVERIFIED}2,#")
    first.does_not_hear("expected wait")
    await first.hangs_up()
    with service.engine.begin() as connection:
        connection.execute(tables.talks.delete())
    talked(service, 5)
    await service.calls("US support", f"{UNVERIFIED}2,#")
    second = await service.calls("US support", f"{UNVERIFIED}2,#")
    second.hears("You are number 2", "The expected wait is about 10 minutes")


@pytest.mark.parametrize("severity", ["2", "3"])
async def test_from_the_second_announcement_on_1_asks_for_a_callback_that_keeps_the_place(
    service: Service, severity: str
) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}{severity},#")
    since = service.row(tables.waiting)["since"]
    phone.does_not_hear("losing your place")
    await phone.waits(70)
    phone.hears("To be called back without losing your place, press 1")
    await phone.interrupts("1")
    await phone.waits(20)
    phone.is_cut_off()
    assert service.case(phone)["status"] == "callback_requested"
    place = service.row(tables.waiting)
    assert (place["kind"], place["since"], place["number"]) == ("callback", since, CALLER)


async def test_who_falls_back_is_not_told(service: Service) -> None:
    s2 = await service.calls("US support", f"{UNVERIFIED}2,#")
    await service.calls("US support", f"{UNVERIFIED}1")
    await s2.waits(60)
    s2.does_not_hear("You are number")


async def test_who_hangs_up_waits_no_more(service: Service) -> None:
    first = await service.calls("US support", f"{UNVERIFIED}2,#")
    second = await service.calls("US support", f"{UNVERIFIED}2,#")
    await first.hangs_up()
    assert service.case(first)["status"] == "abandoned"
    await second.waits(60)
    assert position_of(second) == "1"


async def test_who_is_taken_is_in_progress_since_the_bridge(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(100)
    bridged = service.now()
    await service.exchange.answer("tier1-us", talks=300)
    phone.is_connected_to("tier1-us")
    await phone.waits(310)
    case = service.case(phone)
    assert case["status"] == "in_progress"
    # The provider says how long the caller was in the queue, not since when: what was said before is not counted.
    assert timedelta(0) <= bridged - case["first_response_at"] < timedelta(seconds=10)


async def test_who_is_taken_and_hangs_up_first_is_not_abandoned(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await service.exchange.answer("tier1-us")
    await phone.waits(60)
    await phone.hangs_up()
    assert service.case(phone)["status"] == "in_progress"


# The limits


@pytest.mark.parametrize(("severity", "minutes"), [("2", 15), ("3", 20)])
@pytest.mark.parametrize(("who", "queue"), [(CERTIFIED, "tier2-us"), (UNVERIFIED, "tier1-us")])
async def test_an_s2_or_s3_whom_nobody_took_within_the_limit_gets_a_callback(
    service: Service, severity: str, minutes: int, who: str, queue: str
) -> None:
    phone = await service.calls("US support", f"{who}{severity},#")
    await phone.waits(minutes * 60 - 30)
    phone.is_waiting_in(queue)
    await phone.waits(60)
    phone.hears("Nobody is free", "call you back on 1 2 0 6 5 5 5 0 1 9 9", "press 1")
    case = service.case(phone)
    assert (case["status"], case["callback_number"]) == ("callback_requested", CALLER)
    await phone.waits(10)
    phone.is_cut_off()
    assert service.case(phone)["status"] == "callback_requested"


async def test_who_gets_a_callback_may_give_another_number(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(15 * 60 - 30)
    await service.exchange.timeline.run_until(lambda: "Nobody is free" in phone.heard_text, at_most=120)
    await phone.call.listen()
    await phone.presses("1,2065550188#,1")
    assert service.case(phone)["callback_number"] == "+12065550188"


def dialled(phone: Handset) -> list[str]:
    """The contacts whom the caller heard ringing, one after another."""
    return [event.number for event in phone.call.heard if isinstance(event, Ringing)]


def rung(service: Service) -> list[str]:
    """The contacts on duty who were paged, while the caller has music."""
    return [call.to for call in service.exchange.calls if call.direction == "outbound-api"]


@pytest.mark.parametrize(("who", "ladder"), [(CERTIFIED, TIER_2), (UNVERIFIED, TIER_1)])
async def test_for_an_s1_whom_nobody_took_in_3_minutes_the_contacts_on_duty_are_rung_one_after_another(
    service: Service, who: str, ladder: list[str]
) -> None:
    phone = await service.calls("US support", f"{who}1")
    await phone.waits(150)
    assert rung(service) == []
    await phone.waits(60)
    assert rung(service) == ladder[:1]
    await phone.waits(120)
    assert rung(service) == ladder[:2]
    phone.is_waiting_in(service.case(phone)["queue"])


async def test_an_s1_is_also_offered_to_a_region_that_opens_while_it_waits(service: Service) -> None:
    service.it_is("2026-03-04 00:54")
    hire(service, AMY, "tier1-apac")
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(4 * 60)
    assert AMY not in rung(service)
    await phone.waits(4 * 60)
    assert AMY in rung(service)


@pytest.mark.parametrize("severity", ["2", "3"])
async def test_where_nobody_serves_the_queue_the_callback_comes_at_once(service: Service, severity: str) -> None:
    hire(service, AMY, "tier1-us", state="offline")
    phone = await service.calls("US support", f"{UNVERIFIED}{severity},#")
    await phone.waits(40)
    phone.is_cut_off()
    assert "Nobody is free" in phone.transcript()
    assert service.case(phone)["status"] == "callback_requested"


async def test_nobody_waits_more_than_60_minutes_in_music(database_url: str) -> None:
    flows = shipped_flows()
    limits: dict[Any, timedelta] = dict.fromkeys(flows.waiting.limits, timedelta(hours=5))
    patient = replace(flows, waiting=replace(flows.waiting, limits=limits))
    async with running_service(database_url, flows=patient) as service:
        s2 = await service.calls("US support", f"{UNVERIFIED}2,#")
        s1 = await service.calls("US support", f"{UNVERIFIED}1")
        await s1.waits(62 * 60)
        assert service.case(s2)["status"] == "callback_requested"
        assert dialled(s1) == TIER_1


async def test_a_line_may_have_limits_of_its_own(database_url: str) -> None:
    flows = shipped_flows()
    own: dict[str, dict[Any, timedelta]] = {"US support": {"S2": timedelta(minutes=5)}}
    async with running_service(
        database_url, flows=replace(flows, waiting=replace(flows.waiting, by_line=own))
    ) as service:
        phone = await service.calls("US support", f"{UNVERIFIED}2,#")
        another = await service.calls("US certified", f"{UNVERIFIED}2,#")
        await phone.waits(6 * 60)
        assert service.case(phone)["status"] == "callback_requested"
        another.is_waiting_in("tier1-us")


# Queue full, or the queue engine failing


async def full(service: Service, who: str) -> Handset:
    for tier in (1, 2):
        service.exchange.queue(f"tier{tier}-us").max_size = 0
    return await service.calls("US support", who)


@pytest.mark.parametrize("severity", ["2,#", "3,#"])
async def test_when_the_queue_is_full_an_s2_or_s3_gets_a_callback_request(service: Service, severity: str) -> None:
    phone = await full(service, UNVERIFIED + severity)
    phone.hears("call you back on 1 2 0 6 5 5 5 0 1 9 9")
    assert service.case(phone)["status"] == "callback_requested"


@pytest.mark.parametrize(("who", "ladder"), [(CERTIFIED, TIER_2), (UNVERIFIED, TIER_1)])
async def test_when_the_queue_is_full_an_s1_rings_the_contacts_on_duty_one_after_another(
    service: Service, who: str, ladder: list[str]
) -> None:
    phone = await full(service, f"{who}1")
    phone.hears("ringing the people on duty")
    await phone.waits(len(ladder) * 20 - 5)
    assert dialled(phone) == ladder


async def test_an_s1_in_front_of_a_full_queue_is_rung_for_as_long_as_the_caller_stays(service: Service) -> None:
    phone = await full(service, f"{UNVERIFIED}1")
    await phone.waits(30 * 60)
    assert not phone.call.over
    assert len(dialled(phone)) > 30


async def test_only_a_contact_who_presses_1_is_connected(service: Service) -> None:
    service.exchange.people[TIER_1[0]] = Person(after=1)
    phone = await full(service, f"{UNVERIFIED}1")
    contact = {"CallSid": "CA" + "7" * 32, "ParentCallSid": phone.call.sid, "To": TIER_1[0]}
    whisper = await service.post(attribute(phone.call.requests[-1].body.decode(), "url"), contact)
    assert "To take the call, press 1" in whisper.text
    assert whisper.text.endswith("<Hangup/></Response>")
    answer = attribute(whisper.text, "action")
    for keys, connects in (("1", True), ("2", False), ("", False)):
        decided = await service.post(answer, {**contact, "Digits": keys})
        assert ("<Hangup/>" in decided.text) is not connects


async def test_an_s1_whom_a_contact_took_is_in_progress(service: Service) -> None:
    phone = await full(service, f"{UNVERIFIED}1")
    taken = {"DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "30"}
    step = attribute(phone.call.requests[-1].body.decode(), "action")
    answer = await service.post(step, {**phone.call.standard_form(), **taken})
    assert answer.text == "<Response><Hangup/></Response>"
    case = service.case(phone)
    assert case["status"] == "in_progress"
    assert service.now() - case["first_response_at"] < timedelta(seconds=32)


def attribute(document: str, name: str) -> str:
    """The first attribute of this name in a document."""
    found = re.search(f' {name}="([^"]+)"', document)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("result", ["error", "system-error"])
async def test_when_the_queue_engine_fails_an_s2_gets_a_callback_request(service: Service, result: str) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    waiting = phone.call.requests[-1]
    step = waiting.url.replace("/twilio/wait", "/twilio/step").removeprefix("https://ivr.example.test")
    answer = await service.post(step, {**phone.call.standard_form(), "QueueResult": result, "QueueTime": "3"})
    assert "We call you back" in answer.text
    assert service.case(phone)["status"] == "callback_requested"
    assert service.count(tables.pages) == 0
