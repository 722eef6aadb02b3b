"""X-Twilio-Signature, as the provider makes it (HMAC-SHA1 over the URL and the sorted form, in Base64)."""

import base64
import hmac
from collections.abc import Mapping, Sequence

Form = Mapping[str, str | Sequence[str]]


def signature(token: str, url: str, form: Form | None = None) -> str:
    """The signature of a POST with this form, or of a GET (no form: its parameters are in the URL already)."""
    text = url.partition("#")[0]
    for name in sorted(form or {}):
        text += "".join(name + value for value in _values((form or {})[name]))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def _values(value: str | Sequence[str]) -> list[str]:
    """The values of a name, once each and in order: the provider's own library signs duplicates so."""
    return [value] if isinstance(value, str) else sorted(set(value))
