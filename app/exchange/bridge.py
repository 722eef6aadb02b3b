"""Two sides that talk. Whoever goes first ends it for the other."""

from app.exchange.call import Call
from app.exchange.document import Goto
from app.exchange.interrupts import BridgeEnded


class Bridge:
    """A conversation. One side may be a person without a call of their own on this exchange."""

    def __init__(self, name: str, *sides: Call, talks: float | None = None, whisper: Goto | None = None) -> None:
        self.name = name
        self.sides = list(sides)
        self.talks = talks
        """Seconds after which the other person hangs up; None: not by themselves."""
        self.whisper = whisper
        """What the waiting caller hears before the two are connected."""

    async def talk(self, call: Call) -> None:
        """Returns when the other side has gone. An Ending of this call ends the bridge too."""
        call.connect(self, self.name)
        try:
            await call.pass_time(self.talks, quiet=True)
        except BridgeEnded:
            pass
        finally:
            call.bridge = None
            self.end(besides=call)

    def end(self, besides: Call | None = None) -> None:
        """The other side hangs up."""
        sides, self.sides = self.sides, []
        for side in sides:
            if side is not besides:
                side.interrupt(BridgeEnded())
