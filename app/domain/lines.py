"""What callers dial. Source: support-model "Lines"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LineKind = Literal["support", "certified", "escalation"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its numbers. The ANZ line is of two kinds: one number does both jobs.

    `external` is the number of a certified line that is not answered here. `offer_caller_id` lets a caller with full
    attestation go on as the partner its number is registered for.
    """

    name: str
    region: str
    kinds: frozenset[LineKind]
    numbers: tuple[str, ...]
    flow: str
    languages: tuple[str, ...] = ("en",)
    external: str | None = None
    offer_caller_id: bool = False


@dataclass(frozen=True)
class Lines:
    """All lines, found by name or by number."""

    by_name: Mapping[str, Line]
    by_number: Mapping[str, Line]
    default: Line

    def called(self, number: str) -> Line:
        """The line of a dialled number, however it is written; the default line for a number that is none of ours."""
        return self.by_number.get(digits_of(number), self.default)

    def certified_line(self, region: str) -> Line | None:
        """The line of a region on which certified partners reach Tier 2."""
        return next((x for x in self.by_name.values() if x.region == region and "certified" in x.kinds), None)


def digits_of(number: str) -> str:
    """A telephone number reduced to what identifies it: `+61 180 064 8574` and `+61 1800 648 574` are the same."""
    return "".join(c for c in number if c in "0123456789")


def all_lines(lines: list[Line], default: str, desks: Mapping[str, str] | None = None) -> Lines:
    """`desks`: the desk number of each region. Who is no agent and calls it, reaches the region's support line."""
    by_name = {line.name: line for line in lines}
    support = {line.region: line for line in reversed(lines) if "support" in line.kinds}
    by_number = {digits_of(number): support[region] for region, number in (desks or {}).items() if region in support}
    by_number |= {digits_of(n): line for line in lines for n in line.numbers}
    return Lines(by_name, by_number, by_name[default])
