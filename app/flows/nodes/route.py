"""route: decides where the call goes (`domain.routing`), tells the caller what there is to tell, and goes there.

route:
  route: {queue: open, line: open, voicemail: escalation.open, callback: closed.callback}
  stay: closed.stay      # every region is closed and the severity only assumed: asked first
"""

from collections.abc import Iterator
from typing import ClassVar, get_args

from app.domain import routing
from app.domain.regions import Closure
from app.domain.routing import ASSUMED_SEVERITY, Decision, Destination, Message
from app.flows import asks
from app.flows.nodes.base import Asks, Go, Here, Node, Target
from app.flows.session import Way
from app.flows.turn import Heard

SPOKEN = {message: f"told_{message}" for message in get_args(Message) if message != "stay_on_line"}


class Route(Node, frozen=True):
    kind: ClassVar[str] = "route"

    route: dict[Destination, Target]
    stay: Target

    def enter(self, here: Here) -> Asks:
        return Asks(asks.ReadClosures(), here.session)

    def hear(self, here: Here, heard: Heard) -> Go | None:
        match heard:
            case asks.FoundClosures(closures) | asks.Unavailable(closures):
                return self._go(here, decide(here, closures))
            case _:
                return None

    def _go(self, here: Here, decision: Decision) -> Go:
        if "stay_on_line" in decision.messages and not here.session.settled:
            return Go(self.stay, here.session, why=decision.why)
        way = Way(decision.tier, decision.region, decision.destination, decision.queue, decision.pages)
        opens_at = int(decision.opens_at.timestamp()) if decision.opens_at else None
        there = here.turn_to(way=way, opens_at=opens_at)
        told = tuple(SPOKEN[message] for message in decision.messages if message in SPOKEN)
        return Go(self.route[decision.destination], there.session, there.say(told), decision.why)

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield from self.route.items()
        yield "all closed, severity assumed", self.stay

    def prompts(self) -> Iterator[str]:
        yield from SPOKEN.values()

    def mistakes(self) -> Iterator[str]:
        for destination in get_args(Destination):
            if destination not in self.route:
                yield f"route: say where to go for `{destination}`"


def decide(here: Here, closures: tuple[Closure, ...]) -> Decision:
    session = here.session
    call = routing.Call(
        line=here.line,
        caller=session.partner.caller if session.partner else None,
        severity=session.severity or ASSUMED_SEVERITY,
        at=here.now,
        assumed=session.assumed and session.severity != "S1",
    )
    return routing.decide(call, here.flows.lines, here.flows.regions, closures)
