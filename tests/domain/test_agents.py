"""The states of an agent: what each call does to them, and that nobody gets lost between two."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import agents
from app.domain.agents import Agent, Refusal
from app.domain.routing import Severity
from tests.support.facts import utc

NOON = utc("2026-03-03 12:00")
SECOND = timedelta(seconds=1)
LATER = NOON + timedelta(minutes=5)
ANN = Agent("ann", "Ann", "client:ann", ("tier1-us",), "available", NOON, idle_since=NOON)
RUNG = agents.offered(ANN, NOON + 10 * SECOND)
TALKING = agents.took(RUNG, NOON + 20 * SECOND)
WRAPPING = agents.talked(TALKING, LATER)


def chooses(agent: Agent, wanted: agents.Wanted, reason: str = "", at: datetime = LATER) -> Agent:
    changed = agents.set_state(agent, wanted, reason, at)
    assert isinstance(changed, Agent)
    return changed


def test_a_call_from_ring_to_wrap_up_ends_as_it_began() -> None:
    assert [a.state for a in (RUNG, TALKING, WRAPPING)] == ["offered", "on_call", "wrap_up"]
    done = agents.wrapped_up(WRAPPING, LATER + agents.WRAP_UP)
    assert (done.state, done.idle_since, done.wrap_until) == ("available", LATER + agents.WRAP_UP, None)


def test_a_wrap_up_takes_60_seconds_and_can_be_prolonged_or_ended() -> None:
    assert not agents.wrap_up_is_over(WRAPPING, LATER + 59 * SECOND)
    assert agents.wrap_up_is_over(WRAPPING, LATER + 60 * SECOND)
    longer = agents.prolonged(WRAPPING, LATER + 30 * SECOND)
    assert not agents.wrap_up_is_over(longer, LATER + 119 * SECOND)
    assert agents.wrap_up_is_over(longer, LATER + 120 * SECOND)
    assert agents.wrapped_up(longer, LATER + 40 * SECOND).state == "available"


def test_one_missed_s1_puts_the_agent_away() -> None:
    away = agents.missed(RUNG, "S1", LATER)
    assert (away.state, away.reason, away.idle_since) == ("away", "missed", None)


@pytest.mark.parametrize("severity", ["S2", "S3"])
def test_two_missed_others_in_a_row_put_the_agent_away(severity: Severity) -> None:
    once = agents.missed(RUNG, severity, LATER)
    assert (once.state, once.missed, once.idle_since) == ("available", 1, LATER)
    twice = agents.missed(agents.offered(once, LATER), severity, LATER)
    assert (twice.state, twice.reason) == ("away", "missed")


@pytest.mark.parametrize("between", [agents.declined, agents.took])
def test_a_decline_or_a_call_ends_the_row_of_misses(between: Callable[[Agent, datetime], Agent]) -> None:
    once = agents.missed(RUNG, "S2", LATER)
    after = agents.wrapped_up(agents.talked(between(agents.offered(once, LATER), LATER), LATER), LATER)
    assert agents.missed(agents.offered(after, LATER), "S2", LATER).state == "available"


def test_who_comes_back_from_away_begins_a_new_row() -> None:
    put_away, went_away = agents.missed(RUNG, "S1", LATER), chooses(agents.missed(RUNG, "S2", LATER), "away", "lunch")
    for away in (put_away, went_away):
        back = chooses(away, "available")
        assert agents.missed(agents.offered(back, LATER), "S2", LATER).state == "available"


def test_who_declines_joins_the_end_of_the_idle_and_who_was_released_keeps_the_place() -> None:
    assert agents.declined(RUNG, LATER).idle_since == LATER
    assert agents.released(RUNG, LATER).idle_since == NOON
    assert agents.released(TALKING, LATER).idle_since == NOON


def test_a_change_of_state_during_a_call_takes_effect_afterwards() -> None:
    for busy in (RUNG, TALKING):
        away = chooses(busy, "away", "lunch")
        assert away.state == busy.state
        done = agents.wrapped_up(agents.talked(agents.took(away, LATER), LATER), LATER)
        assert (done.state, done.reason, done.idle_since) == ("away", "lunch", None)


def test_who_asked_to_stop_while_rung_stops_and_is_not_put_away() -> None:
    assert agents.missed(chooses(RUNG, "offline"), "S1", LATER).state == "offline"


def test_a_change_of_state_ends_a_wrap_up() -> None:
    done = chooses(WRAPPING, "offline")
    assert (done.state, done.wrap_until) == ("offline", None)


def test_being_away_needs_a_reason() -> None:
    assert isinstance(agents.set_state(ANN, "away", "  ", LATER), Refusal)
    assert chooses(ANN, "away", " team   meeting ").reason == "team meeting"


def test_who_is_available_already_stays_idle_as_long() -> None:
    assert chooses(ANN, "available") == ANN


def test_the_code_by_phone_toggles_available_and_offline() -> None:
    off = agents.toggled(ANN, LATER)
    assert (off.state, agents.toggled(off, LATER).state) == ("offline", "available")
    assert agents.toggled(chooses(ANN, "away", "lunch"), LATER).state == "available"
    assert (agents.toggled(TALKING, LATER).state, agents.toggled(TALKING, LATER).before) == ("on_call", "offline")
    assert agents.toggled(WRAPPING, LATER).state == "offline"


def test_who_dials_in_while_offline_is_offline_again_afterwards() -> None:
    dialled_in = agents.took(chooses(ANN, "offline"), LATER)
    assert agents.wrapped_up(agents.talked(dialled_in, LATER), LATER).state == "offline"


def test_a_queue_is_served_by_those_who_take_calls_now() -> None:
    away = replace(ANN, id="bob", queues=("tier1-emea",), state="away")
    assert agents.served([ANN, away]) == frozenset({"tier1-us"})
    assert agents.served([WRAPPING, RUNG, TALKING]) == frozenset({"tier1-us"})
    assert agents.served([away]) == frozenset()
    assert agents.served([]) is None
    assert agents.serving([ANN, TALKING, away], "tier1-us") == 2


STATES: tuple[agents.State, ...] = ("offline", "available", "offered", "on_call", "wrap_up", "away")
STEPS: dict[str, Callable[[Agent, datetime], Agent | Refusal]] = {
    "offered": agents.offered,
    "took": agents.took,
    "missed S1": lambda a, at: agents.missed(a, "S1", at),
    "missed S3": lambda a, at: agents.missed(a, "S3", at),
    "declined": agents.declined,
    "released": agents.released,
    "talked": agents.talked,
    "prolonged": agents.prolonged,
    "wrapped_up": agents.wrapped_up,
    "available": lambda a, at: agents.set_state(a, "available", "", at),
    "offline": lambda a, at: agents.set_state(a, "offline", "", at),
    "away": lambda a, at: agents.set_state(a, "away", "lunch", at),
    "toggled": agents.toggled,
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=30))
def test_no_order_of_events_loses_an_agent(steps: list[str]) -> None:
    agent = ANN
    for n, step in enumerate(steps):
        changed = STEPS[step](agent, NOON + n * SECOND)
        assert isinstance(changed, Agent)
        agent = changed
        assert (agent.id, agent.name, agent.reach, agent.queues) == (ANN.id, ANN.name, ANN.reach, ANN.queues)
        # Whoever is free can be found by how long; whoever wraps up has an end of it; whoever is away has a reason.
        assert agent.state != "available" or agent.idle_since is not None
        assert (agent.state == "wrap_up") == (agent.wrap_until is not None)
        assert agent.state != "away" or agent.reason
        assert agent.before in ("available", "offline", "away")
        assert agent.missed < agents.MISSED_IN_A_ROW
    at_rest = chooses(agents.wrapped_up(agents.talked(agents.released(agent, LATER), LATER), LATER), "available")
    assert at_rest.state == "available"


LEAVES: list[tuple[str, agents.State]] = [
    ("offered", "available"),
    ("missed S1", "offered"),
    ("missed S3", "offered"),
    ("declined", "offered"),
    ("talked", "on_call"),
    ("prolonged", "wrap_up"),
    ("wrapped_up", "wrap_up"),
]


@pytest.mark.parametrize(("step", "only_in"), LEAVES)
def test_news_that_comes_late_or_twice_changes_nothing(step: str, only_in: agents.State) -> None:
    for state in STATES:
        agent = replace(ANN, state=state)
        assert (STEPS[step](agent, LATER) == agent) == (state != only_in), state


@pytest.mark.parametrize(
    ("written", "reach"),
    [
        ("+12065550147", "+12065550147"),
        (" +44 20 7946-0121 ", "+442079460121"),
        ("+1 (206) 555.0147", "+12065550147"),
        ("sip:ann@example.com", "sip:ann@example.com"),
        ("sip:ann.lee@pbx.example.com:5061;transport=tls", "sip:ann.lee@pbx.example.com:5061;transport=tls"),
        ("client:ann_lee-1", "client:ann_lee-1"),
    ],
)
def test_a_reach_is_a_number_or_an_address(written: str, reach: str) -> None:
    assert agents.parse_reach(written) == reach


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ann",
        "2065550147",
        "+0123456789",
        "+12065",
        "+1206555014712345",
        "+1206CALLNOW",
        "+\u0661\u0662\u0660\u0666\u0665\u0665\u0665\u0660",
        "sip:",
        "sip:ann",
        "sip:a b@example.com",
        "client:",
        "client:ann lee",
        "tel:+12065550147",
    ],
)
def test_what_is_neither_is_refused_in_words(written: str) -> None:
    assert isinstance(agents.parse_reach(written), Refusal)


def test_a_reach_has_an_end() -> None:
    assert isinstance(agents.parse_reach("sip:ann@" + "x" * 250), Refusal)
