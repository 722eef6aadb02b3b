"""Agents: what each does now, and what is done at a desk."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.exchange import Person
from app.store import tables
from tests.support.agents import AMY, BEN, TAKES, answers, hire, is_now, state
from tests.support.handset import Handset
from tests.web.api.client import Api, refused

TALLGRASS = "100234#,2,#"


async def calls_and_is_rung(api: Api) -> Handset:
    """A certified partner waits, and Amy's phone rings."""
    hire(api.service, AMY, "tier2-us")
    phone = await api.service.calls("US support", TALLGRASS)
    await api.service.exchange.rings(AMY)
    return phone


async def calls_and_talks(api: Api) -> Handset:
    """A certified partner talks to Amy."""
    hire(api.service, AMY, "tier2-us")
    answers(api.service, amy=TAKES)
    phone = await api.service.calls("US support", TALLGRASS)
    await phone.waits(20)
    phone.is_connected_to(AMY)
    return phone


async def agent(api: Api, role: str = "viewer") -> Mapping[str, Any]:
    answer = await api.get("/agents/amy", role)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_agents_are_listed_by_name_with_what_they_do(api: Api) -> None:
    hire(api.service, BEN, "tier1-us", state="offline")
    hire(api.service, AMY, "tier1-us", "tier2-us")
    first = (await api.get("/agents?limit=1")).json()
    rest = (await api.get(f"/agents?limit=1&cursor={first['next']}")).json()
    assert rest["next"] is None
    assert [each["name"] for each in first["items"] + rest["items"]] == ["Amy", "Ben"]
    assert first["items"] == [
        {
            "id": "amy",
            "name": "Amy",
            "queues": ["tier1-us", "tier2-us"],
            "state": "available",
            "reason": "",
            "since": api.service.row(tables.agents, name="Amy")["since"].isoformat().replace("+00:00", "Z"),
            "afterwards": None,
            "wrap_until": None,
            "work": None,
        }
    ]


async def test_an_agent_who_is_rung_sees_who_calls(api: Api) -> None:
    phone = await calls_and_is_rung(api)
    shown = await agent(api)
    assert (shown["state"], shown["afterwards"]) == ("offered", "available")
    work = shown["work"]
    case = api.service.case(phone)
    assert {name: work[name] for name in ("kind", "line", "queue", "severity", "pid", "partner_name")} == {
        "kind": "offer",
        "line": "US support",
        "queue": "tier2-us",
        "severity": "S2",
        "pid": "100234",
        "partner_name": "Tallgrass Relay",
    }
    assert (work["partner_type"], work["certified"], work["verified"]) == ("resale", True, True)
    assert (work["loa"], work["pid_attempts"], work["case_number"]) == ("not_needed", 0, case["number"])
    await phone.waits(10)
    assert (await agent(api))["work"]["waited"] >= 10


async def test_wrong_partner_ids_of_the_call_are_counted(api: Api) -> None:
    hire(api.service, AMY, "tier1-us", "tier2-us")
    await api.service.calls("US support", f"999999#,{TALLGRASS}")
    await api.service.exchange.rings(AMY)
    assert (await agent(api))["work"]["pid_attempts"] == 1


async def test_what_an_agent_does_shows_no_number_of_the_caller(api: Api) -> None:
    phone = await calls_and_talks(api)
    assert phone.caller
    for role in ("viewer", "admin"):
        assert phone.caller not in (await api.get("/agents", role)).text


async def test_a_talk_is_shown_with_how_long_the_caller_had_waited(api: Api) -> None:
    await calls_and_talks(api)
    shown = await agent(api)
    assert (shown["state"], shown["work"]["kind"]) == ("on_call", "talk")
    assert shown["work"]["connected_at"] > shown["work"]["since"]
    waited = shown["work"]["waited"]
    await api.service.exchange.timeline.run_for(60)
    assert (await agent(api))["work"]["waited"] == waited


STATES = [("available", ""), ("offline", ""), ("away", "lunch")]


async def test_a_state_is_chosen(api: Api) -> None:
    hire(api.service, AMY, "tier1-us", state="offline")
    for wanted, reason in STATES:
        answer = await api.put("/agents/amy/state", {"state": wanted, "reason": reason}, "agent")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["state"], answer.json()["reason"]) == (wanted, reason)
    entries = api.service.rows(tables.audit, actor="agent", subject="agent Amy")
    assert [entry["action"] for entry in entries] == ["agent set available", "agent set offline", "agent set away"]


async def test_the_same_state_again_is_no_change(api: Api) -> None:
    hire(api.service, AMY, "tier1-us")
    before = await agent(api)
    assert (await api.put("/agents/amy/state", {"state": "available"}, "agent")).json() == before
    assert api.service.rows(tables.events) == []


async def test_who_becomes_available_is_rung_for_a_caller_who_waits(api: Api) -> None:
    hire(api.service, AMY, "tier2-us", state="offline")
    hire(api.service, BEN, "tier2-us", state="on_call")
    phone = await api.service.calls("US support", TALLGRASS)
    await phone.waits(20)
    phone.is_waiting_in("tier2-us")
    await api.put("/agents/amy/state", {"state": "available"}, "agent")
    await api.service.exchange.rings(AMY, 5)


async def test_a_choice_during_a_call_holds_afterwards(api: Api) -> None:
    phone = await calls_and_talks(api)
    answer = await api.put("/agents/amy/state", {"state": "offline"}, "agent")
    assert (answer.json()["state"], answer.json()["afterwards"]) == ("on_call", "offline")
    await phone.hangs_up()
    await api.service.exchange.timeline.run_for(70)
    assert state(api.service, AMY) == "offline"


BODIES: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["body.state"]),
    ({"state": "on_call"}, ["body.state"]),
    ({"state": None}, ["body.state"]),
    ({"state": "away"}, ["reason", "say why"]),
    ({"state": "away", "reason": "  "}, ["reason", "say why"]),
    ({"state": "away", "reason": "a\u0000"}, ["body.reason"]),
    ({"state": "away", "reason": "x" * 201}, ["body.reason"]),
    ({"state": "offline", "more": 1}, ["body.more"]),
]


async def test_a_state_that_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    hire(api.service, AMY, "tier1-us")
    for body, words in BODIES:
        with subtests.test(body=body):
            refused(await api.put("/agents/amy/state", body, "agent"), 422, *words)
            assert state(api.service, AMY) == "available"


async def test_an_agent_who_is_none(api: Api, subtests: pytest.Subtests) -> None:
    asked = [
        ("GET", "", None),
        ("PUT", "/state", {"state": "offline"}),
        ("POST", "/wrap-up", None),
        ("DELETE", "/wrap-up", None),
        ("POST", "/hand-over", {"queue": "tier1-us"}),
        ("POST", "/verify", None),
    ]
    for method, path, body in asked:
        with subtests.test(method=method, path=path):
            more = {"json": body} if body else {}
            refused(await api.ask(method, f"/agents/nobody{path}", "agent", **more), 404, "There is no agent nobody.")
            refused(await api.ask(method, f"/agents/no%00body{path}", "agent", **more), 422, "path.id")


async def wraps_up(api: Api) -> None:
    phone = await calls_and_talks(api)
    await phone.hangs_up()
    await api.service.exchange.timeline.run_for(5)
    assert state(api.service, AMY) == "wrap_up"


async def test_a_wrap_up_is_prolonged_by_a_minute(api: Api) -> None:
    await wraps_up(api)
    answer = await api.post("/agents/amy/wrap-up", role="agent")
    assert answer.status_code == 200, answer.text
    await api.service.exchange.timeline.run_for(70)
    assert state(api.service, AMY) == "wrap_up"
    await api.service.exchange.timeline.run_for(60)
    assert state(api.service, AMY) == "available"


async def test_a_wrap_up_is_ended(api: Api) -> None:
    await wraps_up(api)
    assert (await api.delete("/agents/amy/wrap-up", "agent")).json()["state"] == "available"


async def test_being_available_ends_a_wrap_up(api: Api) -> None:
    await wraps_up(api)
    assert (await api.put("/agents/amy/state", {"state": "available"}, "agent")).json()["state"] == "available"


async def test_who_has_no_wrap_up_cannot_prolong_or_end_it(api: Api) -> None:
    hire(api.service, AMY, "tier1-us")
    refused(await api.post("/agents/amy/wrap-up", role="agent"), 409, "Amy has no wrap-up now, but is available")
    refused(await api.delete("/agents/amy/wrap-up", "agent"), 409, "no wrap-up")


async def test_a_call_is_handed_over_with_its_first_waiting_time(api: Api) -> None:
    phone = await calls_and_talks(api)
    hire(api.service, BEN, "tier1-us", state="on_call")
    since = api.service.row(tables.waiting)["since"]
    answer = await api.post("/agents/amy/hand-over", {"queue": "tier1-us", "note": "One-way audio."}, "agent")
    assert (answer.status_code, answer.json()["state"]) == (200, "wrap_up"), answer.text
    await phone.waits(20)
    phone.is_waiting_in("tier1-us")
    assert api.service.row(tables.waiting)["since"] == since
    assert (api.service.case(phone)["queue"], api.service.case(phone)["severity"]) == ("tier1-us", "S2")
    notes = [entry["note"] for entry in api.service.rows(tables.case_updates)]
    assert "Amy handed the call over to tier1-us: One-way audio." in notes
    assert api.service.row(tables.audit, action="call handed over")["actor"] == "agent"
    answers(api.service, ben=TAKES)
    is_now(api.service, BEN, "available")
    await phone.waits(20)
    phone.is_connected_to(BEN)


async def test_a_hand_over_that_is_refused(api: Api) -> None:
    phone = await calls_and_talks(api)
    for queue, words in (("tier2-su", "did you mean tier2-us?"), ("tier2-us", "another queue")):
        refused(await api.post("/agents/amy/hand-over", {"queue": queue}, "agent"), 422, "queue", words)
    refused(await api.post("/agents/amy/hand-over", {"queue": "tier1-us", "note": "\u0000"}, "agent"), 422, "body.note")
    phone.is_connected_to(AMY)


async def test_who_talks_to_nobody_hands_nobody_over(api: Api) -> None:
    await calls_and_is_rung(api)
    refused(await api.post("/agents/amy/hand-over", {"queue": "tier1-us"}, "agent"), 409, "nobody to hand over")


async def test_an_agent_has_the_service_ring_once(api: Api) -> None:
    hire(api.service, AMY, "tier1-us", state="offline")
    answers(api.service, amy=Person(after=3, keys=("1",)))
    assert (await api.post("/agents/amy/verify", role="agent")).status_code == 200
    refused(await api.post("/agents/amy/verify", role="agent"), 409, "in use")
    await api.service.exchange.timeline.run_for(30)
    assert api.service.row(tables.events, kind="reach verified")["subject"] == "agent amy"
    assert len([call for call in api.service.exchange.calls if call.to == AMY]) == 1
    assert (await api.post("/agents/amy/verify", role="agent")).status_code == 200


async def test_who_is_on_a_call_is_not_rung(api: Api) -> None:
    hire(api.service, AMY, "tier1-us")
    is_now(api.service, AMY, "on_call")
    refused(await api.post("/agents/amy/verify", role="agent"), 409, "in use")
