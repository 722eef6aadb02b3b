"""When a team's lead is told that a case's clock runs out: once 75 % of its time has passed.

Each says it of the moment due: what is due until then is to be told of now. Source: support-model "Severity and
service-level targets".
"""

from datetime import UTC, datetime, timedelta

from app.domain.regions import Region
from app.domain.targets import Target, add_business_time

LEFT_WHEN_TOLD = 0.25


def responses_to_tell(target: Target, now: datetime) -> datetime:
    """Initial responses, on calendar time. One that a promised callback has moved is for `is_to_tell`."""
    return now.astimezone(UTC) + target.initial_response * LEFT_WHEN_TOLD


def updates_to_tell(target: Target, now: datetime, region: Region | None) -> datetime:
    """Updates: a quarter of business time, where the target counts that, is left. A region that is none has no days."""
    left = target.update * LEFT_WHEN_TOLD
    if target.update_on_business_days and region is not None:
        return add_business_time(now, left, region)
    return now.astimezone(UTC) + left


def is_to_tell(since: datetime, due: datetime, now: datetime) -> bool:
    """Whether three quarters of the time between two moments have passed."""
    left: timedelta = due - now
    return left <= (due - since) * LEFT_WHEN_TOLD
