"""Service-level clocks. Source: support-model "Severity and service-level targets".

Business time counts all 24 hours of a business day of the region, on its wall clock, and nothing of other days: an
hour won or lost to a clock change does not show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.regions import DAY, Region
from app.domain.routing import Severity


@dataclass(frozen=True, slots=True)
class Target:
    """How soon the first response and each update are due after the opening, or after the last update."""

    initial_response: timedelta
    update: timedelta
    update_on_business_days: bool


Targets = Mapping[Severity, Target]


@dataclass(frozen=True, slots=True)
class Clocks:
    first_response_due_at: datetime
    next_update_due_at: datetime


def clocks(target: Target, opened_at: datetime, region: Region, callback_at: datetime | None = None) -> Clocks:
    """Both clocks of a case just opened. A callback promised for later moves the initial response to that time."""
    respond_by = callback_at or opened_at + target.initial_response
    return Clocks(respond_by, next_update_due(target, opened_at, region))


def next_update_due(target: Target, since: datetime, region: Region) -> datetime:
    """When the update after `since` is due, in UTC."""
    if target.update_on_business_days:
        return add_business_time(since, target.update, region)
    return since.astimezone(UTC) + target.update


def add_business_time(since: datetime, length: timedelta, region: Region) -> datetime:
    """`length` of business time after `since`. Time that ends with a day is due at that day's end (Friday 24:00)."""
    wall = since.astimezone(region.zone).replace(tzinfo=None)
    left = length
    while True:
        midnight = datetime.combine(wall.date() + DAY, datetime.min.time())
        if region.is_business_day(wall.date()):
            if left <= midnight - wall:
                return (wall + left).replace(tzinfo=region.zone).astimezone(UTC)
            left -= midnight - wall
        wall = midnight
