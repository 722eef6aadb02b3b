"""What the kinds that listen for keys or speech share: how long they listen, how often they ask, what was heard.

After a Gather the provider goes on by itself when nothing came, or when only the finishing key did; it makes no
request then. So a redirect to the same address always stands behind it, and silence is heard as `Silence`
(twilio-voice, Gather). `actionOnEmptyResult` would only cover one of the two, and is left off.
"""

from collections.abc import Iterator

from app.domain.digits import from_speech
from app.flows.nodes.base import Go, Here, Node, Prompts, Target, Wait, prompts_in
from app.flows.session import Session
from app.flows.turn import Gather, Heard, Keyed, Silence, Spoken

DIGIT_HINTS = "zero, oh, one, two, three, four, five, six, seven, eight, nine, double, triple"
LONGEST_INPUT = 64
LONGEST_HINT = 100


class Listening(Node, frozen=True, kw_only=True):
    """`timeout` is the seconds of silence after which nothing more is expected; `attempts` are all attempts."""

    timeout: int = 5
    attempts: int = 3
    sorry: Prompts = ()
    gives_up: Target
    hung_up: Target | None = None
    speech: bool = True
    hints: str = DIGIT_HINTS

    def listen(self, here: Here, prompt: Prompts, digits: int | None, finish_on: str, *, sorry: bool = False) -> Wait:
        said = here.say(self.sorry) if sorry else ()
        gather = Gather(
            prompts=(*said, *here.say(prompt)),
            digits=digits,
            finish_on=finish_on,
            timeout=self.timeout,
            speech=self.speech,
            speech_timeout=2,
            hints=self.hints,
            language=here.flows.wording[here.line.languages[0]].locale,
        )
        return Wait(here.session, (gather,))

    def spent(self, session: Session) -> bool:
        return session.attempts.get(session.node, 0) >= self.attempts

    def give_up(self, session: Session) -> Go:
        return Go(self.gives_up, session)

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "gives up", self.gives_up
        if self.hung_up:
            yield "hangs up", self.hung_up

    def prompts(self) -> Iterator[str]:
        yield from prompts_in(self.sorry)

    def mistakes(self) -> Iterator[str]:
        if any(len(hint) > LONGEST_HINT for hint in self.hints.split(",")):
            yield f"hints: the provider takes at most {LONGEST_HINT} characters between two commas"
        if self.timeout < 1:
            yield "timeout: must be at least 1 second"
        if not 1 <= self.attempts <= 10:
            yield "attempts: must be 1 to 10, or a caller might never get on"


def keys_heard(heard: Heard) -> str | None:
    """What was keyed, or said as digits. "" for silence, None when something else happened."""
    match heard:
        case Keyed(keys):
            return keys[:LONGEST_INPUT]
        case Spoken(text):
            return from_speech(text)[:LONGEST_INPUT]
        case Silence():
            return ""
        case _:
            return None
