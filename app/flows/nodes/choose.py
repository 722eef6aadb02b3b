"""choose: goes on by a fact, in silence.

    which-case:
      choose: severity
      of: {S1: route}
      otherwise: case-number
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from app.flows.nodes.base import Go, Here, Node, Target


class Choose(Node, frozen=True):
    kind: ClassVar[str] = "choose"

    choose: Literal["severity", "verified", "case", "offer_caller_id", "loa"]
    of: dict[str, Target]
    otherwise: Target

    def enter(self, here: Here) -> Go:
        return Go(self.of.get(self._fact(here), self.otherwise), here.session)

    def _fact(self, here: Here) -> str:
        session = here.session
        match self.choose:
            case "severity":
                return "assumed" if session.assumed and session.severity != "S1" else session.severity or "none"
            case "verified":
                return "yes" if session.partner else "no"
            case "case":
                return "yes" if session.case else "no"
            case "offer_caller_id":
                return "yes" if here.line.offer_caller_id else "no"
            case "loa":
                return session.partner.loa if session.partner else "not_needed"

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield from self.of.items()
        yield "otherwise", self.otherwise
