"""Service-level clocks: calendar time, business time, clock changes, holidays."""

from datetime import timedelta

import pytest

from app.domain import targets
from tests.support.facts import shipped, utc

FLOWS = shipped()


def due(severity: str, region: str, since: str) -> str:
    target = FLOWS.targets[severity]  # type: ignore[index]  # because a wrong severity fails the test
    return f"{targets.next_update_due(target, utc(since), FLOWS.regions[region]):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("severity", "region", "since", "expected"),
    [
        ("S2", "us", "2026-02-06 23:00", "2026-02-09 23:00"),  # Friday 15:00 to Monday 15:00
        ("S3", "us", "2026-02-06 23:00", "2026-02-10 11:00"),  # Friday 15:00 to Tuesday 03:00
        ("S2", "us", "2026-03-06 23:00", "2026-03-09 22:00"),  # the clocks change on Sunday: Monday 15:00 all the same
        ("S2", "us", "2026-10-30 22:00", "2026-11-02 23:00"),  # and back
        ("S2", "us", "2026-02-06 08:00", "2026-02-07 08:00"),  # a whole Friday is due at Friday 24:00
        ("S2", "us", "2026-02-07 20:00", "2026-02-10 08:00"),  # opened on Saturday: the whole of Monday
        ("S2", "us", "2026-07-02 22:00", "2026-07-06 22:00"),  # Friday 3 July is a holiday
        ("S2", "emea", "2026-07-02 22:00", "2026-07-03 22:00"),  # and none in England
        ("S3", "apac", "2026-02-13 02:00", "2026-02-16 14:00"),  # Friday 10:00 in Singapore, 36 hours on
        ("S1", "us", "2026-02-06 23:00", "2026-02-07 03:00"),  # S1 updates run on calendar time
    ],
)
def test_the_update_is_due(severity: str, region: str, since: str, expected: str) -> None:
    assert due(severity, region, since) == expected


def test_the_initial_response_runs_on_calendar_time_or_to_the_promised_callback() -> None:
    saturday, region = utc("2026-03-07 12:00"), FLOWS.regions["us"]
    assert targets.clocks(FLOWS.targets["S2"], saturday, region).first_response_due_at == utc("2026-03-07 14:00")
    promised = targets.clocks(FLOWS.targets["S2"], saturday, region, callback_at=utc("2026-03-09 12:00"))
    assert promised.first_response_due_at == utc("2026-03-09 12:00")
    assert targets.clocks(FLOWS.targets["S1"], saturday, region).first_response_due_at == saturday + timedelta(
        minutes=30
    )
