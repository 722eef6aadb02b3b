"""What a partner's fields may hold, for the partner file and for `PUT /partners/{pid}` alike.

Each rule takes a text and gives the value kept, or raises Refused with the reason. Blanks around a text do not count.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from app.domain.partners import dialled
from app.services import numbers

Countries = Mapping[str, Sequence[str]]
"""The regions there are, and where a national number of their partners is looked for, in order (ISO codes)."""

REQUIRED = ("pid", "name", "type", "region")
COLUMNS = (
    "pid", "name", "type", "region", "parent_account", "status", "certified_from", "certified_until", "dial_code",
    "phones", "loa_customers",
)  # fmt: skip

MAX_PID = 32
MAX_TEXT = 200
MAX_PHONES = 100
MAX_CUSTOMER = 100
MAX_CUSTOMERS = 1_000

_PID = re.compile(r"[A-Za-z0-9-]+")
_DIALLED = re.compile(r"[0-9]{4,10}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPREADSHEET_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+|[0-9]+[.,][0-9]+")
# No text to speak, and not allowed in XML; a tab is. Free text may run over several lines.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_CONTROL_IN_FREE_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Refused(ValueError):
    """A value that a partner cannot have; the message says why."""


def shown(text: str) -> str:
    """A text for a message: on one line, quoted, shortened."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def pid(text: str) -> str:
    if _DIALLED.fullmatch(text):
        return text
    text = text.strip()
    if _SPREADSHEET_NUMBER.fullmatch(text) and not _PID.fullmatch(text):
        raise Refused(f"{shown(text)} is a number that a spreadsheet has rewritten; format the column as text")
    if not _PID.fullmatch(text):
        raise Refused(f"{shown(text)} is no PID: letters (A to Z), digits and dashes" if text else "is empty")
    if not _DIALLED.fullmatch(dialled(text)):
        raise Refused(f"{shown(text)} has {len(dialled(text))} digits; a PID has 4 to 10 among its characters")
    if len(text) > MAX_PID:
        raise Refused(f"{shown(text)} is longer than {MAX_PID} characters")
    return text


def name(text: str) -> str:
    if _is_plain(text):
        return text
    text = text.strip()
    if not text:
        raise Refused("is empty")
    return _limited(text, _CONTROL)


def parent_account(text: str) -> str:
    if _is_plain(text):
        return text
    return _limited(text.strip().replace("\r\n", "\n"), _CONTROL_IN_FREE_TEXT)


def one_of(allowed: Iterable[str], default: str = "") -> Callable[[str], str]:
    """A rule for a closed set. With a default, nothing means the default."""
    values = frozenset(allowed)
    listed = ", ".join(allowed)

    def rule(text: str) -> str:
        text = text.strip() or default
        if text not in values:
            raise Refused(f"{shown(text)} is none of {listed}" if text else f"is empty; give one of {listed}")
        return text

    return rule


def day(text: str) -> str | None:
    text = text.strip()
    return _in_the_calendar(text) if text else None


@lru_cache(maxsize=10_000)
def _in_the_calendar(text: str) -> str:
    if text.isdecimal():
        raise Refused(f"{shown(text)} is a spreadsheet's number for a date; write it as 2026-03-07")
    if not _DAY.fullmatch(text):
        raise Refused(f"{shown(text)} is no ISO date; write it as 2026-03-07")
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{shown(text)} is not in the calendar") from None
    return text


def dial_code(text: str) -> str:
    text = text.strip()
    if text and not _DIALLED.fullmatch(text):
        raise Refused(f"{shown(text)} cannot be dialled; give 4 to 10 digits")
    return text


def phones(text: str, countries: Sequence[str]) -> str:
    """E.164 numbers, separated by `;`, each once. National ones are read in the countries given."""
    found: dict[str, None] = {}
    for part in _parts(text):
        number = numbers.e164(part, countries)
        if number is None:
            raise Refused(f"{shown(part)} is no telephone number{_where(part, countries)}")
        found[number] = None
    if len(found) > MAX_PHONES:
        raise Refused(f"holds {len(found)} numbers; at most {MAX_PHONES}")
    return ";".join(found)


def loa_customers(text: str) -> str:
    """Customer accounts, separated by `;`, each once."""
    customers = list(dict.fromkeys(_parts(text)))
    if len(customers) > MAX_CUSTOMERS:
        raise Refused(f"holds {len(customers)} customers; at most {MAX_CUSTOMERS}")
    for customer in customers:
        _limited(customer, _CONTROL, MAX_CUSTOMER)
    return ";".join(customers)


def period(certified_from: str | None, certified_until: str | None) -> None:
    """Raises Refused where a certification ends before it starts."""
    if certified_from and certified_until and certified_until < certified_from:
        raise Refused(f"{certified_until} is before certified_from, {certified_from}")


def _parts(text: str) -> list[str]:
    return [part for part in map(str.strip, text.split(";")) if part]


def _is_plain(text: str) -> bool:
    """The usual case at once: not empty, not too long, printable, no blank around it."""
    return 0 < len(text) <= MAX_TEXT and text.isprintable() and text[0] != " " and text[-1] != " "


def _limited(text: str, control: re.Pattern[str], limit: int = MAX_TEXT) -> str:
    if len(text) > limit:
        raise Refused(f"{shown(text)} is longer than {limit} characters")
    if not text.isprintable() and (found := control.search(text)):
        what = {"\0": "a NUL", "\n": "a line break", "\r": "a line break"}.get(found[0], "a control character")
        raise Refused(f"{shown(text)} holds {what}, as character {found.start() + 1}")
    return text


def _where(part: str, countries: Sequence[str]) -> str:
    return "" if part.startswith("+") else f" in {' or '.join(countries)}; give it as +1 206 555 0147"


Rule = Callable[[str], str | None]


def rules(regions: Iterable[str]) -> dict[str, Rule]:
    """The rule of each column, but for phones, whose rule depends on the partner's region."""
    return {
        "pid": pid,
        "name": name,
        "type": one_of(("agency", "resale", "wholesale")),
        "region": one_of(tuple(regions)),
        "parent_account": parent_account,
        "status": one_of(("active", "suspended"), default="active"),
        "certified_from": day,
        "certified_until": day,
        "dial_code": dial_code,
        "loa_customers": loa_customers,
    }
