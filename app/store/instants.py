"""Moments as text, for SQLite: of one width, so that text sorts as time does."""

from datetime import UTC, datetime

INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"the moment {moment} has no offset")
    return moment.astimezone(UTC)


def instant_text(moment: datetime) -> str:
    return in_utc(moment).isoformat(timespec="microseconds")[:-6] + "Z"


def instant_from_text(value: str) -> datetime:
    return datetime.fromisoformat(value)
