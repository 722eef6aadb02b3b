"""agents.md, "An offer": a waiting call is rung to an agent, who presses 1."""

from datetime import timedelta

import pytest

from app.exchange import Person, Press, mailbox
from app.exchange.events import Said
from app.store import tables
from tests.support.agents import AMY, BEN, CARA, TAKES, agent, answers, hire, state
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import Service

# Answers when the caller hears the music already.
TAKES_LATER = Person(after=15, keys=("1",))
UNVERIFIED = "*#,"
CERTIFIED = f"{TALLGRASS.keys},"


def offers(service: Service) -> list[tuple[str, str | None]]:
    rows = sorted(service.rows(tables.offers), key=lambda row: (row["made_at"], row["slot"]))
    return [(row["agent_id"], row["result"]) for row in rows]


def said_to(service: Service, reach: str) -> str:
    """All that was said on calls to somebody."""
    return " ".join(
        e.text for call in service.exchange.calls if call.to == reach for e in call.heard if isinstance(e, Said)
    )


async def test_the_agent_presses_1_and_both_meet_and_the_case_is_in_progress(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(20)
    phone.is_connected_to(AMY)
    assert state(service, AMY) == "on_call"
    case = service.case(phone)
    assert case["status"] == "in_progress"
    assert timedelta(0) <= service.now() - case["first_response_at"] <= timedelta(seconds=25)
    assert offers(service) == [("amy", "accepted")]
    assert phone.call.waiting_in is None


async def test_the_agent_is_rung_first_and_the_caller_keeps_place_and_music(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    ringing = await service.exchange.rings(AMY)
    phone.is_waiting_in("tier1-us")
    assert state(service, AMY) == "offered"
    await ringing.answer()
    phone.is_waiting_in("tier1-us")


async def test_the_agent_hears_line_severity_partner_and_how_long_the_caller_waits(service: Service) -> None:
    phone = await service.calls("US certified", f"{CERTIFIED}2,#")
    await phone.waits(130)
    hire(service, AMY, "tier2-us")
    answers(service, amy=TAKES)
    await phone.waits(30)
    whisper = said_to(service, AMY)
    assert "Severity 2, on US certified, from Tallgrass Relay. Minutes of waiting: 2." in whisper
    phone.is_connected_to(AMY)


async def test_a_voice_mailbox_is_a_miss(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us", state="on_call")
    answers(service, amy=mailbox(after=15))
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(60)
    phone.is_waiting_in("tier1-us")
    assert ("amy", "missed") in offers(service)


async def test_2_declines_and_the_next_agent_is_rung_at_once(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    await service.exchange.timeline.run_for(1)
    hire(service, BEN, "tier1-us")
    answers(service, amy=Person(after=2, keys=("2",)), ben=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(25)
    assert offers(service) == [("amy", "declined"), ("ben", "accepted")]
    phone.is_connected_to(BEN)
    assert state(service, AMY) == "available"


async def test_any_other_key_is_no_person(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us", state="on_call")
    answers(service, amy=Person(after=2, keys=("5",)))
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(30)
    assert offers(service)[0] == ("amy", "missed")
    phone.is_waiting_in("tier1-us")


async def test_two_missed_in_a_row_put_the_agent_away(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person("no-answer"))
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(180)
    assert offers(service) == [("amy", "missed"), ("amy", "missed")]
    assert (state(service, AMY), agent(service, AMY)["reason"]) == ("away", "missed")


async def test_one_missed_s1_puts_the_agent_away(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person("busy", after=1))
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(30)
    assert offers(service) == [("amy", "missed")]
    assert state(service, AMY) == "away"


async def test_the_call_ends_and_the_agent_wraps_up_for_60_seconds(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(60)
    await phone.hangs_up()
    await phone.exchange.timeline.run_for(5)
    assert state(service, AMY) == "wrap_up"
    await phone.exchange.timeline.run_for(60)
    assert state(service, AMY) == "available"
    assert service.case(phone)["status"] == "in_progress"
    assert service.rows(tables.waiting) == []


async def test_the_agent_hangs_up_and_the_call_is_over(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), talks=120))
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(160)
    phone.is_cut_off()
    assert service.row(tables.talks)["how"] == "hung_up"
    assert service.case(phone)["status"] == "in_progress"
    assert state(service, AMY) == "wrap_up"


async def test_a_leg_that_fails_while_bridged_puts_the_caller_back_with_the_first_waiting_time(
    service: Service,
) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), fails=100))
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    since = service.row(tables.waiting)["since"]
    await phone.waits(125)
    phone.hears("lost the line")
    phone.is_waiting_in("tier1-us")
    assert service.row(tables.waiting)["since"] == since
    assert service.row(tables.talks)["how"] == "dropped"
    assert service.case(phone)["status"] == "waiting"
    hire(service, BEN, "tier1-us")
    answers(service, ben=TAKES)
    await phone.waits(20)
    phone.is_connected_to(BEN)


async def test_a_waiting_s1_is_rung_to_two_agents_at_once_from_45_seconds_on(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(50)
    hire(service, AMY, "tier1-us")
    hire(service, BEN, "tier1-us")
    answers(service, amy=Person(after=10, keys=("1",)), ben=Person(after=5, keys=("1",)))
    await phone.waits(30)
    phone.is_connected_to(BEN)
    await phone.waits(20)
    assert dict(offers(service)) == {"amy": "taken", "ben": "accepted"}
    assert state(service, AMY) == "available"
    assert "Somebody else has taken this call" in said_to(service, AMY) or not said_to(service, AMY)


async def test_the_agent_idle_longest_is_rung(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    await service.exchange.timeline.run_for(10)
    hire(service, BEN, "tier1-us")
    answers(service, amy=TAKES, ben=TAKES)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.waits(20)
    phone.is_connected_to(AMY)


async def test_the_first_call_in_queue_order_for_which_somebody_eligible_is_free(service: Service) -> None:
    s2 = await service.calls("US support", f"{UNVERIFIED}2,#")
    s1 = await service.calls("US support", f"{UNVERIFIED}1")
    hire(service, CARA, "tier2-us")
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES, cara=TAKES)
    await s1.waits(30)
    s1.is_connected_to(AMY)
    s2.is_waiting_in("tier1-us")
    assert state(service, CARA) == "available"


async def test_a_caller_who_hangs_up_while_the_agent_is_rung_frees_the_agent(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    ringing = await service.exchange.rings(AMY)
    await phone.hangs_up()
    await service.exchange.timeline.run_for(5)
    assert ringing.over
    assert state(service, AMY) == "available"
    assert offers(service) == [("amy", "gone")]
    assert service.case(phone)["status"] == "abandoned"


async def test_an_s1_who_hangs_up_in_the_queue_is_rung_back_by_who_is_free_next(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    await phone.waits(10)
    await phone.hangs_up()
    assert service.case(phone)["status"] == "callback_requested"
    service.exchange.people[phone.caller or ""] = Person(after=3, keys=(Press("1"),))
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES)
    await service.exchange.timeline.run_for(60)
    assert [call.connected_to for call in service.exchange.calls if call.to == AMY] == [phone.caller]
    assert service.case(phone)["status"] == "in_progress"


async def test_an_s1_who_hangs_up_and_withholds_the_number_is_paged_for(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}1", caller=None)
    await phone.waits(10)
    await phone.hangs_up()
    await service.exchange.timeline.run_for(200)
    assert service.row(tables.pages)["case_number"] == service.case(phone)["number"]


async def test_a_caller_who_is_gone_when_1_is_pressed_the_agent_is_told_and_free_again(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES_LATER)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    service.exchange.just_before("/twilio/leg/key", lambda _: phone.call.put_down())
    service.exchange.misbehaviour.drop_status = True
    await service.exchange.timeline.run_for(60)
    assert "The caller has hung up" in said_to(service, AMY)
    assert state(service, AMY) == "available"


async def test_an_s1_who_is_gone_when_1_is_pressed_is_rung_back(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES_LATER)
    phone = await service.calls("US support", f"{UNVERIFIED}1")
    service.exchange.people[phone.caller or ""] = Person(after=3, keys=(Press("1"),))
    service.exchange.just_before("/twilio/leg/key", lambda _: phone.call.put_down())
    await service.exchange.timeline.run_for(90)
    legs = [call for call in service.exchange.calls if call.to == phone.caller]
    assert len(legs) == 1
    assert service.case(phone)["status"] == "in_progress"


async def test_each_webhook_twice_changes_nothing(service: Service) -> None:
    service.exchange.misbehaviour.repeat = 2
    hire(service, AMY, "tier1-us")
    answers(service, amy=Person(after=4, keys=("1",), talks=60))
    phone = Handset(service.exchange)
    await phone.dial("+18888988733")
    await phone.presses(f"{UNVERIFIED}2,#")
    await phone.waits(120)
    assert not phone.call.differences
    assert offers(service) == [("amy", "accepted")]
    assert [row["how"] for row in service.rows(tables.talks)] == ["hung_up"]


async def test_who_is_gone_when_1_is_pressed_was_not_answered(service: Service) -> None:
    hire(service, AMY, "tier1-us")
    answers(service, amy=TAKES_LATER)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    service.exchange.just_before("/twilio/leg/key", lambda _: phone.call.put_down())
    await service.exchange.timeline.run_for(60)
    case = service.case(phone)
    assert (case["status"], case["first_response_at"]) == ("abandoned", None)
    assert state(service, AMY) == "available"


async def test_a_phone_that_was_never_rung_is_no_miss(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def cut_off(**_: object) -> str:
        raise RuntimeError("the power failed")

    phone = await service.calls("US support", f"{UNVERIFIED}1")
    with monkeypatch.context() as for_a_moment:
        for_a_moment.setattr(service.runtime.provider, "call", cut_off)
        hire(service, AMY, "tier1-us")
        await phone.waits(2)
    answers(service, amy=TAKES)
    await phone.waits(100)
    assert offers(service) == [("amy", "gone"), ("amy", "accepted")]
    phone.is_connected_to(AMY)
