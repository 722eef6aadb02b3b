"""Where a call would go, asked over the API."""

from urllib.parse import urlencode

import pytest

from tests.web.api.client import Api, refused


async def asked(api: Api, **query: str) -> dict[str, object]:
    answer = await api.get(f"/route?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_an_answer_is_that_of_the_command(api: Api) -> None:
    answer = await asked(api, line="US support", pid="100234", severity="S1", at="2026-03-07T12:00:00Z")
    assert list(answer) == ["tier", "region", "destination", "queue", "opens_at", "pages", "messages", "why"]
    assert (answer["tier"], answer["destination"], answer["queue"]) == (2, "queue", "tier2-oncall")
    assert answer["pages"] is True
    assert answer["why"]


async def test_a_number_stands_for_its_line(api: Api) -> None:
    by_name = await asked(api, line="ANZ support", severity="S2", at="2026-03-09T11:00:00Z")
    for number in ("+611800648574", "+61 1800 648 574", "+61 180 064 8574"):
        assert await asked(api, line=number, severity="S2", at="2026-03-09T11:00:00Z") == by_name


async def test_the_next_opening_is_in_utc(api: Api) -> None:
    answer = await asked(api, line="US support", severity="S2", at="2026-03-07T13:00:00+01:00")
    assert (answer["destination"], answer["opens_at"]) == ("callback", "2026-03-09T12:00:00Z")


async def test_a_closure_by_hand_counts(api: Api) -> None:
    api.service.closes("us", "closed", "2026-03-03 16:00", "2026-03-03 20:00")
    answer = await asked(api, line="US support", severity="S2", at="2026-03-03T17:00:00Z")
    assert answer["region"] == "emea"


QUERIES = [
    ("", ["query.line", "required"]),
    ("line=", ["query.line"]),
    ("line=Mars", ["query.line", "there is no line"]),
    ("line=US%00support", ["query.line"]),
    ("line=US%20support&severity=S4", ["query.severity"]),
    ("line=US%20support&severity=", ["query.severity"]),
    ("line=US%20support&at=2026-03-07T12:00:00", ["query.at", "offset"]),
    ("line=US%20support&at=2026-03-07T12:00:00+01:00", ["query.at", "%2B"]),
    ("line=US%20support&at=1772557200", ["query.at"]),
    ("line=US%20support&at=9999-12-31T23:59:59-14:00", ["query.at"]),
    ("line=US%20support&pid=%F0%9F%93%9E", ["query.pid"]),
    ("line=US%20support&line=EMEA%20support", ["query.line", "more than once"]),
    ("line=US%20support&pdi=100234", ["query.pdi", "no parameter"]),
]


async def test_a_question_that_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    for query, words in QUERIES:
        with subtests.test(query=query):
            refused(await api.get(f"/route?{query}"), 422, *words)
