"""`partnerline route`: 5,000 random questions go where the tables of call-flows say, read here a second time."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest

from app.cli import app, errors
from tests.support.facts import FLOWS_DIR

QUESTIONS = 5000
ZONES = {"us": "America/Los_Angeles", "emea": "GMT", "apac": "Asia/Singapore"}
HOURS = {"us": (5, 18), "emea": (8, 18), "apac": (9, 18)}
ORDER = {"us": ("us", "emea", "apac"), "emea": ("emea", "us", "apac"), "apac": ("apac", "emea", "us")}
YEARS = range(2025, 2029)
CALENDARS = {
    "us": holidays.country_holidays("US", years=YEARS),
    "emea": holidays.country_holidays("GB", subdiv="ENG", years=YEARS),
    "apac": holidays.country_holidays("SG", years=YEARS),
}
LINES = {
    "US support": ("us", "support"),
    "+1 408 687 4120": ("us", "support"),
    "EMEA support": ("emea", "support"),
    "ANZ support": ("apac", "both"),
    "+61 180 064 8574": ("apac", "both"),
    "+611300088917": ("apac", "support"),
    "US certified": ("us", "certified"),
    "EMEA certified": ("emea", "certified"),
    "US escalation voicemail": ("us", "escalation"),
    "EMEA escalation voicemail": ("emea", "escalation"),
    "APAC escalation voicemail": ("apac", "escalation"),
}


def is_open(region: str, at: datetime) -> bool:
    local = at.astimezone(ZoneInfo(ZONES[region]))
    first, last = HOURS[region]
    return local.weekday() < 5 and local.date() not in CALENDARS[region] and first <= local.hour < last


def opens(region: str, at: datetime) -> datetime:
    minute = at.replace(second=0, microsecond=0)
    while not is_open(region, minute):
        minute += timedelta(minutes=30) if minute.minute % 30 == 0 else timedelta(minutes=1)
    return minute


def expected(question: Mapping[str, Any]) -> dict[str, Any]:
    """The row of the table, for the lines and hours as shipped."""
    region, kind = LINES[question["line"]]
    at = datetime.fromisoformat(question["at"])
    caller = question.get("caller") or {"certified": False}
    certified = caller["certified"] and caller.get("status", "active") == "active"
    tier, s1 = (2 if certified else 1), question["severity"] == "S1"
    team = next((r for r in ORDER[region] if is_open(r, at)), None)
    row: dict[str, Any] = {"tier": tier, "region": team or region, "queue": None, "opens_at": None, "pages": False}
    if team is None and s1:
        return row | {"destination": "queue", "queue": f"tier{tier}-oncall", "pages": True}
    if team is None and not certified:
        return row | {"destination": "callback", "opens_at": f"{opens(region, at):%Y-%m-%dT%H:%M:%SZ}"}
    if certified and not s1 and (team is None or kind == "escalation"):
        return row | {"destination": "voicemail", "region": region}
    if certified and kind == "support":
        return row | {"destination": "line", "queue": f"tier2-{team}"}
    return row | {"destination": "queue", "queue": f"tier{tier}-{team}"}


def random_questions(seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    start = datetime(2025, 6, 1, tzinfo=UTC)
    for _ in range(QUESTIONS):
        described = {
            "type": chance.choice(["agency", "resale", "wholesale"]),
            "certified": chance.random() < 0.6,
            "status": chance.choice(["active", "active", "suspended"]),
            "loa": chance.random() < 0.5,
        }
        yield {
            "line": chance.choice(list(LINES)),
            "caller": chance.choice([described, described, None]),
            "severity": chance.choice(["S1", "S2", "S3"]),
            "at": (start + timedelta(seconds=chance.randrange(3 * 365 * 86400))).isoformat(),
        }


def route(*arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import run; run()", "route", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PARTNERLINE_FLOWS_DIR": str(FLOWS_DIR), **environment},
        cwd=Path(__file__).parents[2],
        check=False,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_5000_random_decisions_go_where_the_tables_say(sqlite_url: str, seed: int) -> None:
    questions = list(random_questions(seed))
    given = "".join(json.dumps(question) + "\n" for question in questions)
    ran = route("--batch", given=given, PARTNERLINE_DATABASE_URL=sqlite_url)
    assert (ran.returncode, ran.stderr) == (0, "")
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == QUESTIONS
    for question, answer in zip(questions, answers, strict=True):
        row = expected(question)
        assert {key: answer[key] for key in row} == row, question


def test_a_bad_line_gives_its_error_in_its_place_and_exit_code_1(sqlite_url: str) -> None:
    bad = [
        "nonsense",
        "",
        "[]",
        '{"line": "US support", "at": "2026-03-07T12:00:00"}',
        '{"line": "US support", "severity": "S4"}',
        '{"line": "US support", "pid": 100234}',
        '{"line": "US support", "pid": "100234", "caller": null}',
        '{"line": "US support", "colour": "red"}',
        '{"line": "no such line"}',
        '{"pid": "100234"}',
        '{"line": "US support", "caller": {"type": "customer", "certified": true}}',
    ]
    good = '{"line": "US support", "severity": "S1", "at": "2026-03-03T17:00:00Z"}'
    given = "\n".join([*(line for one in bad for line in (one, good)), ""])
    ran = route("--batch", given=given, PARTNERLINE_DATABASE_URL=sqlite_url)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 1
    assert [list(answer) == ["error"] for answer in answers] == [True, False] * len(bad)
    assert all(answer["queue"] == "tier1-us" for answer in answers[1::2])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--line", "nowhere"], "there is no line 'nowhere'; give a number as in +18888988733, or one of `US support`"),
        (["--line", "US support", "--at", "2026-03-07T12:00:00"], "give the moment with its offset"),
        (["--line", "US support", "--at", "soon"], "at: "),
        (["--line", "US support", "--severity", "S9"], "severity: must be S1, S2 or S3"),
        (["--severity", "S1"], "name the line"),
        (["--colour", "red"], "No such option"),
        (["--batch", "--line", "US support"], "leave the other options away"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    sqlite_url: str,
    arguments: list[str],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", sqlite_url)
    assert errors.run(app, ["route", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert says in printed.err


def test_a_number_of_nobody_gets_the_default_line_and_says_so(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", sqlite_url)
    assert errors.run(app, ["route", "--line", "+15005550006", "--at", "2026-03-03T17:00:00Z"]) == 0
    assert "none of our numbers: the default line, US support" in capsys.readouterr().out
