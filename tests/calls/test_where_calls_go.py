"""call-flows, "Where the call goes": what stands around the table. The table itself is in test_table.py."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.exchange import Person
from app.store import tables
from tests.support.partners import BLUEFIN, COPPER, KESTREL, LUMEN, TALLGRASS, Partner
from tests.support.service import Service, running_service, shipped_flows

CERTIFIED = f"{TALLGRASS.keys},"
SWITCHBOARD = "+12065550160"


# Region


@pytest.mark.parametrize(
    ("line", "moment", "region"),
    [
        ("US support", "2026-03-03 08:30", "emea"),  # emea and apac are open
        ("EMEA support", "2026-03-03 01:30", "us"),  # us and apac
        ("APAC support, direct", "2026-03-03 14:00", "emea"),  # emea and us
        ("US support", "2026-03-03 03:00", "apac"),  # only the last one
        ("EMEA support", "2026-03-03 03:00", "apac"),
        ("APAC support, direct", "2026-03-03 20:00", "us"),
    ],
)
async def test_a_closed_regions_calls_go_to_the_first_open_one_in_its_order_and_the_caller_is_told(
    service: Service, line: str, moment: str, region: str
) -> None:
    service.it_is(moment)
    phone = await service.calls(line, "*#,1")
    phone.is_waiting_in(f"tier1-{region}")
    teams = {"us": "The team in the United States", "emea": "The team in Europe", "apac": "The team in Singapore"}
    phone.hears(f"{teams[region]} takes your call")


async def test_a_caller_whose_own_team_answers_is_told_of_no_other(service: Service) -> None:
    assert "takes your call" not in (await service.calls("US support", "*#,1")).transcript()


@pytest.mark.parametrize(
    ("moment", "region"),
    [("07:59:59", "us"), ("08:00:00", "emea"), ("17:59:59", "emea"), ("18:00:00", "us")],
)
async def test_a_window_holds_its_first_minute_and_not_its_last(service: Service, moment: str, region: str) -> None:
    # us is opened by hand, so that it is the next in emea's order at any hour.
    service.closes("us", "open", "2026-03-03 00:00", "2026-03-04 00:00")
    phone = await service.calls("EMEA support", "*#")
    service.it_is(f"2026-03-03 {moment}")
    await phone.presses("1")
    phone.is_waiting_in(f"tier1-{region}")


# The certified partner line as a destination


async def test_a_certified_caller_goes_on_to_tier_2_without_keying_anything_again(service: Service) -> None:
    phone = await service.calls("US support", f"{CERTIFIED}1")
    phone.is_waiting_in("tier2-us")
    assert phone.transcript().count("key your partner I D") == 1


@pytest.fixture
async def external(database_url: str) -> AsyncIterator[Service]:
    """The service with a US certified line that it does not answer itself."""
    flows = shipped_flows()
    line = replace(flows.lines.by_name["US certified"], external=SWITCHBOARD)
    lines = replace(flows.lines, by_name={**flows.lines.by_name, line.name: line})
    async with running_service(database_url, flows=replace(flows, lines=lines)) as service:
        yield service


@pytest.mark.parametrize("severity", ["2,#", "3,#", "0"])
async def test_s2_and_s3_are_dialled_to_an_external_certified_line(external: Service, severity: str) -> None:
    external.exchange.people[SWITCHBOARD] = Person(after=5)
    phone = await external.calls("US support", CERTIFIED + severity)
    await phone.waits(10)
    phone.is_connected_to(SWITCHBOARD)
    assert external.case(phone)["destination"] == "line"
    await phone.waits(60)
    await external.exchange.release(phone.call)
    phone.is_cut_off()
    assert external.case(phone)["status"] == "in_progress"


@pytest.mark.parametrize(
    "person",
    [
        Person("busy", after=1),
        Person("no-answer"),
        Person("failed", after=1),
        Person(after=2, talks=9),  # an answer shorter than 10 seconds
    ],
    ids=["busy", "no answer", "failure", "a short answer"],
)
async def test_an_external_line_that_does_not_take_the_call_leads_to_tier_2(external: Service, person: Person) -> None:
    external.exchange.people[SWITCHBOARD] = person
    phone = await external.calls("US support", f"{CERTIFIED}2,#")
    await phone.waits(60)
    phone.is_waiting_in("tier2-us")
    case = external.case(phone)
    assert (case["status"], case["queue"]) == ("waiting", "tier2-us")
    assert "number 1 in the queue" in phone.transcript()


async def test_an_answer_of_10_seconds_counts(external: Service) -> None:
    external.exchange.people[SWITCHBOARD] = Person(after=2, talks=10)
    phone = await external.calls("US support", f"{CERTIFIED}2,#")
    await phone.waits(20)
    phone.is_cut_off()
    assert external.case(phone)["first_response_at"] is not None


async def test_an_s1_is_never_dialled_to_an_external_line(external: Service) -> None:
    external.exchange.people[SWITCHBOARD] = Person(after=2)
    phone = await external.calls("US support", f"{CERTIFIED}1")
    phone.is_waiting_in("tier2-us")
    assert SWITCHBOARD not in phone.transcript()


# What the stub says of the caller


async def test_an_agency_without_a_letter_is_routed_like_anyone_and_told_how_to_get_one(service: Service) -> None:
    phone = await service.calls("US support", f"{COPPER.keys},1")
    phone.hears("no Letter of Agency", "Request it in the partner portal")
    phone.is_waiting_in("tier2-us")
    assert service.case(phone)["loa"] == "missing"


@pytest.mark.parametrize(("partner", "loa"), [(KESTREL, "on_file"), (TALLGRASS, "not_needed"), (BLUEFIN, "not_needed")])
async def test_nobody_else_is_told_of_a_letter(service: Service, partner: Partner, loa: str) -> None:
    phone = await service.calls("US support", f"{partner.keys},1")
    assert "Letter of Agency" not in phone.transcript()
    assert service.case(phone)["loa"] == loa


@pytest.mark.parametrize("line", ["US support", "US certified", "US escalation voicemail", "ANZ support"])
async def test_a_suspended_partner_is_tier_1_as_if_not_certified_and_flagged(service: Service, line: str) -> None:
    phone = await service.calls(line, f"{LUMEN.keys},2,#")
    phone.is_waiting_in("tier1-us")
    case = service.case(phone)
    assert (case["tier"], case["flags"], case["verified"]) == (1, ("suspended",), True)


# S1


@pytest.mark.parametrize("line", ["US support", "US certified", "US escalation voicemail"])
@pytest.mark.parametrize("who", ["*#", TALLGRASS.keys], ids=["unverified", "certified"])
@pytest.mark.parametrize("moment", ["2026-03-03 18:00", "2026-03-07 12:00"], ids=["open", "all closed"])
async def test_an_s1_never_ends_in_voicemail_and_never_in_a_goodbye_from_us(
    service: Service, line: str, who: str, moment: str
) -> None:
    service.it_is(moment)
    phone = await service.calls(line, f"{who},1")
    await phone.waits(2 * 60 * 60)
    assert not phone.call.over
    assert "beep" not in phone.transcript()
    assert "oodbye" not in phone.transcript()
    assert service.count(tables.voicemails) == 0
    assert service.case(phone)["status"] == "waiting"


async def test_an_s1_on_the_escalation_line_is_told_that_it_is_reported_live(service: Service) -> None:
    phone = await service.calls("EMEA escalation voicemail", f"{CERTIFIED}1")
    phone.hears("Severity 1 is always reported to a person")
    phone.is_waiting_in("tier2-us")
