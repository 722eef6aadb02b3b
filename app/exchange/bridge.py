"""Two sides that talk. Whoever goes first ends it for the other."""

from app.exchange.call import Call
from app.exchange.document import Goto
from app.exchange.interrupts import BridgeEnded


class Bridge:
    """A conversation. One side may be a person without a call of their own on this exchange."""

    def __init__(self, name: str, *, talks: float | None = None, whisper: Goto | None = None) -> None:
        self.name = name
        self.sides: list[Call] = []
        self.over = False
        self.talks = talks
        """Seconds after which it is ended from the far side; None: not by itself."""
        self.whisper = whisper
        """What the waiting caller hears before the two are connected."""

    async def talk(self, call: Call, other: str = "") -> None:
        """Connects this side to `other` (the bridge's own name if not given); returns when the other side has gone.

        An Ending of this call ends the bridge too.
        """
        if self.over:
            call.forget(BridgeEnded)
            return
        if call not in self.sides:
            self.sides.append(call)
        call.connect(self, other or self.name)
        try:
            await call.pass_time(self.talks, quiet=True)
        except BridgeEnded:
            pass
        finally:
            call.disconnect()
            self.end(besides=call)
            call.forget(BridgeEnded)

    def end(self, besides: Call | None = None) -> None:
        """The conversation is over."""
        self.over = True
        sides, self.sides = self.sides, []
        for side in sides:
            if side is not besides:
                side.interrupt(BridgeEnded())

    def release(self, call: Call) -> None:
        """Whoever is on the other side of `call` hangs up."""
        others = [side for side in self.sides if side is not call]
        for other in others:
            other.put_down()
        if not others:
            self.end()
