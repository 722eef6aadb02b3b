"""Waiting: the order of a queue, its limits, and what a waiting caller is told. Source: call-flows "Waiting"."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.agents import WRAP_UP
from app.domain.regions import Closure, Region
from app.domain.routing import Severity

ANNOUNCED_EVERY = timedelta(minutes=1)
CALLBACK_FROM_ANNOUNCEMENT = 2
# The third minute begins when two have passed.
RING_ME_FROM = timedelta(minutes=2)
FEWEST_TALKS_TO_TELL = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in a queue. `since` is when it first began to wait; handing over or a dropped agent does not reset it."""

    call_sid: str
    severity: Severity
    certified: bool
    since: datetime

    @property
    def place(self) -> tuple[str, bool, datetime, str]:
        """Sorts as the queue is served. The last part only makes the order total."""
        return self.severity, not self.certified, self.since, self.call_sid


def position(call: Waiting, queue: Iterable[Waiting]) -> int:
    """The call's position in the queue, from 1, whether or not the queue lists the call itself."""
    return 1 + sum(other.place < call.place for other in queue if other.call_sid != call.call_sid)


@dataclass(frozen=True, slots=True)
class WaitingRules:
    """How long callers wait, and to what music. `limits`: without an agent after that, the way goes on elsewhere.

    `by_line`: limits of single lines, where they are not those of all. Nobody waits longer than `longest` in music.
    """

    limits: Mapping[Severity, timedelta]
    longest: timedelta
    music: str
    by_line: Mapping[str, Mapping[Severity, timedelta]] = field(default_factory=dict)

    def limit(self, severity: Severity, line: str = "") -> timedelta:
        """The limit of a line's callers, by the line's name."""
        return min(self.by_line.get(line, {}).get(severity, self.limits[severity]), self.longest)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds for a waiting call at a moment.

    also      it is offered to this queue of the next open region too
    page      the contact on duty is paged; a case that is paged already is not paged again
    callback  it gets a callback now
    look_at   after how long a wait the verdict changes by itself, None if never; agents who come or go change it too
    """

    also: str | None
    page: bool
    callback: bool
    look_at: timedelta | None


def verdict(
    rules: WaitingRules,
    severity: Severity,
    waited: timedelta,
    *,
    queue: str,
    next_queue: str | None,
    served: frozenset[str] | None,
    line: str = "",
) -> Verdict:
    """Whether a call in `queue` goes on elsewhere. `served`: see `agents.served`; None where limits alone count.

    `waited` is the time of this stay in music, not since the first waiting time: who talked to Tier 1 for an hour and
    was handed over has not waited for an hour. What was given once (a queue, a page) need not be taken back.

    An S1 goes on at its limit, or at once where nobody serves the queue: to the next open region too, and to the
    contacts on duty. It stays until somebody takes it.

    S2 and S3 go on to the next open region at the same time. The callback comes at twice the limit, the longest wait
    at most, however early the next region was asked: everybody has the same time to be reached by somebody. Where
    there is no next open region, or nobody serves that one either, the callback comes instead of it.
    """
    limit = rules.limit(severity, line)
    goes_on = waited >= limit or not _is_served(queue, served)
    also = next_queue if goes_on else None
    if severity == "S1":
        return Verdict(also, page=goes_on, callback=False, look_at=None if goes_on else limit)
    last = min(2 * limit, rules.longest)
    nowhere_else = next_queue is None or not _is_served(next_queue, served)
    if waited >= last or (goes_on and nowhere_else):
        return Verdict(also, page=False, callback=True, look_at=None)
    return Verdict(also, page=False, callback=False, look_at=last if goes_on else limit)


def _is_served(queue: str, served: frozenset[str] | None) -> bool:
    return served is None or queue in served


def next_queue(
    tier: int,
    region: str | None,
    home: str,
    regions: Mapping[str, Region],
    at: datetime,
    closures: Sequence[Closure] = (),
) -> str | None:
    """The same tier's queue of the next open region, in the order of the waiting queue's own region.

    The on-call queues have no region: who waits there is offered to the region of the case, `home`, once that opens, or
    to the next in its order. None where no other region is open.
    """
    order = regions[region].fallback if region is not None else (home, *regions[home].fallback)
    return next((f"tier{tier}-{name}" for name in order if regions[name].hours(at, closures).open), None)


def expected_wait(place: int, talks: Sequence[int], agents_serving: int) -> timedelta | None:
    """How long the caller at a position (from 1) will about wait, in whole minutes, rounded up.

    (mean length of the queue's last conversations, in seconds, + 60 of wrap-up) * position / agents serving it

    `talks` are those lengths. None where there is not enough to tell: fewer than 5 of them, or nobody serving.
    """
    if len(talks) < FEWEST_TALKS_TO_TELL or agents_serving < 1:
        return None
    # All in whole numbers, so that no rounding error makes a minute of nothing.
    seconds = (sum(talks) + int(WRAP_UP.total_seconds()) * len(talks)) * place
    return timedelta(minutes=-(-seconds // (60 * len(talks) * agents_serving)))


def announcement(waited: timedelta) -> int:
    """Which announcement is due, from 1: one at the beginning, one more each minute."""
    return 1 + waited // ANNOUNCED_EVERY


def position_is_told(place: int, told: int | None) -> bool:
    """The position is told the first time (`told` None or 0), and then only when it improved."""
    return not told or place < told


def may_ask_for_callback(severity: Severity, number: int) -> bool:
    """Whether `1` asks for a callback that keeps the place: S2 and S3, from the second announcement on."""
    return severity != "S1" and number >= CALLBACK_FROM_ANNOUNCEMENT


def may_ask_to_be_rung(severity: Severity, waited: timedelta) -> bool:
    """Whether `1` asks to be rung the moment somebody accepts: S1, from the third minute on."""
    return severity == "S1" and waited >= RING_ME_FROM
