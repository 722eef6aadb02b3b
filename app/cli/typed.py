"""What somebody types at a telephone, line by line."""

import asyncio
import os
import threading
from dataclasses import dataclass
from typing import Literal

from app.cli.dialling import odd_key

HELP = "a answers, d declines, h hangs up, 0-9 * # are keyed, s 8 speaks for 8 seconds, w 5 waits"
Verb = Literal["answer", "decline", "hang-up", "keys", "talk", "wait", "unknown"]
_WORDS: dict[str, Verb] = {"": "answer", "a": "answer", "d": "decline", "h": "hang-up"}
_WITH_SECONDS: dict[str, Verb] = {"s": "talk", "w": "wait"}


@dataclass(frozen=True, slots=True)
class Deed:
    """`text`: the keys, or whole seconds."""

    verb: Verb
    text: str = ""


def deed(line: str) -> Deed:
    """What a line means."""
    line = line.strip()
    if line in _WORDS:
        return Deed(_WORDS[line])
    if odd_key(line) is None:
        return Deed("keys", line)
    word, _, seconds = line.partition(" ")
    if word in _WITH_SECONDS and seconds.isascii() and seconds.isdigit() and len(seconds) < 5:
        return Deed(_WITH_SECONDS[word], seconds)
    return Deed("unknown", line)


def lines() -> "asyncio.Queue[str | None]":
    """The lines of standard input as they come; None at its end. Called where an event loop runs."""
    read: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def give(line: str | None) -> None:
        # The loop may be over while somebody still types.
        if not loop.is_closed():
            loop.call_soon_threadsafe(read.put_nowait, line)

    def run() -> None:
        rest = b""
        # Past Python's own buffer, whose lock would be held when the program ends while this thread still waits.
        while chunk := os.read(0, 4096):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                give(line.decode(errors="replace"))
        if rest:
            give(rest.decode(errors="replace"))
        give(None)

    threading.Thread(target=run, daemon=True).start()
    return read
