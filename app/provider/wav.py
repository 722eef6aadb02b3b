"""How long a WAV file lasts, read from its head: enough to know that it is one, and whole."""

UNKNOWN_SIZE = 0xFFFFFFFF
"""In place of a length, where the file was written before it was known."""


class NotSound(Exception):
    """It cannot be played; the message says why, as the end of "The recording …"."""


def seconds_of(audio: bytes) -> float:
    """Raises NotSound for what is no WAV file, is cut off, or holds no sound."""
    if audio[:4] != b"RIFF" or audio[8:12] != b"WAVE":
        raise NotSound("is no WAV file")
    bytes_a_second, place = 0, 12
    while place + 8 <= len(audio):
        name, size = audio[place : place + 4], _number(audio, place + 4)
        place += 8
        if name == b"fmt ":
            bytes_a_second = _number(audio, place + 8)
        elif name == b"data":
            return _length(size, len(audio) - place, bytes_a_second)
        # A part of odd length is filled up with a byte.
        place += size + size % 2
    raise NotSound("holds no sound")


def _length(size: int, there: int, bytes_a_second: int) -> float:
    if there < size != UNKNOWN_SIZE:
        raise NotSound("is cut off")
    if not min(size, there) or not bytes_a_second:
        raise NotSound("holds no sound")
    return min(size, there) / bytes_a_second


def _number(audio: bytes, place: int) -> int:
    return int.from_bytes(audio[place : place + 4], "little")
