"""Who is reached next for a page that nobody has accepted. Source: agents.md "Contacts on duty and paging",
call-flows "S1 and nobody takes it".

A round climbs the ladder on duty, one contact every two minutes, and for an S1 then the other tier's. When it is over
an alarm is raised, and the next round begins from the start. Each step asks anew who is on duty, so a change of shift
is followed: the new shift's contacts of the page's own tier come first, and nobody is rung twice in a round.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from app.domain.duty import Contact, Ladder, on_duty
from app.domain.routing import Severity

APART = timedelta(minutes=2)
# The next round begins five minutes after the last contact was rung, who had the first two of them to answer.
ROUNDS_APART = timedelta(minutes=5)
PAGES_AN_HOUR = 4
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Climb:
    """How far a page has come. `tier`: whose ladder. `round` counts from 1, `rung` the contacts reached in this round
    on both ladders, from 1; it is 0 before the first."""

    tier: int
    round: int
    rung: int


@dataclass(frozen=True, slots=True)
class Rung:
    """This contact is reached now. `next_at`: when the next is, unless somebody accepts, or passes on before."""

    contact: Contact
    climb: Climb
    next_at: datetime


@dataclass(frozen=True, slots=True)
class RoundOver:
    """Everybody was reached and nobody accepted: an alarm is raised. The page goes on at `next_at` from `climb`."""

    climb: Climb
    next_at: datetime


def next_rung(
    ladders: Sequence[Ladder],
    tier: int,
    region: str,
    severity: Severity,
    climb: Climb | None,
    now: datetime,
    rung_already: Collection[str],
) -> Rung | RoundOver:
    """The next step of an open page of a tier and a region; `climb` is None before the first.

    `rung_already`: the phones reached in this round. The same step serves when its time has come and when a contact
    passes on. S2 and S3 (an escalation voicemail) climb their own tier's ladder only, in the same rounds.
    """
    climb = climb or Climb(tier, round=1, rung=0)
    done = rung_already if climb.rung else ()
    for of_tier in (tier, 3 - tier) if severity == "S1" else (tier,):
        ladder = on_duty(ladders, of_tier, region, now)
        for contact in ladder.rungs if ladder else ():
            if contact.phone not in done:
                return Rung(contact, Climb(of_tier, climb.round, climb.rung + 1), now + APART)
    return RoundOver(Climb(tier, climb.round + 1, rung=0), now + ROUNDS_APART - APART)


@dataclass(frozen=True, slots=True)
class Held:
    """No more pages for unverified callers now; from `until` on one may be opened, if the caller still waits."""

    until: datetime


def unverified(page_is_open: bool, opened: Iterable[datetime], now: datetime) -> Literal["open", "merge"] | Held:
    """What becomes of the page for an unverified caller: it joins the tier's open one, or opens one, 4 an hour at most.

    `opened`: when this tier's pages for unverified callers were opened; those older than an hour do not count. Pages
    for identified partners are not asked about: they are not limited.
    """
    if page_is_open:
        return "merge"
    lately = sorted(moment for moment in opened if moment > now - HOUR)
    if len(lately) < PAGES_AN_HOUR:
        return "open"
    return Held(lately[-PAGES_AN_HOUR] + HOUR)
