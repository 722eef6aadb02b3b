"""Who is on duty, around the clock."""

import dataclasses
from datetime import time, timedelta

import pytest

from app.domain import duty
from app.domain.regions import Window
from tests.support.facts import shipped, utc

LADDERS = shipped().ladders


@pytest.mark.parametrize("tier", [1, 2])
def test_no_minute_of_thirty_years_is_without_a_window(tier: int) -> None:
    assert [gap for year in range(2026, 2056) for gap in duty.gaps(LADDERS, tier, year)] == []


def test_a_wrong_window_is_a_gap_of_every_day() -> None:
    """cases.md, on call: Tier 1 APAC set to 22:00-07:00."""
    wrong = Window(frozenset(range(7)), time(22), time(7))
    ladders = [dataclasses.replace(x, window=wrong) if (x.tier, x.region) == (1, "apac") else x for x in LADDERS]
    found = duty.gaps(ladders, 1, 2026)
    assert {(f"{g.span.start:%H:%M}", f"{g.span.end:%H:%M}") for g in found} == {("07:00", "08:00")}
    assert len(found) == 365


@pytest.mark.parametrize(
    ("tier", "region", "at", "expected"),
    [
        (1, "emea", "2026-03-03 08:30", "emea"),  # apac and emea overlap: the case's region
        (1, "apac", "2026-03-03 08:30", "apac"),
        (1, "us", "2026-03-03 08:30", "emea"),  # neither is the case's: the window that ends last
        (2, "us", "2026-03-03 22:30", "us"),
        (2, "emea", "2026-03-03 23:30", "apac"),  # us ends at 02:00, apac at 07:00
        (2, "apac", "2026-03-07 03:00", "apac"),  # every day of the week, across midnight
    ],
)
def test_the_contact_on_duty_is_of_the_ladder(tier: int, region: str, at: str, expected: str) -> None:
    ladder = duty.on_duty(LADDERS, tier, region, utc(at))
    assert ladder is not None
    assert ladder.region == expected


def test_gaps_and_being_on_duty_agree() -> None:
    few = [x for x in LADDERS if x.region != "emea"]
    gaps = duty.gaps(few, 1, 2026)
    at = utc("2026-01-01 00:00")
    while at < utc("2026-02-01 00:00"):
        assert (duty.on_duty(few, 1, "us", at) is None) == any(g.span.holds(at) for g in gaps), at
        at += timedelta(minutes=10)
