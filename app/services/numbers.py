"""Telephone numbers as E.164. Valid is what the metadata of `phonenumbers` calls valid: the number may exist.

The library reads a number in 20 microseconds. A number that is written as E.164 already is only compared with the
library's own patterns, compiled once for each calling code and length; whatever they do not match, the library reads in
full. So a number passes here exactly when it passes there (tests/services/test_numbers.py).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc

# Digits of any script, the punctuation people write between them, no letters: the library would read the first number
# out of "call +1 206 555 0147 or …", and dial words.
_WRITTEN = re.compile(r"\+?[\d\s()\[\]./\-\u2010-\u2015\u2212\u2060]{3,40}")
# Of the countries that share a calling code the library asks this one first.
_MAIN_COUNTRY = {str(code): regions[0] for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}
_NEVER = re.compile("(?!)")
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def e164(written: str, countries: Sequence[str] = ()) -> str | None:
    """The number as E.164; None where it is none. A national one is read in the first country where it is valid.

    Countries are ISO codes, as "US". Without one, only a number with its calling code is a number.
    """
    if is_e164(written):
        return written
    return _read(written.strip(), tuple(countries))


def is_e164(written: str) -> bool:
    """Whether a text is a valid number in E.164 without doubt; one that is not may still be read by `e164`."""
    return _pattern(written[:4], len(written)).fullmatch(written) is not None


@lru_cache(maxsize=10_000)
def _read(written: str, countries: tuple[str, ...]) -> str | None:
    if not _WRITTEN.fullmatch(written):
        return None
    for country in (None,) if written.startswith("+") else countries:
        try:
            number = phonenumbers.parse(written, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


@lru_cache(maxsize=10_000)
def _pattern(start: str, length: int) -> re.Pattern[str]:
    """Matches the numbers in E.164 that begin so and are as long."""
    codes = (start[1:size] for size in (2, 3, 4) if start[:1] == "+")
    return next((_numbers_of(code, length - 1 - len(code)) for code in codes if code in _MAIN_COUNTRY), _NEVER)


@lru_cache(maxsize=10_000)
def _numbers_of(calling_code: str, length: int) -> re.Pattern[str]:
    """Matches E.164 for the numbers of the main country of a calling code, with so many digits after the code.

    A number that begins like a national prefix is left to the library, which might take the prefix off.
    """
    country = PhoneMetadata.metadata_for_region(_MAIN_COUNTRY[calling_code], None)
    general = country and _digits(country.general_desc, length)
    if not country or not general:
        return _NEVER
    # Some countries have one pattern for several kinds.
    kinds = "|".join(dict.fromkeys(filter(None, (_digits(getattr(country, kind), length) for kind in _KINDS))))
    prefix, leading = country.national_prefix_for_parsing, country.leading_digits
    return re.compile(
        rf"\+{calling_code}"
        + (f"(?!{prefix})" if prefix else "")
        + (f"(?={leading})" if leading else "")
        + f"(?={general}$)(?:{kinds})",
        re.ASCII,
    )


def _digits(kind: PhoneNumberDesc | None, length: int) -> str:
    """A pattern that holds for the numbers of one kind with so many digits; empty where the country has none."""
    if kind is None or not kind.national_number_pattern:
        return ""
    if kind.possible_length and length not in kind.possible_length:
        return ""
    return f"(?:{kind.national_number_pattern})"
