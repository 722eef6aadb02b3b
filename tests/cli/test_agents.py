"""`partnerline agents`: what it prints, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import errors
from app.cli.agents import app
from tests.support.facts import FLOWS_DIR

FILE = (
    "name,reach,queues,code\nBo Lind,sip:bo@example.com,tier1-us,4712\nAna Ruiz,+12065550147,tier1-us;tier2-us,4711\n"
)


@pytest.fixture(autouse=True)
def _environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERLINE_FLOWS_DIR", str(FLOWS_DIR))
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", database_url)
    monkeypatch.setenv("PARTNERLINE_CLOCK", "2026-03-03T18:00:00Z")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "agents.csv"
    file.write_text(FILE, encoding="utf-8")
    return file


def test_in_and_listed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["list"]) == 0
    assert "There are no agents" in capsys.readouterr().out
    assert errors.run(app, ["import", str(file), "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "2 agents read: 2 would be added, 0 would be changed, 0 unchanged, 0 would be set offline.\n"
    )
    assert errors.run(app, ["import", str(file)]) == 0
    assert capsys.readouterr() == ("2 agents read: 2 added, 0 changed, 0 unchanged, 0 set offline.\n", "")
    assert errors.run(app, ["list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "NAME      STATE    SINCE (UTC)       QUEUES              REACH",
        "Ana Ruiz  offline  2026-03-03 18:00  tier1-us, tier2-us  +12065550147",
        "Bo Lind   offline  2026-03-03 18:00  tier1-us            sip:bo@example.com",
    ]


def test_a_list_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["list", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
    errors.run(app, ["import", str(file)])
    capsys.readouterr()
    assert errors.run(app, ["list", "--json"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    assert first.pop("id")
    assert first.pop("since").startswith("2026-03-03T18:00:0")
    assert first == {
        "name": "Ana Ruiz",
        "reach": "+12065550147",
        "queues": ["tier1-us", "tier2-us"],
        "state": "offline",
        "reason": "",
        "wrap_until": None,
    }


def test_replace(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    errors.run(app, ["import", str(file)])
    other = tmp_path / "other.csv"
    other.write_text("name,reach,queues,code\nCleo,client:cleo,tier1-us,4713\n", encoding="utf-8")
    assert errors.run(app, ["import", "--replace", str(other)]) == 0
    assert "1 added, 0 changed, 0 unchanged, 0 set offline." in capsys.readouterr().out


def test_a_refused_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FILE.replace("tier1-us,4712", "tier1-su,12"), encoding="utf-8")
    assert errors.run(app, ["import", str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"partnerline: {file}: line 2: code: is no code; give 4 to 10 digits",
        f"partnerline: {file}: line 2: queues: 'tier1-su' is no queue; did you mean tier1-us?",
        f"partnerline: {file}: nothing was changed: 2 problems",
    ]


@pytest.mark.parametrize(
    "arguments", [["import"], ["import", "none.csv"], ["import", "."], ["import", "--nope"], ["list", "x"]]
)
def test_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_wrong_database(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", f"sqlite:///{file.parent}/none.db")
    assert errors.run(app, ["import", str(file)]) == 1
    assert errors.run(app, ["list"]) == 1
    assert capsys.readouterr().err.count("run `partnerline migrate` first\n") == 2


def test_help_shows_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["import", "--help"]) == 0
    assert "Ana Ruiz,+12065550147,tier1-us;tier2-us,4711" in capsys.readouterr().out


def test_the_command_loads_nothing_heavy_before_it_runs() -> None:
    code = "import sys, app.cli.agents; print(sorted(sys.modules))"
    root = FLOWS_DIR.parent
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout
    for module in ("sqlalchemy", "psycopg", "phonenumbers", "pydantic_settings", "fastapi"):
        assert f"'{module}'" not in loaded
