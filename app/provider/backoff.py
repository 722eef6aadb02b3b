"""How long to wait before the provider is asked again: longer each time, and not in step with everybody else."""

from collections.abc import Iterator, Mapping
from typing import Protocol

FIRST = 0.5
LONGEST = 8.0


class Chance(Protocol):
    """What draws: the module `random`, or a generator with a seed."""

    def random(self) -> float: ...


def pauses(chance: Chance) -> Iterator[float]:
    """Seconds, without end: 0.5, 1, 2, 4, 8, 8, …, each shortened by up to a half."""
    longest = FIRST
    while True:
        yield longest * (1 - chance.random() / 2)
        longest = min(LONGEST, 2 * longest)


def asked_for(headers: Mapping[str, str]) -> float:
    """The seconds of `Retry-After`; 0 where there is none, or none that is a number."""
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else 0.0
