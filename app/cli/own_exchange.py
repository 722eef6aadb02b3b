"""The exchange beside the service: found, or started before the service begins; stopped after it has ended.

It is a process and a session of its own, so that calls live on in it when the service is killed. Where the address was
not given it stands ten ports beyond the service, or on any free port if that one is taken: several services on one
machine then do not meet.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn
from urllib.parse import urlsplit

from app.cli.errors import fail

if TYPE_CHECKING:
    from pathlib import Path

    from app.settings import Settings

PORTS_BEYOND = 10
HIGHEST_PORT = 65535
SECONDS_TO_BEGIN = 20.0
SECONDS_TO_END = 5.0
LOG = "exchange.log"
HERE = ("127.0.0.1", "localhost", "::1")
Found = Literal["ours", "another", "nobody"]


@dataclass(frozen=True)
class Wanted:
    """The exchange that this service needs. `calls`: the service's own address; `port` None: it was not given."""

    settings: "Settings"
    calls: str
    near: int
    port: int | None

    @property
    def password(self) -> tuple[str, str]:
        from app.settings import auth_tokens

        return self.settings.account_sid, auth_tokens(self.settings)[0]


def here(settings: "Settings") -> bool:
    """Whether the exchange is one that can be started on this machine."""
    return urlsplit(settings.exchange_url).hostname in HERE


def wanted(settings: "Settings", calls: str, near: int, port: int | None) -> Wanted:
    """The port from the command line counts most, then the address from the settings."""
    if port is None and "exchange_url" in settings.model_fields_set:
        port = urlsplit(settings.exchange_url).port or 80
    return Wanted(settings, settings.public_url.rstrip("/") or calls, near, port)


@contextmanager
def beside(wanted: Wanted) -> Iterator[str]:
    """The exchange is there within the block. Gives what a person is told about it."""
    with _sigterm_ends_the_block():
        url, process = _found_or_started(wanted)
        try:
            how = "started now" if process else "found there, with its calls"
            yield f"The telephone company is a process of its own on {url}: {how}, stopped with this service."
        finally:
            _stop(wanted, url, process)


def look(url: str, wanted: Wanted) -> Found:
    """Who listens there."""
    import httpx2

    try:
        answer = httpx2.get(url, auth=wanted.password, timeout=2, trust_env=False).json()
    except httpx2.ConnectError:
        return "nobody"
    except (httpx2.HTTPError, ValueError):
        return "another"
    ours = isinstance(answer, dict) and answer.get("yours") is True and answer.get("calls") == wanted.calls
    return "ours" if ours else "another"


def _found_or_started(wanted: Wanted) -> tuple[str, "subprocess.Popen[bytes] | None"]:
    from app.exchange import whereabouts

    noted = whereabouts.read(wanted.settings.state_dir)
    if wanted.port is None and noted and look(noted.url, wanted) == "ours":
        return noted.url, None
    port = min(wanted.near + PORTS_BEYOND, HIGHEST_PORT) if wanted.port is None else wanted.port
    url = f"http://127.0.0.1:{port}"
    match look(url, wanted) if port else "nobody":
        case "ours":
            return url, None
        case "another" if wanted.port is not None:
            fail(f"something else than this service's exchange listens on {url}; choose another with --exchange-port")
        case "another":
            port = 0
    return _started(wanted, port)


def _started(wanted: Wanted, port: int) -> tuple[str, "subprocess.Popen[bytes]"]:
    import os

    from app.exchange import whereabouts

    log = wanted.settings.state_dir / LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "app.cli", "exchange", "--for-service"]
    with log.open("ab") as written:
        process = subprocess.Popen(  # noqa: S603 because it is this program
            [*command, "--port", str(port)],
            env=os.environ | _told(wanted),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    end = time.monotonic() + SECONDS_TO_BEGIN
    try:
        while (noted := whereabouts.read(wanted.settings.state_dir)) is None or noted.pid != process.pid:
            if time.monotonic() > end or process.poll() is not None:
                _refuse(log)
            time.sleep(0.02)
    except BaseException:
        process.kill()
        raise
    return noted.url, process


def _told(wanted: Wanted) -> dict[str, str]:
    """What the exchange reads as its settings; and it is of the same program as this, whatever folder we are in."""
    import os
    from pathlib import Path

    import app

    path = os.pathsep.join(filter(None, (str(Path(app.__path__[0]).parent), os.environ.get("PYTHONPATH"))))
    return {"PARTNERLINE_PUBLIC_URL": wanted.calls, "PARTNERLINE_PROVIDER": "exchange", "PYTHONPATH": path}


def _refuse(log: "Path") -> NoReturn:
    last = (log.read_text(errors="replace").strip().splitlines() or ["it does not begin"])[-1]
    fail(f"the exchange could not be started: {last.removeprefix('partnerline: ')}")


def _stop(wanted: Wanted, url: str, process: "subprocess.Popen[bytes] | None") -> None:
    """Asks it to end, and waits until it has. One that was started here and does not heed is ended."""
    import httpx2

    with suppress(httpx2.HTTPError):
        httpx2.post(f"{url}/stop", auth=wanted.password, timeout=2, trust_env=False)
    end = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < end and (process.poll() is None if process else _is_noted(wanted, url)):
        time.sleep(0.02)
    if process and process.poll() is None:
        process.kill()


def _is_noted(wanted: Wanted, url: str) -> bool:
    """The last thing that an exchange does is to take back where it is."""
    from app.exchange import whereabouts

    noted = whereabouts.read(wanted.settings.state_dir)
    return noted is not None and noted.url == url


@contextmanager
def _sigterm_ends_the_block() -> Iterator[None]:
    """SIGTERM too is followed by what is to be done at the end, and then ends the program as it always does.

    The server heeds it itself while it runs, and lets it through when it has ended.
    """

    def told(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, told)
    try:
        yield
    except _Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


class _Terminated(BaseException):
    """The program was told to end."""
