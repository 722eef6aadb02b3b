"""When a team's lead is told that a clock runs out: once 75 % of its time has passed."""

from datetime import datetime, timedelta

import pytest

from app.domain import clocks, targets
from app.domain.routing import Severity
from tests.support.facts import shipped, utc

FLOWS = shipped()
SECOND = timedelta(seconds=1)
OPENED = utc("2026-03-07 12:00")


def response_is_told(severity: Severity, opened: datetime, now: datetime) -> bool:
    target = FLOWS.targets[severity]
    due = targets.clocks(target, opened, FLOWS.regions["us"]).first_response_due_at
    return due <= clocks.responses_to_tell(target, now)


def update_is_told(severity: Severity, region: str, since: datetime, now: datetime) -> bool:
    target, known = FLOWS.targets[severity], FLOWS.regions[region]
    return targets.next_update_due(target, since, known) <= clocks.updates_to_tell(target, now, known)


@pytest.mark.parametrize(
    ("severity", "after"),
    [
        ("S1", timedelta(minutes=22, seconds=30)),
        ("S2", timedelta(minutes=90)),
        ("S3", timedelta(hours=18)),
    ],
)
def test_a_response_is_told_of_once_three_quarters_of_its_time_have_passed_on_any_day(
    severity: Severity, after: timedelta
) -> None:
    assert not response_is_told(severity, OPENED, OPENED + after - SECOND)
    assert response_is_told(severity, OPENED, OPENED + after)


@pytest.mark.parametrize(
    ("severity", "region", "since", "told"),
    [
        ("S1", "us", "2026-03-07 12:00", "2026-03-07 15:00"),  # on Saturday too: three of four hours
        ("S2", "us", "2026-02-03 18:00", "2026-02-04 12:00"),  # within the week
        ("S2", "us", "2026-02-06 23:00", "2026-02-09 17:00"),  # Friday 15:00 to Monday 09:00
        ("S2", "us", "2026-02-06 11:00", "2026-02-07 05:00"),  # Friday 03:00 to Friday 21:00
        ("S3", "us", "2026-02-06 23:00", "2026-02-10 02:00"),  # Friday 15:00 to Monday 18:00, 27 hours on
        ("S2", "us", "2026-07-02 22:00", "2026-07-06 16:00"),  # Friday 3 July is a holiday
        ("S2", "emea", "2026-07-02 22:00", "2026-07-03 16:00"),  # and none in England
        ("S2", "us", "2026-03-06 23:00", "2026-03-09 16:00"),  # the clocks change on Sunday: Monday 09:00 all the same
    ],
)
def test_an_update_is_told_of_once_three_quarters_of_its_business_time_have_passed(
    severity: Severity, region: str, since: str, told: str
) -> None:
    assert not update_is_told(severity, region, utc(since), utc(told) - SECOND)
    assert update_is_told(severity, region, utc(since), utc(told))


def test_in_a_region_that_is_no_more_an_update_counts_calendar_time() -> None:
    saturday = utc("2026-03-07 12:00")
    assert clocks.updates_to_tell(FLOWS.targets["S2"], saturday, None) == utc("2026-03-07 18:00")


def test_a_response_that_a_promised_callback_has_moved_is_told_of_after_three_quarters_of_that_time() -> None:
    promised = OPENED + timedelta(hours=40)
    told = OPENED + timedelta(hours=30)
    assert not clocks.is_to_tell(OPENED, promised, told - SECOND)
    assert clocks.is_to_tell(OPENED, promised, told)
    assert clocks.is_to_tell(OPENED, promised, promised + timedelta(days=1))
