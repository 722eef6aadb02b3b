"""hangup: says goodbye and ends the call.

goodbye:
  hangup: thanks
"""

from collections.abc import Iterator
from typing import ClassVar

from app.flows.nodes.base import Here, Node, Prompts, Target, Wait, prompts_in
from app.flows.turn import Hangup


class HangupNode(Node, frozen=True):
    kind: ClassVar[str] = "hangup"
    waits: ClassVar[bool] = True

    hangup: Prompts = ()

    def enter(self, here: Here) -> Wait:
        return Wait(here.session, (*here.say(self.hangup), Hangup()))

    def targets(self) -> Iterator[tuple[str, Target]]:
        return iter(())

    def prompts(self) -> Iterator[str]:
        yield from prompts_in(self.hangup)
