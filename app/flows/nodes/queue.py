"""queue: the caller waits in a queue until somebody takes the call, or for as long as `queues.yaml` allows.

wait:
  queue: decided          # or `tier1`: the Tier 1 queue of the call's region
  bridged: taken
  left: abandoned         # hung up
  callback: called-back   # asked to be called back, or waited long enough for it; the place is kept
  waited: too-long        # the limit, while nobody looks after the queue
  failed: queue-failed    # full, or the provider's fault

Who answers, and when the wait has been long enough, is decided by the dispatcher; the node asks it each time the music
runs out. Only while it cannot be asked, or does nothing, do the limits count here.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from app.domain import waiting
from app.domain.routing import ASSUMED_SEVERITY, Severity
from app.flows import asks
from app.flows.nodes.base import Asks, Go, Here, Node, Step, Target, Wait
from app.flows.session import Session, Way, change
from app.flows.turn import DialEnded, Enqueue, Heard, HungUp, Keyed, Leave, LeftQueue, Music, Silence, StillWaiting

POSITION, EXPECTED = "your_position", "your_wait"
OFFERS = {"S1": "offer_ringing_back"}
OFFER = "offer_callback"
LOST, PASSED_ON = "agent_lost", "handed_over"
CALLBACK_KEY = "1"
# What the dispatcher is given beyond a limit before the node takes it that nobody looks after the queue.
PATIENCE = timedelta(minutes=1)


class QueueNode(Node, frozen=True):
    kind: ClassVar[str] = "queue"
    waits: ClassVar[bool] = True

    queue: Literal["decided", "tier1"]
    bridged: Target
    left: Target
    callback: Target
    waited: Target
    failed: Target

    def enter(self, here: Here) -> Wait:
        fresh = change(
            here.session, position=0, announced=0, announced_at=0, queued_at=int(here.now.timestamp()), taken_at=0
        )
        return Wait(fresh, (Enqueue(self.name(here)),))

    def name(self, here: Here) -> str:
        way = here.session.way
        if self.queue == "decided" and way and way.queue:
            return way.queue
        return f"tier1-{here.region}"

    def hear(self, here: Here, heard: Heard) -> Step | None:
        match heard:
            case Keyed(keys) if keys.startswith(CALLBACK_KEY) and _may_ask_for_callback(here):
                return Asks(asks.WantCallback(), here.session)
            case StillWaiting() | Keyed():
                return Asks(asks.FindPlace(expected=_is_due(here)), here.session)
            case asks.FoundPlace():
                return self._go_on(here, heard)
            case asks.Done():
                # The wish is noted: the place is kept, and the way out of the queue leads to `callback`.
                return Wait(here.session, (Leave(),))
            case asks.Unavailable():
                return self._without_dispatcher(here)
            case LeftQueue(result, seconds):
                return self._left(here, result, seconds)
            case DialEnded() | Silence():
                # Back from a conference.
                return Asks(asks.HowItEnded(here.session.turn), here.session)
            case asks.AgentLost():
                return self._again(here, here.session.way, LOST)
            case asks.HandedOver(queue, tier, region):
                return self._again(here, Way(tier, region, "queue", queue, pages=False), PASSED_ON)
            case asks.No():
                return Go(self.bridged, here.session)
            case HungUp():
                return Go(self.left, here.session)
            case _:
                return None

    def _go_on(self, here: Here, place: asks.FoundPlace) -> Step:
        session = here.session
        if place.taken:
            # The call is about to be connected: so nothing but music, or the queue again, to be taken out of it.
            return self.enter(here) if session.leaving else Wait(session, (Music(),))
        if session.leaving:
            return Go(self.callback if place.leaves else self.waited, change(session, leaving=False))
        if place.leaves or _too_long(here, place):
            return Wait(session, (Leave(),))
        if _is_due(here):
            return self._announce(here, place)
        return Wait(session, (Music(listens=_may_ask_for_callback(here)),))

    def _announce(self, here: Here, place: asks.FoundPlace) -> Wait:
        """The position is told the first time, and then only when it improved."""
        before = here.session.position
        there = here.turn_to(
            position=place.position,
            minutes=place.minutes or 0,
            announced=here.session.announced + 1,
            announced_at=int(here.now.timestamp()),
        )
        told = [POSITION] if waiting.position_is_told(place.position, before) else []
        if place.minutes:
            told.append(EXPECTED)
        offers = _may_ask_for_callback(there)
        if offers:
            told.append(OFFERS.get(_severity(there), OFFER))
        return Wait(there.session, (Music(there.say(tuple(told)), listens=offers),))

    def _without_dispatcher(self, here: Here) -> Step:
        """Nobody can say where the caller stands: the limits count, and what was asked for is not known."""
        session = here.session
        if session.leaving:
            return Go(self.waited, change(session, leaving=False))
        return Wait(session, (Leave() if _waited(here) >= _limit(here) else Music(),))

    def _left(self, here: Here, result: str, seconds: int) -> Step:
        match result:
            case "bridged" | "redirected-from-bridged":
                return Go(self.bridged, _taken(here, seconds))
            case "redirected" | "bridging-in-process":
                # It may come when the conversation is over, before the end of that does.
                return Asks(asks.HowItEnded(here.session.turn), _taken(here, seconds))
            case "hangup":
                return Go(self.left, here.session)
            case "leave":
                return Asks(asks.FindPlace(), change(here.session, leaving=True))
            case _:
                return Go(self.failed, here.session, why=(f"the queue said {result}",))

    def _again(self, here: Here, way: Way | None, prompt: str) -> Step:
        """Back in a queue, with the first waiting time."""
        there = here.turn_to(way=way)
        waits = self.enter(there)
        return Wait(waits.session, (*there.say(prompt), *waits.directives))

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "taken", self.bridged
        yield "hangs up", self.left
        yield "called back", self.callback
        yield "waited too long", self.waited
        yield "queue failed", self.failed

    def prompts(self) -> Iterator[str]:
        yield from (POSITION, EXPECTED, OFFER, *OFFERS.values(), LOST, PASSED_ON)


def _is_due(here: Here) -> bool:
    """Whether the next announcement is."""
    return int(here.now.timestamp()) - here.session.announced_at >= waiting.ANNOUNCED_EVERY.total_seconds()


def _taken(here: Here, seconds: int) -> Session:
    """Somebody has taken the call, after so long in the queue."""
    return change(here.session, taken_at=here.session.queued_at + seconds)


def _severity(here: Here) -> Severity:
    return here.session.severity or ASSUMED_SEVERITY


def _limit(here: Here) -> timedelta:
    return here.flows.waiting.limit(_severity(here), here.line.name)


def _waited(here: Here) -> timedelta:
    """In this queue. A call that never came into one has not waited."""
    queued_at = here.session.queued_at
    return timedelta(seconds=int(here.now.timestamp()) - queued_at if queued_at else 0)


def _too_long(here: Here, place: asks.FoundPlace) -> bool:
    """Nobody waits longer than `longest`; nor much longer than the limit while nobody looks after the queue.

    After its limit an S1 is paged; others are offered to another region, and after the limit once more called back.
    """
    waited, limit = _waited(here), _limit(here)
    if waited >= here.flows.waiting.longest:
        return True
    if _severity(here) == "S1":
        return not place.paged and waited >= limit + PATIENCE
    return waited >= 2 * limit + PATIENCE


def _may_ask_for_callback(here: Here) -> bool:
    return waiting.may_ask_to_be_rung(_severity(here), _waited(here)) or waiting.may_ask_for_callback(
        _severity(here), here.session.announced
    )
