"""call-flows, "All regions closed". It is Saturday noon in London; EMEA opens on Monday at 8, US at 5, APAC at 9."""

from datetime import UTC, datetime

import pytest

from app.store import tables
from tests.support.partners import TALLGRASS
from tests.support.service import CALLER, LINES, Service

CERTIFIED, UNVERIFIED = f"{TALLGRASS.keys},", "*#,"
SATURDAY = "2026-03-07 12:00"
US_OPENS = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
ANOTHER = "+12065550188"


@pytest.fixture(autouse=True)
def saturday(service: Service) -> None:
    service.it_is(SATURDAY)


# S1


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(("who", "tier"), [(CERTIFIED, 2), (UNVERIFIED, 1)], ids=["certified", "unverified"])
async def test_an_s1_waits_for_the_contact_on_duty_who_is_paged(
    service: Service, line: str, who: str, tier: int
) -> None:
    phone = await service.calls(line, f"{who}1")
    phone.is_waiting_in(f"tier{tier}-oncall")
    page = service.row(tables.pages)
    assert (page["case_number"], page["tier"]) == (service.case(phone)["number"], tier)
    assert page["accepted_at"] is None


# S2 and S3 of certified callers


@pytest.mark.parametrize("line", LINES)
async def test_a_certified_s2_or_s3_is_recorded(service: Service, line: str) -> None:
    phone = await service.calls(line, f"{CERTIFIED}3,#")
    phone.is_asked_for("recording")
    await phone.leaves_message(20)
    await phone.presses("1")
    assert service.case(phone)["status"] == "escalated"


# S2 and S3 of others: a callback


@pytest.mark.parametrize("severity", ["2", "3"])
async def test_others_get_a_callback_and_hear_the_number_and_the_next_opening(service: Service, severity: str) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}{severity},#")
    phone.hears("1 2 0 6 5 5 5 0 1 9 9", "Monday 9 March at 5:00, Pacific time", "press 1")
    case = service.case(phone)
    assert (case["status"], case["callback_number"], case["callback_at"]) == ("callback_requested", CALLER, US_OPENS)
    # Promised for later, so due then.
    assert case["first_response_due_at"] == US_OPENS
    await phone.waits(10)
    phone.hears("Goodbye")
    phone.is_cut_off()
    assert service.case(phone)["status"] == "callback_requested"


async def test_the_callers_number_is_noted_before_anything_is_keyed_and_kept_when_the_caller_hangs_up(
    service: Service,
) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    await phone.hangs_up()
    case = service.case(phone)
    assert (case["status"], case["callback_number"]) == ("callback_requested", CALLER)


async def test_1_gives_another_number_which_is_read_back(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#,1")
    await phone.presses("2065550188#")
    phone.hears("1 2 0 6 5 5 5 0 1 8 8", "press 1")
    await phone.presses("1")
    phone.hears("Goodbye")
    assert service.case(phone)["callback_number"] == ANOTHER


async def test_another_number_can_be_changed_again(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#,1,2065550177#,2,2065550188#,1")
    assert service.case(phone)["callback_number"] == ANOTHER


async def test_another_number_can_be_spoken(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#,1")
    await phone.says("two oh six triple five oh one double eight")
    phone.hears("1 2 0 6 5 5 5 0 1 8 8")
    assert service.case(phone)["callback_number"] == ANOTHER


NOT_DIALLED = {
    "premium": "19005550147",
    "one of our own lines": "18888988733",
    "another country": "74957550147",
    "no number at all": "12345",
}


@pytest.mark.parametrize("number", NOT_DIALLED.values(), ids=NOT_DIALLED.keys())
async def test_a_number_that_we_may_not_dial_is_asked_for_again(service: Service, number: str) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#,1")
    await phone.presses(f"{number}#")
    phone.hears("did not get a number that we can call")
    await phone.presses("2065550188#")
    assert service.case(phone)["callback_number"] == ANOTHER


async def test_who_gives_no_usable_number_twice_is_called_back_on_the_own_one(service: Service) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#,1,12345#,12345#")
    phone.is_cut_off()
    case = service.case(phone)
    assert (case["callback_number"], case["flags"]) == (CALLER, ())


@pytest.mark.parametrize("caller", [None, "+74957550147"], ids=["withheld", "may not be dialled"])
async def test_a_number_that_is_withheld_or_may_not_be_dialled_is_asked_for(
    service: Service, caller: str | None
) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#", caller)
    phone.hears("key the number we shall call", "Monday 9 March at 5:00, Pacific time")
    case = service.case(phone)
    assert (case["callback_number"], case["flags"]) == (None, ("no_callback_number",))
    await phone.presses("2065550188#")
    case = service.case(phone)
    assert (case["callback_number"], case["flags"]) == (ANOTHER, ())


@pytest.mark.parametrize("attempts", ["12345#,12345#", ""], ids=["wrong", "silence"])
async def test_without_a_number_after_two_attempts_the_case_is_kept_and_the_caller_pointed_to_the_portal(
    service: Service, attempts: str
) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}2,#", None)
    await (phone.presses(attempts) if attempts else phone.waits(60))
    phone.hears("partner portal")
    phone.is_cut_off()
    assert phone.transcript().count("key the number we shall call") == 2
    case = service.case(phone)
    assert (case["callback_number"], case["flags"]) == (None, ("no_callback_number",))
    assert case["status"] == "callback_requested"


# A severity that is only assumed

STAY = "If your production is down, stay on the line"


@pytest.mark.parametrize(("who", "tier"), [(CERTIFIED, 2), (UNVERIFIED, 1)], ids=["certified", "unverified"])
async def test_who_stays_10_seconds_without_a_key_goes_on_as_s1_marked_as_assumed(
    service: Service, who: str, tier: int
) -> None:
    phone = await service.calls("US support", f"{who}0")
    phone.hears(STAY)
    await phone.waits(9)
    phone.is_asked_for("keys")
    await phone.waits(1)
    phone.is_waiting_in(f"tier{tier}-oncall")
    case = service.case(phone)
    assert (case["severity"], case["severity_assumed"], case["tier"]) == ("S1", True, tier)
    assert service.count(tables.pages) == 1


@pytest.mark.parametrize("key", ["5", "1", "#", "*"])
async def test_any_key_means_that_production_is_not_down(service: Service, key: str) -> None:
    phone = await service.calls("US support", f"{UNVERIFIED}0,{key}")
    case = service.case(phone)
    assert (case["severity"], case["severity_assumed"], case["status"]) == ("S2", True, "callback_requested")
    assert service.count(tables.pages) == 0


async def test_a_certified_caller_whose_assumed_s2_is_not_down_leaves_a_message(service: Service) -> None:
    (await service.calls("US support", f"{CERTIFIED}0,5")).is_asked_for("recording")


@pytest.mark.parametrize("severity", ["1", "2,#", "3,#"])
async def test_who_named_the_severity_is_not_asked_to_stay(service: Service, severity: str) -> None:
    assert STAY not in (await service.calls("US support", UNVERIFIED + severity)).transcript()


# The stub's region


@pytest.mark.parametrize(
    ("line", "region", "opens_at", "words"),
    [
        ("US support", "us", "2026-03-09T12:00+00:00", "Monday 9 March at 5:00, Pacific time"),
        ("EMEA support", "emea", "2026-03-09T08:00+00:00", "Monday 9 March at 8:00, G M T"),
        ("APAC support, direct", "apac", "2026-03-09T01:00+00:00", "Monday 9 March at 9:00, Singapore time"),
    ],
)
async def test_the_stubs_region_and_the_next_opening_are_the_dialled_lines(
    service: Service, line: str, region: str, opens_at: str, words: str
) -> None:
    phone = await service.calls(line, f"{UNVERIFIED}2,#")
    phone.hears(words)
    case = service.case(phone)
    assert (case["region"], case["callback_at"]) == (region, datetime.fromisoformat(opens_at))


# Closed and opened by hand

MONDAY_TO_TUESDAY = ("2026-03-09 00:00", "2026-03-10 00:00")
NEW_YEAR = ("2026-01-01 00:00", "2026-01-02 00:00")


@pytest.mark.parametrize("kind", ["closed", "emergency"])
async def test_with_an_operators_closure_only_the_region_named_is_closed(service: Service, kind: str) -> None:
    service.it_is("2026-03-09 14:00")
    service.closes("emea", kind, *MONDAY_TO_TUESDAY)
    phone = await service.calls("EMEA support", f"{UNVERIFIED}2,#")
    phone.is_waiting_in("tier1-us")
    phone.hears("The team in the United States takes your call")
    (await service.calls("US support", f"{UNVERIFIED}2,#")).is_waiting_in("tier1-us")


@pytest.mark.parametrize(
    ("moment", "region"),
    [("2026-03-09 11:59:59", "us"), ("2026-03-09 12:00", "emea"), ("2026-03-09 12:30", "emea")],
)
async def test_a_closure_has_a_from_and_an_until(service: Service, moment: str, region: str) -> None:
    service.closes("emea", "closed", "2026-03-09 10:00", "2026-03-09 12:00")
    service.closes("us", "open", *MONDAY_TO_TUESDAY)
    phone = await service.calls("EMEA support", "*#")
    service.it_is(moment)
    await phone.presses("1")
    phone.is_waiting_in(f"tier1-{region}")


async def test_an_opening_by_hand_beats_the_weekly_hours(service: Service) -> None:
    service.closes("us", "open", "2026-03-07 00:00", "2026-03-08 00:00")
    (await service.calls("EMEA support", f"{UNVERIFIED}1")).is_waiting_in("tier1-us")


async def test_an_emergency_beats_an_opening_by_hand(service: Service) -> None:
    service.closes("us", "open", "2026-03-07 00:00", "2026-03-08 00:00")
    service.closes("us", "emergency", "2026-03-07 06:00", "2026-03-07 18:00")
    (await service.calls("US support", f"{UNVERIFIED}1")).is_waiting_in("tier1-oncall")


async def test_a_holiday_beats_an_opening_by_hand(service: Service) -> None:
    service.it_is("2026-01-01 18:00")
    service.closes("us", "open", *NEW_YEAR)
    (await service.calls("US support", f"{UNVERIFIED}1")).is_waiting_in("tier1-oncall")


async def test_the_next_opening_heeds_a_closure(service: Service) -> None:
    service.closes("us", "closed", *MONDAY_TO_TUESDAY)
    phone = await service.calls("US support", f"{UNVERIFIED}2,#")
    # The closure ends at midnight UTC, which is Monday 17:00 in Los Angeles: an hour of Monday is left.
    phone.hears("Monday 9 March at 17:00, Pacific time")
