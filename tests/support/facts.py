"""The shipped flows and facts, loaded once for all tests that only read them."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from app import content
from app.domain.regions import Closure
from app.flows.flow import Flows

FLOWS_DIR = Path(__file__).parents[2] / "ivr_flows"


@cache
def shipped() -> Flows:
    return content.load(FLOWS_DIR)


def utc(text: str) -> datetime:
    """`2026-03-09 12:00` as a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def closure(region: str, kind: str, start: str, end: str) -> Closure:
    return Closure(region, kind, utc(start), utc(end), "a test")  # type: ignore[arg-type]  # because kinds are checked


COUNTRIES = shipped().countries
