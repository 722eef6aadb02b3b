"""The sound of a recording: a faint tone of the right length, as a WAV file of 8 kHz, 16 bit, one channel."""

import io
import math
import wave

RATE = 8000
TONE = 400
LOUDNESS = 2000


def wav(seconds: int) -> bytes:
    """A file that any player plays, of so many seconds."""
    one_second = b"".join(
        round(LOUDNESS * math.sin(2 * math.pi * TONE * sample / RATE)).to_bytes(2, "little", signed=True)
        for sample in range(RATE)
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(one_second * seconds)
    return file.getvalue()
