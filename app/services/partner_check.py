"""Whether the fields of one partner are good: every field looked at, every reason given.

The partner file comes here with the rows that did not pass as a whole, `PUT /partners/{pid}` with its one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.services import partner_cells as cells


@dataclass(frozen=True, slots=True)
class Checked:
    """`values` holds the columns that are good, as they are kept (`None` for no date); `refused` why the others not."""

    values: dict[str, str | None] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def check_partner(fields: Mapping[str, str], countries: cells.Countries) -> Checked:
    """Checks the columns of a partner; one that is not given counts as empty. Names that are no column are refused."""
    checked = Checked()
    for unknown in sorted(fields.keys() - set(cells.COLUMNS)):
        checked.refused[unknown] = "is no field of a partner"
    for column, rule in cells.rules(countries).items():
        _note(checked, column, rule, fields.get(column, ""))
    _check_period(checked)
    region = countries.get(checked.values.get("region") or "")
    # Where a national number is read depends on the region, so a bad one is told first.
    if region is not None:
        _note(checked, "phones", lambda text: cells.phones(text, region), fields.get("phones", ""))
    return checked


def _note(checked: Checked, column: str, rule: cells.Rule, text: str) -> None:
    try:
        checked.values[column] = rule(text)
    except cells.Refused as reason:
        checked.refused[column] = str(reason)


def _check_period(checked: Checked) -> None:
    try:
        cells.period(checked.values.get("certified_from"), checked.values.get("certified_until"))
    except cells.Refused as reason:
        checked.refused["certified_until"] = str(reason)
        del checked.values["certified_until"]
