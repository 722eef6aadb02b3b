"""A queue of the exchange: first come, first served, and the numbers the provider keeps about it."""

from datetime import datetime

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.interrupts import TakenFromQueue

LARGEST = 1000


class Queue(list[Call]):
    """The calls that wait, the front first."""

    def __init__(self, name: str, sid: str, made_at: datetime) -> None:
        super().__init__()
        self.name, self.sid, self.made_at = name, sid, made_at
        self.max_size = LARGEST
        self.agents: list[Call] = []
        """Calls that dialled this queue and wait for somebody to come."""
        self._since: dict[str, datetime] = {}

    def join(self, call: Call) -> None:
        """The call goes to the end of the queue."""
        self.append(call)
        self._since[call.sid] = call.exchange.clock.now()
        call.waiting_in = self.name
        for agent in self.agents:
            agent.nudge()

    def leave(self, call: Call) -> None:
        """The call is out of the queue; for one that is out already nothing changes."""
        if call in self:
            self.remove(call)
            call.waiting_in = None

    def take_front(self, bridge: Bridge) -> Call:
        """Takes out the front call and connects it."""
        front = self[0]
        self.leave(front)
        bridge.sides.append(front)
        front.interrupt(TakenFromQueue(bridge))
        return front

    def waited(self, call: Call) -> int:
        """Whole seconds since the call joined."""
        return int((call.exchange.clock.now() - self._since[call.sid]).total_seconds())

    def knew(self, call: Call) -> bool:
        """Whether the call was ever in this queue."""
        return call.sid in self._since

    def joined_at(self, call: Call) -> datetime:
        """When the call joined."""
        return self._since[call.sid]

    @property
    def average_wait(self) -> int:
        """Whole seconds that those who wait have waited on average."""
        return sum(self.waited(call) for call in self) // len(self) if self else 0

    def facts(self, call: Call) -> dict[str, str]:
        """What a request for a wait document says of a waiting call."""
        return {
            "QueuePosition": str(self.index(call) + 1),
            "QueueSid": self.sid,
            "QueueTime": str(self.waited(call)),
            "AvgQueueTime": str(self.average_wait),
            "CurrentQueueSize": str(len(self)),
            "MaxQueueSize": str(self.max_size),
        }
