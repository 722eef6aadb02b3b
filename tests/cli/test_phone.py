"""phone, exchange: what a person at a telephone in a terminal types and reads."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from app.cli import app, errors
from app.cli.typed import Deed, deed
from tests.support.facts import FLOWS_DIR
from tests.support.terminals import free_port


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARTNERLINE_FLOWS_DIR", str(FLOWS_DIR))


@pytest.fixture
def stranger() -> Iterator[int]:
    """Something that listens and is no exchange. Gives its port."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:
            """Quietly."""

    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("", Deed("answer")),
        ("a", Deed("answer")),
        (" d ", Deed("decline")),
        ("h", Deed("hang-up")),
        ("100234#", Deed("keys", "100234#")),
        ("**4711#", Deed("keys", "**4711#")),
        ("s 8", Deed("talk", "8")),
        ("w 20", Deed("wait", "20")),
        ("s", Deed("unknown", "s")),
        ("w soon", Deed("unknown", "w soon")),
        ("hello", Deed("unknown", "hello")),
    ],
)
def test_what_a_line_means(line: str, means: Deed) -> None:
    assert deed(line) == means


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["12"], 2, "'12' is no number; write it with its country's code"),
        (["+12065550161", "--keys", "1x"], 2, "'x' is not on the keypad"),
        (["+12065550161", "--exchange", "127.0.0.1:8010"], 2, "'127.0.0.1:8010' is no address"),
        (["+12065550161", "--calls", "nowhere"], 2, "there is no line 'nowhere'"),
    ],
)
def test_a_phone_that_cannot_be_held(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, says: str
) -> None:
    assert errors.run(app, ["phone", *arguments]) == code
    printed = capsys.readouterr().err
    assert says in printed
    assert len(printed.splitlines()) == 1


def test_no_exchange_runs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERLINE_EXCHANGE_URL", f"http://127.0.0.1:{free_port()}")
    assert errors.run(app, ["phone", "+12065550161"]) == 1
    printed = capsys.readouterr().err
    assert "no exchange runs on http://127.0.0.1:" in printed
    assert "`make run` starts one" in printed


def test_something_else_listens_there(capsys: pytest.CaptureFixture[str], stranger: int) -> None:
    assert errors.run(app, ["phone", "+12065550161", "--exchange", f"http://127.0.0.1:{stranger}"]) == 1
    assert "no exchange" in capsys.readouterr().err


def test_an_exchange_cannot_listen_where_somebody_does(capsys: pytest.CaptureFixture[str], stranger: int) -> None:
    assert errors.run(app, ["exchange", "--port", str(stranger)]) == 1
    assert f"cannot listen on 127.0.0.1:{stranger} (Address already in use)" in capsys.readouterr().err


def test_an_exchange_takes_no_part_where_the_provider_is_twilio(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNERLINE_TWILIO_AUTH_TOKEN", "12345")
    assert errors.run(app, ["exchange"]) == 2
    assert "the provider is twilio" in capsys.readouterr().err


def test_serving_where_something_else_has_the_exchanges_port(capsys: pytest.CaptureFixture[str], stranger: int) -> None:
    assert errors.run(app, ["migrate"]) == 0
    serve = ["serve", "--port", "0", "--exchange-port", str(stranger)]
    assert errors.run(app, serve) == 1
    printed = capsys.readouterr().err
    assert f"something else than this service's exchange listens on http://127.0.0.1:{stranger}" in printed
    assert len(printed.splitlines()) == 1


def test_an_exchange_url_that_is_none(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNERLINE_EXCHANGE_URL", "127.0.0.1:8010")
    assert errors.run(app, ["serve"]) == 2
    assert "PARTNERLINE_EXCHANGE_URL: give the whole address" in capsys.readouterr().err
