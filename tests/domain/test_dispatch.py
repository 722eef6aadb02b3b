"""Who is rung for which waiting call: each rule as a row, and what must never happen as properties."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain import dispatch
from app.domain.agents import Agent
from app.domain.dispatch import Offer, Place, decide
from tests.support.facts import utc

NOON = utc("2026-03-03 12:00")
NOW = NOON + timedelta(minutes=10)
SECOND = timedelta(seconds=1)


def place(sid: str, severity: Any = "S2", *, waits: int = 10, **fields: Any) -> Place:
    """A call that has waited some seconds in `tier1-us`."""
    place = Place(sid, "call", "tier1-us", None, severity, False, NOW - waits * SECOND)
    return replace(place, **fields)


def agent(name: str, *queues: str, idle: int = 60, **fields: Any) -> Agent:
    idle_since = NOW - idle * SECOND
    free = Agent(name, name, f"client:{name}", queues or ("tier1-us",), "available", NOON, idle_since=idle_since)
    return replace(free, **fields)


def rung(places: list[Place], agents: list[Agent], now: datetime = NOW) -> list[tuple[str, str, int]]:
    return [(offer.call_sid, offer.agent_id, offer.slot) for offer in decide(places, agents, now)]


def test_the_first_in_queue_order_is_rung_to_the_agent_idle_longest() -> None:
    calls = [place("c", "S3", waits=500), place("b", waits=20), place("a", waits=30), place("d", certified=True)]
    assert rung(calls, [agent("ann", idle=10), agent("bob", idle=20)]) == [("d", "bob", 0), ("a", "ann", 0)]


def test_a_call_whose_queue_nobody_free_serves_lets_the_next_pass() -> None:
    calls = [place("a", "S1", queue="tier2-us"), place("b")]
    assert rung(calls, [agent("ann"), agent("bob", "tier2-us", state="on_call")]) == [("b", "ann", 0)]


def test_a_call_is_offered_to_the_other_region_too_once_it_may_be() -> None:
    assert rung([place("a")], [agent("ann", "tier1-emea")]) == []
    assert rung([place("a", also="tier1-emea")], [agent("ann", "tier1-emea")]) == [("a", "ann", 0)]


def test_never_the_same_agent_twice_in_a_row_while_another_is_free() -> None:
    call = place("a", last_agent="ann")
    assert rung([call], [agent("ann", idle=99), agent("bob", idle=1)]) == [("a", "bob", 0)]
    assert rung([call], [agent("ann"), agent("bob", state="wrap_up")]) == [("a", "ann", 0)]


def test_a_call_that_is_rung_already_gets_no_other_agent() -> None:
    agents = [agent("ann", state="offered"), agent("bob")]
    for severity in ("S1", "S2", "S3"):
        assert rung([place("a", severity, waits=44, ringing=("ann",))], agents) == []
    assert rung([place("a", "S2", waits=3000, ringing=("ann",))], agents) == []


def test_an_s1_is_rung_to_two_agents_at_once_from_45_seconds_on() -> None:
    agents = [agent("ann", idle=3), agent("bob", idle=2), agent("eve", idle=1)]
    assert rung([place("a", "S1", waits=44)], agents) == [("a", "ann", 0)]
    assert rung([place("a", "S1", waits=45)], agents) == [("a", "ann", 0), ("a", "bob", 1)]
    assert rung([place("a", "S1", waits=45, ringing=("ann",))], agents) == [("a", "bob", 1)]
    both = place("a", "S1", waits=45, ringing=("bob", "eve"))
    assert rung([both, place("b")], agents[:1]) == [("b", "ann", 0)]


def test_the_slot_that_came_free_is_filled_again() -> None:
    assert rung([place("a", "S1", waits=60, ringing=("ann",), slots=(1,))], [agent("bob")]) == [("a", "bob", 0)]


def test_every_s1_has_one_agent_before_any_has_two_and_two_before_an_s2_has_one() -> None:
    calls = [place("s2", waits=900), place("x", "S1", waits=60), place("y", "S1", waits=50)]
    agents = [agent(name, idle=9 - n) for n, name in enumerate("abcde")]
    assert [(sid, slot) for sid, _, slot in rung(calls, agents)] == [("x", 0), ("y", 0), ("x", 1), ("y", 1), ("s2", 0)]


def test_a_callback_keeps_its_place_and_is_not_offered_before_it_is_due() -> None:
    callback = place("a", waits=600, kind="callback", due_at=NOW + SECOND)
    assert rung([callback, place("b")], [agent("ann")]) == [("b", "ann", 0)]
    assert rung([callback, place("b")], [agent("ann")], NOW + SECOND) == [("a", "ann", 0)]


def test_it_says_when_to_look_again() -> None:
    later = place("a", kind="callback", due_at=NOW + timedelta(hours=2))
    assert dispatch.look_again([place("b"), later], NOW) == NOW + timedelta(hours=2)
    assert dispatch.look_again([later, place("c", "S1", waits=40)], NOW) == NOW + 5 * SECOND
    assert dispatch.look_again([place("c", "S1", waits=45)], NOW) is None


QUEUES = ("tier1-us", "tier1-emea", "tier2-us")
AGENTS = st.lists(
    st.builds(
        Agent,
        id=st.integers(0, 99).map(str),
        name=st.just("somebody"),
        reach=st.just("client:somebody"),
        queues=st.lists(st.sampled_from(QUEUES), min_size=1, max_size=3, unique=True).map(tuple),
        state=st.sampled_from(
            ["available", "available", "available", "offered", "on_call", "wrap_up", "away", "offline"]
        ),
        since=st.just(NOON),
        idle_since=st.integers(0, 99).map(lambda s: NOW - s * SECOND),
    ),
    max_size=8,
    unique_by=lambda agent: agent.id,
)
PLACES = st.lists(
    st.builds(
        Place,
        call_sid=st.integers(0, 999).map(lambda n: f"CA{n}"),
        kind=st.sampled_from(["call", "callback"]),
        queue=st.sampled_from(QUEUES),
        also=st.sampled_from([None, *QUEUES]),
        severity=st.sampled_from(["S1", "S2", "S3"]),
        certified=st.booleans(),
        since=st.integers(0, 90).map(lambda s: NOW - s * SECOND),
        ringing=st.lists(st.integers(0, 99).map(str), max_size=2, unique=True).map(tuple),
        last_agent=st.integers(0, 99).map(str) | st.none(),
        due_at=st.integers(-60, 60).map(lambda s: NOW + s * SECOND) | st.none(),
    ),
    max_size=15,
    unique_by=lambda place: place.call_sid,
)


def serves(agent: Agent, place: Place) -> bool:
    return place.queue in agent.queues or place.also in agent.queues


def for_two(place: Place) -> bool:
    return place.severity == "S1" and NOW - place.since >= 45 * SECOND


def wants(place: Place, offers: int = 0) -> bool:
    """Whether a place still wants an agent, by the words of the rules."""
    if place.due_at is not None and place.due_at > NOW:
        return False
    return len(place.ringing) + offers < (2 if for_two(place) else 1)


def by_the_book(places: list[Place], agents: list[Agent]) -> list[Offer]:
    """The rule said slowly: again and again the first call that wants somebody who is free."""
    rung = {name for place in places for name in place.ringing}
    free = [a for a in agents if a.state == "available" and a.id not in rung]
    offers: list[Offer] = []
    while True:
        had = Counter(offer.call_sid for offer in offers)
        found = [
            ((p.severity, len(p.ringing) + had[p.call_sid] > 0, not p.certified, p.since, p.call_sid), p)
            for p in places
            if wants(p, had[p.call_sid]) and any(serves(a, p) for a in free)
        ]
        if not found:
            return offers
        first = min(found, key=lambda f: f[0])[1]
        able = [a for a in free if serves(a, first)]
        chosen = min(able, key=lambda a: (a.id == first.last_agent, a.idle_since or a.since, a.id))
        offers.append(Offer(first.call_sid, chosen.id, len(first.ringing) + had[first.call_sid]))
        free.remove(chosen)


@given(PLACES, AGENTS)
def test_it_decides_as_the_rule_said_slowly(places: list[Place], agents: list[Agent]) -> None:
    assert decide(places, agents, NOW) == by_the_book(places, agents)


@given(PLACES, AGENTS)
def test_never_two_offers_for_one_call_but_the_second_of_an_s1_and_nobody_twice(
    places: list[Place], agents: list[Agent]
) -> None:
    offers = decide(places, agents, NOW)
    rung = Counter(name for place in places for name in place.ringing)
    assert all(count == 1 and not rung[name] for name, count in Counter(o.agent_id for o in offers).items())
    assert len({(o.call_sid, o.slot) for o in offers}) == len(offers)
    for place in places:
        new = sum(o.call_sid == place.call_sid for o in offers)
        assert not new or len(place.ringing) + new <= (2 if for_two(place) else 1)


@given(PLACES, AGENTS)
def test_only_who_is_available_and_serves_the_call_is_rung(places: list[Place], agents: list[Agent]) -> None:
    calls, people = {p.call_sid: p for p in places}, {a.id: a for a in agents}
    for offer in decide(places, agents, NOW):
        assert people[offer.agent_id].state == "available"
        assert serves(people[offer.agent_id], calls[offer.call_sid])


@given(PLACES, AGENTS)
def test_no_lower_severity_is_offered_while_an_eligible_higher_one_waits(
    places: list[Place], agents: list[Agent]
) -> None:
    offers = decide(places, agents, NOW)
    had = Counter(offer.call_sid for offer in offers)
    calls, people = {p.call_sid: p for p in places}, {a.id: a for a in agents}
    for offer in offers:
        passed_over = [
            p
            for p in places
            if p.severity < calls[offer.call_sid].severity
            and wants(p, had[p.call_sid])
            and serves(people[offer.agent_id], p)
        ]
        assert passed_over == []


@given(PLACES, AGENTS)
def test_nobody_is_left_free_whom_a_waiting_call_wants(places: list[Place], agents: list[Agent]) -> None:
    offers = decide(places, agents, NOW)
    had = Counter(offer.call_sid for offer in offers)
    busy = {o.agent_id for o in offers} | {name for p in places for name in p.ringing}
    free = [a for a in agents if a.state == "available" and a.id not in busy]
    assert not [p for p in places if wants(p, had[p.call_sid]) and any(serves(a, p) for a in free)]


@given(PLACES, AGENTS, st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_nothing(places: list[Place], agents: list[Agent], chance: Any) -> None:
    decided = decide(places, agents, NOW)
    chance.shuffle(places)
    chance.shuffle(agents)
    assert decide(places, agents, NOW) == decided
