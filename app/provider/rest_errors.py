"""What can go wrong with a request to the provider, and who acts next.

ProviderError
  NotThere         there is nothing to do it to, or no longer: go on without
  Refused          the provider says no, and would say it again: an operator reads why
    WrongToken       the account is not believed to be ours
    CountryClosed    the account may not call there
    NotVerified      a number that must be verified first
  Busy             surely not done, the provider was busy or away: ask again later
  AnswerLost       it may have been done: never ask again without looking

Each message is one line without a telephone number or an address in it: it may go to a log.
"""

import re

import msgspec


class ProviderError(Exception):
    """A request to the provider has not been seen to be done."""


class NotThere(ProviderError):
    """The call, recording or queue does not exist, has ended, or is not where it was looked for."""


class Refused(ProviderError):
    """The provider refuses. `status` is that of its answer, 0 where we did not even ask; `code` is its own number."""

    def __init__(self, status: int, code: int | None, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class WrongToken(Refused):
    """The provider does not take the account's SID and token."""


class CountryClosed(Refused):
    """The account's geographic permissions do not hold the country of the person called."""


class NotVerified(Refused):
    """A number is neither the account's own nor verified by it."""


class Busy(ProviderError):
    """The provider could not be reached, or was busy for longer than we have patience. Nothing was done."""


class AnswerLost(ProviderError):
    """The request went out and no answer came that could be read. It may have been done."""


NOT_FOUND = 404
UNAUTHORIZED = 401
CALL_HAS_ENDED = 21220
BAD_ADDRESS = frozenset({21205, 21609})
NO_ACCOUNT = "the provider has no such account; check PARTNERLINE_TWILIO_ACCOUNT_SID and PARTNERLINE_TWILIO_API_URL"
_NOT_OURS = (
    "the provider does not take the account and its token; check PARTNERLINE_TWILIO_ACCOUNT_SID and"
    " PARTNERLINE_TWILIO_AUTH_TOKEN"
)
_ADDRESS = "the provider cannot use the address it was given; check PARTNERLINE_PUBLIC_URL"
_COUNTRY = "the account may not {} this country; allow it in the provider's console, {}, Geo permissions"
_TRIAL = "a trial account reaches verified numbers only; verify the person's number, or upgrade the account"
_SENDER = "the account cannot send messages from this number; use one of its own that can"
_INACTIVE = "the account is suspended or closed; settle that in the provider's console"
_REMEDIES: dict[int, tuple[type[Refused], str]] = {
    10001: (Refused, _INACTIVE),
    13227: (CountryClosed, _COUNTRY.format("call", "Voice")),
    20003: (WrongToken, _NOT_OURS),
    20005: (Refused, _INACTIVE),
    21205: (Refused, _ADDRESS),
    21210: (
        NotVerified,
        "the number shown to the person called is not the account's and not verified; verify it, or show another",
    ),
    21211: (Refused, "the number to reach is no valid one; correct it where it was written"),
    21215: (CountryClosed, _COUNTRY.format("call", "Voice")),
    21216: (Refused, "the provider does not let this account call this number; ask its support"),
    21219: (NotVerified, _TRIAL),
    21408: (CountryClosed, _COUNTRY.format("send to", "Messaging")),
    21606: (Refused, _SENDER),
    21608: (NotVerified, _TRIAL),
    21609: (Refused, _ADDRESS),
    21610: (Refused, "the person has asked for no more messages; reach them another way"),
    21614: (Refused, "the number to reach cannot receive messages; give a mobile number"),
}
_URL = re.compile(r"\w+://\S+")
_NUMBER = re.compile(r"\+?\d[\d ().-]{4,}\d")
LONGEST_MESSAGE = 200


class _Body(msgspec.Struct):
    code: int | None = None
    message: str = ""


def refusal(status: int, body: bytes) -> ProviderError:
    """The error that an answer means which is neither good nor to be asked for again."""
    try:
        said = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        said = _Body()
    if status == NOT_FOUND:
        return NotThere("the provider knows nothing of that name, or no longer")
    if said.code == CALL_HAS_ENDED:
        return NotThere("the call has ended already")
    if known := _REMEDIES.get(said.code or 0):
        kind, message = known
        return kind(status, said.code, f"{message} (code {said.code})")
    if status == UNAUTHORIZED:
        return WrongToken(status, said.code, _NOT_OURS)
    code = f", code {said.code}" if said.code else ""
    words = _harmless(said.message) or "it gives no reason"
    return Refused(status, said.code, f"the provider refuses ({status}{code}): {words}")


def _harmless(text: str) -> str:
    """The provider's own words on one line, without the numbers and addresses that they like to quote."""
    masked = _NUMBER.sub("(a number)", _URL.sub("(an address)", " ".join(text.split())))
    return "".join(c for c in masked if c.isprintable())[:LONGEST_MESSAGE]
