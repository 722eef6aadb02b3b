"""Which numbers may be called back (agents.md, "Callbacks"): an allowed country, no costly kind, none of our lines."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

NEVER_DIALLED = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.UAN,
        PhoneNumberType.PAGER,
        PhoneNumberType.VOICEMAIL,
    }
)
# Satellite telephones within a country's numbers: Australia's 014.
SATELLITE = ("+6114",)
# In North America this exchange is paid information, in any area.
_PAID_EXCHANGE = re.compile(r"\+1[0-9]{3}976[0-9]{4}")


class CallbackNumbers:
    """Knows the allowed countries and our own numbers. Most satellite numbers lie in no country: never allowed."""

    def __init__(self, allowed: Iterable[str], own: Iterable[str], countries: Mapping[str, tuple[str, ...]]) -> None:
        self._allowed = frozenset(country for country in allowed if country.isalpha())
        self._own = frozenset(own)
        self._countries = countries
        self.dialable = lru_cache(maxsize=1024)(self._dialable)

    def _dialable(self, number: str, region: str) -> str | None:
        """The number in E.164 if it may be dialled, else None. A national one is read in `region`."""
        for country, text in self._readings(number, region):
            try:
                parsed = phonenumbers.parse(text, country)
            except NumberParseException:
                continue
            if phonenumbers.is_valid_number(parsed):
                return self._if_allowed(parsed)
        return None

    def _readings(self, number: str, region: str) -> Iterable[tuple[str | None, str]]:
        if number.startswith("+"):
            yield None, number
            return
        if not (number.isascii() and number.isdigit()):
            return
        for country in self._countries.get(region, ()):
            yield country, number
        yield None, f"+{number}"

    def _if_allowed(self, parsed: phonenumbers.PhoneNumber) -> str | None:
        text: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        country = phonenumbers.region_code_for_number(parsed)
        if country not in self._allowed or text in self._own:
            return None
        if text.startswith(SATELLITE) or _PAID_EXCHANGE.fullmatch(text):
            return None
        return None if phonenumbers.number_type(parsed) in NEVER_DIALLED else text


def countries_of(numbers: Iterable[str]) -> frozenset[str]:
    """The countries that some numbers lie in: those of the lines are allowed as shipped."""
    found = set()
    for number in numbers:
        try:
            found.add(phonenumbers.region_code_for_number(phonenumbers.parse(number)))
        except NumberParseException:
            continue
    return frozenset(country for country in found if country and country.isalpha())
