"""A document on its way through a call, and the request that leads to the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from app.exchange.verbs import Place, Verb


@dataclass(frozen=True, slots=True)
class Goto:
    """Fetch this, and go on with what it says. `form` is sent beside the standard parameters, or (`bare`) alone."""

    url: str
    method: str = "POST"
    form: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """TwiML that was fetched, or given inline (no `url`). Relative addresses in it start from its own."""

    url: str
    verbs: tuple[Verb, ...]
    place: Place = "call"

    def goto(self, url: str, method: str, form: Mapping[str, str] | None = None) -> Goto:
        """The request for an address given in this document; an empty one is the document's own."""
        return Goto(urljoin(self.url, url) if url else self.url, method, form or {})


Start = Goto | Document
"""What a call does next: fetch something, or run what was given inline."""
