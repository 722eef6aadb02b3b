"""call-flows, "S1 and nobody takes it". Saturday, 03:00 UTC: every region is closed, and APAC is on duty."""

import pytest

from app.exchange import Person, Press
from app.store import tables
from tests.support.agents import AMY, answers, hire
from tests.support.duty import (
    ACCEPTS,
    DIRECTOR,
    HEARS_IT_ALL,
    LEAD,
    MAILBOX,
    MANAGER,
    NIGHT,
    PASSES_ON,
    TIER_1,
    TIER_2,
    events,
    heard_by,
    minutes,
    page,
    results,
    rung,
    story,
    who_rang,
)
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import CALLER, Service

BY_DAY = "2026-03-03 18:00"
# Monday: the first region opens ten minutes later.
BEFORE_APAC_OPENS = "2026-03-09 00:50"
S1, CERTIFIED_S1 = "*#,1", f"{TALLGRASS.keys},1"


@pytest.fixture(autouse=True)
def night(service: Service) -> None:
    service.it_is(NIGHT)


async def until_third_accepts(service: Service) -> Handset:
    service.exchange.people[DIRECTOR] = ACCEPTS
    phone = await service.calls("US support", S1)
    await phone.waits(270)
    return phone


# The ladder


async def test_the_ladder_on_duty_is_rung_one_after_another_2_minutes_apart(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(290)
    assert who_rang(service) == TIER_1
    assert minutes(service) == [0, 2, 4]


async def test_then_the_other_tiers_ladder(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(530)
    assert who_rang(service) == TIER_1 + TIER_2
    assert minutes(service) == [0, 2, 4, 6, 8]


async def test_a_certified_callers_s1_climbs_tier_2_first(service: Service) -> None:
    phone = await service.calls("US certified", CERTIFIED_S1)
    await phone.waits(530)
    assert who_rang(service) == TIER_2 + TIER_1


async def test_then_again_from_the_start_every_5_minutes_with_an_alarm(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(590)
    assert events(service, "page alarm") == []
    await phone.waits(25 * 60)
    assert who_rang(service)[:15] == (TIER_1 + TIER_2) * 3
    # The next round begins five minutes after the last contact of the one before.
    assert minutes(service)[:15] == [0, 2, 4, 6, 8, 13, 15, 17, 19, 21, 26, 28, 30, 32, 34]
    assert len(events(service, "page alarm")) >= 2
    assert page(service)["alarmed_at"] is not None
    assert "nobody on duty accepted in round 1" in " ".join(story(service, service.case(phone)["number"]))


async def test_a_page_stays_open_until_accepted(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(3600)
    assert page(service)["accepted_at"] is None
    service.exchange.people[LEAD] = ACCEPTS
    await phone.waits(13 * 60)
    assert page(service)["accepted_by"] == "Sample Lead APAC"
    phone.is_connected_to(LEAD)


async def test_nobody_is_rung_any_more_once_somebody_has_accepted(service: Service) -> None:
    phone = await until_third_accepts(service)
    phone.is_connected_to(DIRECTOR)
    await phone.waits(1800)
    assert who_rang(service) == TIER_1
    phone.is_connected_to(DIRECTOR)


async def test_the_third_contact_accepts_and_the_case_tells_the_whole_story(service: Service) -> None:
    phone = await until_third_accepts(service)
    case = service.case(phone)
    assert case["status"] == "in_progress"
    assert case["first_response_at"] == page(service)["accepted_at"]
    assert results(service) == ["missed", "missed", "accepted"]
    told = "is told by phone: S1 while every region is closed"
    assert story(service, case["number"])[:5] == [
        f"Sample Lead APAC (lead, Tier 1) {told}",
        "Sample Lead APAC did not answer",
        f"Sample Team Manager APAC (team manager, Tier 1) {told}",
        "Sample Team Manager APAC did not answer",
        f"Sample Director APAC (director, Tier 1) {told}",
    ]
    assert set(story(service, case["number"])[5:]) == {
        "Sample Director APAC took the call",
        "Sample Director APAC accepted the page",
    }


async def test_a_voice_mailbox_passes_on_when_its_time_is_over(service: Service) -> None:
    service.exchange.people |= {LEAD: MAILBOX, MANAGER: ACCEPTS}
    phone = await service.calls("US support", S1)
    await phone.waits(150)
    assert minutes(service) == [0, 2]
    assert results(service) == ["missed", "accepted"]
    assert "Sample Lead APAC answered and pressed no key" in story(service, service.case(phone)["number"])
    phone.is_connected_to(MANAGER)


# Ring me


async def test_from_the_third_minute_the_caller_may_press_1_to_be_rung_the_moment_somebody_accepts(
    service: Service,
) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(110)
    phone.does_not_hear("be rung the moment")
    await phone.waits(60)
    phone.hears("be rung the moment somebody accepts, press 1")
    await phone.interrupts("1")
    await phone.waits(20)
    phone.is_cut_off()
    place = service.row(tables.waiting)
    assert (place["kind"], place["number"], place["taken_by"]) == ("callback", CALLER, None)
    assert page(service)["accepted_at"] is None
    service.exchange.people[DIRECTOR] = HEARS_IT_ALL
    await service.exchange.timeline.run_for(180)
    assert page(service)["accepted_by"] == "Sample Director APAC"
    assert "rung back when you accept" in heard_by(service, DIRECTOR)
    assert "We are calling the partner" in heard_by(service, DIRECTOR)


# Hanging up


async def test_an_s1_who_hangs_up_stays_paged(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(60)
    await phone.hangs_up()
    await service.exchange.timeline.run_for(480)
    assert who_rang(service) == TIER_1 + TIER_2
    assert service.case(phone)["status"] == "callback_requested"


async def test_an_s1_who_hangs_up_is_to_be_rung_back_by_the_one_who_accepts(service: Service) -> None:
    service.exchange.people[MANAGER] = ACCEPTS
    phone = await service.calls("US support", S1)
    await phone.waits(60)
    await phone.hangs_up()
    await service.exchange.timeline.run_for(90)
    assert page(service)["accepted_by"] == "Sample Team Manager APAC"
    talk = service.row(tables.talks)
    assert (talk["who"], talk["call_sid"]) == ("Sample Team Manager APAC", phone.call.sid)
    assert service.row(tables.waiting)["number"] == CALLER
    assert "We are calling the partner" in heard_by(service, MANAGER)


async def test_an_s1_who_hangs_up_without_a_number_is_still_accepted(service: Service) -> None:
    service.exchange.people[LEAD] = Person(after=30, keys=("1",))
    phone = await service.calls("US support", S1, caller=None)
    await phone.waits(5)
    await phone.hangs_up()
    await service.exchange.timeline.run_for(60)
    assert page(service)["accepted_by"] == "Sample Lead APAC"
    assert f"Case {' '.join(service.case(phone)['number'])} is yours" in heard_by(service, LEAD)
    assert service.count(tables.waiting, tables.talks) == 0


async def test_an_s1_gone_at_the_very_moment_in_which_1_is_pressed_is_not_forgotten(service: Service) -> None:
    service.exchange.people[LEAD] = Person(after=20, keys=(Press("1", after=6),))
    phone = await service.calls("US support", S1)
    service.exchange.just_before("/twilio/leg/key", lambda _: phone.call.put_down())
    await service.exchange.timeline.run_for(60)
    assert page(service)["accepted_by"] == "Sample Lead APAC"
    assert service.row(tables.waiting)["kind"] == "callback"
    assert service.case(phone)["status"] != "abandoned"


async def test_an_s1_who_wants_to_be_rung_and_hangs_up_without_a_number_is_paged_for(service: Service) -> None:
    service.it_is(BY_DAY)
    hire(service, AMY, "tier1-us", state="on_call")
    phone = await service.calls("US support", S1, caller=None)
    await phone.waits(135)
    await phone.interrupts("1")
    await phone.waits(3)
    await phone.hangs_up()
    assert who_rang(service) == []
    await service.exchange.timeline.run_for(120)
    assert page(service)["accepted_at"] is None
    assert len(who_rang(service)) > 0


# A region opens


async def test_an_s1_who_waits_since_the_night_is_offered_to_the_region_that_opens(service: Service) -> None:
    service.it_is(BEFORE_APAC_OPENS)
    phone = await service.calls("ANZ support", S1)
    await phone.waits(60)
    phone.is_waiting_in("tier1-oncall")
    await phone.waits(15 * 60)
    hire(service, AMY, "tier1-apac")
    answers(service, amy=ACCEPTS)
    await phone.waits(30)
    phone.is_connected_to(AMY)


# When something breaks


async def test_a_contact_whose_line_breaks_after_accepting_the_caller_waits_again_and_the_page_is_open_again(
    service: Service,
) -> None:
    service.exchange.people[LEAD] = Person(after=3, keys=("1",), fails=30)
    phone = await service.calls("US support", S1)
    await phone.waits(20)
    phone.is_connected_to(LEAD)
    service.exchange.people[LEAD] = Person("busy")
    service.exchange.people[MANAGER] = ACCEPTS
    await phone.waits(60)
    phone.hears("lost the line")
    assert page(service)["accepted_at"] is None
    assert "the line to Sample Lead APAC was lost: the page is open again" in story(
        service, service.case(phone)["number"]
    )
    await phone.waits(130)
    phone.is_connected_to(MANAGER)
    assert page(service)["accepted_by"] == "Sample Team Manager APAC"


async def test_a_contact_who_hangs_up_at_the_end_of_the_talk_is_not_paged_again(service: Service) -> None:
    service.exchange.people[LEAD] = Person(after=3, keys=("1",), talks=60)
    phone = await service.calls("US support", S1)
    await phone.waits(600)
    phone.is_cut_off()
    assert who_rang(service) == [LEAD]
    assert service.case(phone)["status"] == "in_progress"


async def test_an_agent_who_comes_to_work_takes_the_call_and_the_page_stops(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(60)
    hire(service, AMY, "tier1-oncall")
    answers(service, amy=ACCEPTS)
    await phone.waits(20)
    phone.is_connected_to(AMY)
    await phone.waits(600)
    assert who_rang(service) == [LEAD]
    assert page(service)["accepted_by"] == "Amy"


async def test_a_contact_who_passes_on_is_followed_at_once(service: Service) -> None:
    service.exchange.people |= {LEAD: PASSES_ON, MANAGER: ACCEPTS}
    phone = await service.calls("US support", S1)
    await phone.waits(60)
    phone.is_connected_to(MANAGER)
    (first, _), (second, _) = rung(service)
    assert (second - first).total_seconds() < 15


@pytest.mark.parametrize("trouble", ["twice", "at once", "answer lost", "late once more", "status first"])
async def test_whatever_becomes_of_the_webhooks_one_contact_is_connected_once(service: Service, trouble: str) -> None:
    wrong = service.exchange.misbehaviour
    match trouble:
        case "twice":
            wrong.repeat = 2
        case "at once":
            wrong.repeat, wrong.overlap = 3, True
        case "answer lost":
            wrong.lose_first_answer = True
        case "late once more":
            wrong.replay_late = True
        case _:
            wrong.progress_late, wrong.status_late = 40, 40
    service.exchange.people |= {LEAD: PASSES_ON, MANAGER: Person(after=4, keys=("1",), talks=60)}
    phone = await service.calls("US support", S1)
    await phone.waits(300)
    phone.is_cut_off()
    assert who_rang(service) == [LEAD, MANAGER]
    assert results(service) == ["passed", "accepted"]
    (talk,) = service.rows(tables.talks)
    assert talk["who"] == "Sample Team Manager APAC"
    notes = story(service, service.case(phone)["number"])
    assert len(notes) == len(set(notes))


async def test_a_call_whose_answer_was_lost_is_never_placed_twice(service: Service) -> None:
    service.exchange.people[LEAD] = ACCEPTS
    service.exchange.misbehaviour.rest, service.exchange.misbehaviour.rest_only = ["lost"], "/Calls.json"
    phone = await service.calls("US support", S1)
    await phone.waits(100)
    assert [call.to for call in service.exchange.calls].count(LEAD) == 1
    phone.is_connected_to(LEAD)


async def test_a_number_that_cannot_be_called_does_not_stop_the_ladder(service: Service) -> None:
    service.exchange.unreachable.add(LEAD)
    service.exchange.people[MANAGER] = ACCEPTS
    phone = await service.calls("US support", S1)
    await phone.waits(150)
    phone.is_connected_to(MANAGER)
    assert results(service) == ["failed", "accepted"]
    assert "Sample Lead APAC could not be reached" in story(service, service.case(phone)["number"])
