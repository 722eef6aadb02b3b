"""choose: goes on by a fact, in silence.

which-case:
  choose: severity
  of: {S1: route}
  otherwise: case-number
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

from app.flows.nodes.base import Go, Here, Node, Target

VALUES = {
    "severity": frozenset({"S1", "S2", "S3", "assumed", "none"}),
    "has_number": frozenset({"yes", "no"}),
    "offer_caller_id": frozenset({"yes", "no"}),
}


class Choose(Node, frozen=True):
    kind: ClassVar[str] = "choose"

    choose: Literal["severity", "has_number", "offer_caller_id"]
    of: dict[str, Target]
    otherwise: Target

    def enter(self, here: Here) -> Go:
        return Go(self.of.get(self._fact(here), self.otherwise), here.session)

    def _fact(self, here: Here) -> str:
        session = here.session
        match self.choose:
            case "severity":
                return "assumed" if session.assumed and session.severity != "S1" else session.severity or "none"
            case "has_number":
                return "yes" if session.has_number else "no"
            case "offer_caller_id":
                return "yes" if here.line.offer_caller_id else "no"

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield from self.of.items()
        yield "otherwise", self.otherwise

    def mistakes(self) -> Iterator[str]:
        for value in self.of:
            if value not in VALUES[self.choose]:
                yield f"of: {self.choose} is never {value}; it is one of {', '.join(sorted(VALUES[self.choose]))}"
