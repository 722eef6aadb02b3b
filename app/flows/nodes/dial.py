"""dial: rings the contacts on duty one after another, or the certified partner line where that is external.

reach:
  dial: contacts
  answered: taken
  failed: wait-tier1
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from app.domain import duty
from app.flows.nodes.base import Go, Here, Node, Step, Target, Wait
from app.flows.session import change
from app.flows.turn import Dial, DialEnded, Heard


class DialNode(Node, frozen=True, kw_only=True):
    """`timeout` is how long each number rings; an answer shorter than `at_least` seconds counts as none."""

    kind: ClassVar[str] = "dial"
    waits: ClassVar[bool] = True

    dial: Literal["contacts", "certified_line"]
    timeout: int = 20
    at_least: int = 0
    answered: Target
    failed: Target

    def enter(self, here: Here) -> Step:
        numbers = self._numbers(here)
        if not numbers:
            # A certified line answered here is its queue: there is no number to ring.
            why = ("nobody is on duty to be rung",) if self.dial == "contacts" else ()
            return Go(self.failed, here.session, why=why)
        shown = here.flows.regions[here.region].outbound_number
        # A voice mailbox that answers is nobody: a contact presses 1. An external line is a switchboard, and cannot.
        return Wait(here.session, (Dial(numbers, self.timeout, self.dial == "contacts", shown),))

    def _numbers(self, here: Here) -> tuple[str, ...]:
        way = here.session.way
        if self.dial == "certified_line":
            line = here.flows.lines.certified_line(here.region)
            return (line.external,) if line and line.external else ()
        ladder = duty.on_duty(here.flows.ladders, way.tier if way else 1, here.region, here.now)
        return tuple(contact.phone for contact in ladder.rungs) if ladder else ()

    def hear(self, here: Here, heard: Heard) -> Step | None:
        match heard:
            case DialEnded(status, seconds, bridged):
                reached = status in ("completed", "answered") and bridged is not False
                if reached and (seconds or 0) >= max(self.at_least, 1):
                    taken_at = int(here.now.timestamp()) - (seconds or 0)
                    return Go(self.answered, change(here.session, taken_at=taken_at))
                return Go(self.failed, here.session, why=(f"the dialled party: {status}",))
            case _:
                return None

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "answered", self.answered
        yield "not reached", self.failed

    def mistakes(self) -> Iterator[str]:
        if not 5 <= self.timeout <= 600:
            yield "timeout: the provider takes 5 to 600 seconds"
