"""Whether a webhook is really the provider's. Source: twilio-voice, X-Twilio-Signature.

HMAC-SHA1 over the address and the sorted form, Base64. One HMAC a token for each form of the address that the provider
may have signed; the tests hold it against the provider's own SDK.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

Form = Sequence[tuple[str, str]]
DEFAULT_PORT = {"https": 443, "http": 80}


class Signatures:
    """Checks signatures for some tokens: several while the account's token is rotated."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._keys = [hmac.new(token.encode(), digestmod=hashlib.sha1) for token in tokens]

    def valid(self, url: str, form: Form, signature: str) -> bool:
        """Whether any token signs this address (with its query, without a fragment) and this form so."""
        sent = signature.encode("utf-8", "replace")
        body = joined(form)
        fits = False
        for address in forms_of(url):
            text = (address + body).encode("utf-8", "replace")
            for key in self._keys:
                mac = key.copy()
                mac.update(text)
                fits |= hmac.compare_digest(b64encode(mac.digest()), sent)
        return fits


def joined(form: Form) -> str:
    """The form as it is signed: names in order, each with its values; a value that is repeated counts once."""
    if len({name for name, _ in form}) == len(form):
        return "".join([name + value for name, value in sorted(form)])
    return "".join([name + value for name, value in sorted(set(form))])


def forms_of(url: str) -> tuple[str, ...]:
    """The address with and without its port, since the provider is not of one mind; never with user or password."""
    origin_ends = url.find("/", url.find("//") + 2)
    rest = url[origin_ends:].partition("#")[0]
    return tuple([origin + rest for origin in _origins(url[:origin_ends])])


@lru_cache(maxsize=64)
def _origins(origin: str) -> tuple[str, ...]:
    """The few origins that webhooks come to, in both forms."""
    scheme, netloc, *_ = urlsplit(origin)
    host = netloc.rpartition("@")[2]
    name, colon, port = host.rpartition(":")
    has_port = bool(colon) and port.isdigit()
    bare = name if has_port else host
    with_port = host if has_port else f"{host}:{DEFAULT_PORT.get(scheme, 443)}"
    return f"{scheme}://{bare}", f"{scheme}://{with_port}"
