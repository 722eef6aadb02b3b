"""Where a call stands between two webhooks. It travels in the action URL, signed; so it holds ids and no numbers."""

import msgspec

from app.domain.partners import Loa, PartnerType, Status, loa
from app.domain.routing import Caller, Destination, Severity


class PartnerFacts(msgspec.Struct, frozen=True, array_like=True):
    """What the conversation knows of the partner it found. `id` is ours, not the PID."""

    id: int
    type: PartnerType
    status: Status
    certified: bool
    has_letter: bool

    @property
    def caller(self) -> Caller:
        return Caller(self.type, self.certified, self.status, self.has_letter)

    @property
    def loa(self) -> Loa:
        return loa(self.type, self.has_letter)


class Way(msgspec.Struct, frozen=True, array_like=True):
    """Where the call was sent: what of the decision is needed after it."""

    tier: int
    region: str
    destination: Destination
    queue: str | None
    pages: bool


class Session(msgspec.Struct, frozen=True, array_like=True):
    """`node` is where the conversation waits. `attempts` counts failed answers by node.

    `minutes` is the expected wait, 0 while unknown; `announced` counts what was told while waiting.

    Moments are seconds since 1970 in UTC. `leaving`, `entered` and `number` live within one turn
    only: no digits that a caller keyed ever stand in a URL.
    """

    revision: str
    line: str
    node: str
    turn: int = 0
    attempts: dict[str, int] = {}
    partner: PartnerFacts | None = None
    verified_by: str | None = None
    severity: Severity | None = None
    assumed: bool = False
    settled: bool = False
    case: str | None = None
    way: Way | None = None
    opens_at: int | None = None
    recording: str | None = None
    recorded_seconds: int = 0
    has_number: bool = False
    position: int = 0
    minutes: int = 0
    announced: int = 0
    announced_at: int = 0
    queued_at: int = 0
    taken_at: int = 0
    leaving: bool = False
    entered: str = ""
    number: str | None = None

    def failed_at(self, node: str) -> "Session":
        """The session with one more failed answer at a node."""
        return msgspec.structs.replace(self, attempts={**self.attempts, node: self.attempts.get(node, 0) + 1})

    def at_rest(self) -> "Session":
        """The session as it may be written into a URL."""
        if self.entered or self.number or self.leaving:
            return msgspec.structs.replace(self, entered="", number=None, leaving=False)
        return self


change = msgspec.structs.replace
