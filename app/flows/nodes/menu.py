"""menu: asks for one key.

severity:
  menu: ask_severity
  keys:
    "1": {set: {severity: S1}, say: is_s1, then: route}
    "9": {repeat: true}
  gives_up: assume
"""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from app.flows.nodes.base import Go, Here, Known, Prompts, Step, Target, prompts_in
from app.flows.nodes.listening import Listening, keys_heard
from app.flows.turn import Heard


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a key does: it goes on, or with `repeat` it only speaks the prompt again and costs no attempt."""

    then: Target | None = None
    say: Prompts = ()
    set: Known = Known()
    repeat: bool = False


class Menu(Listening, frozen=True, kw_only=True):
    """`silence`: where to go when no key comes, in place of asking again. `other`: the same for any other key."""

    kind: ClassVar[str] = "menu"
    waits: ClassVar[bool] = True

    menu: Prompts
    keys: dict[str, Choice]
    silence: Target | None = None
    other: Target | None = None
    repeats: int = 5

    def enter(self, here: Here) -> Step:
        if self.spent(here.session):
            return self.give_up(here.session)
        again = here.session.attempts.get(here.session.node, 0) > 0
        # One key decides. No finishing key: `#` would be swallowed without a request, and must count as a wrong key.
        return self.listen(here, self.menu, 1, "", sorry=again)

    def hear(self, here: Here, heard: Heard) -> Step | None:
        keys = keys_heard(heard)
        if keys is None:
            return None
        choice = self.keys.get(keys[:1])
        if choice is None:
            return self._otherwise(here, keys)
        if choice.repeat:
            return self._repeat(here)
        return Go(choice.then or self.gives_up, choice.set.put(here.session), here.say(choice.say))

    def _otherwise(self, here: Here, keys: str) -> Step:
        target = self.other if keys else self.silence
        if target:
            return Go(target, here.session)
        return self.enter(Here(here.flows, here.session.failed_at(here.session.node), here.now))

    def _repeat(self, here: Here) -> Step:
        """Repeating is free, but not for ever: every call must get on by itself."""
        asked = f"{here.session.node} repeated"
        if here.session.attempts.get(asked, 0) >= self.repeats:
            return self.give_up(here.session)
        return self.enter(Here(here.flows, here.session.failed_at(asked), here.now))

    def targets(self) -> Iterator[tuple[str, Target]]:
        for key, choice in self.keys.items():
            if choice.then:
                yield key, choice.then
        if self.silence:
            yield "silence", self.silence
        if self.other:
            yield "another key", self.other
        yield from super().targets()

    def prompts(self) -> Iterator[str]:
        yield from prompts_in(self.menu)
        for choice in self.keys.values():
            yield from prompts_in(choice.say)
        yield from super().prompts()

    def mistakes(self) -> Iterator[str]:
        yield from super().mistakes()
        if not 0 <= self.repeats <= 20:
            yield "repeats: must be 0 to 20, or a caller might never get on"
        for key, choice in self.keys.items():
            if key not in set("0123456789*#"):
                yield f'keys: "{key}" is not a key of a telephone'
            if (choice.then is None) != choice.repeat:
                yield f'keys: "{key}" needs either `then` or `repeat: true`'
