"""Digits as people say them and as they are said to people. Source: call-flows "Every call", cases "spoken digits"."""

import re

_WORDS = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "naught": "0", "nil": "0",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "fife": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
# What a recogniser writes for a digit. Believed only where nothing but digits is said: "I want to talk" holds no 2.
_SOUND_ALIKES = {"won": "1", "to": "2", "too": "2", "tree": "3", "for": "4", "ate": "8"}
_TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
_TENS = {
    "twenty": "2", "thirty": "3", "forty": "4", "fourty": "4", "fifty": "5", "sixty": "6", "seventy": "7",
    "eighty": "8", "ninety": "9",
}  # fmt: skip
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_TOKEN = re.compile(r"[a-z]+|[0-9]+")


def from_speech(spoken: str) -> str:
    """The digits in what was said, in order; other words are passed over. "one double oh two" is 1002.

    Zeros count, punctuation does not. Text without a digit gives "".
    """
    tokens = _TOKEN.findall(spoken.lower())
    words = _WORDS | _TEENS | (_SOUND_ALIKES if all(_may_be_digits(t) for t in tokens) else {})
    digits: list[str] = []
    repeat, tens = 1, ""
    for token in tokens:
        said = token if token.isdigit() else words.get(token, "")
        if tens:
            # "forty two" is 42; "forty" before anything else is 40.
            joined = len(said) == 1 and said != "0"
            digits.append(tens + ("" if joined else "0"))
            tens = ""
        if token in _REPEATS:
            repeat = _REPEATS[token]
        elif token in _TENS:
            tens = _TENS[token]
        else:
            digits.append(said[:1] * (repeat - 1) + said)
            repeat = 1
    return "".join(digits) + (tens and tens + "0")


def _may_be_digits(token: str) -> bool:
    return token.isdigit() or any(token in known for known in (_WORDS, _SOUND_ALIKES, _TEENS, _TENS, _REPEATS))


def spaced(digits: str) -> str:
    """Digits that a voice reads one by one: `12345` would be read as a number (the provider's page on Say)."""
    return " ".join(digits)
