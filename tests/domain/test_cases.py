"""Case numbers: digits, a check digit, none guessable."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.cases import check_digit, draw_number, is_case_number

SECRET = b"a secret of this installation"


def test_a_number_can_be_keyed_and_ends_in_its_check_digit() -> None:
    for n in range(2000):
        number = draw_number(SECRET, f"CA{n}")
        assert is_case_number(number)
        assert number[0] != "0"


def test_the_same_origin_draws_the_same_number_and_another_attempt_another() -> None:
    assert draw_number(SECRET, "CA1") == draw_number(SECRET, "CA1")
    assert draw_number(SECRET, "CA1", 1) != draw_number(SECRET, "CA1")
    assert draw_number(b"another secret", "CA1") != draw_number(SECRET, "CA1")


def test_numbers_of_neighbouring_calls_have_nothing_to_do_with_each_other() -> None:
    numbers = [int(draw_number(SECRET, f"CA{n}")) for n in range(3000)]
    steps = {b - a for a, b in pairwise(numbers)}
    assert len(set(numbers)) == len(numbers)
    assert len(steps) > 2990


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_one_wrong_digit_is_noticed(digits: str, place: int, wrong: int) -> None:
    number = digits + check_digit(digits)
    other = number[:place] + str(wrong) + number[place + 1 :]
    assert is_case_number(other) == (other == number)


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 8))
def test_two_digits_swapped_are_noticed(digits: str, place: int) -> None:
    number = digits + check_digit(digits)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert is_case_number(swapped) == (swapped == number)


def test_what_is_no_number_at_all() -> None:
    for text in ("", "12", "12345678901", "١٢٣٤٥٦٧٨٩٠", "12345abc90"):
        assert not is_case_number(text)
