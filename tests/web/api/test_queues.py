"""The queues: who waits, how long, and who is there."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from app.store import tables
from tests.support.agents import AMY, BEN, hire
from tests.web.api.client import Api, refused

UNVERIFIED = "*#,2,#"
CERTIFIED = "100234#,2,#"


async def queue(api: Api, name: str) -> dict[str, Any]:
    answer = await api.get(f"/queues/{name}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_every_queue_is_there_and_empty(api: Api) -> None:
    listed = (await api.get("/queues")).json()
    assert listed["next"] is None
    assert [each["name"] for each in listed["items"]] == list(api.service.runtime.flows.queues)
    assert listed["items"][0] == {
        "name": "tier1-us",
        "tier": 1,
        "region": "us",
        "length": 0,
        "longest_wait": None,
        "expected_wait": None,
        "available": 0,
        "serving": [],
        "waiting": [],
    }


async def test_who_waits_stands_in_the_order_in_which_they_are_served(api: Api) -> None:
    hire(api.service, AMY, "tier1-us", state="on_call")
    first = await api.service.calls("US support", UNVERIFIED)
    await first.waits(30)
    second = await api.service.calls("US support", "*#,1")
    shown = await queue(api, "tier1-us")
    assert [(each["position"], each["call_sid"]) for each in shown["waiting"]] == [
        (1, second.call.sid),
        (2, first.call.sid),
    ]
    assert shown["length"] == 2
    assert shown["longest_wait"] == shown["waiting"][1]["waited"] >= 30
    urgent = shown["waiting"][0]
    assert (urgent["severity"], urgent["kind"], urgent["certified"], urgent["partner_name"]) == (
        "S1",
        "call",
        False,
        None,
    )
    assert urgent["case_number"] == api.service.case(second)["number"]
    assert (await api.get("/queues")).json()["items"][0] == shown


async def test_a_wait_is_held_against_its_limit(api: Api) -> None:
    hire(api.service, AMY, "tier1-us", state="on_call")
    phone = await api.service.calls("US support", UNVERIFIED)
    (waits,) = (await queue(api, "tier1-us"))["waiting"]
    limit = api.service.runtime.flows.waiting.limit("S2", "US support")
    assert (waits["limit"], waits["over_limit"]) == (limit.total_seconds(), False)
    await phone.waits(limit.total_seconds())
    (waits,) = (await queue(api, "tier1-us"))["waiting"]
    assert waits["over_limit"]


async def test_who_serves_a_queue_and_who_is_rung(api: Api) -> None:
    hire(api.service, AMY, "tier2-us")
    hire(api.service, BEN, "tier2-us", state="offline")
    shown = await queue(api, "tier2-us")
    assert (shown["available"], shown["serving"]) == (1, [{"id": "amy", "name": "Amy", "state": "available"}])
    await api.service.calls("US support", CERTIFIED)
    await api.service.exchange.rings(AMY)
    shown = await queue(api, "tier2-us")
    assert (shown["available"], shown["serving"][0]["state"]) == (0, "offered")
    (waits,) = shown["waiting"]
    assert (waits["rings"], waits["partner_name"], waits["certified"]) == (["Amy"], "Tallgrass Relay", True)


async def test_the_expected_wait_goes_by_the_last_conversations(api: Api) -> None:
    hire(api.service, AMY, "tier2-us", state="on_call")
    talks(api, 4)
    assert (await queue(api, "tier2-us"))["expected_wait"] is None
    talks(api, 5)
    assert (await queue(api, "tier2-us"))["expected_wait"] == 180


def talks(api: Api, how_many: int) -> None:
    """Conversations of two minutes that have just ended."""
    now = api.service.now()
    with api.service.engine.begin() as connection:
        connection.execute(tables.talks.delete())
        for n in range(how_many):
            connection.execute(
                insert(tables.talks).values(
                    id=f"talk{n}",
                    call_sid=f"CA{n}",
                    case_number="1",
                    who="Amy",
                    leg=f"leg{n}",
                    queue="tier2-us",
                    began=now - timedelta(minutes=3),
                    connected_at=now - timedelta(minutes=3),
                    ended_at=now - timedelta(minutes=1),
                    seconds=120,
                    how="hung_up",
                )
            )


async def test_a_queue_shows_no_number_of_a_caller(api: Api) -> None:
    hire(api.service, AMY, "tier1-us", state="on_call")
    phone = await api.service.calls("US support", UNVERIFIED)
    text = (await api.get("/queues")).text
    assert phone.call.sid in text
    assert phone.caller
    assert phone.caller not in text


async def test_a_queue_that_is_none(api: Api) -> None:
    refused(await api.get("/queues/tier9-us"), 404, "There is no queue tier9-us; there are tier1-us")
    refused(await api.get("/queues/a%00"), 422, "path.name")
    refused(await api.get("/queues?limit=3"), 422, "query.limit")
