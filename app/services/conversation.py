"""One webhook of a live call: what was heard goes in, a document comes out, and the turn is committed in between.

A repeated webhook finds its turn and gets the same document. When the commit fails the turn is decided again with
every deed unavailable, so that no number is spoken that is not in the database, and goes to the journal.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from app.domain.lines import Line
from app.flows import drafts, engine
from app.flows.flow import Flows
from app.flows.nodes.base import Here
from app.flows.session import Session, change
from app.flows.turn import Began, DialEnded, Enqueue, Heard, HungUp, Keyed, LeftQueue, Silence, StillWaiting, Turn
from app.provider import twiml
from app.provider.inbound import FINAL, Webhook
from app.runtime import Runtime
from app.services import joining, words
from app.services.answers import Answers, Facts
from app.store import lookups, records
from app.store.hot import NumberTaken, StoreRefused, StoreUnavailable
from app.store.turn_jobs import jobs_of

log = structlog.get_logger()
# What changes in a queue with nobody free is looked at together.
SOON = timedelta(seconds=1)
# Two calls draw the same number once in a billion; more than a few times in a row is a fault.
NUMBERS_TRIED = 5
# For all that a turn reads and writes; a caller hears silence meanwhile.
SECONDS_WITH_DATABASE = 2.5
SECONDS_TO_KEEP = 0.7
# How the provider says that the service took a caller out of a queue, for somebody who answers.
TAKEN_OUT = frozenset({"redirected", "bridging-in-process", "redirected-from-bridged"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a turn happens: the call, the flows it is on, where it stands, and what was heard."""

    hook: Webhook
    flows: Flows
    session: Session
    heard: Heard

    @property
    def line(self) -> Line:
        return self.flows.lines.by_name[self.session.line]


async def begin(runtime: Runtime, hook: Webhook) -> str:
    """A call reached one of our numbers."""
    flows = runtime.flows
    session = engine.begin(flows, flows.lines.called(hook.called))
    return await _take_turn(runtime, Place(hook, flows, session, Began()))


async def go_on(runtime: Runtime, hook: Webhook, session: Session, heard: Heard) -> str:
    """A call goes on from where its token says."""
    if isinstance(heard, LeftQueue) and (document := await _into_talk(runtime, hook, session, heard.result)):
        # The call goes on in a conference, and comes back here with the same token when that is over.
        return document
    flows = runtime.revisions.get(session.revision)
    if flows is None:
        if not isinstance(heard, LeftQueue | DialEnded | HungUp):
            return await connect(runtime, hook, session, "its flows are no longer loaded")
        # Whoever was waiting was waiting: what became of it is the same in any flows.
        flows, session = runtime.flows, engine.put_through(runtime.flows, _on_a_line(runtime, session, hook))
    return await _take_turn(runtime, Place(hook, flows, session, heard))


async def _into_talk(runtime: Runtime, hook: Webhook, session: Session, result: str) -> str | None:
    """The document for a caller who has left the queue where somebody has taken the call, by how they left it."""
    if result in TAKEN_OUT:
        return await joining.document(runtime, hook, session)
    return await joining.join_by_leaving(runtime, hook, session) if result == "leave" else None


async def join(runtime: Runtime, hook: Webhook, talk: str) -> str | None:
    """A caller was taken out of the queue for somebody who answers. None where the talk is another call's."""
    if not await joining.talk_of(runtime, talk, hook.call_sid):
        return None
    session = await joining.session_of(runtime, hook.call_sid)
    if session is None:
        return await connect(runtime, hook, None, "the conversation of this call is not known")
    into = await joining.join(runtime, hook, talk, session)
    return into or await go_on(runtime, hook, session, Silence())


async def wait_on(runtime: Runtime, hook: Webhook, session: Session, heard: StillWaiting | Keyed) -> str:
    """What a caller in a queue hears next. No turn is written: it is asked for each time the music runs out."""
    flows = runtime.revisions.get(session.revision)
    if flows is None:
        flows, session = runtime.flows, engine.put_through(runtime.flows, _on_a_line(runtime, session, hook))
    place = Place(hook, flows, session, heard)
    turn = await _converse(place, Answers(runtime, hook, place.line.region))
    return render(runtime, hook, turn.session.at_rest(), turn)


async def connect(runtime: Runtime, hook: Webhook, session: Session | None, reason: str) -> str:
    """Nothing else can be done: the caller is told so and goes to Tier 1. The stub is opened, no number is spoken."""
    flows, now = runtime.flows, runtime.now()
    session = _on_a_line(runtime, session, hook)
    turn = engine.connecting(flows, session, now, reason)
    document = render(runtime, hook, _next(turn), turn)
    log.warning("connected without more questions", call_sid=hook.call_sid, reason=reason)
    number = session.case or runtime.case_number(hook.call_sid, 0)
    draft = drafts.waiting(Here(flows, turn.session, now))
    deed = records.JoinedCase(number, draft) if session.case else records.NewCase(number, draft)
    place = Place(hook, flows, session, Began())
    if hook.call_sid:
        # A webhook that names no call cannot be told from the next such one: it is only connected.
        record = _record(place, turn, document, (deed,), now)
        await write_or_keep(runtime, msgspec.structs.replace(record, look_at=now))
    return document


def _on_a_line(runtime: Runtime, session: Session | None, hook: Webhook) -> Session:
    """The session, or a fresh one where there is none or its line is gone."""
    lines = runtime.flows.lines
    if session is None or session.line not in lines.by_name:
        return engine.begin(runtime.flows, lines.called(hook.called))
    return session


async def end(runtime: Runtime, hook: Webhook) -> None:
    """The provider says that the call is over. May come twice, before other webhooks, or without them."""
    if hook.status not in FINAL:
        return
    ended = records.Ended(hook.status, hook.duration)
    try:
        async with asyncio.timeout(SECONDS_WITH_DATABASE):
            await finish(runtime, hook, ended)
    except (StoreUnavailable, TimeoutError):
        keep(runtime, _only_ended(runtime, hook, ended))
    except Exception as error:
        log.error("an error at the end of a call", call_sid=hook.call_sid, error=type(error).__name__, exc_info=error)
        record = _only_ended(runtime, hook, ended)
        await write_or_keep(runtime, msgspec.structs.replace(record, deeds=(records.Left(None),)))


async def finish(
    runtime: Runtime, hook: Webhook, ended: records.Ended, *, replayed_from: datetime | None = None
) -> None:
    """Ends a call by its stored session. Raises StoreUnavailable when that cannot be read or written.

    `replayed_from`: the call ended then, while the database was away.
    """
    if replayed_from is None and hook.call_sid in runtime.journal.calls:
        raise StoreUnavailable("earlier turns of this call are still in the journal")
    known = await lookups.call_so_far(runtime.store, hook.call_sid)
    flows = runtime.flows
    if known is None or not known.session:
        session = engine.begin(flows, flows.lines.called(hook.called))
    else:
        session = msgspec.json.decode(known.session, type=Session)
        flows = runtime.revisions.get(session.revision, flows)
    place = Place(hook, flows, session, HungUp())
    facts = Facts(runtime.store)
    for attempt in range(NUMBERS_TRIED):
        answers = Answers(runtime, hook, place.line.region, facts=facts, now=replayed_from, attempt=attempt)
        turn = await _converse(place, answers)
        record = _record(place, turn, "", tuple(answers.deeds), answers.now)
        try:
            soon = answers.now + SOON
            await runtime.store.write(
                msgspec.structs.replace(record, turn=records.HUNG_UP, ended=ended, left_queue=True, look_at=soon)
            )
            return
        except NumberTaken:
            continue
    raise StoreRefused("every number drawn for it is taken")


async def _take_turn(runtime: Runtime, place: Place) -> str:
    facts = Facts(runtime.store)
    now = runtime.now()
    try:
        async with asyncio.timeout(SECONDS_WITH_DATABASE):
            if (document := await _commit_turn(runtime, place, facts, now)) is not None:
                return document
    except (StoreUnavailable, TimeoutError) as error:
        reason = str(error) or "it took too long"
        log.warning("a turn could not be written", call_sid=place.hook.call_sid, reason=reason)
    facts.complete = True
    answers = Answers(runtime, place.hook, place.line.region, facts=facts, now=now, away=True)
    turn = await _converse(place, answers)
    document = render(runtime, place.hook, _next(turn), turn)
    record = _record(place, turn, document, tuple(answers.deeds), now)
    keep(runtime, msgspec.structs.replace(record, look_at=now))
    return document


async def _commit_turn(runtime: Runtime, place: Place, facts: Facts, now: datetime) -> str | None:
    """The document, once its turn is committed; None where the turn has to follow earlier ones into the journal."""
    for attempt in range(NUMBERS_TRIED):
        answers = Answers(runtime, place.hook, place.line.region, facts=facts, now=now, attempt=attempt)
        turn = await _converse(place, answers)
        if place.hook.call_sid in runtime.journal.calls:
            return None
        document = render(runtime, place.hook, _next(turn), turn)
        record = await _with_dispatch(runtime, _record(place, turn, document, tuple(answers.deeds), now))
        try:
            answer = await runtime.store.write(record)
            if any(job.at <= record.at for job in jobs_of(record)):
                runtime.jobs.wake()
            return answer or document
        except NumberTaken:
            continue
    return None


async def _converse(place: Place, answers: Answers) -> Turn:
    """Steps until nothing more is asked."""
    turn = engine.step(place.flows, place.session, place.heard, answers.now)
    while turn.ask is not None:
        answer = await answers.answer(turn.ask)
        turn = engine.joined(turn, engine.step(place.flows, turn.session, answer, answers.now))
    return turn


async def write_or_keep(runtime: Runtime, record: records.Turn) -> None:
    """Commits a record, or keeps it in the journal until it can be."""
    try:
        if record.call.call_sid in runtime.journal.calls:
            raise StoreUnavailable("earlier turns of this call are still in the journal")
        async with asyncio.timeout(SECONDS_TO_KEEP):
            await runtime.store.write(record)
    except Exception as error:
        # This may be the answer to a fault already: whatever else fails, the record is kept.
        log.warning("a turn could not be written", call_sid=record.call.call_sid, error=type(error).__name__)
        keep(runtime, record)


def keep(runtime: Runtime, record: records.Turn) -> None:
    """Puts a record into the journal. The call goes on even where the disk does not take it."""
    try:
        runtime.journal.append(record)
    except OSError as error:
        log.error("a record waits in memory only", call_sid=record.call.call_sid, reason=str(error))


def _next(turn: Turn) -> Session:
    return change(turn.session.at_rest(), turn=turn.session.turn + 1)


async def _with_dispatch(runtime: Runtime, record: records.Turn) -> records.Turn:
    """When the dispatcher looks at what this turn changes: at once where somebody is free for it, else soon."""
    if record.queue is None:
        changes = record.left_queue or any(map(_changes_who_waits, record.deeds))
        return msgspec.structs.replace(record, look_at=record.at + SOON) if changes else record
    free = any(agent.available for agent in await lookups.serving(runtime.store))
    return msgspec.structs.replace(record, look_at=record.at if free else record.at + SOON)


def _changes_who_waits(deed: records.Deed) -> bool:
    """Whether a deed changes who is to be rung, besides those in queues: callbacks, and agents."""
    match deed:
        case records.NewCase(_, draft) | records.JoinedCase(_, draft):
            return draft.status == "callback_requested"
        case _:
            return isinstance(deed, records.Callback | records.CallbackNumber | records.Toggled)


def _record(place: Place, turn: Turn, document: str, deeds: tuple[records.Deed, ...], now: datetime) -> records.Turn:
    hook, session = place.hook, turn.session
    return records.Turn(
        call=records.Call(hook.call_sid, place.line.name, hook.called, hook.caller),
        turn=place.session.turn,
        at=now,
        heard=words.heard(place.heard),
        path=turn.path,
        why=turn.why,
        answer=document,
        session=msgspec.json.encode(_next(turn)).decode(),
        partner=session.partner.id if session.partner else None,
        case_number=session.case or _opened(deeds),
        outcome=_outcome(session, deeds),
        deeds=deeds,
        queue=next((directive.queue for directive in turn.directives if isinstance(directive, Enqueue)), None),
        left_queue=isinstance(place.heard, LeftQueue | HungUp),
    )


def _only_ended(runtime: Runtime, hook: Webhook, ended: records.Ended) -> records.Turn:
    """The end of a call whose session cannot be read now: it is looked up when this is replayed."""
    line = runtime.flows.lines.called(hook.called).name
    call = records.Call(hook.call_sid, line, hook.called, hook.caller)
    return records.Turn(call, records.HUNG_UP, runtime.now(), "hung up", (), (), "", "", ended=ended)


def _outcome(session: Session, deeds: tuple[records.Deed, ...]) -> str | None:
    """Where the caller went: as the stub says that was opened just now, else as it was decided."""
    for deed in deeds:
        if isinstance(deed, records.NewCase | records.JoinedCase):
            return deed.draft.queue or deed.draft.destination
    return (session.way.queue or session.way.destination) if session.way else None


def _opened(deeds: tuple[records.Deed, ...]) -> str | None:
    return next((deed.number for deed in deeds if isinstance(deed, records.NewCase)), None)


def render(runtime: Runtime, hook: Webhook, session: Session, turn: Turn) -> str:
    token = runtime.tokens.write(session, hook.call_sid)
    return twiml.render(turn.directives, runtime.urls(token))
