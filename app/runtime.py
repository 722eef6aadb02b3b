"""What a use case may use. The only place that reads the time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.domain.regions import Closure
from app.flows.flow import Flows
from app.provider.signature import Signatures
from app.provider.token import Tokens
from app.provider.twiml import Urls
from app.store.hot import HotStore
from app.store.journal import Journal

if TYPE_CHECKING:
    from app.jobs import Jobs
    from app.notify.mail import MailSender
    from app.provider.rest import Provider
    from app.provider.transcribers import Transcriber
    from app.store.database import Database
    from app.store.lookups import DeskAgent
    from app.store.sounds import Sounds

CaseNumbers = Callable[[str, int], str]


@dataclass
class LastReading:
    """What was known when the database last answered; it is what a call goes by while the database is away."""

    closures: tuple[Closure, ...] = ()
    agents: "tuple[DeskAgent, ...]" = ()


@dataclass
class Runtime:
    """The parts of a running service, joined in `main`. `revisions` holds the flows that calls may be on."""

    flows: Flows
    revisions: dict[str, Flows]
    now: Callable[[], datetime]
    store: HotStore
    database: "Database"
    journal: Journal
    tokens: Tokens
    signatures: Signatures
    case_number: CaseNumbers
    hash_key: Callable[[str], str]
    dialable: Callable[[str, str], str | None]
    recordings_url: str
    provider: "Provider"
    jobs: "Jobs"
    sounds: "Sounds"
    mail: "MailSender"
    transcriber: "Transcriber | None" = None
    """Who turns messages into text here; nobody where the provider does, or nobody shall."""
    provider_transcribes: bool = False
    public_url: str = ""
    path_prefix: str = ""
    calls_apart: timedelta = timedelta(seconds=1)
    """Between two new calls, as fast as the provider takes them."""
    last_reading: LastReading = field(default_factory=LastReading)
    unwritten: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Besides the turns in the journal: done again until the database takes it. A restart forgets it."""
    draining: bool = False
    recovering: "asyncio.Task[None] | None" = None

    def urls(self, token: str) -> Urls:
        """The addresses in a document. They hold a path only: the provider resolves them against the one it asked."""
        twilio = f"{self.path_prefix}/twilio"
        music = self.flows.waiting.music
        return Urls(
            step=f"{twilio}/step?s={token}",
            wait=f"{twilio}/wait?s={token}",
            screen=f"{twilio}/screen?s={token}",
            music=music if "://" in music else f"{twilio}/{music}",
            recordings=self.recordings_url,
            recorded=f"{twilio}/recording",
            transcribed=f"{twilio}/transcription" if self.provider_transcribes else "",
        )

    def address(self, path: str) -> str:
        """The whole address of a path, as the provider is told it by REST."""
        return self.public_url + path


def clock(start: datetime | None) -> Callable[[], datetime]:
    """The service's clock, in UTC; with a start it begins there and runs on."""
    if start is None:
        return lambda: datetime.now(UTC)
    offset = start.astimezone(UTC) - datetime.now(UTC)
    return lambda: datetime.now(UTC) + offset
