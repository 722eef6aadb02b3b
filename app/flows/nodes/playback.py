"""playback: plays the message the caller just recorded, and goes on.

listen:
  playback: review
"""

from collections.abc import Iterator
from typing import ClassVar

from app.flows.nodes.base import Go, Here, Node, Target
from app.flows.turn import PlayRecording


class Playback(Node, frozen=True):
    kind: ClassVar[str] = "playback"

    playback: Target

    def enter(self, here: Here) -> Go:
        recording = here.session.recording
        return Go(self.playback, here.session, (PlayRecording(recording),) if recording else ())

    def targets(self) -> Iterator[tuple[str, Target]]:
        yield "", self.playback
