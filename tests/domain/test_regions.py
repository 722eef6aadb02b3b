"""Hours: exact edges, clock changes, holidays, closures by hand and what beats what."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.regions import Closure, first_open
from app.domain.timetable import Timetable
from tests.support.facts import closure, shipped, utc

REGIONS = shipped().regions
MOMENTS = st.integers(0, 4 * 366 * 24 * 60).map(lambda minutes: utc("2025-11-01 00:00") + timedelta(minutes=minutes))


def takes(region: str, at: str, *closures: Closure) -> str | None:
    return first_open(REGIONS, region, utc(at), closures).region


@pytest.mark.parametrize(
    ("at", "region"),
    [
        ("2026-03-09 11:59:59", "emea"),  # 04:59:59 in Los Angeles, which changed its clocks the day before
        ("2026-03-09 12:00:00", "us"),  # a window holds its first minute
        ("2026-03-02 12:30:00", "emea"),  # 04:30 in winter
        ("2026-10-30 12:30:00", "us"),  # 05:30 in summer
        ("2026-11-02 12:30:00", "emea"),  # winter again
        ("2026-03-10 00:59:59", "us"),  # 17:59:59
        ("2026-03-10 01:00:00", "apac"),  # and not its last
        ("2026-07-03 16:00:00", "emea"),  # Saturday's holiday is observed on Friday
        ("2026-07-04 16:00:00", None),  # Saturday
    ],
)
def test_a_call_to_the_us_line_is_taken_by(at: str, region: str | None) -> None:
    assert takes("us", at) == region


def test_the_windows_leave_no_gap_in_a_week_without_holidays() -> None:
    """The fact that support-model gives a test of its own, through every clock change of some years."""
    bare = {name: type(r)(r.name, r.zone, r.windows, r.fallback) for name, r in REGIONS.items()}
    week_start = utc("2026-01-05 01:00")
    for week in range(4 * 52):
        start = week_start + timedelta(weeks=week)
        winter = REGIONS["us"].zone.dst(start + timedelta(days=5)) == timedelta(0)
        end = start + timedelta(days=5, hours=1 if winter else 0)
        for at in (start, end - timedelta(minutes=1), *(start + timedelta(minutes=30 * n) for n in range(240))):
            assert first_open(bare, "us", at).region is not None, at
        assert first_open(bare, "us", end).region is None
        assert first_open(bare, "us", start + timedelta(days=7, minutes=-1)).region is None


def test_with_an_operators_closure_the_others_still_take_its_calls() -> None:
    shut = closure("us", "closed", "2026-03-03 16:00", "2026-03-03 17:00")
    assert takes("us", "2026-03-03 15:59:59", shut) == "us"
    assert takes("us", "2026-03-03 16:00", shut) == "emea"
    assert takes("emea", "2026-03-03 16:00", shut) == "emea"
    assert takes("us", "2026-03-03 17:00", shut) == "us"


@pytest.mark.parametrize(
    ("at", "kinds", "is_open", "why"),
    [
        ("2026-07-03 16:00", ["open"], False, "a holiday beats an opening by hand"),
        ("2026-03-07 16:00", ["open"], True, "an opening by hand beats the weekly hours"),
        ("2026-03-07 16:00", ["open", "emergency"], False, "an emergency beats an opening"),
        ("2026-03-03 16:00", ["emergency"], False, "an emergency beats the weekly hours"),
        ("2026-03-07 16:00", ["open", "closed"], False, "a closure by hand beats an opening by hand"),
        ("2026-07-03 16:00", ["emergency"], False, "an emergency beats a holiday"),
    ],
)
def test_what_beats_what(at: str, kinds: list[str], is_open: bool, why: str) -> None:
    by_hand = [closure("us", kind, "2026-01-01 00:00", "2027-01-01 00:00") for kind in kinds]
    assert REGIONS["us"].hours(utc(at), by_hand).open is is_open, why


def test_an_emergency_is_the_reason_given_even_on_a_holiday() -> None:
    by_hand = [closure("us", "emergency", "2026-07-01 00:00", "2026-07-09 00:00")]
    assert "emergency" in REGIONS["us"].hours(utc("2026-07-03 16:00"), by_hand).why


@pytest.mark.parametrize(
    ("region", "at", "opens"),
    [
        ("us", "2026-03-07 16:00", "2026-03-09 12:00"),  # Saturday; the clocks change on Sunday
        ("emea", "2026-04-02 18:00", "2026-04-07 08:00"),  # Good Friday, the week-end, Easter Monday
        ("apac", "2026-02-13 10:00", "2026-02-16 01:00"),  # Friday evening
    ],
)
def test_the_next_opening(region: str, at: str, opens: str) -> None:
    assert REGIONS[region].next_opening(utc(at)) == utc(opens)


def test_the_next_opening_may_be_one_by_hand_and_waits_for_the_end_of_a_closure() -> None:
    saturday = utc("2026-03-07 12:00")
    opened = closure("us", "open", "2026-03-08 15:00", "2026-03-08 18:00")
    assert REGIONS["us"].next_opening(saturday, [opened]) == utc("2026-03-08 15:00")
    shut = closure("us", "emergency", "2026-03-09 00:00", "2026-03-09 14:30")
    assert REGIONS["us"].next_opening(saturday, [shut]) == utc("2026-03-09 14:30")


def test_a_region_closed_for_years_has_no_next_opening() -> None:
    shut = closure("us", "emergency", "2026-01-01 00:00", "2036-01-01 00:00")
    assert REGIONS["us"].next_opening(utc("2026-03-07 12:00"), [shut]) is None


@given(at=MOMENTS, region=st.sampled_from(sorted(REGIONS)))
def test_the_next_opening_is_the_first_open_moment(at, region):  # type: ignore[no-untyped-def]  # because hypothesis
    opens = REGIONS[region].next_opening(at)
    assert opens is not None
    assert REGIONS[region].hours(opens).open
    if opens > at:
        assert not REGIONS[region].hours(opens - timedelta(seconds=1)).open
        assert not REGIONS[region].hours(at).open


@given(at=MOMENTS, region=st.sampled_from(sorted(REGIONS)))
def test_the_timetable_says_what_the_rules_say(at, region):  # type: ignore[no-untyped-def]  # because hypothesis
    by_hand = [
        closure("us", "closed", "2026-03-03 16:00", "2026-03-03 17:10"),
        closure("apac", "open", "2026-03-07 16:00", "2026-03-08 17:10"),
    ]
    stretch = Timetable(REGIONS, by_hand).at(region, at)
    assert stretch.choice == first_open(REGIONS, region, at, by_hand)
    if stretch.choice.region is None:
        assert stretch.opens_at == REGIONS[region].next_opening(at, by_hand)
