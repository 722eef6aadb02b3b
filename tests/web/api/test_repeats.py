"""A request that is sent twice, since its first answer was lost, changes something once."""

import asyncio

from app.store import tables
from tests.web.api.client import Api, refused

KEY = {"Idempotency-Key": "5f1d7a0e"}


async def test_a_case_is_opened_once(api: Api) -> None:
    body = {"severity": "S2", "pid": "100234", "note": "No outbound calls."}
    answers = [await api.post("/cases", body, "agent", headers=KEY) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert api.service.count(tables.cases, tables.case_updates) == 2


async def test_a_case_is_opened_once_by_requests_at_the_same_time(api: Api) -> None:
    body = {"severity": "S2", "note": "No outbound calls."}
    answers = await asyncio.gather(*(api.post("/cases", body, "agent", headers=KEY) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert api.service.count(tables.cases, tables.case_updates) == 2


async def test_an_update_is_written_once(api: Api) -> None:
    number = (await api.opens_case())["number"]
    for _ in range(2):
        answer = await api.post(f"/cases/{number}/updates", {"note": "We are on it."}, "agent", headers=KEY)
        assert answer.status_code == 201
    assert api.service.count(tables.case_updates) == 2


async def test_a_repeated_resolution_is_no_conflict(api: Api) -> None:
    number = (await api.opens_case())["number"]
    answers = [await api.post(f"/cases/{number}/resolve", {}, "agent", headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_one_key_for_two_requests_is_refused(api: Api) -> None:
    number = (await api.opens_case())["number"]
    await api.post(f"/cases/{number}/updates", {"note": "one"}, "agent", headers=KEY)
    for body in ({"note": "two"}, {"note": "one", "written_by": "person"}):
        other = (await api.opens_case())["number"] if body["note"] == "one" else number
        answer = await api.post(f"/cases/{other}/updates", body, "agent", headers=KEY)
        refused(answer, 422, "Idempotency-Key", "another request")


async def test_two_callers_may_choose_the_same_key(api: Api) -> None:
    for role in ("agent", "supervisor"):
        await api.post("/cases", {"severity": "S3"}, role, headers=KEY)
    assert api.service.count(tables.cases) == 2


async def test_a_key_that_is_none(api: Api) -> None:
    answer = await api.post("/cases", {"severity": "S3"}, "agent", headers={"Idempotency-Key": "k" * 129})
    refused(answer, 422, "Idempotency-Key")
