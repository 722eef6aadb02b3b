"""What ends a verb before its time. Raised in the call that is meant, wherever it waits; who knows what to do catches.

Interrupt
 ├ Ending
 │  ├ CallerHungUp       Record and Enqueue still tell the service, then let it pass
 │  └ HungUp             <Hangup>, <Reject>, or the provider gave up
 ├ LeftQueue             <Leave>
 ├ TakenFromQueue        somebody answers the front caller
 ├ BridgeEnded           the other side hung up
 ├ RoomChanged           somebody entered or left the conference
 ├ ConferenceEnded       somebody left whose going ends the conference
 └ Redirected            the service sent a live call elsewhere by REST
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.exchange.bridge import Bridge
    from app.exchange.document import Start


class Interrupt(Exception):
    """Ends what a call is doing."""


class Ending(Interrupt):
    """Ends the call."""


class CallerHungUp(Ending):
    """The caller put the phone down."""


class HungUp(Ending):
    """The exchange put the phone down."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class LeftQueue(Interrupt):
    """The wait document said Leave."""


class TakenFromQueue(Interrupt):
    """Somebody answers this waiting call."""

    def __init__(self, bridge: "Bridge") -> None:
        super().__init__(bridge.name)
        self.bridge = bridge


class BridgeEnded(Interrupt):
    """The other side of the bridge has gone."""


class RoomChanged(Interrupt):
    """Somebody entered or left the conference."""


class ConferenceEnded(Interrupt):
    """The conference is over for all who are in it."""


class Redirected(Interrupt):
    """The service says what this call does from here on. `dequeued`: it asked for that as a member of its queue."""

    def __init__(self, start: "Start", *, dequeued: bool = False) -> None:
        super().__init__(start.url)
        self.start = start
        self.dequeued = dequeued
