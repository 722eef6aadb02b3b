"""record: beeps and records a message.

message:
  record: 300             # seconds at most
  finish_on: "#"
  recorded: review
  hung_up: keep           # hanging up sends what was recorded
  empty: message-again    # nothing was recorded
  gives_up: no-message    # nothing was recorded, and that for the last time
"""

from collections.abc import Iterator
from typing import ClassVar

from app.flows.nodes.base import Go, Here, Node, Step, Target, Wait
from app.flows.session import change
from app.flows.turn import Heard, Record, Recorded, Silence


class RecordNode(Node, frozen=True, kw_only=True):
    kind: ClassVar[str] = "record"
    waits: ClassVar[bool] = True

    record: int
    finish_on: str = "#"
    silence: int = 10
    attempts: int = 2
    recorded: Target
    hung_up: Target
    empty: Target
    gives_up: Target

    def enter(self, here: Here) -> Wait:
        return Wait(here.session, (Record(self.record, self.finish_on, self.silence),))

    def hear(self, here: Here, heard: Heard) -> Step | None:
        match heard:
            case Recorded(sid, seconds, hung_up) if seconds > 0:
                session = change(here.session, recording=sid, recorded_seconds=seconds)
                return Go(self.hung_up if hung_up else self.recorded, session)
            case Recorded(hung_up=False) | Silence():
                session = here.session.failed_at(here.session.node)
                spent = session.attempts[session.node] >= self.attempts
                return Go(self.gives_up if spent else self.empty, session)
            case _:
                return None

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "recorded", self.recorded
        yield "hangs up", self.hung_up
        yield "nothing recorded", self.empty
        yield "gives up", self.gives_up

    def mistakes(self) -> Iterator[str]:
        if not 1 <= self.record <= 14400:
            yield "record: give the longest message in seconds, 1 to 14400"
        if not 0 <= self.silence <= 60:
            yield "silence: give 0 to 60 seconds; 0 is for no end by silence"
        if not self.finish_on:
            yield "finish_on: name the key that ends the message, or any key would not"
