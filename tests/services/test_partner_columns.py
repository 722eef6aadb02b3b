"""A column looked at as a whole is kept, or refused, exactly as its texts are one by one."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import partner_cells as cells
from app.services import partner_columns as columns

COUNTRIES = {"us": ("US",), "emea": ("GB",)}
RULES = cells.rules(COUNTRIES)
PIECES = (
    *("1001", "AB-", "100234", "x", "Ñ", "Ltd", "CUST-1", "2026-03-07", "us", "active", "agency"),
    *("+12065550147", "+442079460123", "020 7946 0123", "+1206555"),
    *("", " ", "\u00a0", "\t", "\n", "\r\n", "\0", "\u2028", ";", ",", "|", "'", "-", "y" * 101, "y" * 201),
)
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=4).map("".join), min_size=1, max_size=4)


def outcome(kept: Callable[[], Sequence[str | None]]) -> list[str | None] | None:
    """None for refused."""
    try:
        return list(kept())
    except cells.Refused:
        return None


@pytest.mark.parametrize("column", RULES)
@given(texts=TEXTS)
def test_a_column_and_its_texts_agree(column: str, texts: list[str]) -> None:
    rule = RULES[column]
    assert outcome(lambda: columns.kept(column, texts, rule)) == outcome(lambda: [rule(text) for text in texts])


@given(texts=TEXTS, region=st.sampled_from(tuple(COUNTRIES)))
def test_telephone_numbers_agree_too(texts: list[str], region: str) -> None:
    together = outcome(lambda: columns.phones(texts, [region] * len(texts), COUNTRIES))
    assert together == outcome(lambda: [cells.phones(text, COUNTRIES[region]) for text in texts])


@pytest.mark.parametrize("column", RULES)
def test_a_block_without_rows_has_empty_columns(column: str) -> None:
    assert list(columns.kept(column, (), RULES[column])) == []
