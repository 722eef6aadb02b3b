"""The programs under load: each one worker process on a port of its own, idle until its round comes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.load import AUTH_TOKEN

ROOT = Path(__file__).parents[1]
SECONDS_TO_START = 30.0
UVICORN = (sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT), "--loop", "uvloop", "--http", "httptools")
QUIET = ("--no-access-log", "--log-level", "warning")
GUNICORN = (sys.executable, "-m", "gunicorn", "--chdir", str(ROOT), "--workers", "1", "--log-level", "warning")
# A Tuesday morning in the United States: the calls reach the queue of their own region.
OPEN = "2026-03-03T17:00:00Z"


@dataclass(frozen=True, slots=True)
class Worker:
    port: int
    pid: int

    @property
    def memory(self) -> int:
        """Resident memory in bytes."""
        return int(psutil.Process(self.pid).memory_info().rss)


def environment(folder: Path, database_url: str) -> dict[str, str]:
    """That of a process of ours: on a database, in the middle of a working day, and with nobody else's settings."""
    settings = {
        "DATABASE_URL": database_url,
        "PROVIDER": "twilio",
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "FLOWS_DIR": str(ROOT / "ivr_flows"),
        "STATE_DIR": str(folder / "state"),
        "CLOCK": OPEN,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith("PARTNERLINE_")}
    return others | {f"PARTNERLINE_{name}": value for name, value in settings.items()}


@contextmanager
def partnerline(database_url: str, folder: Path) -> Iterator[Worker]:
    """Our service, on a database."""
    command = [*UVICORN, *QUIET, "--factory", "app.main:app_from_environment", "--port"]
    with _running(command, folder, environment(folder, database_url)) as worker:
        yield worker


@contextmanager
def constant(folder: Path) -> Iterator[Worker]:
    with _running([*UVICORN, *QUIET, "bench.baselines.constant_app:app", "--port"], folder, dict(os.environ)) as worker:
        yield worker


@contextmanager
def flask(folder: Path) -> Iterator[Worker]:
    """gunicorn as it comes: a sync worker, which closes each connection after its answer."""
    command = [*GUNICORN, "bench.baselines.flask_app:app", "--bind"]
    with _running(command, folder, os.environ | {"TWILIO_AUTH_TOKEN": AUTH_TOKEN}, host="127.0.0.1:") as worker:
        yield worker


@contextmanager
def _running(command: list[str], folder: Path, env: dict[str, str], host: str = "") -> Iterator[Worker]:
    """A program whose last argument is the port. It runs in a folder of its own, where no .env lies."""
    port = _free_port()
    process = subprocess.Popen([*command, f"{host}{port}"], cwd=folder, env=env)
    try:
        _wait_for(port, process)
        yield Worker(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < give_up:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{' '.join(map(str, process.args))} does not start")  # type: ignore[arg-type]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
