"""queue: the caller waits in a queue until somebody takes the call, or for as long as `queues.yaml` allows.

wait:
  queue: decided          # or `tier1`: the Tier 1 queue of the call's region
  bridged: taken
  left: abandoned         # hung up
  waited: too-long        # the limit of its severity
  failed: queue-failed    # full, or the provider's fault
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from app.domain.routing import ASSUMED_SEVERITY
from app.flows import asks
from app.flows.nodes.base import Asks, Go, Here, Node, Step, Target, Wait
from app.flows.session import change
from app.flows.turn import Enqueue, Heard, HungUp, Leave, LeftQueue, Music, StillWaiting

YOUR_POSITION = "your_position"


class QueueNode(Node, frozen=True):
    kind: ClassVar[str] = "queue"
    waits: ClassVar[bool] = True

    queue: Literal["decided", "tier1"]
    bridged: Target
    left: Target
    waited: Target
    failed: Target

    def enter(self, here: Here) -> Wait:
        session = change(here.session, position=0, queued_at=int(here.now.timestamp()))
        return Wait(session, (Enqueue(self.name(here)),))

    def name(self, here: Here) -> str:
        way = here.session.way
        if self.queue == "decided" and way and way.queue:
            return way.queue
        return f"tier1-{here.region}"

    def hear(self, here: Here, heard: Heard) -> Step | None:
        match heard:
            case StillWaiting(seconds):
                return self._still_waiting(here, seconds)
            case asks.FoundPosition(position):
                return self._tell(here, position)
            case asks.Unavailable():
                return Wait(here.session, (Music(),))
            case LeftQueue(result, seconds):
                return self._left(here, result, seconds)
            case HungUp():
                return Go(self.left, here.session)
            case _:
                return None

    def _still_waiting(self, here: Here, seconds: int) -> Step:
        limit = here.flows.waiting.limit(here.session.severity or ASSUMED_SEVERITY, here.line.name)
        # The provider tells the time in the queue with some requests of a wait document, not surely with all.
        entered = here.session.queued_at
        waited = max(seconds, int(here.now.timestamp()) - entered) if entered else seconds
        if timedelta(seconds=waited) >= limit:
            return Wait(here.session, (Leave(),))
        return Asks(asks.FindPosition(), here.session)

    def _tell(self, here: Here, position: int) -> Wait:
        """The position is told the first time, and then only when it improved."""
        if here.session.position and position >= here.session.position:
            return Wait(here.session, (Music(),))
        there = here.turn_to(position=position)
        return Wait(there.session, (*there.say(YOUR_POSITION), Music()))

    def _left(self, here: Here, result: str, seconds: int) -> Go:
        match result:
            case "bridged" | "bridging-in-process" | "redirected" | "redirected-from-bridged":
                return Go(self.bridged, change(here.session, taken_at=here.session.queued_at + seconds))
            case "hangup":
                return Go(self.left, here.session)
            case "leave":
                return Go(self.waited, here.session)
            case _:
                return Go(self.failed, here.session, why=(f"the queue said {result}",))

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "taken", self.bridged
        yield "hangs up", self.left
        yield "waited too long", self.waited
        yield "queue failed", self.failed

    def prompts(self) -> Iterator[str]:
        yield YOUR_POSITION
