"""`partnerline partners`: what it prints, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import errors
from app.cli.partners import app
from tests.services.test_partner_file import CASES, row


@pytest.fixture(autouse=True)
def _database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", database_url)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "partners.csv"
    file.write_text(CASES, encoding="utf-8")
    return file


def test_in_and_out(file: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert errors.run(app, ["import", str(file), "--dry-run"]) == 0
    assert capsysbinary.readouterr().out == (
        b"5 partners read: 5 would be added, 0 would be changed, 0 unchanged, 0 would be suspended.\n"
    )
    assert errors.run(app, ["import", str(file)]) == 0
    assert capsysbinary.readouterr() == (b"5 partners read: 5 added, 0 changed, 0 unchanged, 0 suspended.\n", b"")
    assert errors.run(app, ["export"]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert len(lines) == 6
    assert lines[1] == "0042,Bluefin Voice,wholesale,emea,,active,,,,+12065550142,"


def test_replace(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.csv"
    other.write_text(row(pid="777123"), encoding="utf-8")
    errors.run(app, ["import", str(file)])
    assert errors.run(app, ["import", "--replace", str(other)]) == 0
    assert "1 added, 0 changed, 0 unchanged, 4 suspended." in capsys.readouterr().out


def test_a_refused_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(CASES.replace("emea", "mars").replace("0042", "1.00E+05"), encoding="utf-8")
    assert errors.run(app, ["import", str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"partnerline: {file}: line 3: pid: '1.00E+05' is a number that a spreadsheet has rewritten; "
        "format the column as text",
        f"partnerline: {file}: line 3: region: 'mars' is none of us, emea, apac",
        f"partnerline: {file}: nothing was changed: 2 problems",
    ]


def test_more_problems_than_are_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("pid,name,type,region\n" + "1,a,agency,us\n" * 1_200, encoding="utf-8")
    assert errors.run(app, ["import", str(file)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1_001
    assert lines[-1].endswith("nothing was changed: 1200 problems, 200 of them not shown")


@pytest.mark.parametrize("arguments", [["import"], ["import", "none.csv"], ["import", "."], ["import", "--nope"]])
def test_wrong_use(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_wrong_database(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", f"sqlite:///{file.parent}/none.db")
    assert errors.run(app, ["import", str(file)]) == 1
    assert errors.run(app, ["export"]) == 1
    assert capsys.readouterr().err.count("run `partnerline migrate` first\n") == 2
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", "mysql://")
    assert errors.run(app, ["export"]) == 2


def test_the_command_loads_nothing_heavy_before_it_runs() -> None:
    code = "import sys, app.cli.partners; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for module in ("sqlalchemy", "psycopg", "phonenumbers", "rich.progress", "pydantic_settings"):
        assert f"'{module}'" not in loaded
