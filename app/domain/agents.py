"""Agents: who they are, and how their state changes. Source: agents.md, "Agents" and "An offer".

`offline` → `available` → `offered` → `on_call` → `wrap_up` → back to the state before; or `away`, with a reason.

Each change is a function from an agent to an agent, and time is its argument. A change that does not fit the agent's
state leaves the agent as it is: timers and the telephone company's news may come late, or twice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from app.domain.routing import Severity

State = Literal["offline", "available", "offered", "on_call", "wrap_up", "away"]
# What an agent can ask for. The other states come from the calls.
Wanted = Literal["available", "offline", "away"]

WRAP_UP = timedelta(seconds=60)
MISSED = "missed"
MISSED_IN_A_ROW = 2
# States of an agent who takes calls, now or after the one at hand.
# The state before holds again when these are over.
WITH_A_CALL: frozenset[State] = frozenset({"offered", "on_call", "wrap_up"})
SERVING: frozenset[State] = WITH_A_CALL | {"available"}

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP = re.compile(r"sip:[^\s@:;?]+@[A-Za-z0-9.\-]+(:[0-9]{1,5})?([;?]\S*)?")
_CLIENT = re.compile(r"client:[A-Za-z0-9_.\-]{1,121}")
LONGEST_REACH = 255


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who takes calls from queues.

    `since`: in this state since. `before`: the state to go back to after an offer, a call and its wrap-up.
    `idle_since`: free since; an offer that came to nothing without the agent's doing does not count as work.
    `missed`: offers missed in a row.
    """

    id: str
    name: str
    reach: str
    queues: tuple[str, ...]
    state: State
    since: datetime
    before: State = "offline"
    reason: str = ""
    idle_since: datetime | None = None
    missed: int = 0
    wrap_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot be, in words for who asked."""

    reason: str


def served(agents: Iterable[Agent]) -> frozenset[str] | None:
    """The queues that somebody serves now: an agent who is available, rung, talking or wrapping up.

    None where there are no agents at all: in such an installation people take calls by dialling in, and nobody can say
    that a queue is not served.
    """
    known = list(agents)
    return frozenset(queue for a in known if a.state in SERVING for queue in a.queues) if known else None


def serving(agents: Iterable[Agent], queue: str) -> int:
    """How many agents serve a queue now."""
    return sum(a.state in SERVING and queue in a.queues for a in agents)


def offered(agent: Agent, now: datetime) -> Agent:
    """A waiting call is rung to the agent."""
    if agent.state != "available":
        return agent
    return replace(agent, state="offered", since=now, before="available")


def took(agent: Agent, now: datetime) -> Agent:
    """The agent has a call: by pressing 1, or by dialling in, from whatever state. A row of missed offers ends."""
    if agent.state == "on_call":
        return agent
    return replace(agent, state="on_call", since=now, before=_after_calls(agent), missed=0, wrap_until=None)


def missed(agent: Agent, severity: Severity, now: datetime) -> Agent:
    """The offer was not answered by a person. One missed S1, or two others in a row, put the agent away.

    Who is put back joins the end of the idle agents. Who asked to stop while the phone rang is not put away but stops.
    """
    if agent.state != "offered":
        return agent
    in_a_row = agent.missed + 1
    if agent.before != "available":
        return _back(agent, now)
    if severity == "S1" or in_a_row >= MISSED_IN_A_ROW:
        return replace(_to(agent, "away", now), reason=MISSED, missed=0)
    return replace(_back(agent, now), missed=in_a_row)


def declined(agent: Agent, now: datetime) -> Agent:
    """The agent pressed 2. That is no miss: a person is there, so it ends a row of them.

    The agent joins the end of the idle agents. Otherwise two who decline would be rung in turn, and a third, idle for
    less long, never.
    """
    return replace(_back(agent, now), missed=0) if agent.state == "offered" else agent


def released(agent: Agent, now: datetime) -> Agent:
    """An offer or a call ended before it began, without the agent's doing: cancelled, taken by another, caller gone.

    The agent keeps the place among the idle, and no wrap-up follows.
    """
    if agent.state not in ("offered", "on_call"):
        return agent
    back = _back(agent, now)
    if back.state == "available" and agent.idle_since is not None:
        return replace(back, idle_since=agent.idle_since)
    return back


def talked(agent: Agent, now: datetime) -> Agent:
    """The call is over: 60 seconds of wrap-up."""
    if agent.state != "on_call":
        return agent
    return replace(agent, state="wrap_up", since=now, idle_since=None, wrap_until=now + WRAP_UP)


def prolonged(agent: Agent, now: datetime) -> Agent:
    """Sixty seconds more of wrap-up, as often as the agent asks."""
    if agent.state != "wrap_up":
        return agent
    return replace(agent, wrap_until=max(agent.wrap_until or now, now) + WRAP_UP)


def wrap_up_is_over(agent: Agent, now: datetime) -> bool:
    """Whether the time of a wrap-up has passed. A timer set before it was prolonged finds that it has not."""
    return agent.state == "wrap_up" and (agent.wrap_until is None or agent.wrap_until <= now)


def wrapped_up(agent: Agent, now: datetime) -> Agent:
    """The wrap-up ends, by the agent or because its time has passed: the agent is as before the call."""
    return _back(agent, now) if agent.state == "wrap_up" else agent


def set_state(agent: Agent, wanted: Wanted, reason: str, now: datetime) -> Agent | Refusal:
    """The agent's own choice. While rung or talking it is kept, and holds afterwards; a wrap-up it ends at once.

    Being away needs a reason. The choice is a person's, so a row of missed offers ends.
    """
    words = " ".join(reason.split()) if wanted == "away" else ""
    if wanted == "away" and not words:
        return Refusal("say why, as in: lunch, a meeting")
    return _chosen(agent, wanted, words, now)


def toggled(agent: Agent, now: datetime) -> Agent:
    """`**`, the code and `#` by phone: who takes calls is offline, anybody else (also who is away) is available.

    While rung or talking, what holds afterwards is toggled.
    """
    return _chosen(agent, toggles_to(agent.state, agent.before), "", now)


def toggles_to(state: State, before: State) -> Literal["available", "offline"]:
    """What an agent in this state is toggled to. `before`: what holds after an offer, a call and its wrap-up."""
    return "offline" if _after(state, before) == "available" else "available"


def parse_reach(text: str) -> str | Refusal:
    """Where an agent is rung: a number in E.164, which may be written with spaces, or a `sip:` or `client:` address.

    Numbers are looked at for their shape only.
    """
    reach = text.strip()
    if reach.startswith("+"):
        reach = re.sub(r"[\s().\-]", "", reach)
        fits = _NUMBER.fullmatch(reach)
    elif reach.startswith("sip:"):
        fits = _SIP.fullmatch(reach)
    else:
        fits = _CLIENT.fullmatch(reach)
    if fits and len(reach) <= LONGEST_REACH:
        return reach
    return Refusal("give a number as +12065550147, or an address as sip:ann@example.com or client:ann")


def _chosen(agent: Agent, wanted: Wanted, reason: str, now: datetime) -> Agent:
    if agent.state in ("offered", "on_call"):
        return replace(agent, before=wanted, reason=reason, missed=0)
    if (agent.state, agent.reason) == (wanted, reason):
        return replace(agent, missed=0)
    return replace(_to(agent, wanted, now), reason=reason, missed=0)


def _after_calls(agent: Agent) -> State:
    """The state that holds once there is neither an offer, a call nor a wrap-up."""
    return _after(agent.state, agent.before)


def _after(state: State, before: State) -> State:
    return before if state in WITH_A_CALL else state


def _back(agent: Agent, now: datetime) -> Agent:
    back = _to(agent, agent.before, now)
    return replace(back, reason=agent.reason) if back.state == "away" else back


def _to(agent: Agent, state: State, now: datetime) -> Agent:
    """In another state from now on, and among the idle if that is to be available."""
    idle = now if state == "available" else None
    return replace(agent, state=state, since=now, reason="", idle_since=idle, wrap_until=None)
