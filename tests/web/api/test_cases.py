"""What a portal or an agent does with a case."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.cases import is_case_number
from app.store import tables
from tests.support.service import TUESDAY
from tests.web.api.client import Api, refused

FRIDAY = datetime(2026, 2, 6, 23, 0, tzinfo=UTC)


def moment(text: str | None) -> datetime:
    assert text is not None
    return datetime.fromisoformat(text)


async def test_a_case_is_opened_with_the_facts_of_its_partner(api: Api) -> None:
    case = await api.opens_case(channel="portal", note="No outbound calls.", author="Ana Ruiz")
    assert is_case_number(case["number"])
    assert (case["channel"], case["line"], case["region"], case["tier"]) == ("portal", "US support", "us", 2)
    assert (case["pid"], case["partner_name"], case["partner_type"]) == ("100234", "Tallgrass Relay", "resale")
    assert (case["certified"], case["verified"], case["verified_by"]) == (True, True, "pid")
    assert (case["status"], case["destination"], case["queue"], case["call_sid"]) == ("open", "none", None, None)
    assert (case["severity"], case["severity_assumed"], case["loa"], case["flags"]) == ("S2", False, "not_needed", [])
    assert moment(case["first_response_due_at"]) - moment(case["opened_at"]) == timedelta(hours=2)
    assert moment(case["next_update_due_at"]) - moment(case["opened_at"]) == timedelta(hours=24)
    assert (await api.get(f"/cases/{case['number']}", "agent")).json() == case
    (entry,) = (await api.get(f"/cases/{case['number']}/updates")).json()["items"]
    assert (entry["kind"], entry["author"], entry["note"]) == ("opened", "Ana Ruiz", "No outbound calls.")


async def test_the_answer_says_where_the_case_is(api: Api) -> None:
    answer = await api.post("/cases", {"severity": "S3"}, "agent")
    assert answer.headers["Location"] == f"/api/v1/cases/{answer.json()['number']}"


@pytest.mark.parametrize(
    ("pid", "tier", "loa", "flags", "line"),
    [
        ("0042", 1, "not_needed", [], "EMEA support"),
        ("AB-7781", 2, "on_file", [], "US support"),
        ("300777", 2, "missing", [], "EMEA support"),
        ("990017", 1, "missing", ["suspended"], "US support"),
        (None, 1, "not_needed", [], "US support"),
    ],
)
async def test_a_case_has_the_tier_and_letter_of_its_partner(
    api: Api, pid: str | None, tier: int, loa: str, flags: list[str], line: str
) -> None:
    case = await api.opens_case(pid=pid)
    assert (case["tier"], case["loa"], case["flags"], case["line"]) == (tier, loa, flags, line)
    assert case["verified"] is (pid is not None)


async def test_an_s1_while_every_region_is_closed_pages_at_once(api: Api) -> None:
    api.service.it_is("2026-03-07 12:00")
    case = await api.opens_case(severity="S1")
    page = api.service.row(tables.pages, case_number=case["number"])
    assert (page["tier"], page["accepted_at"]) == (2, None)


BODIES = [
    ({"severity": "S4"}, ["body.severity"]),
    ({"severity": 1}, ["body.severity"]),
    ({}, ["body.severity", "required"]),
    ({"severity": "S1", "pid": "4040404"}, ["there is no such partner"]),
    ({"severity": "S1", "pid": 100234}, ["body.pid"]),
    ({"severity": "S1", "pid": "1002\u0000"}, ["body.pid"]),
    ({"severity": "S1", "line": "Mars support"}, ["there is no such line", "US support"]),
    ({"severity": "S1", "note": "a\u0000b"}, ["body.note"]),
    ({"severity": "S1", "note": "n" * 4001}, ["body.note"]),
    ({"severity": "S1", "author": " "}, ["body.author", "is empty"]),
    ({"severity": "S1", "author": "a\nb"}, ["body.author", "line break"]),
    ({"severity": "S1", "status": "resolved"}, ["body.status", "not permitted"]),
    ({"severity": "S1", "channel": "phone"}, ["body.channel"]),
    ([], ["body"]),
    ("S1", ["body"]),
]


async def test_a_case_that_cannot_be_opened(api: Api, subtests: pytest.Subtests) -> None:
    for body, words in BODIES:
        with subtests.test(body=body):
            refused(await api.post("/cases", body, "agent"), 422, *words)
            assert api.service.count(tables.cases, tables.case_updates, tables.pages) == 0


async def test_any_script_is_kept_as_it_was_written(api: Api) -> None:
    note = "Ü \u202eabc \U0001f4de 電話\tx\ny'; DROP TABLE cases; --"
    case = await api.opens_case(note=note, author="Zoë 王")
    (entry,) = (await api.get(f"/cases/{case['number']}/updates")).json()["items"]
    assert (entry["note"], entry["author"]) == (note, "Zoë 王")


async def test_two_cases_never_have_one_number(api: Api) -> None:
    drawn = iter(["1000000001", "1000000001", "1000000001", "1000000002"])
    api.service.runtime.case_number = lambda origin, attempt: next(drawn)
    numbers = [(await api.opens_case())["number"] for _ in range(2)]
    assert numbers == ["1000000001", "1000000002"]


async def test_thirty_cases_at_once(api: Api) -> None:
    cases = await asyncio.gather(*(api.opens_case() for _ in range(30)))
    assert len({case["number"] for case in cases}) == 30
    assert api.service.count(tables.cases) == 30


async def test_the_first_update_of_a_person_is_the_first_response(api: Api) -> None:
    number = (await api.opens_case())["number"]
    for writer in ("partner", "system"):
        answer = await api.post(f"/cases/{number}/updates", {"note": "Any news?", "written_by": writer}, "agent")
        assert answer.status_code == 201
        assert (answer.json()["first_response_at"], answer.json()["status"]) == (None, "open")
    first = (await api.post(f"/cases/{number}/updates", {"note": "We are on it."}, "agent")).json()
    assert moment(first["first_response_at"]) >= TUESDAY
    assert first["status"] == "in_progress"
    api.service.it_is(TUESDAY + timedelta(hours=5))
    second = (await api.post(f"/cases/{number}/updates", {"note": "Still on it."}, "agent")).json()
    assert second["first_response_at"] == first["first_response_at"]


@pytest.mark.parametrize(
    ("severity", "due"),
    [
        ("S1", datetime(2026, 2, 7, 3, 0, tzinfo=UTC)),
        ("S2", datetime(2026, 2, 9, 23, 0, tzinfo=UTC)),
        ("S3", datetime(2026, 2, 10, 11, 0, tzinfo=UTC)),
    ],
)
async def test_the_next_update_is_due_by_the_calendar_of_the_region(api: Api, severity: str, due: datetime) -> None:
    api.service.it_is(FRIDAY - timedelta(hours=1))
    number = (await api.opens_case(severity=severity))["number"]
    api.service.it_is(FRIDAY)
    case = (await api.post(f"/cases/{number}/updates", {"note": "Working on it."}, "agent")).json()
    assert timedelta(0) <= moment(case["next_update_due_at"]) - due < timedelta(minutes=1)


async def test_an_update_leaves_a_waiting_caller_waiting(api: Api) -> None:
    phone = await api.service.calls("US support", "100234#,2,#")
    number = api.service.case(phone)["number"]
    case = (await api.post(f"/cases/{number}/updates", {"note": "We see you."}, "agent")).json()
    assert case["status"] == "waiting"


async def test_escalating_pages_the_contacts_of_the_tier(api: Api) -> None:
    number = (await api.opens_case())["number"]
    answer = await api.post(f"/cases/{number}/escalate", {"reason": "The whole site is cut off."}, "agent")
    assert (answer.status_code, answer.json()["status"]) == (200, "escalated")
    page = api.service.row(tables.pages, case_number=number)
    assert (page["tier"], page["reason"]) == (2, "The whole site is cut off.")
    again = await api.post(f"/cases/{number}/escalate", {"reason": "Hurry."}, "agent")
    refused(again, 409, "are being paged")
    assert api.service.count(tables.pages) == 1


async def test_a_resolved_case_has_no_update_due(api: Api) -> None:
    number = (await api.opens_case())["number"]
    answer = await api.post(f"/cases/{number}/resolve", {"note": "Confirmed by the partner."}, "agent")
    case = answer.json()
    assert (answer.status_code, case["status"], case["next_update_due_at"]) == (200, "resolved", None)
    assert moment(case["resolved_at"]) == moment(case["first_response_at"]) >= TUESDAY


DEEDS = [("updates", {"note": "a"}), ("escalate", {"reason": "a"}), ("resolve", {})]


async def test_an_ended_case_refuses_and_says_what_to_do(api: Api, subtests: pytest.Subtests) -> None:
    for deed, body in DEEDS:
        with subtests.test(deed=deed, body=body):
            number = (await api.opens_case())["number"]
            await api.post(f"/cases/{number}/resolve", {}, "agent")
            history = api.service.count(tables.case_updates, tables.audit, tables.pages)
            refused(
                await api.post(f"/cases/{number}/{deed}", body, "agent"),
                409,
                f"Case {number} is resolved",
                "open a new",
            )
            assert api.service.count(tables.case_updates, tables.audit, tables.pages) == history


async def test_a_case_that_is_not_there(api: Api, subtests: pytest.Subtests) -> None:
    for deed, body in DEEDS:
        with subtests.test(deed=deed, body=body):
            refused(await api.post(f"/cases/1234567890/{deed}", body, "agent"), 404, "There is no case 1234567890.")
            refused(await api.get("/cases/1234567890"), 404)
            refused(await api.get("/cases/1234567890/updates"), 404)


NUMBERS = ["1", "abc", "12345678901", "123456789%00", "%F0%9F%93%9E", "\u0661" * 10]


async def test_what_is_no_case_number(api: Api, subtests: pytest.Subtests) -> None:
    for number in NUMBERS:
        with subtests.test(number=number):
            refused(await api.get(f"/cases/{number}"), 422, "path.number")


UPDATES = [{}, {"note": ""}, {"note": " \n"}, {"note": "\ud800"}, {"note": "a", "written_by": 1}]


async def test_an_update_that_cannot_be_written(api: Api, subtests: pytest.Subtests) -> None:
    for body in UPDATES:
        with subtests.test(body=body):
            number = (await api.opens_case())["number"]
            refused(await api.post(f"/cases/{number}/updates", body, "agent"), 422, "body")


async def test_each_change_is_in_the_audit_log(api: Api) -> None:
    number = (await api.opens_case())["number"]
    await api.post(f"/cases/{number}/updates", {"note": "a"}, "supervisor")
    await api.post(f"/cases/{number}/escalate", {"reason": "a"}, "agent")
    await api.post(f"/cases/{number}/resolve", {}, "admin")
    entries = sorted(api.service.rows(tables.audit, subject=f"case {number}"), key=lambda entry: entry["id"])
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("agent", "case opened"),
        ("supervisor", "case update"),
        ("agent", "case escalated"),
        ("admin", "case resolved"),
    ]


async def test_cases_are_found_by_partner_status_and_severity(api: Api) -> None:
    first = await api.opens_case(severity="S1")
    api.service.it_is(TUESDAY + timedelta(hours=1))
    second = await api.opens_case(severity="S3", pid="0042")
    await api.post(f"/cases/{second['number']}/resolve", {}, "agent")

    async def found(query: str) -> list[str]:
        return [case["number"] for case in (await api.get(f"/cases?{query}")).json()["items"]]

    assert await found("pid=100234") == [first["number"]]
    assert await found("status=resolved") == [second["number"]]
    assert await found("severity=S1") == [first["number"]]
    assert await found("severity=S1&status=resolved") == []
    assert await found("") == [second["number"], first["number"]]


async def test_history_comes_a_page_at_a_time(api: Api) -> None:
    number = (await api.opens_case(note="first"))["number"]
    for hour, word in enumerate(("second", "third"), 1):
        api.service.it_is(TUESDAY + timedelta(hours=hour))
        await api.post(f"/cases/{number}/updates", {"note": word}, "agent")
    one = (await api.get(f"/cases/{number}/updates?limit=2")).json()
    two = (await api.get(f"/cases/{number}/updates?limit=2&cursor={one['next']}")).json()
    assert [entry["note"] for entry in one["items"] + two["items"]] == ["first", "second", "third"]
    assert two["next"] is None
