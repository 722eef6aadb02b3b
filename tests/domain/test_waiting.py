"""The order of a queue."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.waiting import Waiting, position
from tests.support.facts import utc

NOON = utc("2026-03-03 12:00")
CALLS = st.builds(
    Waiting,
    call_sid=st.uuids().map(str),
    severity=st.sampled_from(["S1", "S2", "S3"]),
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
