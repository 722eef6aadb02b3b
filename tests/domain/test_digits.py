"""Digits from speech."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.digits import from_speech, spaced


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("one double oh two three four", "100234"),
        ("one two double three", "1233"),
        ("100234.", "100234"),
        ("1 0 0 2 3 4.", "100234"),
        ("zero zero four two", "0042"),
        ("0042", "0042"),
        ("triple nine", "999"),
        ("forty two", "42"),
        ("forty ten", "4010"),
        ("ten oh two", "1002"),
        ("one for two to", "1422"),
        ("my ID is 4711, thank you", "4711"),
        ("I want to talk to a person", ""),
        ("A B seven seven eight one", "7781"),
        ("double", ""),
        ("²", ""),
        ("", ""),
    ],
)
def test_what_is_said_as_digits(spoken: str, digits: str) -> None:
    assert from_speech(spoken) == digits


WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_any_number_said_word_by_word_is_heard_whole(digits: list[int]) -> None:
    assert from_speech(" ".join(WORDS[d] for d in digits)) == "".join(map(str, digits))


@given(st.text())
def test_whatever_is_said_only_digits_come_out(text: str) -> None:
    heard = from_speech(text)
    assert heard == "" or (heard.isascii() and heard.isdigit())


def test_digits_are_spoken_one_by_one() -> None:
    assert spaced("0042") == "0 0 4 2"
