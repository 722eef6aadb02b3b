"""Commands as processes of their own, as in so many terminals."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.support.facts import FLOWS_DIR

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


class Terminal:
    """A `partnerline` command that runs. What it prints is read all the time."""

    def __init__(self, *arguments: str, env: dict[str, str], typed: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments],
            env=os.environ | env,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.types(typed)

    @property
    def printed(self) -> str:
        return "".join(self._lines)

    def types(self, text: str) -> None:
        """Lines for its standard input, which stays open."""
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def prints(self, text: str, within: float = PATIENCE) -> str:
        """All that was printed, once this is in it."""
        end = time.monotonic() + within
        while text not in self.printed:
            over = self.process.poll() is not None and not self._reader.is_alive()
            assert not over or text in self.printed, f"ended without {text!r}:\n{self.printed}"
            assert time.monotonic() < end, f"never prints {text!r}:\n{self.printed}"
            time.sleep(0.02)
        return self.printed

    def ends(self, within: float = PATIENCE) -> int:
        """The exit code, once it has ended."""
        code = self.process.wait(within)
        self._reader.join(within)
        return code

    def closes(self) -> None:
        """Ended, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)


class Terminals:
    """Terminals with one installation: a database, a state folder, a port for the service."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.state = folder / "state"
        self.port = free_port()
        self.env = {
            "PARTNERLINE_DATABASE_URL": database_url,
            "PARTNERLINE_STATE_DIR": str(self.state),
            "PARTNERLINE_FLOWS_DIR": str(FLOWS_DIR),
        }
        self._open: list[Terminal] = []

    def run(self, *arguments: str, typed: str = "", **env: str) -> Terminal:
        terminal = Terminal(*arguments, env=self.env | env, typed=typed)
        self._open.append(terminal)
        return terminal

    def serve(self, *arguments: str, **env: str) -> Terminal:
        """The service, once it takes calls."""
        service = self.run("serve", "--port", str(self.port), *arguments, **env)
        service.prints("Stop with Ctrl-C.")
        end = time.monotonic() + PATIENCE
        while not listens(self.port):
            assert service.process.poll() is None and time.monotonic() < end, service.printed  # noqa: PT018 because either is told so
            time.sleep(0.02)
        return service

    def exchange(self, speed: float, **env: str) -> Terminal:
        """A telephone company in a hurry, for the service to find."""
        public = {"PARTNERLINE_PUBLIC_URL": f"http://127.0.0.1:{self.port}"}
        exchange = self.run("exchange", "--port", "0", "--speed", str(speed), **public, **env)
        exchange.prints("Stop with Ctrl-C.")
        return exchange

    def close(self) -> None:
        for terminal in reversed(self._open):
            terminal.closes()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
