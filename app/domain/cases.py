"""Case stubs: their numbers and their states. Source: interfaces "A case", support-model "Cases elsewhere"."""

import hashlib
import hmac
from typing import Literal

Status = Literal["open", "waiting", "in_progress", "callback_requested", "escalated", "abandoned", "resolved"]
CaseDestination = Literal["queue", "line", "voicemail", "callback", "none"]
ENDED: frozenset[Status] = frozenset({"resolved", "abandoned"})

NUMBER_LENGTH = 10
_FIRST, _RANGE = 10**8, 9 * 10**8
# The quasigroup of H. Michael Damm's check digit: it catches every single wrong digit and every swap of neighbours.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


def check_digit(digits: str) -> str:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def is_case_number(digits: str) -> bool:
    """Whether these digits can be a case number at all: the right length, ending in the right check digit."""
    return (
        len(digits) == NUMBER_LENGTH
        and digits.isascii()
        and digits.isdigit()
        and check_digit(digits[:-1]) == digits[-1]
    )


def draw_number(secret: bytes, origin: str, attempt: int = 0) -> str:
    """A case number for what the case comes from (its CallSid). Nobody without the secret can guess another.

    The same origin draws the same number, so a webhook that comes twice, also while the database is away, speaks of
    one case. Two origins may draw alike once in a billion: the store finds out and asks for the next attempt.
    """
    digest = hmac.digest(secret, f"case {origin} {attempt}".encode(), hashlib.sha256)
    digits = str(_FIRST + int.from_bytes(digest[:8], "big") % _RANGE)
    return digits + check_digit(digits)
