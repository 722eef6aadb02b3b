"""What waiting callers hear: quiet chords, made here, so that no call depends on a file from elsewhere."""

import io
import math
import struct
import wave
from functools import cache

RATE = 8000
SECONDS_A_CHORD = 3
LOUDNESS = 2200
# A slow cadence, in hertz: C, A minor, F, G.
CHORDS = ((261.6, 329.6, 392.0), (220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (196.0, 246.9, 293.7))


@cache
def hold_music() -> bytes:
    """A WAV file of 24 seconds, 16 bit, 8 kHz."""
    samples = [sample for chord in CHORDS * 2 for sample in _chord(chord)]
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return buffer.getvalue()


def _chord(notes: tuple[float, ...]) -> list[int]:
    length = RATE * SECONDS_A_CHORD
    return [
        int(LOUDNESS * math.sin(math.pi * n / length) * sum(math.sin(2 * math.pi * f * n / RATE) for f in notes))
        for n in range(length)
    ]
