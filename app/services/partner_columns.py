"""A column of a block of rows at a time, by the rules of `partner_cells`.

Most columns are good as they stand, which one look over all their texts shows. The others are read text by text.
"""

import re
from collections.abc import Sequence

from app.domain.partners import dialled
from app.services import numbers
from app.services import partner_cells as cells
from app.store.partner_staging import Column

# Letters, then digits: not every PID, but most.
_PIDS = re.compile(rf"(?:[A-Za-z-]{{0,{cells.MAX_PID - 10}}}[0-9]{{4,10}}\n)*")


def kept(column: str, texts: Sequence[str], rule: cells.Rule) -> Column:
    """The texts of a column as they are kept. Raises Refused if one is wrong."""
    if column in _GOOD and _GOOD[column](texts):
        return texts
    different = set(texts)
    if len(different) * 2 > len(texts):
        return [rule(text) for text in texts]
    values = {text: rule(text) for text in different}
    if all(text == value for text, value in values.items()):
        return texts
    return [values[text] for text in texts]


def phones(texts: Sequence[str], regions: Column, countries: cells.Countries) -> Column:
    """The same for telephone numbers, whose rule depends on the region of the row."""
    if _are_phones(texts):
        return texts
    return [
        text if not text or numbers.is_e164(text) else cells.phones(text, countries[region or ""])
        for text, region in zip(texts, regions, strict=True)
    ]


def all_dialled(pids: Column, codes: Column) -> Column:
    return [
        # Most PIDs are digits only, and need no search for them.
        pid if pid and not code and pid.isdecimal() else dialled(pid or "", code or "")
        for pid, code in zip(pids, codes, strict=True)
    ]


def _are_pids(texts: Sequence[str]) -> bool:
    lines = "\n".join((*texts, ""))
    return lines.count("\n") == len(texts) and _PIDS.fullmatch(lines) is not None


def _are_names(texts: Sequence[str]) -> bool:
    return "" not in texts and _are_plain(texts)


def _are_plain(texts: Sequence[str], longest: int = cells.MAX_TEXT) -> bool:
    """Printable, not too long, no blank around one; it may be empty."""
    framed = "|".join(("", *texts, ""))
    trimmed = "| " not in framed and " |" not in framed
    return trimmed and framed.isprintable() and max(map(len, texts), default=0) <= longest


def _are_phones(texts: Sequence[str]) -> bool:
    lists = [text for text in texts if text]
    return all(map(numbers.is_e164, ";".join(lists).split(";"))) and _each_once(lists, cells.MAX_PHONES)


def _are_customers(texts: Sequence[str]) -> bool:
    lists = [text for text in texts if text]
    customers = ";".join(lists).split(";")
    return "" not in customers and _are_plain(customers, cells.MAX_CUSTOMER) and _each_once(lists, cells.MAX_CUSTOMERS)


def _each_once(lists: Sequence[str], most: int) -> bool:
    parts = [text.split(";") for text in lists if ";" in text]
    return all(len(set(part)) == len(part) <= most for part in parts)


_GOOD = {
    "pid": _are_pids,
    "name": _are_names,
    "parent_account": _are_plain,
    "loa_customers": _are_customers,
}
