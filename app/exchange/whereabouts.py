"""Where the exchange of an installation is: it says so in the state folder for as long as it runs."""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

FILE = "exchange.json"
SERVICE = "http://127.0.0.1:8000"
"""Where the service listens if nothing else is said."""


class Whereabouts(msgspec.Struct, frozen=True):
    """`url` is the exchange's own address, `calls` that of the service; `pid` 0 where the process is not known."""

    url: str
    calls: str = SERVICE
    pid: int = 0


def of(state_dir: Path, url: str, *, given: bool) -> Whereabouts:
    """Where it is to be looked for. `url` counts if it was given; else what the state folder says."""
    noted = read(state_dir)
    return noted if noted is not None and (not given or noted.url == url) else Whereabouts(url)


def read(state_dir: Path) -> Whereabouts | None:
    """What the state folder says. It may be out of date: an exchange that was killed takes nothing back."""
    try:
        return msgspec.json.decode((state_dir / FILE).read_bytes(), type=Whereabouts)
    except (OSError, msgspec.DecodeError):
        return None


def note(state_dir: Path, where: Whereabouts) -> None:
    """Said by an exchange that has begun."""
    state_dir.mkdir(parents=True, exist_ok=True)
    new = state_dir / f"{FILE}.{os.getpid()}"
    new.write_bytes(msgspec.json.encode(where))
    new.replace(state_dir / FILE)


def take_back(state_dir: Path, where: Whereabouts) -> None:
    """Said by an exchange that ends, unless another has begun meanwhile."""
    if read(state_dir) == where:
        with suppress(OSError):
            (state_dir / FILE).unlink()
