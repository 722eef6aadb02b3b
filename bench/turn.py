"""A full turn: signature, token, a partner among 100,000, one durable commit, TwiML.

One worker of ours on each database, one of Flask with the twilio SDK, one of FastAPI with a constant document. They
take turns at short rounds of calls, in a new order each time, so that noise meets all of them.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, sleep

from bench import calls, databases, load, workers
from bench.report import Row, progress, ratios, run_alone
from bench.workers import Worker

CALLS_A_ROUND = 160
ROUNDS = 21
QUICK_ROUNDS = 5
# One of them comes from the status callback, which is not measured; the music of the queue writes none.
TURNS_A_CALL = 5
# What a stalled disk kept in the journal is in the database soon after.
SECONDS_FOR_THE_JOURNAL = 10


@dataclass
class Program:
    """A worker under load. `database` is that of ours, None for a baseline."""

    worker: Worker
    database: str | None = None
    rounds: list[load.Round] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        return [r.rate for r in self.rounds]

    @property
    def p99s(self) -> list[float]:
        return [r.p99 for r in self.rounds]


Programs = dict[str, Program]


def measure(quick: bool = False) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        programs = _start(Path(folder), stack)
        rounds = QUICK_ROUNDS if quick else ROUNDS
        for n in range(rounds + 1):
            _round(programs, n)
            progress(f"turn: round {n} of {rounds}: {_said(programs)}")
        for program in programs.values():
            _check(program, (rounds + 1) * CALLS_A_ROUND)
            # The first round warmed up.
            del program.rounds[0]
        return _rows(programs)


def _start(folder: Path, stack: ExitStack) -> Programs:
    progress(f"turn: two databases with {databases.PARTNERS:,} partners")
    sqlite = databases.sqlite(folder)
    postgres = stack.enter_context(databases.postgres())
    return {
        "SQLite": Program(stack.enter_context(workers.partnerline(sqlite, folder)), sqlite),
        "PostgreSQL": Program(stack.enter_context(workers.partnerline(postgres, folder)), postgres),
        "Flask": Program(stack.enter_context(workers.flask(folder))),
        "constant": Program(stack.enter_context(workers.constant(folder))),
    }


def _round(programs: Programs, n: int) -> None:
    names = list(programs)
    Random(n).shuffle(names)
    first = n * CALLS_A_ROUND
    some = calls.calls(first, CALLS_A_ROUND)
    for name in names:
        program = programs[name]
        program.rounds.append(load.play(program.worker.port, some))
        if program.database:
            # Outside of the time measured: or the queue would grow from round to round.
            load.play(program.worker.port, calls.calls(first, CALLS_A_ROUND, calls.HANGING_UP))


def _said(programs: Programs) -> str:
    return ", ".join(f"{name} {program.rounds[-1].rate:,.0f}/s" for name, program in programs.items())


def _check(program: Program, played: int) -> None:
    """Every call left what it must leave: what was measured was the whole work."""
    if program.database:
        expected = played, played, played * TURNS_A_CALL
        give_up = monotonic() + SECONDS_FOR_THE_JOURNAL
        while (found := databases.rows(program.database, "calls", "cases", "turns")) != expected:
            assert monotonic() < give_up, f"{found} and not {expected} calls, cases and turns"
            sleep(0.5)


def _rows(programs: Programs) -> list[Row]:
    progress("turn: medians: " + ", ".join(f"{name} {median(p.rates):,.0f}/s" for name, p in programs.items()))
    baselines = programs["Flask"], programs["constant"]
    return [
        *_rows_of("SQLite", programs["SQLite"], *baselines, ("≥ 1.5", "≥ 0.20")),
        *_rows_of("PostgreSQL", programs["PostgreSQL"], *baselines, ("≥ 1.2", "≥ 0.15")),
    ]


def _rows_of(name: str, ours: Program, flask: Program, constant: Program, promised: tuple[str, str]) -> list[Row]:
    rate, p99 = f"webhooks a second, {name}", f"p99 at {load.CONNECTIONS} connections, {name}"
    memory = ours.worker.memory / constant.worker.memory
    return [
        Row(rate, "Flask and twilio", ratios(ours.rates, flask.rates), promised[0]),
        Row(rate, "a constant document", ratios(ours.rates, constant.rates), promised[1]),
        Row(p99, "a constant document", ratios(ours.p99s, constant.p99s), "< 5"),
        Row(f"memory of a worker, {name}", "bare FastAPI", [memory], "< 2.5"),
    ]


if __name__ == "__main__":
    run_alone(measure)
