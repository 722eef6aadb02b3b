"""What provisioning would change at the provider, and that after it there is nothing to change."""

from dataclasses import replace

import pytest

from app.domain.lines import all_lines
from app.flows.flow import Flows
from app.provider.rest import NumberFacts, TwilioRest
from app.services import provisioning
from app.services.provisioning import Change, CreateQueue, Plan, SetNumber
from tests.provider.account import SID, Account
from tests.support.facts import shipped

URLS = provisioning.addresses("https://ivr.example.test/base/")
OURS = [number for line in shipped().lines.by_name.values() for number in line.numbers]
DESKS = [region.desk_number for region in shipped().regions.values()]
US = "+18888988733"


def number(number: str, **facts: str) -> NumberFacts:
    return NumberFacts("PN" + number[1:].rjust(32, "0"), number, **facts)


def plan(
    owned: list[NumberFacts], queues: frozenset[str] = frozenset(shipped().queues), flows: Flows | None = None
) -> Plan:
    return provisioning.plan(flows or shipped(), URLS, owned, queues)


def everything(**facts: str) -> list[NumberFacts]:
    return [number(other, **facts) for other in (*OURS, *DESKS)]


def led_here(*, but: dict[str, str] | None = None) -> list[NumberFacts]:
    return everything(**{name: str(value) for name, value in URLS.items()} | (but or {}))


def test_the_addresses_of_a_number() -> None:
    assert URLS == {
        "voice_url": "https://ivr.example.test/base/twilio/voice",
        "voice_method": "POST",
        "voice_fallback_url": "https://ivr.example.test/base/twilio/fallback.xml",
        "voice_fallback_method": "GET",
        "status_callback": "https://ivr.example.test/base/twilio/status",
        "status_callback_method": "POST",
    }
    copy = "https://files.example.test/fallback.xml"
    assert provisioning.addresses("https://ivr.example.test", copy)["voice_fallback_url"] == copy


def test_a_new_account_gets_every_number_and_every_queue() -> None:
    todo = plan(everything(), frozenset())
    assert [step.name for step in todo.steps if isinstance(step, CreateQueue)] == list(shipped().queues)
    assert {step.max_size for step in todo.steps if isinstance(step, CreateQueue)} == {1000}
    numbers = [step for step in todo.steps if isinstance(step, SetNumber)]
    assert len(numbers) == len(OURS) + len(DESKS)
    assert all(len(step.changes) == 6 for step in numbers)
    assert (todo.right, todo.problems) == ((), ())


def test_an_account_that_is_right_is_left_alone() -> None:
    todo = plan(led_here())
    assert (todo.steps, todo.problems) == ((), ())
    assert len(todo.right) == len(OURS) + len(DESKS) + len(shipped().queues)
    assert f"{US} (US support)" in todo.right
    assert "queue tier1-us" in todo.right


@pytest.mark.parametrize("name", URLS)
def test_only_what_differs_is_changed(name: str) -> None:
    todo = plan(led_here(but={name: "https://old.example.test"}))
    wanted = str(dict(URLS)[name])
    assert {step.changes for step in todo.steps if isinstance(step, SetNumber)} == {
        (Change(name, "https://old.example.test", wanted),)
    }


def test_a_number_is_known_however_it_is_written() -> None:
    line = replace(shipped().lines.default, numbers=("+1 (888) 898-8733",))
    flows = replace(shipped(), lines=all_lines([line], line.name))
    assert f"{line.numbers[0]} ({line.name})" not in " ".join(plan([number(US)], flows=flows).problems)


def test_a_number_that_the_account_does_not_own_is_named_with_what_to_do() -> None:
    todo = plan([])
    assert len(todo.problems) == len(OURS) + len(DESKS)
    assert any(f"{US} (US support) is no number of this account; buy it" in problem for problem in todo.problems)
    assert any("(desk of us)" in problem and "correct regions.yaml" in problem for problem in todo.problems)


def test_other_numbers_of_the_account_are_left_alone() -> None:
    todo = plan([*led_here(), number("+12065550000", voice_url="https://another.example.test")])
    assert (todo.steps, todo.problems) == ((), ())


@pytest.mark.parametrize(
    ("field", "name"), [("voice_application_sid", "VoiceApplicationSid"), ("trunk_sid", "TrunkSid")]
)
def test_what_overrides_a_number_is_named(field: str, name: str) -> None:
    todo = plan([*led_here()[1:], *led_here(but={field: "XX1"})[:1]])
    (problem,) = todo.problems
    assert problem.startswith(f"{US} (US support) has the {name} XX1, which overrides its addresses")


def test_a_line_that_is_answered_elsewhere_is_not_ours_to_set() -> None:
    lines = [
        replace(line, external="+12065550123") if line.name == "US certified" else line
        for line in shipped().lines.by_name.values()
    ]
    flows = replace(shipped(), lines=all_lines(lines, shipped().lines.default.name))
    assert not any("US certified" in problem for problem in plan([], flows=flows).problems)


def test_the_fallback_number_must_not_lead_here() -> None:
    fallback = shipped().fallback_number
    (problem,) = plan([*led_here(), number(fallback, voice_url=str(URLS["voice_url"]))]).problems
    assert f"{fallback} is the fallback number and leads here" in problem
    assert plan([*led_here(), number(fallback, voice_url="https://a-phone.example.test")]).problems == ()


def test_a_desk_that_is_the_fallback_number_is_not_led_here() -> None:
    flows = replace(shipped(), fallback_number=DESKS[0])
    todo = plan(everything(), flows=flows)
    assert not any(DESKS[0] in step.name for step in todo.steps)
    (problem,) = todo.problems
    assert "the desk_number of us" in problem


def test_an_address_of_before_is_shown_without_what_may_be_secret_in_it() -> None:
    change = Change("voice_url", "https://user:pass@old.example.test/x?token=secret#f", "https://new.example.test")
    assert str(change) == "VoiceUrl https://new.example.test, was https://old.example.test/x?…"
    assert str(Change("voice_method", "", "POST")) == "VoiceMethod POST, was none"
    assert str(Change("voice_method", "GET", "POST")) == "VoiceMethod POST, was GET"


async def test_what_is_carried_out_leaves_nothing_to_do() -> None:
    account = Account()
    account.owns(*OURS, *DESKS, voice_url="https://old.example.test", voice_method="GET")
    rest = TwilioRest(SID, "the token", "https://api.example.test", transport=account.transport())
    todo = await provisioning.look(rest, shipped(), URLS)
    assert account.changes == 0
    for step in todo.steps:
        await provisioning.carry_out(rest, step)
    assert account.changes == len(OURS) + len(DESKS) + len(shipped().queues)
    assert (await provisioning.look(rest, shipped(), URLS)).steps == ()
    assert account.numbers["PN" + "0" * 32]["voice_url"] == URLS["voice_url"]
    assert set(account.queues) == set(shipped().queues)


async def test_a_step_that_is_taken_twice_changes_nothing_more() -> None:
    account = Account()
    rest = TwilioRest(SID, "the token", "https://api.example.test", transport=account.transport())
    await provisioning.carry_out(rest, CreateQueue("tier1-us"))
    await provisioning.carry_out(rest, CreateQueue("tier1-us"))
    assert account.queues == {"tier1-us": "QU" + "0" * 32}
