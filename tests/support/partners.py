"""Partners that call in tests: those of the cases seen in the field, and a few that make the table whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, insert

from app.domain.partners import PartnerType, Status, dialled
from app.store import tables


@dataclass(frozen=True, slots=True)
class Partner:
    """A row of the partner file."""

    pid: str
    name: str
    type: PartnerType
    region: str
    status: Status = "active"
    certified_from: date | None = None
    certified_until: date | None = None
    phones: tuple[str, ...] = ()
    loa_customers: tuple[str, ...] = ()
    dial_code: str = ""

    @property
    def keys(self) -> str:
        """What this partner keys when asked for the PID."""
        return dialled(self.pid, self.dial_code) + "#"

    @property
    def loa(self) -> str:
        """What the stub says of the Letter of Agency."""
        if self.type != "agency":
            return "not_needed"
        return "on_file" if self.loa_customers else "missing"


_SINCE, _UNTIL = date(2025, 1, 1), date(2026, 3, 10)
TALLGRASS = Partner("100234", "Tallgrass Relay", "resale", "us", "active", _SINCE, None, ("+12065550147",))
BLUEFIN = Partner("0042", "Bluefin Voice", "wholesale", "emea", phones=("+12065550142",))
KESTREL = Partner("AB-7781", "Kestrel Lane", "agency", "us", "active", _SINCE, _UNTIL, ("+12065550143",), ("CUST-9",))
HARBOR = Partner("55012", "Harbor & Sons <Telecom>", "resale", "apac", "active", _SINCE, _UNTIL, ("+12065550144",))
LUMEN = Partner("990017", "Lumen Tide", "agency", "us", "suspended", _SINCE, None, ("+12065550145",))
# A certified agency without a Letter of Agency, and a PID that is dialled by a code of its own.
COPPER = Partner("300777", "Copper Finch", "agency", "emea", "active", _SINCE)
QUILL = Partner("QUILL-2024", "Quill and Quarry", "wholesale", "us", "active", _SINCE, dial_code="777001")
PARTNERS = (TALLGRASS, BLUEFIN, KESTREL, HARBOR, LUMEN, COPPER, QUILL)


def add(engine: Engine, partners: Iterable[Partner] = PARTNERS) -> None:
    """Puts the partners into a database."""
    with engine.begin() as connection:
        for id_, partner in enumerate(partners, 1):
            connection.execute(insert(tables.partners).values(_row(id_, partner)))
            for number in partner.phones:
                connection.execute(insert(tables.partner_phones).values(number=number, partner_id=id_))


def _row(id_: int, partner: Partner) -> dict[str, object]:
    return {
        "id": id_,
        "pid": partner.pid,
        "dialled": dialled(partner.pid, partner.dial_code),
        "name": partner.name,
        "type": partner.type,
        "region": partner.region,
        "parent_account": "",
        "status": partner.status,
        "certified_from": partner.certified_from,
        "certified_until": partner.certified_until,
        "dial_code": partner.dial_code,
        "phones": ";".join(partner.phones),
        "loa_customers": ";".join(partner.loa_customers),
    }
