"""call-flows, "Every call": a test a sentence, in its order."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.store import tables
from tests.support.handset import Handset
from tests.support.partners import HARBOR, KESTREL, PARTNERS, QUILL, TALLGRASS, Partner
from tests.support.service import LINES, Service, running_service, shipped_flows

UNVERIFIED_HINT = "served by their partner"
ASKS_PID, ASKS_SEVERITY, ASKS_CASE = "key your partner I D", "How bad is it?", "a case that you have already"


def spoken(digits: str) -> str:
    """Digits as they are read out, one by one."""
    return " ".join(digits)


# 1. The dialled number


@pytest.mark.parametrize(("line", "number"), [*LINES.items(), ("US support", "+14086874120")])
async def test_the_dialled_number_selects_the_line(service: Service, line: str, number: str) -> None:
    assert service.call(await service.calls(number))["line"] == line


async def test_an_unknown_number_gets_the_default_line(service: Service) -> None:
    assert service.call(await service.calls("+12065550000"))["line"] == "US support"


async def test_a_greeting_then_the_pid(service: Service, phone: Handset) -> None:
    await phone.dial(LINES["US support"])
    phone.hears("Welcome")
    assert phone.heard_text.index("Welcome") < phone.heard_text.index(ASKS_PID)
    phone.is_asked_for("keys")


# 2. The PID


async def test_a_pid_has_4_to_10_digits_then_pound(service: Service, phone: Handset) -> None:
    await phone.dial(LINES["US support"])
    for not_a_pid in ("100#", "10023410023#"):
        await phone.presses(not_a_pid)
        phone.hears(ASKS_PID)
    await phone.presses(TALLGRASS.keys)
    phone.hears(ASKS_SEVERITY)


@pytest.mark.parametrize("pid", ["0042", "9876543210"])
async def test_the_shortest_and_the_longest_pid_are_found(database_url: str, pid: str) -> None:
    async with running_service(database_url, partners=[replace(TALLGRASS, pid=pid)]) as service:
        assert service.case(await service.calls("US support", f"{pid}#,1"))["pid"] == pid


@pytest.mark.parametrize("no_pid", ["*#", "0#"])
async def test_star_or_zero_means_i_have_no_pid(service: Service, no_pid: str) -> None:
    phone = await service.calls("US support", no_pid)
    phone.hears(UNVERIFIED_HINT, ASKS_SEVERITY)
    phone.does_not_hear("We did not get a partner I D that we know")
    assert service.count(tables.wrong_pids) == 0


async def test_there_are_three_attempts_in_all_and_silence_is_one(service: Service, phone: Handset) -> None:
    await phone.dial(LINES["US support"])
    await phone.presses("999999#")
    phone.hears(ASKS_PID)
    await phone.waits(8)
    phone.hears(ASKS_PID)
    await phone.presses("888888#")
    phone.does_not_hear(ASKS_PID)
    phone.hears(UNVERIFIED_HINT, ASKS_SEVERITY)


@pytest.mark.parametrize("partner", [KESTREL, QUILL], ids=["by its digits", "by its dial code"])
async def test_a_pid_with_letters_is_dialled(service: Service, partner: Partner) -> None:
    assert service.case(await service.calls("US support", f"{partner.keys},1"))["pid"] == partner.pid


async def test_a_partner_with_a_dial_code_is_not_dialled_by_the_digits_of_its_pid(service: Service) -> None:
    (await service.calls("US support", "2024#")).hears("We did not get a partner I D that we know")


# 3. Unverified callers


@pytest.mark.parametrize("how", ["999999#,999999#,999999#,", "*#,", "#,#,#,"], ids=["wrong", "none", "silence"])
async def test_a_caller_without_a_pid_is_not_cut_off_and_hears_once_who_serves_customers(
    service: Service, how: str
) -> None:
    phone = await service.calls("US support", f"{how}1")
    phone.is_waiting_in("tier1-us")
    assert phone.transcript().count(UNVERIFIED_HINT) == 1
    case = service.case(phone)
    assert (case["verified"], case["verified_by"], case["pid"], case["tier"]) == (False, None, None, 1)


async def test_an_identified_caller_does_not_hear_who_serves_customers(service: Service) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},1")
    assert UNVERIFIED_HINT not in phone.transcript()


# 4. Severity


@pytest.mark.parametrize(
    ("keys", "severity", "assumed"),
    [
        ("1", "S1", False),
        ("2,#", "S2", False),
        ("3,#", "S3", False),
        ("0", "S2", True),
        ("9,9,9,5,5,1", "S1", False),  # 9 repeats and costs no attempt
        ("5,#,1", "S1", False),  # the third attempt still counts
        ("5,#,7", "S2", True),  # three wrong keys
    ],
)
async def test_what_a_caller_presses_for_the_severity(
    service: Service, keys: str, severity: str, assumed: bool
) -> None:
    case = service.case(await service.calls("US support", f"{TALLGRASS.keys},{keys}"))
    assert (case["severity"], case["severity_assumed"]) == (severity, assumed)


async def test_who_never_gives_a_severity_is_asked_three_times_and_taken_as_s2(service: Service) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)
    await phone.waits(120)
    assert phone.transcript().count(ASKS_SEVERITY) == 3
    case = service.case(phone)
    assert (case["severity"], case["severity_assumed"]) == ("S2", True)


async def test_9_repeats_the_question(service: Service) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)
    await phone.presses("9")
    phone.hears(ASKS_SEVERITY)
    phone.does_not_hear("did not get that")


# 5. The case number


async def own_case(service: Service, partner: Partner = TALLGRASS) -> str:
    """The number of a case that a partner opened in an earlier call, hung up, and that is open still."""
    phone = await service.calls("US support", f"{partner.keys},2,#")
    await service.exchange.answer(phone.call.waiting_in or "", talks=60)
    await phone.waits(90)
    return str(service.case(phone)["number"])


async def test_a_partner_goes_on_with_an_own_case(service: Service) -> None:
    number = await own_case(service)
    phone = await service.calls("US support", f"{TALLGRASS.keys},3,{number}#")
    phone.hears("We have your case", f"Your case number is {spoken(number)}")
    assert service.call(phone)["case_number"] == number
    assert service.count(tables.cases) == 1
    case = service.row(tables.cases, number=number)
    assert (case["status"], case["severity"]) == ("waiting", "S3")


@pytest.mark.parametrize("severity", ["2", "3"])
@pytest.mark.parametrize("new_case", ["#", ""], ids=["pound", "silence"])
async def test_only_pound_or_silence_opens_a_new_case(service: Service, severity: str, new_case: str) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},{severity}")
    phone.hears(ASKS_CASE)
    await (phone.presses(new_case) if new_case else phone.waits(10))
    phone.hears("opening a new case", f"Your case number is {spoken(service.case(phone)['number'])}")


@pytest.mark.parametrize("keys", ["1", "0", "5,5,5"], ids=["S1", "a person", "assumed"])
async def test_a_case_number_is_asked_of_s2_and_s3_only_and_of_nobody_whose_severity_is_assumed(
    service: Service, keys: str
) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},{keys}")
    assert ASKS_CASE not in phone.transcript()
    phone.is_waiting_in("tier2-us")


async def test_an_unknown_number_and_another_partners_are_answered_in_the_same_words(service: Service) -> None:
    another = await own_case(service, HARBOR)
    heard = []
    for number in (another, "1234567890", another[:-1] + str((int(another[-1]) + 1) % 10), "12"):
        phone = await service.calls("US support", f"{TALLGRASS.keys},2")
        await phone.presses(f"{number}#")
        heard.append(phone.heard_text)
        phone.hears("cannot use that case number", ASKS_CASE)
    assert len(set(heard)) == 1


async def test_a_number_that_cannot_be_used_is_asked_once_more_and_then_a_new_case_is_opened(service: Service) -> None:
    another = await own_case(service, HARBOR)
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,{another}#")
    phone.is_asked_for("keys")
    await phone.presses(f"{another}#")
    phone.hears("opening a new case")
    assert service.case(phone)["number"] != another


async def test_the_second_attempt_at_a_case_number_counts(service: Service) -> None:
    number = await own_case(service)
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,123456#,{number}#")
    phone.hears("We have your case")
    assert service.call(phone)["case_number"] == number


async def test_a_case_that_is_over_cannot_be_used(service: Service) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    await phone.hangs_up()
    over = service.case(phone)
    assert over["status"] == "abandoned"
    (await service.calls("US support", f"{TALLGRASS.keys},2,{over['number']}#")).hears("cannot use that case number")


# 6. The stub


@pytest.mark.parametrize(
    ("line", "moment", "before"),
    [
        ("US support", "2026-03-03 18:00", "*#,"),  # before a queue
        ("US support", "2026-03-03 18:00", f"{TALLGRASS.keys},"),  # before the certified line
        ("US escalation voicemail", "2026-03-03 18:00", f"{TALLGRASS.keys},"),  # before a message
        ("US support", "2026-03-07 12:00", "*#,"),  # before a callback and goodbye
    ],
)
async def test_the_stub_is_committed_before_its_number_is_spoken(
    service: Service, line: str, moment: str, before: str
) -> None:
    service.it_is(moment)
    phone = await service.calls(line, f"{before}2")
    assert service.count(tables.cases) == 0
    await phone.call.press("#", listen=False)
    number = service.case(phone)["number"]
    assert spoken(number) not in phone.transcript()
    await phone.waits(40)
    assert spoken(number) in phone.transcript()


@pytest.mark.parametrize("keys", ["", "100234", "999999#"], ids=["at once", "in mid-PID", "after a wrong PID"])
async def test_a_caller_who_hangs_up_unidentified_leaves_a_call_record(service: Service, keys: str) -> None:
    phone = await service.calls("US support", keys)
    await phone.hangs_up()
    call = service.call(phone)
    assert (call["status"], call["case_number"], call["pid"]) == ("completed", None, None)
    assert call["ended_at"] is not None
    assert service.count(tables.cases) == 0


@pytest.mark.parametrize("keys", ["", ",5", ",2", ",2,123456#"])
async def test_a_caller_who_hangs_up_once_identified_leaves_a_stub_marked_abandoned(
    service: Service, keys: str
) -> None:
    phone = await service.calls("US support", TALLGRASS.keys + keys)
    await phone.hangs_up()
    case = service.case(phone)
    assert (case["status"], case["pid"], case["verified_by"]) == ("abandoned", TALLGRASS.pid, "pid")


async def test_the_record_of_an_abandoned_call_names_its_stub(service: Service) -> None:
    phone = await service.calls("US support", TALLGRASS.keys)
    await phone.hangs_up()
    assert service.call(phone)["case_number"] == service.case(phone)["number"]


# Words, speech, languages


async def test_every_accepted_key_is_confirmed_in_words(service: Service, phone: Handset) -> None:
    number = await own_case(service)
    await phone.dial(LINES["US support"])
    for keys, words in ((TALLGRASS.keys, "We have your partner I D"), ("2", "severity 2"), (f"{number}#", "your case")):
        await phone.presses(keys)
        phone.hears(words)
    (await service.calls("US support", f"{TALLGRASS.keys},1")).hears("severity 1")
    (await service.calls("US support", f"{TALLGRASS.keys},3")).hears("severity 3")
    (await service.calls("US support", f"{TALLGRASS.keys},0")).hears("asked for a person")
    (await service.calls("US support", "*#")).hears("without a partner I D")
    (await service.calls("US support", f"{TALLGRASS.keys},2,#")).hears("new case")


async def test_spoken_digits_are_accepted_wherever_keys_are(service: Service, phone: Handset) -> None:
    number = await own_case(service)
    await phone.dial(LINES["US support"])
    await phone.says("one double oh two three four")
    phone.hears(ASKS_SEVERITY)
    await phone.says("Two.")
    phone.hears("severity 2")
    await phone.says(spoken(number))
    phone.hears("We have your case")


async def test_spoken_words_without_a_digit_are_an_attempt(service: Service, phone: Handset) -> None:
    await phone.dial(LINES["US support"])
    for _ in range(3):
        await phone.says("what was it again")
    phone.hears(UNVERIFIED_HINT, ASKS_SEVERITY)


async def test_a_line_can_speak_more_than_one_language(service: Service) -> None:
    phone = await service.calls("+12065550100", f"{TALLGRASS.keys},2,#")
    languages = [event.language for event in phone.call.heard if hasattr(event, "language")]
    english, french = languages[:2]
    assert english != french
    assert languages == [english, french] * (len(languages) // 2)
    phone.is_waiting_in("tier2-us")


# Caller ID

ATTESTED = {"StirVerstat": "TN-Validation-Passed-A"}
OFFER = "the partner that this number is registered for"
# One number that belongs to two partners.
SHARED = replace(HARBOR, phones=("+12065550143", *HARBOR.phones))


@pytest.fixture
async def offering(database_url: str) -> AsyncIterator[Service]:
    """The service with a line that offers caller ID."""
    flows = shipped_flows()
    line = replace(flows.lines.default, offer_caller_id=True)
    by_number = {number: line if its == flows.lines.default else its for number, its in flows.lines.by_number.items()}
    lines = replace(flows.lines, by_name={**flows.lines.by_name, line.name: line}, by_number=by_number, default=line)
    partners = [SHARED if partner is HARBOR else partner for partner in PARTNERS]
    async with running_service(database_url, flows=replace(flows, lines=lines), partners=partners) as service:
        yield service


async def test_caller_id_is_not_offered_as_shipped(service: Service) -> None:
    (await service.calls("US support", "", TALLGRASS.phones[0], **ATTESTED)).does_not_hear(OFFER)


async def test_an_attested_caller_may_go_on_as_the_registered_partner(offering: Service) -> None:
    phone = await offering.calls("US support", "", TALLGRASS.phones[0], **ATTESTED)
    phone.hears(OFFER, "press 1")
    await phone.presses("1,1")
    phone.is_waiting_in("tier2-us")
    case = offering.case(phone)
    assert (case["pid"], case["verified"], case["verified_by"]) == (TALLGRASS.pid, True, "caller_id")
    assert TALLGRASS.name not in phone.transcript()


async def test_who_does_not_take_the_offer_is_asked_for_the_pid(offering: Service) -> None:
    phone = await offering.calls("US support", "", TALLGRASS.phones[0], **ATTESTED)
    await phone.waits(6)
    phone.hears(ASKS_PID)
    await phone.presses(f"{KESTREL.keys},1")
    case = offering.case(phone)
    assert (case["pid"], case["verified_by"]) == (KESTREL.pid, "pid")


@pytest.mark.parametrize(
    ("caller", "attestation"),
    [
        ("+12065550147", "TN-Validation-Passed-B"),
        ("+12065550147", "TN-Validation-Failed-C"),
        ("+12065550147", ""),
        ("+12065550199", "TN-Validation-Passed-A"),  # nobody's number
        ("+12065550143", "TN-Validation-Passed-A"),  # two partners'
        ("+12065550145", "TN-Validation-Passed-A"),  # a suspended partner's
        (None, "TN-Validation-Passed-A"),  # withheld
    ],
)
async def test_caller_id_is_offered_to_nobody_else(offering: Service, caller: str | None, attestation: str) -> None:
    phone = await offering.calls("US support", "", caller, StirVerstat=attestation)
    phone.does_not_hear(OFFER)
    phone.hears(ASKS_PID)


# Guessing


async def guess(service: Service, times: int) -> None:
    """Wrong PIDs from the usual caller's number, at most three a call."""
    for first in range(0, times, 3):
        await service.calls("US support", ",".join(["999999#"] * min(3, times - first)))


async def test_after_10_wrong_pids_within_an_hour_callers_from_that_number_are_not_asked(service: Service) -> None:
    await guess(service, 9)
    (await service.calls("US support")).hears(ASKS_PID)
    phone = await service.calls("US support", "999999#")
    # The tenth: no further attempt in this call either.
    phone.hears(UNVERIFIED_HINT, ASKS_SEVERITY)
    phone = await service.calls("US support")
    phone.does_not_hear(ASKS_PID)
    phone.hears(UNVERIFIED_HINT, ASKS_SEVERITY)
    await phone.presses("1")
    phone.is_waiting_in("tier1-us")


async def test_no_pid_is_ever_locked(service: Service) -> None:
    await guess(service, 10)
    phone = await service.calls("US support", f"{TALLGRASS.keys},1", "+12065550198")
    assert service.case(phone)["pid"] == TALLGRASS.pid


async def test_an_hour_later_callers_are_asked_again(service: Service) -> None:
    await guess(service, 10)
    service.it_is("2026-03-03 19:30")
    (await service.calls("US support")).hears(ASKS_PID)
