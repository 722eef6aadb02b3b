"""Partners: who they are, and what their type and certification allow. Source: support-model, "Who calls"."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

PartnerType = Literal["agency", "resale", "wholesale"]
Status = Literal["active", "suspended"]
Loa = Literal["on_file", "missing", "not_needed"]


@dataclass(frozen=True, slots=True)
class Partner:
    """One row of the partner file. `id` is ours; it stands for the partner wherever the PID must not be seen."""

    id: int
    pid: str
    name: str
    type: PartnerType
    region: str
    status: Status
    certified_from: date | None
    certified_until: date | None
    loa_customers: tuple[str, ...] = ()


def dialled(pid: str, dial_code: str = "") -> str:
    """The digits a caller keys for a PID: its dial code where it has one, else the digits among its letters."""
    return dial_code or "".join(c for c in pid if c in "0123456789")


def certification_holds(partner: Partner, at: datetime, zone: tzinfo) -> bool:
    """Whether the certification is valid at a moment. Both of its days count whole, in the partner's region."""
    today = at.astimezone(zone).date()
    if partner.certified_from is None or today < partner.certified_from:
        return False
    return partner.certified_until is None or today <= partner.certified_until


def loa(type_: PartnerType, has_letter: bool) -> Loa:
    """Only an agency needs a Letter of Agency before a customer's case may be discussed with it."""
    if type_ != "agency":
        return "not_needed"
    return "on_file" if has_letter else "missing"
