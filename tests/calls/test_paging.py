"""agents.md, "Contacts on duty and paging", as calls. Saturday, 03:00 UTC, unless a test says otherwise."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app.exchange import Person, Press
from app.services import accepting, cases
from app.services.case_drafts import NewCase
from app.store import tables
from tests.support.agents import AMY, BEN, TAKES, answers, hire
from tests.support.duty import (
    ACCEPTS,
    DIRECTOR,
    HEARS_IT_ALL,
    LEAD,
    MANAGER,
    NIGHT,
    TIER_1,
    TIER_2,
    events,
    heard_by,
    page,
    reached_by,
    results,
    rung,
    story,
    who_rang,
)
from tests.support.handset import Handset
from tests.support.partners import HARBOR, QUILL, TALLGRASS
from tests.support.service import CALLER, Row, Service, running_service

S1, CERTIFIED = "*#,1", f"{TALLGRASS.keys},"
OTHERS = [f"+1206555018{n}" for n in range(9)]


@pytest.fixture(autouse=True)
def night(service: Service) -> None:
    service.it_is(NIGHT)


async def leaves_message(service: Service) -> Handset:
    """A certified partner escalates by voicemail."""
    phone = await service.calls("US escalation voicemail", f"{CERTIFIED}2,#")
    await phone.leaves_message(20)
    await phone.presses("1")
    return phone


def slow(accepts_at: int) -> Person:
    """Picks up after 55 seconds, listens three times, and accepts so long after the first ring."""
    again = (Press("3", after=20),) * 3
    return Person(after=55, keys=(*again, Press("1", after=accepts_at - 115)))


def pages(service: Service) -> list[Row]:
    return sorted(service.rows(tables.pages), key=lambda row: row["opened_at"])


# Who is on duty


@pytest.mark.parametrize(
    ("moment", "line", "first"),
    [
        # Tier 1: apac until 09:00, emea from 08:00. The case's region decides; else the window that ends last.
        ("2026-03-07 08:30", "EMEA support", "+442079460121"),
        ("2026-03-07 08:30", "ANZ support", LEAD),
        ("2026-03-07 08:30", "US support", "+442079460121"),
        ("2026-03-07 03:00", "EMEA support", LEAD),
    ],
)
async def test_the_contact_on_duty_is_of_the_tier_in_the_ladder_whose_window_holds(
    service: Service, moment: str, line: str, first: str
) -> None:
    service.it_is(moment)
    phone = await service.calls(line, S1)
    await phone.waits(10)
    assert who_rang(service) == [first]


# The page


async def test_a_page_says_tier_severity_partner_case_and_what_happened(service: Service) -> None:
    service.exchange.people[TIER_2[0]] = HEARS_IT_ALL
    phone = await service.calls("US certified", f"{CERTIFIED}1")
    await phone.waits(50)
    digits = " ".join(service.case(phone)["number"])
    heard = heard_by(service, TIER_2[0])
    for words in ("Tier 2", "Severity 1", "Tallgrass Relay", f"Case {digits}", "S1 while every region is closed"):
        assert words in heard
    assert "The caller is waiting on the line." in heard
    assert "To accept, press 1. To pass on to the next contact, press 2. To hear this again, press 3." in heard


async def test_a_partners_name_is_heard_whole(service: Service) -> None:
    service.exchange.people[TIER_2[0]] = HEARS_IT_ALL
    phone = await service.calls("US support", f"{HARBOR.keys},1")
    await phone.waits(50)
    assert "Harbor & Sons <Telecom>" in heard_by(service, TIER_2[0])


async def test_1_accepts_and_connects_where_a_caller_waits(service: Service) -> None:
    service.exchange.people[LEAD] = ACCEPTS
    phone = await service.calls("US support", S1)
    await phone.waits(30)
    phone.is_connected_to(LEAD)
    assert page(service)["accepted_by"] == "Sample Lead APAC"
    assert service.case(phone)["status"] == "in_progress"


async def test_2_passes_on_to_the_next_rung_at_once(service: Service) -> None:
    service.exchange.people[LEAD] = Person(after=4, keys=("2",))
    phone = await service.calls("US support", S1)
    await phone.waits(30)
    assert who_rang(service) == [LEAD, MANAGER]
    assert results(service) == ["passed", None]
    assert "The next contact is told" in heard_by(service, LEAD)
    assert "Sample Lead APAC passed on to the next contact" in story(service, service.case(phone)["number"])


async def test_who_all_pass_on_there_is_an_alarm_at_once(service: Service) -> None:
    service.exchange.people |= dict.fromkeys(TIER_1 + TIER_2, Person(after=4, keys=("2",)))
    phone = await service.calls("US support", S1)
    await phone.waits(110)
    assert who_rang(service) == TIER_1 + TIER_2
    assert len(events(service, "page alarm")) == 1


async def test_3_repeats(service: Service) -> None:
    service.exchange.people[LEAD] = Person(after=4, keys=(Press("3", after=30), Press("1", after=30)))
    phone = await service.calls("US support", S1)
    await phone.waits(100)
    assert heard_by(service, LEAD).count("To accept, press 1") == 2
    assert page(service)["accepted_by"] == "Sample Lead APAC"


async def test_who_says_nothing_is_followed_when_two_minutes_are_over_and_may_still_accept(service: Service) -> None:
    # Ringing for 55 seconds, and a long look for the glasses.
    service.exchange.people[LEAD] = slow(130)
    phone = await service.calls("US support", S1)
    await phone.waits(160)
    assert who_rang(service) == [LEAD, MANAGER]
    assert page(service)["accepted_by"] == "Sample Lead APAC"
    assert results(service) == ["accepted", "taken"]
    phone.is_connected_to(LEAD)


async def test_a_rung_rung_already_in_this_round_is_not_rung_twice(service: Service) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(590)
    assert len(who_rang(service)) == len(set(who_rang(service))) == 5


async def test_of_two_who_accept_at_once_one_wins_and_the_other_hears_that_it_is_taken(service: Service) -> None:
    # Both press in the same second, 133 seconds after the first was rung.
    service.exchange.people[LEAD] = slow(133)
    service.exchange.people[MANAGER] = Person(after=4, keys=(Press("1", after=9),))
    phone = await service.calls("US support", S1)
    await phone.waits(200)
    taken = [heard_by(service, reach).count("Somebody else has taken this call") for reach in (LEAD, MANAGER)]
    assert sorted(taken) == [0, 1]
    winner = (LEAD, MANAGER)[taken.index(0)]
    phone.is_connected_to(winner)
    assert sorted(str(result) for result in results(service)) == ["accepted", "taken"]
    assert len(service.rows(tables.talks)) == 1


async def test_a_phone_that_rings_for_a_page_stops_when_another_contact_accepts(service: Service) -> None:
    service.exchange.people[LEAD] = slow(145)
    phone = await service.calls("US support", S1)
    await service.exchange.rings(MANAGER, 160)
    await phone.waits(45)
    phone.is_connected_to(LEAD)
    (leg,) = service.rows(tables.legs, number=MANAGER)
    assert leg["answered_at"] is None
    assert leg["ended_at"] - leg["asked_at"] < timedelta(seconds=40)


async def test_a_page_is_a_phone_call_and_an_sms_and_a_mail_where_set(database_url: str) -> None:
    flows = reached_by(LEAD, sms="+12065550139", mail="lead@example.test")
    async with running_service(database_url, flows=flows, partners=()) as service:
        service.it_is(NIGHT)
        phone = await service.calls("US support", S1)
        await phone.waits(130)
        number = service.case(phone)["number"]
        (sms,) = service.exchange.messages
        assert (sms.to, sms.sender) == ("+12065550139", "+14086874120")
        for words in ("Tier 1", "severity 1", "a caller without a partner I D", number, "every region is closed"):
            assert words in sms.text
        assert "press 1 to accept" in sms.text
        # Without a mail server no mail is planned.
        assert [row["channel"] for row in service.rows(tables.messages)] == ["sms"]
        assert who_rang(service) == [LEAD, MANAGER]
        assert CALLER.removeprefix("+") not in sms.text + heard_by(service, LEAD)


# The voicemail


async def test_an_escalation_voicemail_pages_the_ladder_of_the_tier_until_one_acknowledges(service: Service) -> None:
    phone = await leaves_message(service)
    await service.exchange.timeline.run_for(12 * 60)
    assert who_rang(service) == TIER_2 * 2
    service.exchange.people[TIER_2[0]] = Person(after=4, keys=(Press("1", after=30),))
    await service.exchange.timeline.run_for(180)
    assert page(service)["accepted_by"] == "Sample Tier 2 Manager APAC"
    number = service.case(phone)["number"]
    heard = heard_by(service, TIER_2[0])
    assert "an escalation message was left" in heard
    assert f"Case {' '.join(number)} is yours" in heard
    await service.exchange.timeline.run_for(1800)
    assert len(who_rang(service)) == 5


async def test_accepting_an_escalation_changes_nothing_but_the_page_and_the_history(service: Service) -> None:
    service.exchange.people[TIER_2[0]] = ACCEPTS
    phone = await leaves_message(service)
    before = service.case(phone)
    await service.exchange.timeline.run_for(30)
    assert page(service)["accepted_at"] is not None
    assert service.case(phone) == before
    assert before["status"] == "escalated"
    assert story(service, before["number"])[-1] == "Sample Tier 2 Manager APAC accepted the page"
    assert service.count(tables.talks, tables.waiting) == 0


# In the day


async def test_an_s1_whom_no_agent_takes_within_the_limit_is_paged(service: Service) -> None:
    service.it_is("2026-03-03 18:00")
    # Served, but busy for all of this.
    for reach in (AMY, BEN):
        hire(service, reach, "tier1-us", state="on_call")
    phone = await service.calls("US support", S1)
    await phone.waits(150)
    assert who_rang(service) == []
    service.exchange.people["+12065550121"] = ACCEPTS
    await phone.waits(60)
    assert who_rang(service) == ["+12065550121"]
    assert page(service)["reason"] == "nobody has taken this S1 call yet"
    phone.is_connected_to("+12065550121")


async def test_an_s1_where_nobody_serves_the_queue_is_paged_at_once(service: Service) -> None:
    service.it_is("2026-03-03 18:00")
    hire(service, AMY, "tier2-us")
    phone = await service.calls("US support", S1)
    await phone.waits(5)
    assert who_rang(service) == ["+12065550121"]


async def test_one_page_a_call_however_often_the_dispatcher_looks(service: Service) -> None:
    service.it_is("2026-03-03 18:00")
    phone = await service.calls("US support", S1)
    for reach in (AMY, BEN):
        hire(service, reach, "tier2-us")
        await phone.waits(20)
    assert len(pages(service)) == 1


# Unverified callers


async def test_pages_for_unverified_callers_are_merged_while_one_is_open(service: Service) -> None:
    first = await service.calls("US support", S1)
    second = await service.calls("US support", S1, caller=OTHERS[0])
    await second.waits(60)
    assert who_rang(service) == [LEAD]
    assert [row["merged"] for row in pages(service)] == [1, 0]
    service.exchange.people[MANAGER] = HEARS_IT_ALL
    await first.waits(120)
    first.is_connected_to(MANAGER)
    assert "More callers without a partner I D are waiting." in heard_by(service, MANAGER)


async def test_the_merged_page_is_opened_when_the_other_is_accepted_so_that_nobody_is_forgotten(
    service: Service,
) -> None:
    people = service.exchange.people
    people |= {LEAD: Person(after=4, keys=(Press("1", after=40),)), MANAGER: ACCEPTS}
    # Who talks is busy.
    service.exchange.just_before("/twilio/leg/key", lambda _: people.update({LEAD: Person("busy")}))
    first = await service.calls("US support", S1)
    second = await service.calls("US support", S1, caller=OTHERS[0])
    await second.waits(60)
    first.is_connected_to(LEAD)
    await second.waits(150)
    second.is_connected_to(MANAGER)
    assert [row["accepted_by"] for row in pages(service)] == ["Sample Lead APAC", "Sample Team Manager APAC"]


async def test_at_most_4_an_hour_per_tier(service: Service) -> None:
    service.exchange.people[LEAD] = Person(after=2, keys=("1",), talks=20)
    for caller in OTHERS[:4]:
        phone = await service.calls("US support", S1, caller=caller)
        await phone.waits(120)
        phone.is_cut_off()
    fifth = await service.calls("US support", S1, caller=OTHERS[4])
    await fifth.waits(20 * 60)
    assert len(who_rang(service)) == 4
    fifth.is_waiting_in("tier1-oncall")
    # An hour after the first of the four it is their turn.
    await fifth.waits(35 * 60)
    assert len(who_rang(service)) == 5
    (first, _), *_, (last, _) = rung(service)
    assert timedelta(hours=1) <= last - first < timedelta(hours=1, minutes=1)
    assert any("held back until" in note for note in story(service, service.case(fifth)["number"]))


async def test_pages_for_identified_partners_are_not_limited(service: Service) -> None:
    for caller, partner in zip(OTHERS[:8], [TALLGRASS, QUILL] * 4, strict=True):
        await service.calls("US support", f"{partner.keys},1", caller=caller)
    await service.exchange.timeline.run_for(20)
    assert who_rang(service).count(TIER_2[0]) == 8
    assert [row["merged"] for row in pages(service)] == [0] * 8


async def test_an_unverified_callers_page_does_not_hold_back_a_partners(service: Service) -> None:
    await service.calls("US support", S1)
    await service.calls("US support", "0042#,1", caller=OTHERS[0])
    await service.exchange.timeline.run_for(20)
    assert who_rang(service) == [LEAD, LEAD]


# In time


Arrives = Callable[[Service], Awaitable[object]]


async def _s1(service: Service) -> object:
    return await service.calls("US support", f"{CERTIFIED}1")


@pytest.mark.parametrize("event", [_s1, leaves_message], ids=["an S1 at night", "a voicemail"])
async def test_a_page_is_handed_to_the_telephone_company_within_30_seconds_of_the_event(
    service: Service, event: Arrives
) -> None:
    for _ in range(6):
        await event(service)
    await service.exchange.timeline.run_for(60)
    assert len(pages(service)) == 6
    for one in pages(service):
        tries = service.rows(tables.page_tries, page_id=one["id"])
        handed = min(attempt["handed_at"] for attempt in tries)
        assert timedelta(0) <= handed - one["opened_at"] <= timedelta(seconds=30)


async def test_twenty_five_pages_at_once_are_all_handed_over_within_30_seconds(service: Service) -> None:
    """At one new call a second."""
    for n in range(25):
        wanted = NewCase("S1", pid=TALLGRASS.pid)
        await cases.create(service.runtime, wanted, cases.Deed("a test", repeat=f"case {n}"))
    await service.exchange.timeline.run_for(60)
    late = []
    for one in pages(service):
        (attempt,) = service.rows(tables.page_tries, page_id=one["id"])
        late.append(attempt["handed_at"] - one["opened_at"])
    assert len(late) == 25
    assert timedelta(seconds=20) < max(late) <= timedelta(seconds=30)


async def test_the_director_too_hears_what_the_lead_would_have(service: Service) -> None:
    service.exchange.people[DIRECTOR] = HEARS_IT_ALL
    phone = await service.calls("US support", S1)
    await phone.waits(300)
    phone.is_connected_to(DIRECTOR)
    assert "with a page for Tier 1" in heard_by(service, DIRECTOR)


# Accepted without a phone


async def test_a_caller_whose_page_was_accepted_without_a_phone_and_who_waits_on_is_paged_for_again(
    service: Service,
) -> None:
    service.exchange.people |= dict.fromkeys(TIER_1, Person("no-answer"))
    phone = await service.calls("US support", S1)
    await phone.waits(30)
    await accepting.accept(service.runtime, page(service)["id"], "Kim")
    await phone.waits(150)
    assert who_rang(service) == [LEAD]
    await phone.waits(60)
    assert who_rang(service) == [LEAD, LEAD]
    assert len(pages(service)) == 1
    assert "nobody has taken the call since Kim accepted: the page is open again" in story(
        service, service.case(phone)["number"]
    )
    service.exchange.people[MANAGER] = ACCEPTS
    await phone.waits(120)
    phone.is_connected_to(MANAGER)


async def test_a_page_that_was_accepted_without_a_phone_stays_so_when_an_agent_has_the_caller(
    service: Service,
) -> None:
    phone = await service.calls("US support", S1)
    await phone.waits(10)
    await accepting.accept(service.runtime, page(service)["id"], "Kim")
    hire(service, AMY, "tier1-oncall")
    answers(service, amy=TAKES)
    await phone.waits(400)
    phone.is_connected_to(AMY)
    assert page(service)["accepted_by"] == "Kim"
