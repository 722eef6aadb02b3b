"""Regions closed and opened by hand."""

import pytest

from app.store import tables
from tests.web.api.client import Api, refused

CLOSURE = {
    "region": "us",
    "kind": "emergency",
    "from": "2026-03-03T17:00:00Z",
    "until": "2026-03-03T20:00:00+01:00",
    "reason": "The office is without power.",
}


async def test_a_closure_is_made_listed_and_taken_back(api: Api) -> None:
    made = await api.post("/closures", CLOSURE, "supervisor")
    assert made.status_code == 201
    closure = made.json()
    assert closure == {
        **CLOSURE,
        "id": closure["id"],
        "until": "2026-03-03T19:00:00Z",
        "created_by": "supervisor",
    }
    assert (await api.get("/closures")).json() == {"items": [closure], "next": None}
    assert (await api.get("/closures?region=emea")).json()["items"] == []
    gone = await api.delete(f"/closures/{closure['id']}", "supervisor")
    assert (gone.status_code, gone.content) == (204, b"")
    refused(await api.delete(f"/closures/{closure['id']}", "supervisor"), 404)
    actions = [entry["action"] for entry in api.service.rows(tables.audit, actor="supervisor")]
    assert actions == ["closure created", "closure removed"]


async def test_calls_go_by_it_at_once(api: Api) -> None:
    made = (await api.post("/closures", CLOSURE, "supervisor")).json()
    during = await api.service.calls("US support", "100234#,1")
    assert api.service.case(during)["queue"] == "tier2-oncall"
    await api.delete(f"/closures/{made['id']}", "supervisor")
    after = await api.service.calls("US support", "100234#,1")
    assert api.service.case(after)["queue"] == "tier2-us"


FIELDS: list[tuple[dict[str, object], list[str]]] = [
    ({"region": "mars"}, ["there is no such region", "us, emea, apac"]),
    ({"region": "us\u0000"}, ["body.region"]),
    ({"kind": "holiday"}, ["body.kind"]),
    ({"from": "2026-03-03T17:00:00"}, ["body.from", "offset"]),
    ({"from": "2026-03-03"}, ["body.from", "offset"]),
    ({"from": 1772557200}, ["body.from"]),
    ({"from": "1772557200"}, ["body.from"]),
    ({"from": None}, ["body.from"]),
    ({"from": "2026-02-30T00:00:00Z"}, ["body.from", "not in the calendar"]),
    ({"from": "0001-01-01T00:00:00+14:00"}, ["body.from", "this century"]),
    ({"until": "9999-12-31T23:59:59-14:00"}, ["body.until", "this century"]),
    ({"until": "2026-03-03T17:00:00Z"}, ["until", "later than"]),
    ({"reason": ""}, ["body.reason"]),
    ({"reason": None}, ["body.reason"]),
    ({"extra": 1}, ["body.extra"]),
]


async def test_a_closure_that_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    for fields, words in FIELDS:
        with subtests.test(fields=fields):
            refused(await api.post("/closures", {**CLOSURE, **fields}, "supervisor"), 422, *words)
            assert api.service.count(tables.closures, tables.audit) == len(api.keys)


IDS = ["0", "-1", "x", "1.5", "99999999999999999999", "%00", "2147483648"]


async def test_what_is_no_closure(api: Api, subtests: pytest.Subtests) -> None:
    for id_ in IDS:
        with subtests.test(id_=id_):
            refused(await api.delete(f"/closures/{id_}", "supervisor"), 422, "path.id")


async def test_closures_come_a_page_at_a_time(api: Api) -> None:
    made = [(await api.post("/closures", CLOSURE)).json()["id"] for _ in range(3)]
    first = (await api.get("/closures?limit=2")).json()
    second = (await api.get(f"/closures?limit=2&cursor={first['next']}")).json()
    assert [each["id"] for each in first["items"] + second["items"]] == made
