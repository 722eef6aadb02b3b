"""A session as it travels in an action URL: packed, signed, and bound to the CallSid it was made for.

A call goes on without the database, a repeated webhook is harmless, and no lock is taken. Any changed bit is refused.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from app.flows.session import Session

MAC_BYTES = 16


class InvalidToken(Exception):
    """The token was not made by this service for this call."""


class Tokens:
    """Writes and reads tokens with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.new(secret, b"session token", hashlib.sha256)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Session)

    def write(self, session: Session, call_sid: str) -> str:
        packed = self._encoder.encode(session)
        return urlsafe_b64encode(packed + self._mac(packed, call_sid)).rstrip(b"=").decode()

    def read(self, token: str, call_sid: str) -> Session:
        """The session. Raises InvalidToken for anything that `write` did not write for this call."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        except ValueError:
            raise InvalidToken("it is no token") from None
        packed, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
        # Base64 leaves a few bits of its last character unused: only the one spelling that `write` gives is taken.
        canonical = urlsafe_b64encode(raw).rstrip(b"=").decode() == token
        if not (hmac.compare_digest(mac, self._mac(packed, call_sid)) and canonical):
            raise InvalidToken("its signature does not fit")
        try:
            return self._decoder.decode(packed)
        except msgspec.DecodeError:
            raise InvalidToken("it was written by another version of the service") from None

    def _mac(self, packed: bytes, call_sid: str) -> bytes:
        mac = self._key.copy()
        mac.update(call_sid.encode("utf-8", "surrogatepass") + b"\0" + packed)
        return mac.digest()[:MAC_BYTES]
