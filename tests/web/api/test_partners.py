"""The partner directory: a partner at a time, and a file."""

import pytest

from app.store import tables
from tests.web.api.client import Api, refused

PARTNER = {
    "name": "Marlow Bridge",
    "type": "wholesale",
    "region": "emea",
    "parent_account": "Marlow",
    "status": "active",
    "certified_from": "2025-01-01",
    "certified_until": "2026-12-31",
    "dial_code": "",
    "phones": ["020 7946 0123", "+12065550148"],
    "loa_customers": ["CUST-1", "CUST-2"],
}
FILE = "pid,name,type,region,phones\r\n77002,Pine & Co,resale,us,+12065550149\r\n"


async def test_a_partner_is_added_changed_and_shown(api: Api) -> None:
    added = await api.put("/partners/MB-77001", PARTNER, "supervisor")
    assert added.status_code == 201
    shown = {**PARTNER, "pid": "MB-77001", "phones": ["+442079460123", "+12065550148"]}
    assert added.json() == shown
    assert (await api.get("/partners/MB-77001")).json() == shown
    changed = await api.put("/partners/MB-77001", {**PARTNER, "status": "suspended", "phones": []}, "supervisor")
    assert (changed.status_code, changed.json()["status"]) == (200, "suspended")
    row = api.service.row(tables.partners, pid="MB-77001")
    assert row["dialled"] == "77001"
    assert api.service.rows(tables.partner_phones, partner_id=row["id"]) == []
    actions = [
        (entry["actor"], entry["action"]) for entry in api.service.rows(tables.audit, subject="partner MB-77001")
    ]
    assert actions == [("supervisor", "partner added"), ("supervisor", "partner changed")]


async def test_a_partner_that_was_added_can_call(api: Api) -> None:
    await api.put("/partners/MB-77001", PARTNER, "supervisor")
    phone = await api.service.calls("US certified", "77001#,1")
    assert (api.service.case(phone)["pid"], api.service.case(phone)["tier"]) == ("MB-77001", 2)


async def test_zeros_are_part_of_a_pid(api: Api) -> None:
    assert (await api.get("/partners/0042")).json()["pid"] == "0042"
    refused(await api.get("/partners/42"), 404, "There is no partner 42.")


async def test_what_is_shown_can_be_put_back(api: Api) -> None:
    for partner in (await api.get("/partners")).json()["items"]:
        fields = {name: value for name, value in partner.items() if name != "pid"}
        answer = await api.put(f"/partners/{partner['pid']}", fields, "supervisor")
        assert (answer.status_code, answer.json()) == (200, partner)


async def test_partners_come_a_page_at_a_time_in_order(api: Api) -> None:
    first = (await api.get("/partners?limit=4")).json()
    second = (await api.get(f"/partners?limit=4&cursor={first['next']}")).json()
    pids = [partner["pid"] for partner in first["items"] + second["items"]]
    assert len(pids) == 7
    assert set(pids) == {row["pid"] for row in api.service.rows(tables.partners)}
    assert second["next"] is None


ALIKE = [("X-100234", "100234"), ("777-001", "QUILL-2024")]


async def test_two_partners_are_never_dialled_alike(api: Api, subtests: pytest.Subtests) -> None:
    for pid, other in ALIKE:
        with subtests.test(pid=pid, other=other):
            refused(await api.put(f"/partners/{pid}", PARTNER, "supervisor"), 409, f"Partner {other}", "dial_code")
            refused(await api.get(f"/partners/{pid}"), 404)


FIELDS: list[tuple[dict[str, object], str]] = [
    ({"name": ""}, "name"),
    ({"name": "a\u0000b"}, "name"),
    ({"name": "\ud83d"}, "name"),
    ({"name": "n" * 201}, "name"),
    ({"name": 7}, "name"),
    ({"type": "vendor"}, "type"),
    ({"region": "mars"}, "region"),
    ({"status": None}, "status"),
    ({"certified_from": "2026-02-30"}, "certified_from"),
    ({"certified_from": "46085"}, "certified_from"),
    ({"certified_from": 46085}, "certified_from"),
    ({"certified_until": "2024-12-31"}, "certified_until"),
    ({"dial_code": "12"}, "dial_code"),
    ({"phones": ["123"]}, "phones"),
    ({"phones": ["+12065550148;+12065550149"]}, "phones"),
    ({"phones": "+12065550148"}, "phones"),
    ({"phones": ["+12065550148"] * 101}, "phones"),
    ({"loa_customers": ["a;b"]}, "loa_customers"),
    ({"pid": "MB-77001"}, "pid"),
]


async def test_a_partner_that_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    for fields, word in FIELDS:
        with subtests.test(fields=fields):
            refused(await api.put("/partners/MB-77001", {**PARTNER, **fields}, "supervisor"), 422, word)
            assert api.service.rows(tables.partners, pid="MB-77001") == []


PIDS = ["abc", "123", "12345678901", "1E-5", "a b", "%00", "x" * 40]


async def test_what_is_no_pid(api: Api, subtests: pytest.Subtests) -> None:
    for pid in PIDS:
        with subtests.test(pid=pid):
            refused(await api.put(f"/partners/{pid}", PARTNER, "supervisor"), 422, "pid")


async def test_a_file_is_imported(api: Api) -> None:
    answer = await api.send_file("\ufeff" + FILE)
    assert answer.status_code == 200, answer.text
    expected = {"rows": 1, "added": 1, "changed": 0, "unchanged": 0, "suspended": 0, "dry_run": False}
    assert answer.json() == expected
    assert (await api.get("/partners/77002")).json()["name"] == "Pine & Co"
    assert api.service.row(tables.audit, action="partner file sent")["actor"] == "supervisor"


async def test_a_dry_run_changes_nothing(api: Api) -> None:
    answer = await api.send_file(FILE, "?dry_run=true&replace=true")
    assert answer.json()["added"] == 1
    assert (answer.json()["suspended"], answer.json()["dry_run"]) == (6, True)
    refused(await api.get("/partners/77002"), 404)
    assert api.service.rows(tables.audit, action="partner file sent") == []


async def test_replacing_suspends_the_others(api: Api) -> None:
    assert (await api.send_file(FILE, "?replace=true")).json()["suspended"] == 6
    assert (await api.get("/partners/100234")).json()["status"] == "suspended"


async def test_a_refused_file_changes_nothing_and_each_reason_is_told(api: Api) -> None:
    problem = refused(await api.send_file(FILE + "12,,vendor,us,\r\n"), 422, "nothing was changed")
    assert {(each["line"], each["field"]) for each in problem["errors"]} == {(3, "pid"), (3, "name"), (3, "type")}
    refused(await api.get("/partners/77002"), 404)


CONTENTS = [b"", b"\0", b"\xff\xfe", b"pid;name\n", b"pid,name,type,region\n\xff,a,b,c\n", b'"', b"pid\n" * 9]


async def test_what_is_no_partner_file(api: Api, subtests: pytest.Subtests) -> None:
    for content in CONTENTS:
        with subtests.test(content=content):
            refused(await api.send_file(content), 422)


async def test_a_file_is_sent_as_csv(api_on_sqlite: Api) -> None:
    refused(await api_on_sqlite.post("/partners/import", {"pid": 1}, "supervisor"), 415, "text/csv")
    refused(await api_on_sqlite.post("/partners/import", role="supervisor"), 415)


async def test_a_file_that_is_too_large(api_on_sqlite: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.api.gate.LARGEST_FILE", 1000)
    refused(await api_on_sqlite.send_file("x" * 1001), 413, "1000 bytes")
