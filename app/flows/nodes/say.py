"""say: speaks prompts, may set facts, and goes on.

unverified:
  say: unverified_hint
  then: severity
"""

from collections.abc import Iterator
from typing import ClassVar

from app.flows.nodes.base import Go, Here, Known, Node, Prompts, Target, prompts_in


class Say(Node, frozen=True):
    kind: ClassVar[str] = "say"

    say: Prompts
    then: Target
    set: Known = Known()

    def enter(self, here: Here) -> Go:
        return Go(self.then, self.set.put(here.session), here.say(self.say))

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "", self.then

    def prompts(self) -> Iterator[str]:
        yield from prompts_in(self.say)
