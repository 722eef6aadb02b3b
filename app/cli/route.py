"""route: where a call goes and why, for one question or for many."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from app.cli.errors import NOT_RIGHT, WRONG_USE, fail

if TYPE_CHECKING:
    from datetime import datetime

    import msgspec

    from app.domain.partners import Partner
    from app.services.route import Answer, Question, Router
    from app.store.hot import HotStore

CHUNK_BYTES = 256 * 1024


def add_to(app: typer.Typer) -> None:
    app.command()(route)


def route(
    line: Annotated[str | None, typer.Option(help='A line by name or number: "US support" or +18888988733.')] = None,
    pid: Annotated[
        str | None, typer.Option(help="The caller's Partner ID; without one the caller is unverified.")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="S1, S2 or S3; without one S2 is assumed.")] = None,
    at: Annotated[str | None, typer.Option(help="The moment, ISO 8601 with an offset; now by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="JSON lines on standard input, a JSON line out for each.")
    ] = False,
) -> None:
    """Shows where a call goes, and why, step by step."""
    import asyncio

    if batch:
        if line or pid or severity or at:
            fail("--batch takes its questions from standard input: leave the other options away", WRONG_USE)
        if not asyncio.run(_batch(sys.stdin.buffer, sys.stdout.buffer)):
            raise typer.Exit(NOT_RIGHT)
        return
    if line is None:
        fail('name the line, as in --line "US support"', WRONG_USE)
    asyncio.run(_single(line, pid, severity, at, as_json))


async def _single(line: str, pid: str | None, severity: str | None, at: str | None, as_json: bool) -> None:
    import msgspec

    from app.services.route import BadQuestion, Question

    given = {"line": line, "pid": pid, "severity": severity, "at": at}
    try:
        question = msgspec.convert({name: value for name, value in given.items() if value is not None}, Question)
    except msgspec.ValidationError as error:
        fail(_in_words(error), WRONG_USE)
    async with _Facts() as facts:
        try:
            answer = facts.router.answer(question, await facts.partner(question.pid), facts.now)
        except BadQuestion as error:
            fail(str(error), WRONG_USE)
    if as_json:
        typer.echo(msgspec.json.encode(answer).decode())
    else:
        _show(answer)


def _show(answer: "Answer") -> None:
    where = answer.queue if answer.destination == "queue" else answer.destination
    if answer.destination == "line":
        where = f"the certified partner line of {answer.region}" + (f", queue {answer.queue}" if answer.queue else "")
    typer.echo(f"Tier {answer.tier}, region {answer.region}: {where}")
    if answer.opens_at:
        typer.echo(f"Callback from {answer.opens_at:%Y-%m-%d %H:%M} UTC")
    if answer.pages:
        typer.echo("The contact on duty is paged.")
    for message in answer.messages:
        typer.echo(f"  The caller is told: {message}")
    typer.echo("Why:")
    for step, reason in enumerate(answer.why, 1):
        typer.echo(f"  {step}. {reason}")


async def _batch(source: BinaryIO, target: BinaryIO) -> bool:
    """Answers every line; whether all of them were good."""
    import msgspec

    from app.services.route import Question

    decoder, encoder = msgspec.json.Decoder(Question), msgspec.json.Encoder()
    all_good = True
    async with _Facts() as facts:
        for lines in _chunks(source):
            questions = [_decoded(decoder, line) for line in lines]
            answers = await facts.answers(questions)
            target.write(encoder.encode_lines(answers))
            target.flush()
            all_good = all_good and not any(isinstance(answer, dict) for answer in answers)
    return all_good


def _chunks(source: BinaryIO) -> Iterator[list[bytes]]:
    """Whole lines, as many as are there: a reader that asks line by line gets its answer line by line."""
    rest = b""
    read = getattr(source, "read1", source.read)
    while data := read(CHUNK_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _decoded(decoder: "msgspec.json.Decoder[Question]", line: bytes) -> "Question | str":
    import msgspec

    try:
        return decoder.decode(line)
    except msgspec.MsgspecError as error:
        return _in_words(error)
    except UnicodeDecodeError:
        return "this line is not UTF-8 text"


def _in_words(error: Exception) -> str:
    what, _, path = str(error).partition(" - at `$")
    place = path.strip("`.")
    if "timezone" in what or "timezone component" in what:
        what = "give the moment with its offset, as in 2026-03-07T12:00:00Z"
    elif "RFC3339" in what:
        what = "this is no moment; write it as in 2026-03-07T12:00:00Z"
    elif place == "severity":
        what = "must be S1, S2 or S3"
    return f"{place}: {what}" if place else what


class _Facts:
    """What the questions are answered from: the flows, the partners, the closures in the database."""

    router: "Router"
    _store: "HotStore"
    now: "datetime"

    async def __aenter__(self) -> "_Facts":
        from app import content
        from app.runtime import clock
        from app.services.route import Router
        from app.settings import load
        from app.store import lookups
        from app.store.connect import hot_store
        from app.store.hot import StoreUnavailable

        settings = load()
        flows = content.load(settings.flows_dir)
        self.now = clock(settings.clock)()
        self._store = hot_store(settings.database)
        await self._store.open()
        try:
            closures = await lookups.closures(self._store, lookups.ALL_TIME)
        except StoreUnavailable:
            typer.echo("partnerline: without a database, closures by hand are not known", err=True)
            closures = ()
        self.router = Router(flows, closures)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._store.close()

    async def partner(self, pid: str | None) -> "Partner | None":
        from app.store import lookups

        return await lookups.partner_with_pid(self._store, pid) if pid else None

    async def answers(self, questions: "list[Question | str]") -> "list[Answer | dict[str, str]]":
        from app.services.route import BadQuestion
        from app.store import lookups

        pids = {q.pid for q in questions if not isinstance(q, str) and q.pid}
        partners = await lookups.partners_with_pids(self._store, pids)
        found: list[Answer | dict[str, str]] = []
        answer, now = self.router.answer, self.now
        for question in questions:
            if isinstance(question, str):
                found.append({"error": question})
                continue
            try:
                found.append(answer(question, partners.get(question.pid or ""), now))
            except BadQuestion as error:
                found.append({"error": str(error)})
        return found
