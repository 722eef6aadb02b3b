"""A WAV file is known by its head, and what is none is said in words."""

import pytest

from app.exchange.sound import wav
from app.provider.wav import UNKNOWN_SIZE, NotSound, seconds_of

WHOLE = wav(2)
DATA = WHOLE.index(b"data")


def test_how_long_it_lasts() -> None:
    assert seconds_of(WHOLE) == 2
    assert seconds_of(wav(300)) == 300


def test_other_parts_before_the_sound_are_passed_over() -> None:
    odd = b"LIST" + (3).to_bytes(4, "little") + b"abc\x00"
    assert seconds_of(WHOLE[:DATA] + odd + WHOLE[DATA:]) == 2


def test_a_length_that_was_not_known_when_it_was_written() -> None:
    assert seconds_of(WHOLE[: DATA + 4] + UNKNOWN_SIZE.to_bytes(4, "little") + WHOLE[DATA + 8 :]) == 2


@pytest.mark.parametrize(
    ("audio", "why"),
    [
        (b"", "is no WAV file"),
        (b"<html>", "is no WAV file"),
        (b"RIFF\x00\x00\x00\x00AVI ", "is no WAV file"),
        (WHOLE[:12], "holds no sound"),
        (WHOLE[:DATA], "holds no sound"),
        (wav(0), "holds no sound"),
        (WHOLE[:12] + WHOLE[DATA:], "holds no sound"),
        (WHOLE[:-1], "is cut off"),
        (WHOLE[: DATA + 8], "is cut off"),
    ],
)
def test_what_is_none(audio: bytes, why: str) -> None:
    with pytest.raises(NotSound, match=why):
        seconds_of(audio)
