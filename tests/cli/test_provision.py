"""provision: as somebody in a terminal meets it, against a stand-in for the provider on a port of its own."""

import json
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.cli import app, errors
from tests.provider.account import SID, Account
from tests.support.facts import FLOWS_DIR, shipped

TOKEN = "the token"
PUBLIC_URL = "https://ivr.example.test"
OURS = [number for line in shipped().lines.by_name.values() for number in line.numbers]
DESKS = [region.desk_number for region in shipped().regions.values()]
EVERYTHING = len(OURS) + len(DESKS) + len(shipped().queues)


@pytest.fixture
def account() -> Account:
    account = Account()
    account.owns(*OURS, *DESKS, voice_url="https://demo.example.test/welcome", voice_method="POST")
    return account


@pytest.fixture
def api_url(account: Account) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET", b"")

        def do_POST(self) -> None:
            self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, method: str, body: bytes) -> None:
            status, answer = account.answer(method, urlsplit(self.path).path, dict(parse_qsl(body.decode())))
            if self.headers["Authorization"] != f"Basic {b64encode(f'{SID}:{TOKEN}'.encode()).decode()}":
                status, answer = 401, {"code": 20003, "message": "Authenticate"}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """A test prints only what the command does."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(autouse=True)
def environment(api_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "FLOWS_DIR": str(FLOWS_DIR),
        "PROVIDER": "twilio",
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_API_URL": api_url,
        "PUBLIC_URL": PUBLIC_URL,
    }.items():
        monkeypatch.setenv(f"PARTNERLINE_{name}", value)


def test_a_dry_run_says_every_change_and_makes_none(capsys: pytest.CaptureFixture[str], account: Account) -> None:
    assert errors.run(app, ["provision", "--dry-run"]) == 0
    shown, complaint = capsys.readouterr()
    assert (account.changes, complaint) == (0, "")
    assert (
        "would set +18888988733 (US support)\n"
        "    VoiceUrl https://ivr.example.test/twilio/voice, was https://demo.example.test/welcome\n"
        "    VoiceFallbackUrl https://ivr.example.test/twilio/fallback.xml, was none\n"
        "    VoiceFallbackMethod GET, was none\n"
        "    StatusCallback https://ivr.example.test/twilio/status, was none\n"
        "    StatusCallbackMethod POST, was none\n"
    ) in shown
    assert "would create queue tier1-us, for 1000 callers\n" in shown
    assert shown.endswith(f"0 right already, {EVERYTHING} would be set up.\n")


def test_a_run_says_what_it_did_and_a_second_one_changes_nothing(
    capsys: pytest.CaptureFixture[str], account: Account
) -> None:
    assert errors.run(app, ["provision"]) == 0
    shown = capsys.readouterr().out
    assert "\nset +18888988733 (US support)\n" in shown
    assert "created queue tier1-us, for 1000 callers\n" in shown
    assert shown.endswith(f"0 right already, {EVERYTHING} set up.\n")
    assert account.changes == EVERYTHING
    assert errors.run(app, ["provision"]) == 0
    shown = capsys.readouterr().out
    assert "right already: +18888988733 (US support)\n" in shown
    assert "right already: queue tier1-us\n" in shown
    assert shown.endswith(f"{EVERYTHING} right already, 0 set up.\n")
    assert account.changes == EVERYTHING


def test_a_copy_of_the_fallback_elsewhere_can_be_named(account: Account) -> None:
    copy = "https://files.example.test/fallback.xml"
    assert errors.run(app, ["provision", "--fallback", copy]) == 0
    assert {number["voice_fallback_url"] for number in account.numbers.values()} == {copy}


def test_what_only_the_operator_can_put_right_is_a_line_each_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], account: Account
) -> None:
    del account.numbers["PN" + "0" * 32]
    next(iter(account.numbers.values()))["trunk_sid"] = "TK1"
    assert errors.run(app, ["provision"]) == 1
    shown, complaint = capsys.readouterr()
    assert shown.endswith(f"0 right already, {EVERYTHING - 1} set up, 2 left to you.\n")
    assert complaint.splitlines() == [
        "partnerline: +18888988733 (US support) is no number of this account; buy it or bring it there, or correct"
        " lines.yaml",
        "partnerline: +14086874120 (US support) has the TrunkSid TK1, which overrides its addresses: its calls do not"
        " come here; take it off the number in the provider's console",
    ]
    assert account.changes == EVERYTHING - 1


def test_a_wrong_token_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERLINE_TWILIO_AUTH_TOKEN", "another")
    assert errors.run(app, ["provision"]) == 1
    shown, complaint = capsys.readouterr()
    assert shown == ""
    assert len(complaint.splitlines()) == 1
    assert "check PARTNERLINE_TWILIO_ACCOUNT_SID and PARTNERLINE_TWILIO_AUTH_TOKEN" in complaint


def test_an_account_that_is_not_there_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, api_url: str
) -> None:
    monkeypatch.setenv("PARTNERLINE_TWILIO_API_URL", f"{api_url}/elsewhere")
    assert errors.run(app, ["provision"]) == 1
    complaint = capsys.readouterr().err
    assert len(complaint.splitlines()) == 1
    assert "check PARTNERLINE_TWILIO_ACCOUNT_SID and PARTNERLINE_TWILIO_API_URL" in complaint


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PROVIDER", "exchange", "the built-in exchange, which needs no setting up"),
        ("TWILIO_ACCOUNT_SID", "", "PARTNERLINE_TWILIO_ACCOUNT_SID: give the account's SID"),
        ("TWILIO_ACCOUNT_SID", "AC/../AC", "PARTNERLINE_TWILIO_ACCOUNT_SID: give the account's SID"),
        ("PUBLIC_URL", "", "PARTNERLINE_PUBLIC_URL: give the whole address"),
        ("PUBLIC_URL", "https://", "PARTNERLINE_PUBLIC_URL: give the whole address"),
        ("PUBLIC_URL", "https://ivr.example.test/?a=1", "PARTNERLINE_PUBLIC_URL: give the address without anything"),
        ("PUBLIC_URL", "https://my_ivr.example.test", "PARTNERLINE_PUBLIC_URL: the provider refuses host names with"),
        ("PUBLIC_URL", "https://ivr.example.test:x", "PARTNERLINE_PUBLIC_URL: this is no address"),
        ("TWILIO_API_URL", "api.example.test", "PARTNERLINE_TWILIO_API_URL: give the whole address"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"PARTNERLINE_{name}", value)
    assert errors.run(app, ["provision", "--dry-run"]) == 2
    shown, complaint = capsys.readouterr()
    assert shown == ""
    assert says in complaint
    assert len(complaint.splitlines()) == 1


def test_the_provider_cannot_call_this_machine_by_its_own_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNERLINE_PUBLIC_URL", "http://localhost:8000")
    assert errors.run(app, ["provision", "--dry-run"]) == 0
    monkeypatch.setenv("PARTNERLINE_TWILIO_API_URL", "https://api.twilio.com")
    assert errors.run(app, ["provision", "--dry-run"]) == 2
    assert "PARTNERLINE_PUBLIC_URL: the provider cannot reach this machine" in capsys.readouterr().err


def test_a_wrong_fallback_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors.run(app, ["provision", "--fallback", "files.example.test"]) == 2
    assert capsys.readouterr().err.startswith("partnerline: --fallback: give the whole address")
