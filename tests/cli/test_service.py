"""settings, serve, call, duty, flows: what a person in a terminal meets."""

from pathlib import Path

import pytest

from app.cli import app, errors
from tests.support.facts import FLOWS_DIR


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERLINE_FLOWS_DIR", str(FLOWS_DIR))


def test_settings_show_that_a_secret_is_set_and_never_the_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("the secret itself\n")
    monkeypatch.setenv("PARTNERLINE_SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("PARTNERLINE_DATABASE_URL", "postgresql+psycopg://ivr:hidden@db/ivr")
    assert errors.run(app, ["settings"]) == 0
    printed = capsys.readouterr().out
    assert "the secret itself" not in printed
    assert "(set, not shown)" in printed
    assert "postgresql+psycopg://ivr:***@db/ivr" in printed


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ENV", "staging", "PARTNERLINE_ENV: Input should be 'development' or 'production'"),
        ("CLOCK", "2026-01-01T00:00:00", "PARTNERLINE_CLOCK: give the offset too"),
        ("DATABASE_URL", "mysql://x", "PARTNERLINE_DATABASE_URL: must begin with sqlite:/// or postgresql+psycopg://"),
        ("PROVIDER", "twilio", "PARTNERLINE_TWILIO_AUTH_TOKEN: the provider is twilio, so give the account's token"),
        ("PUBLIC_URL", "ivr.example.com", "PARTNERLINE_PUBLIC_URL: give the whole address"),
        ("SECRET_KEY_FILE", "/nowhere/at/all", "PARTNERLINE_SECRET_KEY_FILE: cannot read /nowhere/at/all"),
        ("TRANSCRIBE", "local", 'TRANSCRIBE: local needs the engine: pip install "partnerline[transcription]"'),
        ("RETENTION_AUDIT", "0", "PARTNERLINE_RETENTION_AUDIT: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"PARTNERLINE_{name}", value)
    assert errors.run(app, ["serve"]) == 2
    printed = capsys.readouterr().err
    assert says in printed
    assert len(printed.splitlines()) == 1


def test_production_refuses_every_unsafe_setting_and_names_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNERLINE_ENV", "production")
    monkeypatch.setenv("PARTNERLINE_CLOCK", "2026-01-01T00:00:00Z")
    assert errors.run(app, ["serve"]) == 2
    printed = capsys.readouterr().err
    for name in ("PROVIDER", "SECRET_KEY", "PUBLIC_URL", "CLOCK"):
        assert f"PARTNERLINE_{name}: " in printed


def test_serving_needs_a_schema_and_more_workers_need_postgresql(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["serve"]) == 1
    assert "run `partnerline migrate` first" in capsys.readouterr().err
    assert errors.run(app, ["serve", "--workers", "2"]) == 2
    assert "more than one worker needs PostgreSQL" in capsys.readouterr().err


def test_migrate_then_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["migrate"]) == 0
    call = ["call", "EMEA support", "--keys", "*#,1", "--at", "2026-03-03T10:00:00Z"]
    assert errors.run(app, call) == 0
    printed = capsys.readouterr().out
    assert "the caller waits in the queue tier1-emea" in printed
    assert "severity               S1" in printed
    assert "emea is open: Mon-Fri 08:00-18:00 GMT" in printed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "there is no line 'nowhere'"),
        (["US support", "--keys", "12a"], "'a' is not on the keypad"),
        (["US support", "--at", "2026-03-03T10:00:00"], "has no offset"),
        (["US support", "--at", "tomorrow"], "is no moment"),
    ],
)
def test_a_call_that_cannot_be_placed(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert errors.run(app, ["migrate"]) == 0
    capsys.readouterr()
    assert errors.run(app, ["call", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_no_call_is_placed_in_production(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ENV": "production",
        "TWILIO_AUTH_TOKEN": "12345",
        "SECRET_KEY": "x" * 32,
        "PUBLIC_URL": "https://ivr.example.test",
    }.items():
        monkeypatch.setenv(f"PARTNERLINE_{name}", value)
    assert errors.run(app, ["call", "US support"]) == 2
    assert "would open a real case" in capsys.readouterr().err


def test_duty_check_names_the_gap(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """cases.md, on call: exit 0; then Tier 1 APAC set to 22:00-07:00: exit 1 naming the gap 07:00-08:00."""
    assert errors.run(app, ["duty", "check", "--year", "2026"]) == 0
    flows = tmp_path / "flows"
    for file in [*FLOWS_DIR.glob("*.yaml"), *FLOWS_DIR.glob("prompts/*.yaml")]:
        target = flows / file.relative_to(FLOWS_DIR)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text(encoding="utf-8")
        target.write_text(text.replace('opens: "00:00", closes: "09:00"', 'opens: "22:00", closes: "07:00"'))
    monkeypatch.setenv("PARTNERLINE_FLOWS_DIR", str(flows))
    capsys.readouterr()
    assert errors.run(app, ["duty", "check", "--year", "2026"]) == 1
    assert "Tier 1: nobody on duty 07:00-08:00 UTC on 365 days of 2026" in capsys.readouterr().out


def test_flows_check_and_draw(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["flows", "check"]) == 0
    assert "Everything is right" in capsys.readouterr().out
    assert errors.run(app, ["flows", "draw", "escalation"]) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("flowchart TD")
    assert 'escalation_review -->|"1, gives up, hangs up"| escalation_keep' in drawn
    assert errors.run(app, ["flows", "draw", "nowhere"]) == 2
