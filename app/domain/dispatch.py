"""Which waiting call is rung to which agent. Source: agents.md, "Who" and "One offer at a time".

The first call in queue order for which somebody eligible is free; of those, the agent idle longest. `decide` only
says so: that one call has one offer, and one agent one, is kept by unique indexes where offers are written.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from operator import itemgetter
from typing import Literal

from app.domain.agents import Agent
from app.domain.routing import Severity

Kind = Literal["call", "callback"]
# How long an agent's phone rings.
RINGS_FOR = timedelta(seconds=20)
# A waiting S1 is rung to two agents at once from then on.
SECOND_AGENT_AFTER = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Place:
    """A waiting call, or a callback that keeps its place.

    `also`: the queue of another region that it is offered to as well. `since`: the first waiting time. `ringing`: the
    agents with an open offer for it, and `slots` the slots of those offers; without, the lowest. `last_agent`: who was
    rung for it last. `due_at`: a callback is not offered before.
    """

    call_sid: str
    kind: Kind
    queue: str
    also: str | None
    severity: Severity
    certified: bool
    since: datetime
    ringing: tuple[str, ...] = ()
    last_agent: str | None = None
    due_at: datetime | None = None
    slots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A call rung to an agent. `slot` is 1 for the second agent of an S1, or 0."""

    call_sid: str
    agent_id: str
    slot: int


# (severity, whether another agent is rung or asked already, not certified, since, call_sid)
_Order = tuple[str, bool, bool, datetime, str]


def decide(places: Iterable[Place], agents: Iterable[Agent], now: datetime) -> list[Offer]:
    """The offers to make now, in queue order over all queues.

    Every S1 has one agent before any has two, and two before an S2 has one.

    Calls of the same queues differ in their order only. So of each such group no more are looked at than agents are
    free for it, and the time grows with the number of calls as reading them does.
    """
    places = list(places)
    free = _free(places, agents)
    if not free:
        return []
    demands = [demand for place in _first(places, free, now) for demand in _demands(place, now)]
    offers = []
    for _, place, slot in sorted(demands, key=itemgetter(0)):
        agent = _choose(place, free)
        if agent is not None:
            free.remove(agent)
            offers.append(Offer(place.call_sid, agent.id, slot))
    return offers


def look_again(places: Iterable[Place], now: datetime) -> datetime | None:
    """The next moment at which `decide` may find more although nobody came or went; None if there is none."""
    later = (moment for place in places for moment in _moments(place) if moment > now)
    return min(later, default=None)


def _moments(place: Place) -> Iterator[datetime]:
    if place.due_at is not None:
        yield place.due_at
    if place.severity == "S1":
        yield place.since + SECOND_AGENT_AFTER


def _free(places: Sequence[Place], agents: Iterable[Agent]) -> list[Agent]:
    """Everybody who can be rung, idle longest first."""
    rung = {agent for place in places for agent in place.ringing}
    free = [agent for agent in agents if agent.state == "available" and agent.id not in rung]
    return sorted(free, key=lambda agent: (agent.idle_since or agent.since, agent.id))


def _first(places: Sequence[Place], free: Sequence[Agent], now: datetime) -> Iterator[Place]:
    """The first of each group of calls with the same queues: as many as agents are free for it."""
    groups: dict[tuple[str, str | None], list[Place]] = defaultdict(list)
    for place in places:
        if _wants(place, now):
            groups[place.queue, place.also].append(place)
    for (queue, also), group in groups.items():
        able = sum(_serves(agent, queue, also) for agent in free)
        yield from nsmallest(able, group, key=order)


def order(place: Place, *, second: bool = False) -> _Order:
    """Sorts as agents are given out. The last part only makes the order total."""
    second = second or bool(place.ringing)
    return place.severity, second, not place.certified, place.since, place.call_sid


def _wants(place: Place, now: datetime) -> bool:
    if place.due_at is not None and place.due_at > now:
        return False
    return not place.ringing or (len(place.ringing) == 1 and _is_for_two(place, now))


def _is_for_two(place: Place, now: datetime) -> bool:
    return place.severity == "S1" and now - place.since >= SECOND_AGENT_AFTER


def _demands(place: Place, now: datetime) -> Iterator[tuple[_Order, Place, int]]:
    """What a place wants: an agent for its first slot without an offer, and one for the second if it is for two."""
    taken = place.slots or tuple(range(len(place.ringing)))
    slots = [slot for slot in range(2 if _is_for_two(place, now) else 1) if slot not in taken]
    for n, slot in enumerate(slots):
        yield order(place, second=n > 0), place, slot


def _choose(place: Place, free: Sequence[Agent]) -> Agent | None:
    """The agent idle longest, but whoever was rung for this call last only if there is nobody else."""
    able = (agent for agent in free if _serves(agent, place.queue, place.also))
    first = next(able, None)
    if first is not None and first.id == place.last_agent:
        return next(able, first)
    return first


def _serves(agent: Agent, queue: str, also: str | None) -> bool:
    return queue in agent.queues or also in agent.queues
