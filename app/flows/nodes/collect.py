"""collect: asks for digits, ended by a key, and goes on with them as `entered`.

pid:
  collect: ask_pid
  length: [4, 10]
  instead: {"*": no-pid}     # whole entries that mean something else
  agent: toggle              # `**` and digits: an agent's code, an attempt too
  then: find-partner         # comes back here when the digits are wrong: that was an attempt too
  gives_up: unverified
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from app.flows.nodes.base import Go, Here, Prompts, Step, Target, prompts_in
from app.flows.nodes.listening import Listening, keys_heard
from app.flows.session import change
from app.flows.turn import Heard

# The provider stops at the finishing key. A limit above the longest entry only bounds what is sent; at the longest
# entry itself it would submit early, and the caller's own `#` would then answer the next question.
SPARE_DIGITS = 10
BEFORE_A_CODE = "**"


class Collect(Listening, frozen=True, kw_only=True):
    kind: ClassVar[str] = "collect"
    waits: ClassVar[bool] = True

    collect: Prompts
    length: tuple[int, int]
    finish_on: str = "#"
    instead: dict[str, Target] = msgspec.field(default_factory=dict)
    agent: Target | None = None
    nothing: Target | None = None
    then: Target

    def enter(self, here: Here) -> Step:
        if self.spent(here.session):
            return self.give_up(here.session)
        again = here.session.attempts.get(here.session.node, 0) > 0
        return self.listen(here, self.collect, self.length[1] + SPARE_DIGITS, self.finish_on, sorry=again)

    def hear(self, here: Here, heard: Heard) -> Step | None:
        entered = keys_heard(heard)
        if entered is None:
            return None
        if entered in self.instead:
            return Go(self.instead[entered], here.session)
        if not entered and self.nothing:
            return Go(self.nothing, here.session)
        session = here.session.failed_at(here.session.node)
        code = entered.removeprefix(BEFORE_A_CODE)
        if self.agent and code != entered and _digits(code):
            return Go(self.agent, change(session, entered=code))
        if self.length[0] <= len(entered) <= self.length[1] and _digits(entered):
            return Go(self.then, change(session, entered=entered))
        return self.enter(Here(here.flows, session, here.now))

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "digits", self.then
        yield from self.instead.items()
        if self.nothing:
            yield "nothing", self.nothing
        if self.agent:
            yield "an agent's code", self.agent
        yield from super().targets()

    def prompts(self) -> Iterator[str]:
        yield from prompts_in(self.collect)
        yield from super().prompts()

    def mistakes(self) -> Iterator[str]:
        yield from super().mistakes()
        if not 1 <= self.length[0] <= self.length[1]:
            yield "length: give the fewest and the most digits, as in [4, 10]"
        for entry in self.instead:
            if not entry or set(entry) - set("0123456789*"):
                yield f'instead: "{entry}" cannot be keyed before the finishing key'
        if self.finish_on not in set("0123456789*#"):
            yield "finish_on: must be one key"


def _digits(entered: str) -> bool:
    return entered.isdigit() and entered.isascii()
