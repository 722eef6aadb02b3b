"""`partnerline route --batch`, against a program that only decodes and encodes the same lines with msgspec.

Whole processes over the same file; a third of its callers have a PID, a third are described, a third are unverified.
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import msgspec

from app.domain.routing import SEVERITIES
from bench import databases, workers
from bench.databases import FIRST_PID, PARTNERS
from bench.report import Row, progress, ratios, run_alone
from bench.start import PARTNERLINE

LINES = 200_000
ROUNDS = 9
QUICK_LINES = 50_000
QUICK_ROUNDS = 3
OURS = (PARTNERLINE, "route", "--batch")
BASELINE = (sys.executable, str(workers.ROOT / "bench/baselines/decode_encode.py"))
NAMES = ("US support", "EMEA support", "ANZ support", "US certified", "EMEA escalation voicemail", "+18888988733")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES_A_YEAR = 365 * 24 * 60


def measure(quick: bool = False) -> list[Row]:
    rounds, lines = (QUICK_ROUNDS, QUICK_LINES) if quick else (ROUNDS, LINES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = workers.environment(folder, databases.sqlite(folder))
        questions = folder / "questions.jsonl"
        questions.write_bytes(msgspec.json.Encoder().encode_lines(_questions(lines)))
        ours, baseline = [], []
        for n in range(rounds):
            ours.append(lines / _seconds(OURS, questions, environment))
            baseline.append(lines / _seconds(BASELINE, questions, environment))
            progress(
                f"route_batch: round {n + 1} of {rounds}: {ours[-1]:,.0f} against {baseline[-1]:,.0f} lines a second"
            )
    return [Row("lines a second of route --batch", "decoding and encoding", ratios(ours, baseline), "≥ 0.10")]


def _questions(count: int) -> list[dict[str, Any]]:
    random = Random(1)
    return [_question(random, n) for n in range(count)]


def _question(random: Random, n: int) -> dict[str, Any]:
    callers: tuple[dict[str, Any], ...] = (
        {"pid": str(FIRST_PID + random.randrange(PARTNERS))},
        {"caller": {"type": random.choice(("agency", "resale")), "certified": random.random() < 0.5}},
        {"caller": None},
    )
    at = NEW_YEAR + timedelta(minutes=random.randrange(MINUTES_A_YEAR))
    return {"line": random.choice(NAMES), "severity": random.choice(SEVERITIES), "at": at, **callers[n % 3]}


def _seconds(command: tuple[str, ...], questions: Path, environment: dict[str, str]) -> float:
    answers = questions.with_name("answers.jsonl")
    with questions.open("rb") as source, answers.open("wb") as target:
        start = perf_counter()
        subprocess.run(command, stdin=source, stdout=target, cwd=questions.parent, env=environment, check=True)
        seconds = perf_counter() - start
    with questions.open("rb") as source, answers.open("rb") as target:
        assert sum(1 for _ in target) == sum(1 for _ in source), "a line without its answer"
    return seconds


if __name__ == "__main__":
    run_alone(measure)
