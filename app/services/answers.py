"""The engine's asks, answered. A fact is looked up; a deed is noted and committed with the turn.

`away` makes every deed's answer Unavailable: the second try of a turn whose commit failed. It knows the facts that the
first try learned, and learns no more, so that it takes no time.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from app.domain import agents, routing, waiting
from app.domain.partners import Partner
from app.flows import asks
from app.flows.asks import Answer, Ask, Unavailable
from app.flows.session import PartnerFacts
from app.patience import within
from app.provider.inbound import Webhook
from app.runtime import Runtime
from app.services import joining, waits
from app.store import lookups, records
from app.store.hot import PATIENCE, Readable, Row, StoreUnavailable


class Facts:
    """What one turn has read so far, however often it is decided: each question is put to the database once."""

    def __init__(self, store: Readable) -> None:
        self._store = store
        self._known: dict[tuple[object, ...], list[Row] | StoreUnavailable] = {}
        self.complete = False
        self.ended: Answer | None = None
        """How the talk ended that the caller comes from."""

    async def fetch(self, sql: str, params: dict[str, Any]) -> list[Row]:
        question = (sql, *params.values())
        if question not in self._known:
            self._known[question] = await self._ask(sql, params)
        rows = self._known[question]
        if isinstance(rows, StoreUnavailable):
            raise rows
        return rows

    async def _ask(self, sql: str, params: dict[str, Any]) -> list[Row] | StoreUnavailable:
        try:
            if self.complete:
                raise StoreUnavailable("this turn goes on without the database")
            return await self._store.fetch(sql, params)
        except StoreUnavailable as error:
            return error


class Answers:
    """What one turn of one call asks, and the deeds that are to be committed with it."""

    def __init__(
        self,
        runtime: Runtime,
        hook: Webhook,
        region: str,
        *,
        facts: Facts | None = None,
        now: datetime | None = None,
        away: bool = False,
        attempt: int = 0,
    ) -> None:
        self._runtime = runtime
        self._hook = hook
        self._region = region
        self._known = facts or Facts(runtime.store)
        self._away = away
        self._attempt = attempt
        self.now = now or runtime.now()
        self.deeds: list[records.Deed] = []

    async def answer(self, ask: Ask) -> Answer:
        """The answer; Unavailable where the database does not give one."""
        try:
            return await self._answer(ask)
        except (StoreUnavailable, TimeoutError):
            return Unavailable(self._runtime.last_reading.closures)

    async def _answer(self, ask: Ask) -> Answer:
        store = self._known
        match ask:
            case asks.MayAskForPid():
                return await self._may_ask()
            case asks.FindPartner(digits):
                return await self._partner(digits)
            case asks.ToggleAgent(code):
                return await self._toggle(code)
            case asks.FindRegistered():
                return await self._registered()
            case asks.ReadClosures():
                found = await lookups.closures(store, self.now)
                self._runtime.last_reading.closures = found
                return asks.FoundClosures(found)
            case asks.FindCase(number, partner):
                usable = await lookups.usable_case(store, number, partner)
                return asks.FoundCase(number) if usable else asks.No()
            case asks.FindPlace(expected):
                return await self._place(expected)
            case asks.WantCallback():
                return await within(PATIENCE, waits.wants_callback(self._runtime, self._hook.call_sid))
            case asks.HowItEnded(turn):
                return await self._how_it_ended(turn)
            case asks.CallersNumber():
                return self._dialable(self._hook.caller or "")
            case asks.KeepNumber(case, digits):
                return self._keep_number(case, digits)
            case asks.OpenCase(draft):
                number = self._runtime.case_number(self._hook.call_sid, self._attempt)
                return self._deed(records.NewCase(number, self._went_to(draft)), asks.Opened(number))
            case asks.JoinCase(number, draft):
                return self._deed(records.JoinedCase(number, self._went_to(draft)))
            case asks.CaseTaken(case, at):
                return self._deed(records.Taken(case, at))
            case asks.CaseLeft(case):
                ring_back = self._runtime.dialable(self._hook.caller or "", self._region)
                return self._deed(records.Left(case, ring_back))
            case asks.KeepMessage(case, tier, recording, seconds):
                return self._deed(records.Message(case, tier, recording, seconds))
            case asks.RequestCallback(case, number, at):
                answer = self._deed(records.Callback(case, number, at))
                return answer if self._away else await self._own_case(case)
            case _:
                assert_never(ask)

    def _deed(self, deed: records.Deed, done: Answer | None = None) -> Answer:
        self.deeds.append(deed)
        return Unavailable() if self._away else done or asks.Done()

    def _went_to(self, draft: asks.CaseDraft) -> asks.CaseDraft:
        """The stub says where the caller is: without the database in Tier 1, whatever was decided before."""
        if not self._away:
            return draft
        return replace(draft, destination="queue", queue=f"tier1-{draft.region}", status="waiting", callback_at=None)

    async def _own_case(self, case: str | None) -> Answer:
        """The number of a case that was opened while the database was away: from now on it can be spoken."""
        number = case or await lookups.case_of_call(self._known, self._hook.call_sid)
        return asks.Opened(number) if number else Unavailable()

    async def _may_ask(self) -> Answer:
        caller = self._hook.caller
        if caller is None or not caller.startswith("+"):
            return asks.Yes()
        # A wrong PID of this very turn counts, and is not committed yet.
        of_this_turn = sum(isinstance(deed, records.WrongPid) for deed in self.deeds)
        wrong = of_this_turn + await lookups.wrong_pids(self._known, caller, self.now)
        return asks.Yes() if wrong < lookups.WRONG_PIDS_ALLOWED else asks.No()

    async def _partner(self, digits: str) -> Answer:
        partner = await lookups.partner_dialling(self._known, digits)
        if partner is not None:
            return asks.FoundPartner(self._facts(partner))
        self._wrong_pid()
        return asks.No()

    def _wrong_pid(self) -> None:
        if self._hook.caller is not None:
            self.deeds.append(records.WrongPid(self._hook.caller))

    async def _toggle(self, code: str) -> Answer:
        """A wrong code, or another phone, is a wrong PID like any other. An agent is not toggled later than told."""
        caller = self._hook.caller
        agent = await lookups.agent_with_code(self._known, caller, code) if caller else None
        if agent is None:
            self._wrong_pid()
            return asks.No()
        if self._away:
            return Unavailable()
        wanted = agents.toggles_to(agent.state, agent.before)
        return self._deed(records.Toggled(agent.id, wanted), asks.Toggled(wanted))

    async def _registered(self) -> Answer:
        caller = self._hook.caller
        if caller is None or not self._hook.fully_attested:
            return asks.No()
        partner = await lookups.partner_registered_for(self._known, caller)
        return asks.FoundPartner(self._facts(partner)) if partner else asks.No()

    def _facts(self, partner: Partner) -> PartnerFacts:
        caller = routing.caller_of(partner, self.now, self._runtime.flows.regions)
        return PartnerFacts(partner.id, caller.type, caller.status, caller.certified, caller.loa)

    async def _place(self, expected: bool) -> Answer:
        place = await lookups.place_of(self._known, self._hook.call_sid)
        if place is None:
            return Unavailable()
        minutes = await self._expected_wait(place) if expected else None
        return asks.FoundPlace(place.position, minutes, place.leaves, place.paged, place.taken)

    async def _expected_wait(self, place: lookups.Place) -> int | None:
        """In minutes."""
        at_work = [agent for agent in await lookups.serving(self._known) if place.queue in agent.queues]
        lengths = await lookups.last_talks(self._known, place.queue, self.now) if at_work else []
        expected = waiting.expected_wait(place.position, lengths, len(at_work))
        return int(expected.total_seconds()) // 60 if expected else None

    async def _how_it_ended(self, turn: int) -> Answer:
        known = self._known
        if known.ended is None and not known.complete:
            with suppress(StoreUnavailable, TimeoutError):
                known.ended = await within(PATIENCE, joining.how_it_ended(self._runtime, self._hook, turn))
        if known.ended is None:
            known.ended = joining.not_known(self._runtime, self._hook, turn)
        return known.ended

    def _dialable(self, number: str) -> Answer:
        found = self._runtime.dialable(number, self._region)
        return asks.FoundNumber(found) if found else asks.No()

    def _keep_number(self, case: str | None, digits: str) -> Answer:
        found = self._dialable(digits)
        if isinstance(found, asks.FoundNumber):
            return self._deed(records.CallbackNumber(case, found.number), found)
        return found
