"""The order of a queue, how long callers wait in it, and what they are told meanwhile."""

from dataclasses import replace
from datetime import timedelta
from math import ceil
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import waiting
from app.domain.routing import Severity
from app.domain.waiting import Verdict, Waiting, WaitingRules, position
from tests.support.facts import closure, shipped, utc

NOON = utc("2026-03-03 12:00")
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
RULES = shipped().waiting
REGIONS = shipped().regions
SEVERITIES = st.sampled_from(["S1", "S2", "S3"])
CALLS = st.builds(
    Waiting,
    call_sid=st.uuids().map(str),
    severity=SEVERITIES,
    certified=st.booleans(),
    since=st.integers(0, 600).map(lambda s: NOON + timedelta(seconds=s)),
)


def test_s1_before_s2_certified_first_then_first_come() -> None:
    first = Waiting("a", "S1", False, NOON + timedelta(minutes=9))
    second = Waiting("b", "S2", True, NOON + timedelta(minutes=5))
    third = Waiting("c", "S2", False, NOON)
    fourth = Waiting("d", "S2", False, NOON + timedelta(minutes=1))
    queue = [fourth, third, second, first]
    assert [position(call, queue) for call in (first, second, third, fourth)] == [1, 2, 3, 4]


@given(st.lists(CALLS, min_size=1, max_size=30, unique_by=lambda call: call.call_sid))
def test_every_place_is_taken_once_and_nobody_is_zero(queue: list[Waiting]) -> None:
    assert sorted(position(call, queue) for call in queue) == list(range(1, len(queue) + 1))


# Who serves what: the caller waits in tier1-us, the next open region is emea.
BOTH = frozenset({"tier1-us", "tier1-emea"})
OURS = frozenset({"tier1-us"})
THEIRS = frozenset({"tier1-emea"})
NOBODY: frozenset[str] = frozenset()
NO_AGENTS = None
STAYS = "stays"
ALSO = "also to emea"
PAGED = "also to emea, paged"
CALLBACK = "callback"


def what_holds(
    severity: Severity,
    waited: timedelta,
    served: frozenset[str] | None,
    following: str | None = "tier1-emea",
    rules: WaitingRules = RULES,
) -> Verdict:
    return waiting.verdict(rules, severity, waited, queue="tier1-us", next_queue=following, served=served)


def in_words(found: Verdict) -> str:
    if found.callback:
        return CALLBACK
    return {(None, False): STAYS, ("tier1-emea", False): ALSO, ("tier1-emea", True): PAGED}[found.also, found.page]


@pytest.mark.parametrize(
    ("severity", "served", "minutes_and_what"),
    [
        # somebody serves the queue: the limits
        ("S1", BOTH, {0: STAYS, 2.9: STAYS, 3: PAGED, 600: PAGED}),
        ("S2", BOTH, {0: STAYS, 14.9: STAYS, 15: ALSO, 29.9: ALSO, 30: CALLBACK}),
        ("S3", BOTH, {0: STAYS, 19.9: STAYS, 20: ALSO, 39.9: ALSO, 40: CALLBACK}),
        # nobody does: at once
        ("S1", THEIRS, {0: PAGED, 600: PAGED}),
        ("S2", THEIRS, {0: ALSO, 29.9: ALSO, 30: CALLBACK}),
        # nobody serves the next one either: there is nothing to wait for
        ("S1", NOBODY, {0: PAGED}),
        ("S2", NOBODY, {0: CALLBACK}),
        ("S3", OURS, {19.9: STAYS, 20: CALLBACK}),
        # an installation without agents, where people dial in: the limits alone
        ("S1", NO_AGENTS, {0: STAYS, 3: PAGED}),
        ("S2", NO_AGENTS, {0: STAYS, 15: ALSO, 30: CALLBACK}),
    ],
)
def test_without_an_agent_the_call_goes_on_elsewhere(
    severity: Severity, served: frozenset[str] | None, minutes_and_what: dict[float, str]
) -> None:
    for minutes, what in minutes_and_what.items():
        assert in_words(what_holds(severity, minutes * MINUTE, served)) == what, minutes


def test_where_no_other_region_is_open_s2_gets_the_callback_and_an_s1_is_paged_at_the_limit() -> None:
    assert not what_holds("S2", 14 * MINUTE, OURS, None).callback
    assert what_holds("S2", 15 * MINUTE, OURS, None).callback
    assert what_holds("S2", 0 * MINUTE, NOBODY, None).callback
    assert what_holds("S1", 3 * MINUTE, OURS, None) == Verdict(None, page=True, callback=False, look_at=None)


def test_nobody_but_an_s1_waits_more_than_60_minutes_in_music() -> None:
    patient = WaitingRules({"S1": 300 * MINUTE, "S2": 50 * MINUTE, "S3": 300 * MINUTE}, 60 * MINUTE, "hold.wav")
    for severity in ("S2", "S3"):
        assert not what_holds(severity, 59 * MINUTE, BOTH, rules=patient).callback
        assert what_holds(severity, 60 * MINUTE, BOTH, rules=patient).callback
    assert what_holds("S1", 60 * MINUTE, BOTH, rules=patient).page
    assert not what_holds("S1", 600 * MINUTE, BOTH, rules=patient).callback


def test_a_line_can_have_limits_of_its_own() -> None:
    rules = WaitingRules(RULES.limits, RULES.longest, RULES.music, {"EMEA support": {"S2": 5 * MINUTE}})
    assert rules.limit("S2", "EMEA support") == 5 * MINUTE
    assert rules.limit("S3", "EMEA support") == rules.limit("S3") == 20 * MINUTE
    assert rules.limit("S2", "US support") == 15 * MINUTE


@given(SEVERITIES, st.integers(0, 4000), st.sampled_from([BOTH, OURS, THEIRS, NOBODY, NO_AGENTS]), st.booleans())
def test_a_verdict_holds_until_the_moment_it_names(
    severity: Severity, seconds: int, served: frozenset[str] | None, another_is_open: bool
) -> None:
    following = "tier1-emea" if another_is_open else None
    now = what_holds(severity, seconds * SECOND, served, following)
    until = now.look_at if now.look_at is not None else timedelta(days=2)
    assert until > seconds * SECOND
    assert what_holds(severity, until - SECOND, served, following) == now
    then = replace(what_holds(severity, until, served, following), look_at=now.look_at)
    assert (then == now) == (now.look_at is None)


@given(SEVERITIES, st.integers(0, 4000), st.sampled_from([BOTH, OURS, THEIRS, NOBODY, NO_AGENTS]), st.booleans())
def test_whoever_goes_on_waiting_has_somebody_to_wait_for(
    severity: Severity, seconds: int, served: frozenset[str] | None, another_is_open: bool
) -> None:
    found = what_holds(severity, seconds * SECOND, served, "tier1-emea" if another_is_open else None)
    reachable = served is None or "tier1-us" in served or (found.also is not None and found.also in served)
    assert found.callback or found.page or reachable
    assert not (severity == "S1" and found.callback)


@pytest.mark.parametrize(
    ("region", "at", "expected"),
    [
        ("us", "2026-03-03 15:00", "tier1-emea"),  # 07:00 in Los Angeles, 15:00 in London, 23:00 in Singapore
        ("emea", "2026-03-03 15:00", "tier1-us"),
        ("us", "2026-03-03 20:00", None),  # only us is open
        ("emea", "2026-03-03 08:30", "tier1-apac"),  # us is closed, apac is not
        ("us", "2026-03-03 08:30", "tier1-emea"),  # a closed region's callers wait in the first open one's queue
    ],
)
def test_the_next_open_region_is_the_first_in_the_queues_own_order(region: str, at: str, expected: str | None) -> None:
    assert waiting.next_queue(1, region, "apac", REGIONS, utc(at)) == expected


@pytest.mark.parametrize(
    ("home", "at", "expected"),
    [
        ("apac", "2026-03-07 03:00", None),  # Saturday
        ("apac", "2026-03-09 01:00", "tier1-apac"),  # Monday, 09:00 in Singapore
        ("us", "2026-03-09 01:00", "tier1-apac"),  # the first that opens, where one's own is closed
    ],
)
def test_from_the_on_call_queues_the_next_is_the_cases_own_region_once_it_opens(
    home: str, at: str, expected: str | None
) -> None:
    assert waiting.next_queue(1, None, home, REGIONS, utc(at)) == expected


def test_a_region_closed_by_hand_is_not_the_next_open_one() -> None:
    closed = closure("emea", "closed", "2026-03-03 00:00", "2026-03-04 00:00")
    assert waiting.next_queue(2, "us", "us", REGIONS, utc("2026-03-03 15:00"), [closed]) is None


def test_the_expected_wait_is_told_where_there_is_enough_to_tell() -> None:
    five_of_four_minutes = [240] * 5
    assert waiting.expected_wait(1, five_of_four_minutes, 1) == 5 * MINUTE
    assert waiting.expected_wait(3, five_of_four_minutes, 2) == 8 * MINUTE  # 7.5
    assert waiting.expected_wait(1, [0] * 5, 50) == 1 * MINUTE
    assert waiting.expected_wait(1, [240] * 4, 1) is None
    assert waiting.expected_wait(1, five_of_four_minutes, 0) is None


@given(st.integers(1, 500), st.lists(st.integers(0, 7200), min_size=5, max_size=50), st.integers(1, 60))
def test_the_expected_wait_is_the_published_formula(place: int, talks: list[int], agents: int) -> None:
    told = waiting.expected_wait(place, talks, agents)
    assert told is not None
    assert told / MINUTE == ceil(round((mean(talks) + 60) * place / agents / 60, 9))


def test_an_announcement_is_due_each_minute() -> None:
    assert [waiting.announcement(s * SECOND) for s in (0, 59, 60, 119, 120, 600)] == [1, 1, 2, 2, 3, 11]


def test_the_position_is_told_the_first_time_and_then_when_it_improved() -> None:
    assert waiting.position_is_told(4, None)
    assert not waiting.position_is_told(4, 4)
    assert not waiting.position_is_told(5, 4)
    assert waiting.position_is_told(3, 4)


def test_a_callback_can_be_asked_for_from_the_second_announcement_on_but_not_by_an_s1() -> None:
    assert [waiting.may_ask_for_callback("S2", n) for n in (1, 2, 3)] == [False, True, True]
    assert [waiting.may_ask_for_callback("S3", n) for n in (1, 2, 3)] == [False, True, True]
    assert not any(waiting.may_ask_for_callback("S1", n) for n in range(99))


def test_an_s1_can_ask_to_be_rung_from_the_third_minute_on() -> None:
    assert not waiting.may_ask_to_be_rung("S1", 2 * MINUTE - SECOND)
    assert waiting.may_ask_to_be_rung("S1", 2 * MINUTE)
    assert not waiting.may_ask_to_be_rung("S2", 30 * MINUTE)
