"""Pages: which cases somebody on duty must take, and who takes them."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from app.store import tables
from tests.web.api.client import Api, refused


async def paged(api: Api, id_: str, minutes_ago: int, **more: Any) -> str:
    """A case that is paged since so many minutes. Returns its number."""
    number: str = (await api.opens_case(severity="S1"))["number"]
    values = {"tier": 2, "reason": "a test", "opened_at": api.service.now() - timedelta(minutes=minutes_ago)}
    with api.service.engine.begin() as connection:
        connection.execute(insert(tables.pages).values(id=id_, case_number=number, **{**values, **more}))
    return number


def tried(api: Api, page: str, contact: str, result: str | None = None) -> None:
    values = {"page_id": page, "contact": contact, "phone": "+12065550188", "tier": 2, "round": 1}
    rung = len(api.service.rows(tables.page_tries, page_id=page)) + 1
    with api.service.engine.begin() as connection:
        connection.execute(
            insert(tables.page_tries).values(
                id=f"{page}-{rung}", rung=rung, at=api.service.now(), result=result, **values
            )
        )


async def test_open_pages_come_first_then_the_newest(api: Api) -> None:
    now = api.service.now()
    await paged(api, "old", 30)
    await paged(api, "done", 1, accepted_at=now, accepted_by="Ana Ruiz")
    await paged(api, "new", 10)
    first = (await api.get("/pages?limit=2")).json()
    rest = (await api.get(f"/pages?limit=2&cursor={first['next']}")).json()
    assert [page["id"] for page in first["items"] + rest["items"]] == ["new", "old", "done"]
    assert rest["next"] is None


async def test_a_page_says_what_it_is_about_and_whom_it_has_reached(api: Api) -> None:
    number = await paged(api, "p", 5, call_sid="CA1", climbs=2)
    tried(api, "p", "Rosa Vidal", "missed")
    tried(api, "p", "Theo Brandt")
    answer = await api.get("/pages")
    (page,) = answer.json()["items"]
    assert (page["case_number"], page["severity"], page["partner_name"]) == (number, "S1", "Tallgrass Relay")
    assert (page["tier"], page["region"], page["caller_waits"], page["climbs"]) == (2, "us", True, 2)
    assert [(each["contact"], each["result"]) for each in page["tries"]] == [
        ("Rosa Vidal", "missed"),
        ("Theo Brandt", None),
    ]
    assert "+1206" not in answer.text


async def test_a_page_is_accepted_once(api: Api) -> None:
    number = await paged(api, "p", 5)
    first = await api.post("/pages/p/accept", role="agent")
    assert (first.status_code, first.json()["accepted_by"]) == (200, "agent"), first.text
    assert (await api.post("/pages/p/accept", role="agent")).json() == first.json()
    refused(await api.post("/pages/p/accept", role="supervisor"), 409, "agent has accepted this page already")
    entry = api.service.row(tables.audit, action="page accepted")
    assert (entry["actor"], entry["subject"]) == ("agent", f"case {number}")
    assert api.service.row(tables.events, kind="page accepted")["subject"] == f"case {number}"


async def test_of_two_who_accept_at_the_same_time_one_has_it(api: Api) -> None:
    await paged(api, "p", 5)
    answers = await asyncio.gather(*(api.post("/pages/p/accept", role=role) for role in ("agent", "supervisor")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_the_page_of_a_call_is_accepted_though_its_id_holds_a_slash(api: Api) -> None:
    await paged(api, "CA1/3", 5)
    for path in ("/pages/CA1%2F3/accept", "/pages/CA1/3/accept"):
        assert (await api.post(path, role="agent")).json()["id"] == "CA1/3"


async def test_a_page_that_is_none(api: Api) -> None:
    refused(await api.post("/pages/nothing/accept", role="agent"), 404, "There is no page nothing.")
    refused(await api.post("/pages/a%00/accept", role="agent"), 422, "path.id")
