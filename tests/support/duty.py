"""The contacts on duty at night, in tests: Saturday, 03:00 UTC, with every region closed. APAC is on duty."""

from dataclasses import replace
from datetime import datetime

from app.domain.duty import Contact
from app.exchange import Person, Press, mailbox
from app.exchange.events import Said
from app.flows.flow import Flows
from app.store import tables
from tests.support.service import Row, Service, shipped_flows

NIGHT = "2026-03-07 03:00"
LEAD, MANAGER, DIRECTOR = "+12065550131", "+12065550132", "+12065550133"
TIER_1 = [LEAD, MANAGER, DIRECTOR]
TIER_2 = ["+12065550134", "+12065550135"]
ACCEPTS = Person(after=4, keys=("1",))
HEARS_IT_ALL = Person(after=4, keys=(Press("1", after=30),))
PASSES_ON = Person(after=4, keys=("2",))
MAILBOX = mailbox(after=20, stays=50)


def reached_by(contact: str, sms: str = "", mail: str = "") -> Flows:
    """The shipped flows, with more ways to reach a contact (by phone number)."""
    flows = shipped_flows()

    def with_ways(one: Contact) -> Contact:
        return replace(one, sms=sms, mail=mail) if one.phone == contact else one

    ladders = tuple(replace(x, rungs=tuple(with_ways(one) for one in x.rungs)) for x in flows.ladders)
    return replace(flows, ladders=ladders)


def rung(service: Service) -> list[tuple[datetime, str]]:
    """The contacts who were rung, in order, and when the telephone company was asked to."""
    legs = [leg for leg in service.rows(tables.legs, purpose="page") if leg["asked_at"] is not None]
    return sorted((leg["asked_at"], leg["number"]) for leg in legs)


def who_rang(service: Service) -> list[str]:
    return [number for _, number in rung(service)]


def minutes(service: Service) -> list[int]:
    """When each contact was rung, in whole minutes after the first."""
    first = rung(service)[0][0]
    return [round((at - first).total_seconds() / 60) for at, _ in rung(service)]


def results(service: Service) -> list[str | None]:
    rows = sorted(service.rows(tables.page_tries), key=lambda row: (row["at"], row["id"]))
    return [row["result"] for row in rows]


def page(service: Service) -> Row:
    return service.row(tables.pages)


def story(service: Service, case_number: str) -> list[str]:
    """The history of a case, in order."""
    rows = service.rows(tables.case_updates, case_number=case_number)
    return [row["note"] for row in sorted(rows, key=lambda row: (row["at"], row["id"]))]


def events(service: Service, kind: str) -> list[Row]:
    return service.rows(tables.events, kind=kind)


def heard_by(service: Service, reach: str) -> str:
    """All that was said on calls to somebody."""
    return " ".join(
        e.text for call in service.exchange.calls if call.to == reach for e in call.heard if isinstance(e, Said)
    )
