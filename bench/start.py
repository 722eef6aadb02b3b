"""How long commands take to start, against a Python that does nothing."""

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from app.store import schema
from bench import workers
from bench.report import Row, progress, ratios, run_alone

ROUNDS = 21
QUICK_ROUNDS = 5
PARTNERLINE = str(Path(sys.executable).with_name("partnerline"))
COMMANDS = {
    "nothing": (sys.executable, "-c", "pass"),
    "help": (PARTNERLINE, "--help"),
    "route": (PARTNERLINE, "route", "--line", "US support", "--severity", "S2", "--at", workers.OPEN),
}


def measure(quick: bool = False) -> list[Row]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/partnerline.db"
        schema.upgrade(url)
        environment = workers.environment(Path(folder), url)
        seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
        # The first round fills caches of the disk and of bytecode.
        for n in range(rounds + 1):
            for name, command in COMMANDS.items():
                seconds[name].append(_seconds(command, folder, environment))
            progress(f"start: round {n} of {rounds}: " + ", ".join(f"{k} {v[-1]:.3f} s" for k, v in seconds.items()))
    nothing, to_help, to_route = (values[1:] for values in seconds.values())
    return [
        Row("start of partnerline --help", "python -c pass", ratios(to_help, nothing), "≤ 15"),
        Row("start and end of partnerline route", "python -c pass", ratios(to_route, nothing), "≤ 60"),
    ]


def _seconds(command: tuple[str, ...], folder: str, environment: dict[str, str]) -> float:
    start = perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


if __name__ == "__main__":
    run_alone(measure)
