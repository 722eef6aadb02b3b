"""A conference: who is in it, when it begins and ends, and what the service is told about it.

It begins with two people of whom one starts it, and ends when the last one leaves, or one whose going ends it.
"""

from email.utils import format_datetime
from itertools import count
from typing import TYPE_CHECKING

from app.exchange.call import Call
from app.exchange.document import Document, Goto
from app.exchange.events import Beep
from app.exchange.interrupts import ConferenceEnded, RoomChanged
from app.exchange.verbs import Conference

if TYPE_CHECKING:
    from app.exchange.exchange import Exchange


class Room:
    """A conference that goes on. One of the same name after it is another one."""

    def __init__(self, exchange: "Exchange", name: str) -> None:
        self.exchange, self.name = exchange, name
        self.sid = "CF" + exchange.new_id()
        self.seats: list[Seat] = []
        self.started = False
        self._ended_by: Seat | None = None
        self._tells: tuple[Goto, tuple[str, ...]] | None = None
        self._told = count(1)

    def enter(self, call: Call, noun: Conference, here: Document) -> "Seat":
        """Somebody comes in."""
        if self._tells is None and noun.status_callback:
            goto = here.goto(noun.status_callback, noun.status_callback_method)
            self._tells = goto, noun.status_callback_event
        seat = Seat(self, call, noun)
        self.seats.append(seat)
        self._beep("onEnter", noun)
        self._tell(seat, "join", "participant-join", seat.facts())
        if not self.started and len(self.seats) > 1 and any(one.noun.start_on_enter for one in self.seats):
            self.started = True
            self._tell(seat, "start", "conference-start")
        self._stir(besides=seat)
        return seat

    def leave(self, seat: "Seat", reason: str) -> None:
        """Somebody goes; with them the conference, if it was the last one or one that ends it."""
        self.seats.remove(seat)
        left = {"ReasonParticipantLeft": reason, "ParticipantCallStatus": seat.call.status}
        self._tell(seat, "leave", "participant-leave", seat.facts() | left)
        if self._ended_by:
            self._close()
            return
        if seat.noun.end_on_exit or not self.seats:
            self.exchange.conferences.pop(self.name)
            self._ended_by = seat
            for other in self.seats:
                other.call.interrupt(ConferenceEnded())
            self._close()
            return
        self._beep("onExit", seat.noun)
        self._stir()

    def _close(self) -> None:
        """The end is told when everybody is out."""
        if self._ended_by and not self.seats:
            by = self._ended_by
            why = "participant_with_end_conference_on_exit_left" if by.noun.end_on_exit else "last_participant_left"
            self._tell(
                by, "end", "conference-end", {"CallSidEndingConference": by.call.sid, "ReasonConferenceEnded": why}
            )

    def _stir(self, besides: "Seat | None" = None) -> None:
        """Everybody looks who is there now."""
        for seat in self.seats:
            if seat is not besides:
                seat.call.interrupt(RoomChanged())

    def _beep(self, when: str, noun: Conference) -> None:
        if noun.beep in ("true", when):
            for seat in self.seats:
                seat.call.hear(Beep())

    def _tell(self, seat: "Seat", event: str, name: str, facts: dict[str, str] | None = None) -> None:
        """Tells the service, in its own time, if it wanted to know. The request is kept with the call of this seat."""
        if self._tells is None or event not in self._tells[1]:
            return
        goto, _ = self._tells
        form = {
            "AccountSid": self.exchange.account_sid,
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "StatusCallbackEvent": name,
            "SequenceNumber": str(next(self._told)),
            "Timestamp": format_datetime(self.exchange.clock.now()),
            **(facts or {}),
        }
        self.exchange.tell(seat.call, Goto(goto.url, goto.method, form, bare=True))


class Seat:
    """A call's place in a conference."""

    def __init__(self, room: Room, call: Call, noun: Conference) -> None:
        self.room, self.call, self.noun = room, call, noun

    @property
    def others(self) -> list[Call]:
        """Who can be talked with: nobody, as long as the conference has not begun."""
        return [seat.call for seat in self.room.seats if seat is not self] if self.room.started else []

    def release(self, call: Call) -> None:
        """The others hang up."""
        for other in self.others:
            other.put_down()

    def facts(self) -> dict[str, str]:
        """What is told about a participant."""
        label = {"ParticipantLabel": self.noun.label} if self.noun.label else {}
        return {
            "CallSid": self.call.sid,
            "Muted": str(self.noun.muted).lower(),
            "Hold": "false",
            "Coaching": "false",
            "StartConferenceOnEnter": str(self.noun.start_on_enter).lower(),
            "EndConferenceOnExit": str(self.noun.end_on_exit).lower(),
            **label,
        }
