"""Ratios, their table, and a line on standard error that says how far the work is."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: the ratios of its rounds, and what is promised of their median ("at least 1.5")."""

    what: str
    against: str
    ratios: Sequence[float]
    promised: str


Measure = Callable[[bool], list[Row]]


def table(rows: Iterable[Row]) -> str:
    lines = ["| what | against | ratio | lowest to highest | promised |", "| --- | --- | ---: | ---: | --- |"]
    for row in rows:
        span = f"{figure(min(row.ratios))} to {figure(max(row.ratios))}"
        lines.append(f"| {row.what} | {row.against} | {figure(median(row.ratios))} | {span} | {row.promised} |")
    return "\n".join(lines)


def figure(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def ratios(of: Sequence[float], to: Sequence[float]) -> list[float]:
    """Round by round: both programs met the same noise."""
    return [a / b for a, b in zip(of, to, strict=True)]


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run_alone(measure: Measure) -> None:
    """What a program of this package does when it is started by itself."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    print(table(measure(parser.parse_args().quick)))
