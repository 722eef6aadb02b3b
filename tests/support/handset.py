"""A handset for tests that read as phone calls.

    phone = Handset(exchange)
    await phone.dial("+18888988733")
    phone.hears("partner I D")
    await phone.presses("100234#")
    phone.is_waiting_in("tier1-us")

    agent = Handset(exchange, "+12065550121")
    await agent.is_rung()
    await agent.answers()
    await agent.presses("1")
    agent.is_connected_to("+12065550147")

Every deed listens until the service waits again. What is asserted is what was heard since the last deed. A document
that the provider would not run, or run only half, fails the test at once; `Handset(exchange, strict=False)` lets it be.
"""

from app.exchange import Call, Exchange
from app.exchange.events import Said


class Handset:
    """One caller with one phone."""

    def __init__(self, exchange: Exchange, caller: str | None = "+12065550147", *, strict: bool = True) -> None:
        self.exchange, self.caller, self.strict = exchange, caller, strict
        self._call: Call | None = None
        self._deeds: list[tuple[int, float, str]] = []

    # What the caller does

    async def dial(self, to: str, *, listen: bool = True, **extra: str) -> "Handset":
        """Dials one of our numbers. `extra` goes with every webhook: `StirVerstat="TN-Validation-Passed-A"`."""
        self._deeds = [(0, 0.0, f"dials {to}")]
        self._call = await self.exchange.dial(to, self.caller, listen=listen, **extra)
        self._check()
        return self

    async def is_rung(self, within: float = 30.0) -> "Handset":
        """Somebody calls this phone: it rings now, or within so many seconds."""
        assert self.caller is not None, "a phone without a number cannot be rung"
        self._call = await self.exchange.rings(self.caller, within)
        self._deeds = [(0, 0.0, f"is rung by {self._call.caller}")]
        return self

    async def answers(self) -> None:
        """Picks up, and listens until the service waits."""
        self._does("answers")
        await self.call.answer()
        self._check()

    async def declines(self) -> None:
        """Turns the call away."""
        self._does("declines")
        await self.call.decline()
        self._check()

    async def lets_it_ring(self, at_most: float = 600.0) -> None:
        """Does nothing until it stops ringing."""
        self._does("lets it ring")
        await self.exchange.timeline.run_until(lambda: self.call.waits_for != "answer", at_most)
        await self.exchange.timeline.settle()
        self._check()

    async def loses_the_line(self) -> None:
        """The line breaks: the leg ends as `failed`."""
        self._does("loses the line")
        await self.call.drop()
        self._check()

    async def presses(self, keys: str) -> None:
        """Presses keys; a comma listens to what is said in between."""
        self._does(f"presses {keys}")
        await self.call.press(keys)
        self._check()

    async def interrupts(self, keys: str, after: float = 1.0) -> None:
        """Presses keys so many seconds from now, whatever is being said."""
        await self.call.wait(after)
        await self.presses(keys)

    async def says(self, words: str, confidence: float = 0.9) -> None:
        """Speaks to a Gather that listens."""
        self._does(f"says {words}")
        await self.call.speak(words, confidence)
        self._check()

    async def leaves_message(self, seconds: float, key: str | None = "#", words: str = "") -> None:
        """Talks onto the recording and ends it with the key, or by silence (None)."""
        self._does(f"talks for {seconds:g} s" + (f", then {key}" if key else ""))
        await self.call.leave_message(seconds, key, words)
        self._check()

    async def talks(self, seconds: float, words: str = "") -> None:
        """Talks onto the recording, which goes on."""
        self._does(f"talks for {seconds:g} s")
        await self.call.talk(seconds, words)
        self._check()

    async def waits(self, seconds: float) -> None:
        """Does nothing for so long, then listens to the end of what is being said."""
        self._does(f"waits {seconds:g} s")
        await self.call.wait(seconds)
        await self.call.listen()
        self._check()

    async def hangs_up(self) -> None:
        self._does("hangs up")
        await self.call.hangup()
        self._check()

    # What is to be true

    async def does_not_ring(self, within: float = 30.0) -> None:
        """Nobody calls this phone within so many seconds."""
        assert self.caller is not None, "a phone without a number cannot be rung"
        try:
            call = await self.exchange.rings(self.caller, within)
        except LookupError:
            return
        raise AssertionError(f"{self.caller} is rung by {call.caller}")

    def hears(self, *texts: str) -> None:
        """Each of these was said since the last deed, in any case of letters."""
        for text in texts:
            assert text.casefold() in self.heard_text.casefold(), self._story(f"should hear {text!r}")

    def does_not_hear(self, *texts: str) -> None:
        for text in texts:
            assert text.casefold() not in self.heard_text.casefold(), self._story(f"should not hear {text!r}")

    def is_waiting_in(self, queue: str) -> None:
        assert self.call.waiting_in == queue, self._story(f"should wait in {queue}, waits in {self.call.waiting_in}")

    def is_asked_for(self, purpose: str) -> None:
        """`keys`, `recording`, `queue`, `dial`, `nothing`."""
        assert self.call.waits_for == purpose, self._story(f"should wait for {purpose}, not {self.call.waits_for}")

    def is_connected_to(self, other: str) -> None:
        """A number, or the queue that the call was taken from. In a conference: the number of somebody else there."""
        connected = self.call.connected_to or "nobody"
        assert connected == other, self._story(f"should be connected to {other}, not {connected}")

    def is_cut_off(self) -> None:
        """The call is over."""
        assert self.call.over, self._story("the call should be over")

    # What there is to look at

    @property
    def call(self) -> Call:
        assert self._call is not None, "nobody has dialled yet"
        return self._call

    @property
    def heard_text(self) -> str:
        """All that was said since the last deed."""
        since = self._deeds[-1][0]
        return " ".join(event.text for event in self.call.heard[since:] if isinstance(event, Said))

    def transcript(self) -> str:
        """The whole call, a line for everything heard and done, with minutes and seconds since it began."""
        lines = [(index, 1, event.at, f"caller hears: {event}") for index, event in enumerate(self.call.heard)]
        lines += [(index, 0, at, f"caller {what}") for index, at, what in self._deeds]
        return "\n".join(f"{_clock(at)} {what}" for _, _, at, what in sorted(lines))

    def _does(self, what: str) -> None:
        self._deeds.append((len(self.call.heard), self.call.seconds, what))

    def _check(self) -> None:
        if self.strict:
            assert not self.call.errors, self._story(f"the service failed: {[str(e) for e in self.call.errors]}")

    def _story(self, problem: str) -> str:
        return f"{problem}\n{self.transcript()}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
