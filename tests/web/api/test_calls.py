"""Calls and the cases they opened, read."""

from app.store import tables
from tests.support.service import CALLER
from tests.web.api.client import Api, refused


async def test_a_call_is_shown_with_its_turns(api: Api) -> None:
    phone = await api.service.calls("US support", "100234#,2,#")
    answer = await api.get(f"/calls/{phone.call.sid}", "agent")
    assert answer.status_code == 200
    call = answer.json()
    case = api.service.case(phone)
    assert call["line"] == "US support"
    assert call["called"] == "+18888988733"
    assert call["caller"] == CALLER
    assert call["pid"] == "100234"
    assert call["case_number"] == case["number"]
    assert call["outcome"] == "tier2-us"
    assert [turn["heard"] for turn in call["turns"]][:2] == ["the call began", "keyed 100234"]
    assert all(turn["path"] for turn in call["turns"])
    assert "answer" not in call["turns"][0], "the document holds a token"


async def test_a_call_is_found_by_its_sid(api: Api) -> None:
    phone = await api.service.calls("US support", "100234#,2,#")
    await api.service.calls("EMEA support")
    found = (await api.get(f"/calls?call_sid={phone.call.sid}")).json()
    assert [call["call_sid"] for call in found["items"]] == [phone.call.sid]
    assert (await api.get("/calls?call_sid=CA0")).json() == {"items": [], "next": None}


async def test_calls_are_found_by_their_partner(api: Api) -> None:
    phone = await api.service.calls("US support", "100234#,2,#")
    await api.service.calls("EMEA support")
    found = (await api.get("/calls?pid=100234")).json()
    assert [call["call_sid"] for call in found["items"]] == [phone.call.sid]


async def test_a_case_is_found_by_its_call_and_by_one_that_joined(api: Api) -> None:
    first = await api.service.calls("US support", "100234#,2,#")
    number = api.service.case(first)["number"]
    second = await api.service.calls("US support", f"100234#,2,{number}#")
    for phone in (first, second):
        found = (await api.get(f"/cases?call_sid={phone.call.sid}")).json()
        assert [case["number"] for case in found["items"]] == [number]


async def test_a_viewer_sees_no_callers_number(api: Api) -> None:
    phone = await api.service.calls("US support", "100234#,2,#")
    number = api.service.case(phone)["number"]
    paths = ["/calls", f"/calls/{phone.call.sid}", "/cases", f"/cases/{number}"]
    for path in paths:
        assert CALLER in (await api.get(path, "agent")).text
        assert CALLER[1:] not in (await api.get(path, "viewer")).text
    turns = (await api.get(f"/calls/{phone.call.sid}", "viewer")).json()["turns"]
    assert {turn["heard"] for turn in turns} == {None}


async def test_a_caller_can_be_any_text(api: Api) -> None:
    phone = await api.service.calls("US support", "100234#,2,#", caller="sip:desk@example.test")
    call = (await api.get(f"/calls/{phone.call.sid}", "agent")).json()
    assert call["caller"] == "sip:desk@example.test"


async def test_a_call_that_is_not_there(api: Api) -> None:
    refused(await api.get("/calls/CA0"), 404, "There is no call CA0.")


async def test_calls_come_a_page_at_a_time(api: Api) -> None:
    sids = [(await api.service.calls("US support")).call.sid for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api.get(f"/calls?limit=2{cursor}")).json()
        seen += [call["call_sid"] for call in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [row["call_sid"] for row in _newest_first(api)]
    assert sorted(seen) == sorted(sids)


def _newest_first(api: Api) -> list[dict[str, object]]:
    rows = [dict(row) for row in api.service.rows(tables.calls)]
    return sorted(rows, key=lambda row: (row["started_at"], row["call_sid"]), reverse=True)
