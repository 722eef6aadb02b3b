"""A real PostgreSQL for tests: the system's own server programs, in a folder that goes away afterwards.

It can be stopped in mid-call and started again on the same port. PostgreSQL refuses to run as root, so as root it runs
as `nobody`.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Literal, LiteralString

import psutil
import psycopg
from psycopg import sql

PROGRAMS = ("initdb", "pg_ctl", "postgres")
# Fast and forgetful: a test that pulls the plug asks for fsync=True.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresMissing(RuntimeError):
    """PostgreSQL's server programs (initdb, pg_ctl, postgres) are nowhere to be found.

    Install them: on Debian and Ubuntu `apt-get install postgresql`, on Fedora `dnf install postgresql-server`,
    on macOS `brew install postgresql`; elsewhere put their folder into PATH.
    """

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


def program_folder() -> Path:
    """Where PostgreSQL's server programs are. Raises PostgresMissing."""
    for folder in _folders():
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
            return folder
    raise PostgresMissing


def _folders() -> Iterator[Path]:
    yield from (Path(entry) for entry in os.get_exec_path())
    if pg_config := shutil.which("pg_config"):
        yield Path(subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)


class Postgres:
    """One server with as many databases as asked for."""

    def __init__(self, *, fsync: bool = False) -> None:
        self._programs = program_folder()
        self._user = "nobody" if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="partnerline-pg-"))
        self._data = self._folder / "data"
        self._names = count(1)
        self.port = _free_port()
        if self._user:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self._configure({} if fsync else FORGETFUL)

    def start(self) -> None:
        """Returns when the server answers."""
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._folder / "log")

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """`fast` ends all connections; `immediate` is a crash: the next start recovers from the log."""
        self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", mode)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        self.stop(mode)
        self.start()

    @property
    def running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def processes(self) -> list[int]:
        """The server's process and all its children, to be sent signals."""
        head = psutil.Process(int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
        return [head.pid, *(child.pid for child in head.children(recursive=True))]

    def close(self) -> None:
        """Stops the server and removes its folder."""
        if self.running:
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template0", name: str | None = None) -> str:
        """Makes a database, a copy of another one if asked, and returns its name."""
        name = name or f"test_{next(self._names)}"
        self._command("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever still uses it."""
        self._command("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _command(self, command: LiteralString, *names: str) -> None:
        with psycopg.connect(f"host={self._folder} port={self.port} user=postgres", autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))

    def _configure(self, settings: dict[str, str]) -> None:
        ours = {
            "port": str(self.port),
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{self._folder}'",
        }
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = {value}\n" for name, value in (ours | settings).items())

    def _run(self, program: str, *arguments: str | Path) -> None:
        result = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self._folder,
            user=self._user,
            extra_groups=[] if self._user else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise RuntimeError(f"{program} {arguments[0]}: {result.stdout}{result.stderr}{self._log()}")

    def _log(self) -> str:
        log = self._folder / "log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
