"""Dial with a Conference: music while alone, then talk, until this call leaves or the conference ends."""

from app.exchange.call import Call
from app.exchange.conferences import Seat
from app.exchange.document import Document
from app.exchange.events import Music, Silence
from app.exchange.failures import Failure
from app.exchange.interrupts import ConferenceEnded, Redirected, RoomChanged
from app.exchange.legs import Run
from app.exchange.verbs import Conference


async def confer(call: Call, noun: Conference, here: Document, run: Run, limit: float) -> None:
    """Returns when the conference is over, or after so many seconds."""
    room = call.exchange.conference(noun.name)
    seat = room.enter(call, noun, here)
    reason = "participant_hung_up"
    try:
        with call.waiting_for("conference"):
            await _stay(seat, here, run, call.seconds + limit)
    except ConferenceEnded:
        reason = "moderator_ended_conference"
    except Redirected:
        reason = "participant_updated_via_api"
        raise
    finally:
        call.disconnect()
        call.forget(RoomChanged, ConferenceEnded)
        room.leave(seat, reason)


async def _stay(seat: Seat, here: Document, run: Run, until: float) -> None:
    """Looks anew who is there whenever that changes."""
    known: list[Call] = []
    while (left := until - seat.call.seconds) > 0:
        others = seat.others
        for other in others:
            if other not in known:
                seat.call.connect(seat, other.number)
        known = list(others)
        try:
            if others:
                seat.call.bridge, seat.call.connected_to = seat, others[0].number
                await seat.call.pass_time(left, quiet=True)
            else:
                seat.call.disconnect()
                await _wait(seat, here, run, left)
        except RoomChanged:
            pass


async def _wait(seat: Seat, here: Document, run: Run, left: float) -> None:
    """Alone: the wait document over and over, or the provider's own music. A bad document is silence."""
    call, noun = seat.call, seat.noun
    if noun.wait_url:
        try:
            await run(call, here.goto(noun.wait_url, noun.wait_method), "hold")
            return
        except Failure as failure:
            call.errors.append(failure)
    call.hear(Music() if noun.wait_url is None else Silence(0))
    await call.pass_time(left, quiet=True)
