"""A telephone company of our own: numbers lead to the service, queues fill and empty, people pick up.

    exchange = Exchange(http, account_sid=…, auth_token=…, public_url=…, clock=VirtualClock(start))
    call = await exchange.dial("+18888988733")
    await call.press("100234#")

The service reaches it over `rest_app(exchange)`, and it rings phones: those of `people` answer by themselves, any other
by hand.

    exchange.people["+12065550121"] = Person(after=4, keys=("1",))
    call = await exchange.rings("+12065550122")
    await call.answer()

Faithful to what is known of the provider, and stricter: a document that the provider would limp through fails here.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Literal

import httpx2

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.clock import Clock
from app.exchange.conferences import Room
from app.exchange.document import Goto, Start
from app.exchange.interpreter import live
from app.exchange.messages import Message
from app.exchange.misbehaviour import Misbehaviour
from app.exchange.numbers import OwnedNumber
from app.exchange.outbound import Outbound
from app.exchange.people import Person
from app.exchange.queues import Queue
from app.exchange.recording import Recording
from app.exchange.timeline import Timeline
from app.exchange.webhooks import notify

WITHHELD = "anonymous"


class Exchange:
    """The settings are those of an account and its numbers at the provider. All times are in seconds."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        account_sid: str,
        auth_token: str,
        public_url: str,
        clock: Clock,
        voice_path: str = "/twilio/voice",
        status_path: str = "/twilio/status",
        fallback_path: str = "/twilio/fallback.xml",
        empty_recording_requests_action: bool = True,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.http = http
        self.account_sid, self.auth_token = account_sid, auth_token
        self.public_url = public_url.rstrip("/")
        self.clock, self.timeline = clock, Timeline(clock)
        self.voice = Goto(self.public_url + voice_path)
        self.status = Goto(self.public_url + status_path)
        self.fallback = Goto(self.public_url + fallback_path, "GET")
        self.empty_recording_requests_action = empty_recording_requests_action
        self.new_id = new_id
        self.answer_within = 15.0
        """Real seconds that the service has for an answer."""
        self.sound_seconds = 10.0
        """How long a sound file plays: the exchange does not fetch it."""
        self.transcribes_after = 10.0
        self.processing_seconds = 0.0
        """How long a recording is `processing` before it can be fetched."""
        self.dequeue_result: Literal["redirected", "bridging-in-process"] = "redirected"
        """The result of an Enqueue whose caller the service took out by REST; the documentation leaves it open."""
        self.queue_action_counts = False
        """Whether the document of that Enqueue's action is run, in place of the one the service sent the caller to."""
        self.conference_dial_status: Literal["answered", "completed"] = "answered"
        """The DialCallStatus after a conference."""
        self.misbehaviour = Misbehaviour()
        self.outbound = Outbound(self)
        self.calls: list[Call] = []
        """All legs, in the order in which they began."""
        self.queues: dict[str, Queue] = {}
        self.conferences: dict[str, Room] = {}
        """Those that go on, by name."""
        self.people: dict[str, Person] = {}
        self.recordings: dict[str, Recording] = {}
        self.messages: list[Message] = []
        self.unreachable: set[str] = set()
        """Numbers that take neither calls nor messages: the provider refuses them at once."""
        self.numbers: dict[str, OwnedNumber] = {}
        self.rest_requests: list[str] = []
        """Method and path of all that the service asked for by REST, refused or not."""
        self._by_sid: dict[str, Call] = {}
        self._traps: list[tuple[str, Callable[[Call], None]]] = []

    # What people do

    async def dial(self, to: str, caller: str | None = "+12065550147", *, listen: bool = True, **extra: str) -> Call:
        """Somebody calls one of our numbers (`caller` None: withheld) and listens.

        `extra` goes with every webhook of the call, `StirVerstat="TN-Validation-Passed-A"` for instance.
        """
        call = self.begins(to, caller, **extra)
        await self.timeline.settle()
        if listen:
            await call.listen()
        return call

    def begins(self, to: str, caller: str | None, **extra: str) -> Call:
        """The same without waiting for anything: the call lives on by itself."""
        call = Call(self, to=to, caller=caller or WITHHELD, extra=extra)
        start, call.fallback, call.status_callback = self._addresses(to)
        self.add(call)
        self.timeline.spawn(live(call, start))
        return call

    async def rings(self, number: str, at_most: float = 30.0) -> Call:
        """The call that rings at this number now, or within so many seconds. LookupError: none does."""
        await self.timeline.run_until(lambda: self._ringing(number) is not None, at_most)
        if (call := self._ringing(number)) is None:
            raise LookupError(f"{number} does not ring")
        return call

    async def answer(self, queue_name: str, talks: float | None = None) -> Call:
        """A person takes the front caller of a queue and talks (None: until one of them hangs up)."""
        queue = self.queue(queue_name)
        if not queue:
            raise LookupError(f"nobody waits in {queue_name}")
        front = queue.take_front(Bridge(queue_name, talks=talks))
        await self.timeline.settle()
        return front

    async def release(self, call: Call) -> None:
        """The other side of a conversation hangs up; the call goes on with what the service says."""
        if call.bridge is None:
            raise LookupError("the call is not connected to anybody")
        call.bridge.release(call)
        await self.timeline.settle()
        await call.listen()

    # What there is

    def queue(self, name: str) -> Queue:
        """The queue of this name; made when it is first asked for."""
        if name not in self.queues:
            self.queues[name] = Queue(name, "QU" + self.new_id(), self.clock.now())
        return self.queues[name]

    def conference(self, name: str) -> Room:
        """The conference of this name that goes on; a new one if there is none."""
        if name not in self.conferences:
            self.conferences[name] = Room(self, name)
        return self.conferences[name]

    def call(self, sid: str) -> Call | None:
        """The leg with this SID."""
        return self._by_sid.get(sid)

    def owns(self, *numbers: str) -> None:
        """The account has these numbers. Once it has any, it can show no others on the calls it places."""
        for number in numbers:
            self.numbers[number] = OwnedNumber("PN" + self.new_id(), number, self.clock.now(), number)

    # Time

    def every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Does something again and again as virtual time passes: the background work of the service, say."""
        self.timeline.every(seconds, work)

    def later(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Does something once, so many virtual seconds from now."""
        self.timeline.later(seconds, work)

    def on_demand(self, work: Callable[[], Awaitable[float | None]]) -> Callable[[], None]:
        """Does something now, and again whenever it says: it answers in how many seconds, or None for not by itself.

        What is returned lets it be done at once. An idle hour costs nothing, which `every` cannot say.
        """
        return self.timeline.on_demand(work)

    def just_before(self, part: str, work: Callable[[Call], None]) -> None:
        """Does something once: when the next webhook whose URL has this part is about to be sent."""
        self._traps.append((part, work))

    # What the parts of the exchange need

    def add(self, call: Call) -> None:
        """A leg begins."""
        self.calls.append(call)
        self._by_sid[call.sid] = call

    def lives_on(self, call: Call, start: Start) -> None:
        """A leg that was somebody else's goes on by itself."""
        self.timeline.spawn(live(call, start))

    def about_to_request(self, call: Call, url: str) -> None:
        """A webhook is about to be sent."""
        for trap in [trap for trap in self._traps if trap[0] in url]:
            self._traps.remove(trap)
            trap[1](call)

    def tell(self, call: Call, goto: Goto) -> None:
        """Sends a callback in its own time."""
        self.timeline.spawn(notify(call, goto))

    def _ringing(self, number: str) -> Call | None:
        return next((call for call in self.calls if call.to == number and call.waits_for == "answer"), None)

    def _addresses(self, number: str) -> tuple[Goto, Goto, Goto]:
        """Where a call to this number leads: its document, its fallback, its status callback."""
        own = self.numbers.get(number)
        if own is None:
            return self.voice, self.fallback, self.status
        return (
            Goto(own.voice_url, own.voice_method) if own.voice_url else self.voice,
            Goto(own.voice_fallback_url, own.voice_fallback_method) if own.voice_fallback_url else self.fallback,
            Goto(own.status_callback, own.status_callback_method) if own.status_callback else self.status,
        )
