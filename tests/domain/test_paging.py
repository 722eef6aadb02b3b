"""Who is reached for a page that nobody accepts: ladders, rounds, changes of shift, and pages for the unverified."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from app.domain import paging
from app.domain.duty import Ladder, on_duty
from app.domain.paging import Climb, Held, RoundOver, Rung, next_rung
from app.domain.routing import Severity
from tests.support.facts import shipped, utc

LADDERS = shipped().ladders
MINUTE = timedelta(minutes=1)
NIGHT = utc("2026-03-07 03:00")  # Saturday: apac is on duty for both tiers
MOMENTS = st.integers(0, 60 * 24 * 365).map(lambda m: utc("2026-01-01 00:00") + m * MINUTE)
REGIONS = st.sampled_from(["us", "emea", "apac"])


def climbing(
    tier: int, region: str, severity: Severity, at: datetime, ladders: tuple[Ladder, ...] = tuple(LADDERS)
) -> Iterator[tuple[datetime, Rung | RoundOver]]:
    """The steps of a page that nobody accepts, each at the time the one before named."""
    climb: Climb | None = None
    rung: list[str] = []
    while True:
        step = next_rung(ladders, tier, region, severity, climb, at, rung)
        yield at, step
        rung = [*rung, step.contact.phone] if isinstance(step, Rung) else []
        climb, at = step.climb, step.next_at


def story(steps: Iterator[tuple[datetime, Rung | RoundOver]], count: int, since: datetime) -> list[tuple[float, str]]:
    return [
        ((at - since) / MINUTE, step.contact.name.removeprefix("Sample ") if isinstance(step, Rung) else "alarm")
        for at, step in islice(steps, count)
    ]


def one_round(steps: Iterator[tuple[datetime, Rung | RoundOver]]) -> tuple[list[str], datetime]:
    """The phones reached until the round is over, and when it is."""
    reached: list[str] = []
    while True:
        at, step = next(steps)
        if isinstance(step, RoundOver):
            return reached, at
        reached.append(step.contact.phone)


def test_an_s1_climbs_its_ladder_then_the_other_tiers_then_both_again() -> None:
    assert story(climbing(1, "apac", "S1", NIGHT), 8, NIGHT) == [
        (0, "Lead APAC"),
        (2, "Team Manager APAC"),
        (4, "Director APAC"),
        (6, "Tier 2 Manager APAC"),
        (8, "Tier 2 Director APAC"),
        (10, "alarm"),
        (13, "Lead APAC"),  # five minutes after the last one was rung
        (15, "Team Manager APAC"),
    ]


def test_an_escalation_voicemail_climbs_its_own_tiers_ladder_until_one_acknowledges() -> None:
    assert story(climbing(2, "apac", "S2", NIGHT), 6, NIGHT) == [
        (0, "Tier 2 Manager APAC"),
        (2, "Tier 2 Director APAC"),
        (4, "alarm"),
        (7, "Tier 2 Manager APAC"),
        (9, "Tier 2 Director APAC"),
        (11, "alarm"),
    ]


def test_who_passes_on_is_not_rung_again_in_this_round() -> None:
    first = next_rung(LADDERS, 1, "apac", "S1", None, NIGHT, [])
    assert isinstance(first, Rung)
    second = next_rung(LADDERS, 1, "apac", "S1", first.climb, NIGHT + MINUTE / 6, [first.contact.phone])
    assert isinstance(second, Rung)
    assert second.contact.name == "Sample Team Manager APAC"
    assert second.next_at == NIGHT + MINUTE / 6 + 2 * MINUTE


def test_a_contact_on_both_ladders_is_rung_once_a_round() -> None:
    director = next(x for x in LADDERS if (x.tier, x.region) == (1, "apac")).rungs[-1]
    shared = tuple(
        replace(x, rungs=(x.rungs[0], director)) if (x.tier, x.region) == (2, "apac") else x for x in LADDERS
    )
    names = [name for _, name in story(climbing(1, "apac", "S1", NIGHT, shared), 5, NIGHT)]
    assert names == ["Lead APAC", "Team Manager APAC", "Director APAC", "Tier 2 Manager APAC", "alarm"]


def test_a_change_of_shift_is_followed_in_the_middle_of_a_round() -> None:
    before = utc("2026-03-07 08:57")  # apac is on duty for Tier 1 until 09:00, emea from 08:00
    names = [name for _, name in story(climbing(1, "apac", "S2", before), 6, before)]
    assert names == ["Lead APAC", "Team Manager APAC", "Lead EMEA", "Team Manager EMEA", "Director EMEA", "alarm"]


def test_the_new_shift_of_the_pages_own_tier_comes_before_the_rest_of_the_other_tier() -> None:
    before = utc("2026-03-07 08:53")
    names = [name for _, name in story(climbing(1, "apac", "S1", before), 6, before)]
    assert names[3:] == ["Tier 2 Manager EMEA", "Lead EMEA", "Team Manager EMEA"]


def test_rungs_and_rounds_count_from_1_and_no_number_comes_twice() -> None:
    steps = [step for _, step in islice(climbing(1, "apac", "S1", utc("2026-03-07 08:53")), 40)]
    climbs = [(step.climb.round, step.climb.rung) for step in steps if isinstance(step, Rung)]
    assert climbs[:3] == [(1, 1), (1, 2), (1, 3)]
    assert len(set(climbs)) == len(climbs)


@given(st.sampled_from([1, 2]), REGIONS, MOMENTS)
def test_every_s1_reaches_everybody_on_duty_within_the_round(tier: int, region: str, at: datetime) -> None:
    steps = climbing(tier, region, "S1", at)
    reached, over_at = one_round(steps)
    assert len(set(reached)) == len(reached) >= 2
    for of_tier in (1, 2):
        ladder = on_duty(LADDERS, of_tier, region, over_at)
        assert ladder is not None
        assert {contact.phone for contact in ladder.rungs} <= set(reached)
    # And nobody is left alone after it: the next round rings somebody again.
    assert isinstance(next(steps)[1], Rung)


@given(st.sampled_from([1, 2]), REGIONS, st.sampled_from(["S1", "S2"]), MOMENTS)
def test_everybody_reached_is_on_duty_then_and_never_before_the_first_had_two_minutes(
    tier: int, region: str, severity: Severity, since: datetime
) -> None:
    last = since - paging.APART
    for at, step in islice(climbing(tier, region, severity, since), 12):
        assert at - last >= paging.APART or isinstance(step, RoundOver)
        last = at
        if isinstance(step, Rung):
            ladder = on_duty(LADDERS, step.climb.tier, region, at)
            assert ladder is not None
            assert step.contact in ladder.rungs
            assert severity == "S1" or step.climb.tier == tier


def test_where_nobody_is_on_duty_there_is_an_alarm_and_another_look() -> None:
    over = next_rung([], 1, "us", "S1", None, NIGHT, [])
    assert over == RoundOver(Climb(1, round=2, rung=0), NIGHT + 3 * MINUTE)


def test_pages_for_unverified_callers_are_merged_while_one_is_open() -> None:
    assert paging.unverified(True, [NIGHT], NIGHT) == "merge"
    assert paging.unverified(True, [NIGHT] * 4, NIGHT) == "merge"
    assert paging.unverified(False, [NIGHT], NIGHT) == "open"


def test_at_most_four_of_them_are_opened_an_hour() -> None:
    opened = [NIGHT + n * 10 * MINUTE for n in range(4)]
    assert paging.unverified(False, opened[:3], NIGHT + 30 * MINUTE) == "open"
    assert paging.unverified(False, opened, NIGHT + 40 * MINUTE) == Held(until=NIGHT + 60 * MINUTE)
    assert paging.unverified(False, opened, NIGHT + 60 * MINUTE) == "open"
    # However there came to be five, the next waits for all but three to be an hour old.
    five = [*opened, NIGHT + 40 * MINUTE]
    assert paging.unverified(False, five, NIGHT + 50 * MINUTE) == Held(until=NIGHT + 70 * MINUTE)


@given(st.lists(st.integers(0, 300), max_size=60))
def test_no_hour_sees_more_than_four(minutes: list[int]) -> None:
    opened: list[datetime] = []
    for minute in sorted(minutes):
        now = NIGHT + minute * MINUTE
        found = paging.unverified(False, opened, now)
        if found == "open":
            opened.append(now)
        else:
            assert isinstance(found, Held)
            assert found.until > now
            assert paging.unverified(False, opened, found.until) == "open"
    for first in opened:
        assert sum(first <= at < first + timedelta(hours=1) for at in opened) <= 4
