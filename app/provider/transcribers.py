"""Who turns a message into text on this machine, where the operator has installed something that can.

pocketsphinx brings its English model along: `pip install "partnerline[transcription]"`. It listens in a process of its
own, one message at a time and behind everything else that the machine does. This file is that process's program too,
so it needs nothing of ours.
"""

import asyncio
import importlib
import os
import sys
import wave
from array import array
from io import BytesIO
from typing import Any, Protocol

ENGINE = "pocketsphinx"
TELEPHONE, WANTED = 8_000, 16_000
# Listened to at once: a longer stretch takes more than its share of time.
STRETCH_SECONDS = 20
# Seconds that it may take: it needs about a third of what a message lasts.
AT_LEAST, FOR_EACH_SECOND = 60.0, 5.0


class CannotTranscribe(Exception):
    """There is no text for this sound; the message says why."""


class Transcriber(Protocol):
    """Turns the sound of a message into text."""

    name: str
    """Who did it, as it is shown beside the text."""

    async def transcribe(self, audio: bytes) -> str:
        """The text of a WAV file; empty where nobody speaks. Raises CannotTranscribe."""
        ...


class PocketSphinx:
    """English only. Of a telephone call it gets about half of the words right."""

    name = ENGINE

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def transcribe(self, audio: bytes) -> str:
        patience = AT_LEAST + FOR_EACH_SECOND * len(audio) / (TELEPHONE * 2)
        async with self._one_at_a_time:
            # Isolated: neither the folder nor the environment, with its secrets, is that program's business.
            program = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                __file__,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={},
            )
            try:
                async with asyncio.timeout(patience):
                    text, error = await program.communicate(audio)
            except TimeoutError:
                raise CannotTranscribe(f"it took more than {patience:.0f} s") from None
            finally:
                if program.returncode is None:
                    program.kill()
                    await program.wait()
        if program.returncode:
            raise CannotTranscribe(error.decode(errors="replace").strip().rpartition("\n")[2])
        return text.decode(errors="replace").strip()


def main() -> None:
    """A WAV file comes in, its text goes out."""
    os.nice(10)
    sys.stdout.write(listened(sys.stdin.buffer.read()))


def listened(audio: bytes) -> str:
    """Raises ValueError for sound of another kind than a telephone company records."""
    with wave.open(BytesIO(audio)) as file:
        kind = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        samples = array("h", file.readframes(file.getnframes()))
    if kind not in ((1, 2, TELEPHONE), (1, 2, WANTED)):
        raise ValueError(f"sound of {kind[0]} channels, {kind[1]} bytes and {kind[2]} Hz cannot be listened to")
    if sys.byteorder == "big":
        samples.byteswap()
    sound = doubled(samples) if kind[2] == TELEPHONE else samples
    decoder = importlib.import_module(ENGINE).Decoder(loglevel="FATAL")
    stretch = STRETCH_SECONDS * WANTED
    stretches = (sound[start : start + stretch] for start in range(0, len(sound), stretch))
    return " ".join(filter(None, (_words(decoder, each) for each in stretches)))


def doubled(samples: "array[int]") -> "array[int]":
    """As many again, each halfway between its neighbours: the model has learned from twice the rate."""
    between = ((one + next_) // 2 for one, next_ in zip(samples, [*samples[1:], *samples[-1:]], strict=True))
    return array("h", [value for pair in zip(samples, between, strict=True) for value in pair])


def _words(decoder: Any, samples: "array[int]") -> str:
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr) if found else ""


if __name__ == "__main__":
    main()
