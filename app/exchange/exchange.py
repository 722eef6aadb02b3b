"""A telephone company of our own: numbers lead to the service, queues fill and empty, people pick up.

    exchange = Exchange(http, account_sid=…, auth_token=…, public_url=…, clock=VirtualClock(start))
    call = await exchange.dial("+18888988733")
    await call.press("100234#")

Faithful to what is known of the provider, and stricter: a document that the provider would limp through fails here.
"""

import secrets
from collections.abc import Awaitable, Callable

import httpx2

from app.exchange.bridge import Bridge
from app.exchange.call import Call
from app.exchange.clock import VirtualClock
from app.exchange.document import Goto
from app.exchange.interpreter import live
from app.exchange.misbehaviour import Misbehaviour
from app.exchange.people import Person
from app.exchange.queues import Queue
from app.exchange.recording import Recording
from app.exchange.timeline import Timeline

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
        clock: VirtualClock,
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
        self.transcribes_after = 10.0
        self.misbehaviour = Misbehaviour()
        self.calls: list[Call] = []
        self.queues: dict[str, Queue] = {}
        self.people: dict[str, Person] = {}
        self.recordings: dict[str, Recording] = {}

    async def dial(self, to: str, caller: str | None = "+12065550147", *, listen: bool = True, **extra: str) -> Call:
        """Somebody calls one of our numbers (`caller` None: withheld) and listens.

        `extra` goes with every webhook of the call, `StirVerstat="TN-Validation-Passed-A"` for instance.
        """
        call = Call(self, to=to, caller=caller or WITHHELD, extra=extra)
        self.calls.append(call)
        self.timeline.spawn(live(call))
        await self.timeline.settle()
        if listen:
            await call.listen()
        return call

    def queue(self, name: str) -> Queue:
        """The queue of this name; made when it is first asked for."""
        if name not in self.queues:
            self.queues[name] = Queue(name, "QU" + self.new_id())
        return self.queues[name]

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
        call.bridge.end()
        await self.timeline.settle()
        await call.listen()

    def every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Does something again and again as virtual time passes: the background work of the service, say."""
        self.timeline.every(seconds, work)

    def later(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Does something once, so many virtual seconds from now."""
        self.timeline.later(seconds, work)
