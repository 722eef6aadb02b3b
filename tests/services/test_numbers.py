"""Telephone numbers: what the library calls valid is a number, and nothing else is."""

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from app.services import numbers

KINDS = ("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "pager", "uan")


def by_the_library(written: str) -> str | None:
    try:
        number = phonenumbers.parse(written, None)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else None


def examples() -> Iterator[str]:
    """A number of every kind of every country."""
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            country = PhoneMetadata.metadata_for_region(region, None)
            for kind in KINDS:
                example = getattr(getattr(country, kind, None), "example_number", None)
                if example:
                    yield f"+{code}{example}"


EXAMPLES = tuple(examples())


@st.composite
def almost_numbers(draw: st.DrawFn) -> str:
    """A number with some digits changed, put in or left out."""
    digits = list(draw(st.sampled_from(EXAMPLES))[1:])
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(digits) - 1))
        digits[place : place + draw(st.integers(0, 1))] = draw(st.sampled_from([*"0123456789", ""]))
    return "+" + "".join(digits)


def test_every_countrys_own_example_is_a_number() -> None:
    assert [e for e in EXAMPLES if numbers.e164(e) != by_the_library(e)] == []
    assert len(EXAMPLES) > 1_000


@given(almost_numbers())
def test_the_short_way_and_the_library_agree(written: str) -> None:
    assert numbers.e164(written) == by_the_library(written)


@given(st.from_regex(r"\+[0-9]{1,16}", fullmatch=True))
def test_they_agree_on_any_digits(written: str) -> None:
    assert numbers.e164(written) == by_the_library(written)


@given(st.text(max_size=20))
def test_no_text_is_more_than_e164_or_nothing(written: str) -> None:
    number = numbers.e164(written, ("US", "GB", "AU", "SG"))
    assert number is None or (number[0] == "+" and number[1:].isdecimal() and number.isascii())


@pytest.mark.parametrize(
    ("written", "countries", "number"),
    [
        ("+12065550147", (), "+12065550147"),  # fictional, and accepted: the sample data has them
        ("+44 20 7946 0123", (), "+442079460123"),
        ("(206) 555-0123", ("US",), "+12065550123"),
        ("1 206 555 0123", ("US",), "+12065550123"),
        ("020 7946 0123", ("GB",), "+442079460123"),
        ("+44 (0)20 7946 0123", ("US",), "+442079460123"),
        ("011 44 20 7946 0123", ("US",), "+442079460123"),  # as it is dialled from there
        ("1800 648 574", ("AU", "SG"), "+611800648574"),  # national toll-free numbers are numbers
        ("1300 088 917", ("AU", "SG"), "+611300088917"),
        ("+61 180 064 8574", ("US",), "+611800648574"),
        ("6123 4567", ("AU", "SG"), "+6561234567"),  # no number in Australia, one in Singapore
        ("02 8201 7456", ("AU", "SG"), "+61282017456"),
        ("020 7946 0123", (), None),  # national, and no country to read it in
        ("555-0123", ("US",), None),  # without an area code it could be anywhere
        ("+266696687", ("US",), None),  # what a withheld caller shows as
        ("+999123456789", ("US",), None),
        ("+1 206 555 0147 ext 5", ("US",), None),  # E.164 has no extensions
        ("+1 206 555 0147 or 0148", ("US",), None),
        ("1-800-FLOWERS", ("US",), None),
        ("1.20656E+10", ("US",), None),
        ("+12065550147\n", ("US",), "+12065550147"),
        ("+٤٤2079460123", ("US",), "+442079460123"),
        ("", ("US",), None),
        ("+", ("US",), None),
        ("+" * 5000, ("US",), None),
    ],
)
def test_a_number_as_people_write_it(written: str, countries: tuple[str, ...], number: str | None) -> None:
    assert numbers.e164(written, countries) == number
