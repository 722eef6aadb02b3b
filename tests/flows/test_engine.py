"""The shipped conversation, walked to every end: each line, key, silence and answer, open and closed, database away."""

from collections.abc import Iterator

import pytest

from app.flows import asks, engine
from app.flows.session import PartnerFacts, Session, change
from app.flows.turn import (
    Began,
    Dial,
    DialEnded,
    Directive,
    Enqueue,
    Gather,
    Hangup,
    Heard,
    HungUp,
    Keyed,
    Leave,
    LeftQueue,
    Music,
    Record,
    Recorded,
    Silence,
    StillWaiting,
    Turn,
)
from tests.support.facts import closure, shipped, utc

FLOWS = shipped()
ONE_OF_EACH_KIND = ("US support", "ANZ support", "US certified", "US escalation voicemail")
OPEN, CLOSED = utc("2026-03-03 17:00"), utc("2026-03-07 17:00")
CERTIFIED = PartnerFacts(1, "resale", "active", True, False)
AGENCY = PartnerFacts(2, "agency", "suspended", True, False)
KEYS = ("1", "2", "3", "7", "9", "0", "*", "1234", "1234567890", "12065550147")


def answers_to(ask: asks.Ask) -> Iterator[Heard]:
    """Everything the outside may answer."""
    yield asks.Unavailable()
    match ask:
        case asks.FindPartner() | asks.FindRegistered():
            yield from (asks.FoundPartner(CERTIFIED), asks.FoundPartner(AGENCY), asks.No())
        case asks.MayAskForPid():
            yield from (asks.Yes(), asks.No())
        case asks.ReadClosures():
            yield asks.FoundClosures(())
            yield asks.FoundClosures((closure("us", "emergency", "2026-01-01 00:00", "2027-01-01 00:00"),))
        case asks.FindCase(number):
            yield from (asks.FoundCase(number), asks.No())
        case asks.CallersNumber() | asks.KeepNumber():
            yield from (asks.FoundNumber("+12065550147"), asks.No())
        case asks.FindPlace():
            yield asks.FoundPlace(2)
        case asks.OpenCase():
            yield asks.Opened("1234567897")
        case _:
            yield asks.Done()


def heard_after(directives: tuple[Directive, ...]) -> Iterator[Heard]:
    """Everything a caller or the provider may do, once these directives are done."""
    yield HungUp()
    match directives[-1] if directives else None:
        case Gather():
            yield Silence()
            yield from (Keyed(keys) for keys in KEYS)
        case Record():
            yield from (Recorded("RE1", 9), Recorded("RE1", 0), Recorded("RE1", 9, hung_up=True), Silence())
        case Enqueue() | Music() | Leave():
            yield from (StillWaiting(10), StillWaiting(9999))
            yield from (LeftQueue(result, 30) for result in ("bridged", "hangup", "leave", "queue-full", "error"))
        case Dial():
            yield from (DialEnded("busy"), DialEnded("completed", 60), DialEnded("completed", 0, bridged=False))


def steps(turn: Turn, heard: Heard, at: object) -> Iterator[Turn]:
    """A turn for every way in which its asks can be answered."""
    now = OPEN if at == "open" else CLOSED
    first = engine.step(FLOWS, turn.session, heard, now)
    pending = [first]
    while pending:
        found = pending.pop()
        if found.ask is None:
            yield found
            continue
        for answer in answers_to(found.ask):
            pending.append(engine.joined(found, engine.step(FLOWS, found.session, answer, now)))


def walk(line: str, at: str) -> Iterator[tuple[Heard, Turn]]:
    begun = Turn(engine.begin(FLOWS, FLOWS.lines.by_name[line]))
    seen: set[bytes] = set()
    ahead: list[tuple[Turn, Heard]] = [(begun, Began())]
    while ahead:
        before, heard = ahead.pop()
        for turn in steps(before, heard, at):
            yield heard, turn
            known = _place(turn)
            if known not in seen:
                seen.add(known)
                ahead.extend((turn, following) for following in heard_after(turn.directives))


def _place(turn: Turn) -> bytes:
    """Where a turn leads, without what no longer matters: attempts at other nodes, moments, positions."""
    session = turn.session.at_rest()
    attempts = {name: n for name, n in session.attempts.items() if name.startswith(session.node)}
    session = change(session, turn=0, attempts=attempts, queued_at=0, taken_at=0, position=0)
    return repr((session, type(turn.directives[-1]) if turn.directives else None)).encode()


@pytest.mark.parametrize("at", ["open", "closed"])
@pytest.mark.parametrize("line", ONE_OF_EACH_KIND)
def test_whatever_happens(line: str, at: str) -> None:
    """One walk, for it is long: every turn keeps what call-flows promises."""
    for heard, turn in walk(line, at):
        only_a_committed_number_is_spoken(turn)
        if not isinstance(heard, HungUp):
            the_caller_has_a_next_step(turn)
            an_s1_never_meets_a_beep_or_a_goodbye(heard, turn)


def the_caller_has_a_next_step(turn: Turn) -> None:
    assert isinstance(turn.directives[-1], Gather | Record | Enqueue | Dial | Hangup | Music | Leave), turn


def an_s1_never_meets_a_beep_or_a_goodbye(heard: Heard, turn: Turn) -> None:
    is_over = isinstance(heard, LeftQueue) and heard.result in ("bridged", "hangup")
    was_helped = isinstance(heard, DialEnded) and heard.status == "completed" and heard.seconds
    if turn.session.severity == "S1" and not is_over and not was_helped:
        assert not any(isinstance(directive, Record | Hangup) for directive in turn.directives), turn


def only_a_committed_number_is_spoken(turn: Turn) -> None:
    said = [prompt for d in turn.directives for prompt in (d.prompts if isinstance(d, Gather) else (d,))]
    assert turn.session.case or not any("case number is" in getattr(prompt, "text", "") for prompt in said), turn


def test_wherever_an_identified_caller_hangs_up_a_stub_is_left() -> None:
    session = Session("r", "US support", "identify.severity", partner=CERTIFIED, verified_by="pid")
    turn = engine.step(FLOWS, session, HungUp(), OPEN)
    assert isinstance(turn.ask, asks.OpenCase)
    assert turn.ask.draft.status == "abandoned"
    assert engine.step(FLOWS, turn.session, asks.Opened("1234567897"), OPEN).directives == ()


def test_an_unverified_caller_who_hangs_up_early_leaves_no_stub() -> None:
    session = Session("r", "US support", "identify.pid")
    assert engine.step(FLOWS, session, HungUp(), OPEN).ask is None


def test_a_waiting_caller_who_hangs_up_leaves_the_queue() -> None:
    session = Session("r", "US support", "waiting.wait", case="1234567897")
    assert isinstance(engine.step(FLOWS, session, HungUp(), OPEN).ask, asks.CaseLeft)


def test_who_hangs_up_while_deciding_about_a_message_has_sent_it() -> None:
    session = Session("r", "US escalation voicemail", "escalation.review", case="1234567897", recorded_seconds=9)
    assert isinstance(engine.step(FLOWS, session, HungUp(), OPEN).ask, asks.KeepMessage)


def test_a_node_that_is_gone_and_a_hearing_without_use_are_lost_conversations() -> None:
    with pytest.raises(engine.LostConversation):
        engine.step(FLOWS, Session("r", "US support", "identify.gone"), Silence(), OPEN)
    with pytest.raises(engine.LostConversation):
        engine.step(FLOWS, Session("r", "US support", "identify.pid"), DialEnded("busy"), OPEN)


def test_connecting_leads_to_the_tier_1_queue_of_the_dialled_line_and_on_from_there() -> None:
    turn = engine.connecting(FLOWS, Session("r", "EMEA certified", "identify.gone"), OPEN, "a test")
    assert turn.directives[-1] == Enqueue("tier1-emea")
    assert isinstance(engine.step(FLOWS, turn.session, StillWaiting(9), OPEN).ask, asks.FindPlace)
    assert isinstance(engine.step(FLOWS, turn.session, LeftQueue("bridged", 9), OPEN).ask, asks.CaseTaken)


@pytest.mark.parametrize("result", ["queue-full", "error", "system-error", "leave"])
def test_who_was_put_through_unasked_may_be_an_s1_and_the_contacts_are_rung(result: str) -> None:
    turn = engine.connecting(FLOWS, Session("r", "EMEA certified", "identify.gone"), OPEN, "a test")
    turn = engine.step(FLOWS, turn.session, LeftQueue(result), OPEN)
    if turn.ask:
        # Nobody knows why the caller left the queue: the wait was long enough.
        turn = engine.step(FLOWS, turn.session, asks.Unavailable(), OPEN)
    assert isinstance(turn.directives[-1], Dial)


def test_a_number_that_is_no_longer_known_is_not_spoken() -> None:
    session = Session("r", "US support", "closed.read-back", case="1234567897", has_number=True)
    turn = engine.step(FLOWS, session, Silence(), OPEN)
    texts = [getattr(directive, "text", "") for directive in turn.directives]
    assert not any("We shall call" in text for text in texts)
    assert isinstance(turn.directives[-1], Hangup)
