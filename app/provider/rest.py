"""What we ask of the provider: calls, queues, messages, recordings, numbers. Source: twilio-voice, "REST bits".

Everything that goes into a path is checked to be a SID first. How often a request is repeated is in `rest_requests`,
what may go wrong in `rest_errors`. The rate of new calls is kept by those who place them.
"""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, TypedDict, TypeVar, Unpack
from urllib.parse import parse_qsl, urlsplit

import httpx2
import msgspec

from app.provider.backoff import Chance
from app.provider.rest_errors import BAD_ADDRESS, AnswerLost, Busy, NotThere, ProviderError, Refused
from app.provider.rest_requests import Requests

# What others import from here; the errors are defined in `rest_errors`.
__all__ = [
    "AnswerLost",
    "Busy",
    "NotThere",
    "NumberFacts",
    "NumberUrls",
    "Provider",
    "ProviderError",
    "RecordingFacts",
    "Refused",
    "TwilioRest",
    "request_name",
]
PATIENCE = 10.0
PAGE_SIZE = "1000"
MOST_PAGES = 100
BAD_REQUEST = 400
EVENTS = ["initiated", "ringing", "answered", "completed"]
Kind = Literal["CA", "QU", "RE", "PN"]
_KINDS: dict[Kind, str] = {"CA": "call", "QU": "queue", "RE": "recording", "PN": "number"}


class NumberUrls(TypedDict, total=False):
    """What a number does with a call, by the names that the provider gives it."""

    voice_url: str
    voice_method: str
    voice_fallback_url: str
    voice_fallback_method: str
    status_callback: str
    status_callback_method: str


class NumberFacts(msgspec.Struct, frozen=True):
    """A number of the account. An application or a trunk, where one is set, overrides every address here."""

    sid: str
    phone_number: str
    voice_url: str | None = None
    voice_method: str | None = None
    voice_fallback_url: str | None = None
    voice_fallback_method: str | None = None
    status_callback: str | None = None
    status_callback_method: str | None = None
    voice_application_sid: str | None = None
    trunk_sid: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """`status` is the provider's word: `processing`, `completed`, `absent`, …; `seconds` is 0 while it is not known."""

    sid: str
    call_sid: str
    status: str
    seconds: int


class Provider(Protocol):
    """A telephone company. Addresses are absolute; each method raises ProviderError, see `rest_errors`."""

    async def call(self, *, to: str, shown: str, url: str, status_url: str, timeout: int) -> str:
        """Rings somebody for `timeout` seconds; who answers hears `url`. Gives the CallSid. Never placed twice."""

    async def call_status(self, sid: str) -> str:
        """`queued`, `ringing`, `in-progress`, `completed`, `busy`, `no-answer`, `failed` or `canceled`."""

    async def redirect(self, sid: str, url: str) -> None:
        """A live call goes on with `url`. Raises NotThere for one that has ended."""

    async def hang_up(self, sid: str) -> None:
        """Ends a call, ringing or live. Raises NotThere for one that has ended."""

    async def dequeue(self, queue: str, call_sid: str, url: str) -> None:
        """A caller leaves a queue (by its name) and goes on with `url`, once. Raises NotThere: gone, or taken."""

    async def message(self, *, to: str, sender: str, text: str) -> str:
        """Sends a text message and gives its SID. Never sent twice."""

    async def recording(self, sid: str) -> RecordingFacts:
        """What the provider knows of a recording."""

    async def audio(self, sid: str, at_most: int) -> bytes:
        """A recording's WAV file; takes longer than patience where it is long. Raises Refused over `at_most` bytes."""

    async def delete_recording(self, sid: str) -> None:
        """The provider keeps it no longer; one that is gone already is no error."""

    async def queue_sids(self) -> dict[str, str]:
        """The SID of each queue, by its name."""

    async def create_queue(self, name: str, max_size: int) -> str:
        """The SID of a new queue, or of the one that has this name already."""

    async def numbers(self) -> list[NumberFacts]:
        """Every number of the account."""

    async def set_number(self, sid: str, **urls: Unpack[NumberUrls]) -> None:
        """Sets what is named, and leaves the rest as it is."""

    async def close(self) -> None:
        """Closes the connections."""


class _Made(msgspec.Struct):
    sid: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}[0-9A-Za-z]{32}$")]


class _Call(msgspec.Struct):
    status: str


class _Recording(msgspec.Struct):
    sid: str
    status: str
    call_sid: str | None = None
    duration: str | int | None = None


class _Queue(msgspec.Struct):
    sid: str
    friendly_name: str


class _Queues(msgspec.Struct):
    queues: list[_Queue]
    next_page_uri: str | None = None


class _Numbers(msgspec.Struct):
    incoming_phone_numbers: list[NumberFacts]
    next_page_uri: str | None = None


Shape = TypeVar("Shape", _Call, _Recording, _Queues, _Numbers)
Page = TypeVar("Page", _Queues, _Numbers)


class TwilioRest:
    """The Provider over HTTP, for one account. `patience`: seconds that one request may take with its repetitions."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        api_url: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        patience: float = PATIENCE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Chance = random,
    ) -> None:
        self._requests = Requests(account_sid, auth_token, api_url, transport, patience, sleep, chance)
        self._queue_sids: dict[str, str] = {}

    async def close(self) -> None:
        await self._requests.close()

    async def call(self, *, to: str, shown: str, url: str, status_url: str, timeout: int) -> str:
        form: dict[str, str | list[str]] = {
            "To": to,
            "From": shown,
            "Url": url,
            "Method": "POST",
            "StatusCallback": status_url,
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": EVENTS,
            "Timeout": str(timeout),
        }
        return _made(await self._requests.do_once("/Calls.json", form))

    async def call_status(self, sid: str) -> str:
        return _read(await self._requests.get(_call(sid)), _Call).status

    async def redirect(self, sid: str, url: str) -> None:
        await self._requests.update(_call(sid), {"Url": url, "Method": "POST"})

    async def hang_up(self, sid: str) -> None:
        await self._requests.update(_call(sid), {"Status": "completed"})

    async def dequeue(self, queue: str, call_sid: str, url: str) -> None:
        known = self._queue_sids.get(queue)
        try:
            await self._take_out(known or await self._queue_sid(queue), call_sid, url)
        except NotThere:
            # A queue that was deleted and made again has another SID than we remember.
            if known is None or (now := await self._queue_sid(queue)) == known:
                raise
            await self._take_out(now, call_sid, url)

    async def _take_out(self, queue_sid: str, call_sid: str, url: str) -> None:
        path = f"/Queues/{_sid('QU', queue_sid)}/Members/{_sid('CA', call_sid)}.json"
        try:
            # Once: a second request says 400 for a caller whom the first one took out.
            await self._requests.do_once(path, {"Url": url, "Method": "POST"})
        except Refused as refused:
            if refused.status == BAD_REQUEST and refused.code not in BAD_ADDRESS:
                raise NotThere("the caller is not in this queue, or no longer") from None
            raise

    async def _queue_sid(self, queue: str) -> str:
        self._queue_sids = await self.queue_sids()
        if queue not in self._queue_sids:
            raise NotThere(f"the provider has no queue {queue}, so nobody waits there")
        return self._queue_sids[queue]

    async def message(self, *, to: str, sender: str, text: str) -> str:
        return _made(await self._requests.do_once("/Messages.json", {"To": to, "From": sender, "Body": text}))

    async def recording(self, sid: str) -> RecordingFacts:
        found = _read(await self._requests.get(f"{_recording(sid)}.json"), _Recording)
        duration = str(found.duration)
        seconds = int(duration) if duration.isascii() and duration.isdigit() else 0
        return RecordingFacts(found.sid, found.call_sid or "", found.status, seconds)

    async def audio(self, sid: str, at_most: int) -> bytes:
        return await self._requests.download(f"{_recording(sid)}.wav", at_most)

    async def delete_recording(self, sid: str) -> None:
        try:
            await self._requests.delete(f"{_recording(sid)}.json")
        except NotThere:
            return

    async def queue_sids(self) -> dict[str, str]:
        pages = await self._pages("/Queues.json", _Queues)
        return {queue.friendly_name: queue.sid for page in pages for queue in page.queues}

    async def create_queue(self, name: str, max_size: int) -> str:
        try:
            body = await self._requests.do_once("/Queues.json", {"FriendlyName": name, "MaxSize": str(max_size)})
            return _made(body)
        except (Refused, AnswerLost):
            # A name is given once: whoever made it, an earlier request of ours perhaps, the queue is there.
            if (sid := (await self.queue_sids()).get(name)) is None:
                raise
            return sid

    async def numbers(self) -> list[NumberFacts]:
        pages = await self._pages("/IncomingPhoneNumbers.json", _Numbers)
        return [number for page in pages for number in page.incoming_phone_numbers]

    async def set_number(self, sid: str, **urls: Unpack[NumberUrls]) -> None:
        form = {request_name(name): str(value) for name, value in urls.items()}
        await self._requests.update(f"/IncomingPhoneNumbers/{_sid('PN', sid)}.json", form)

    async def _pages(self, path: str, shape: type[Page]) -> list[Page]:
        """Every page of a list. Of the address of the next one only its query is used, on our own path."""
        query, pages = {"PageSize": PAGE_SIZE}, []
        for _ in range(MOST_PAGES):
            page = _read(await self._requests.get(path, query), shape)
            pages.append(page)
            if not page.next_page_uri:
                return pages
            query = dict(parse_qsl(urlsplit(page.next_page_uri).query))
        raise Refused(200, None, f"the provider's list has more than {MOST_PAGES} pages")


def _sid(kind: Kind, sid: str) -> str:
    """The SID. Raises Refused for anything else: nothing that comes from outside is put into a path unread."""
    if not re.fullmatch(f"{kind}[0-9A-Za-z]{{32}}", sid):
        raise Refused(0, None, f"this is not the SID of a {_KINDS[kind]}: {kind} and 32 letters or digits")
    return sid


def _call(sid: str) -> str:
    return f"/Calls/{_sid('CA', sid)}.json"


def _recording(sid: str) -> str:
    return f"/Recordings/{_sid('RE', sid)}"


def request_name(name: str) -> str:
    """`voice_url` in an answer is `VoiceUrl` in a request."""
    return "".join(part.capitalize() for part in name.split("_"))


def _made(body: bytes) -> str:
    """The SID of what was made. Raises AnswerLost where none can be read: it was made, and we do not know what."""
    try:
        return msgspec.json.decode(body, type=_Made).sid
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AnswerLost("the provider has done it and does not say what it made") from None


def _read(body: bytes, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Refused(
            200, None, "this is no answer of the provider's; check PARTNERLINE_TWILIO_API_URL, and a proxy in between"
        ) from None
