"""Webhooks come twice, at once, late, out of order: a call and what is kept of it are those of an undisturbed one."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.exchange import Misbehaviour
from app.exchange.events import Said
from app.store import tables
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import LINES, Service

NETWORKS = {
    "each webhook three times": Misbehaviour(repeat=3),
    "three times at once": Misbehaviour(repeat=3, overlap=True),
    "the first answer lost": Misbehaviour(lose_first_answer=True),
    "both answers at once, the first lost": Misbehaviour(repeat=2, overlap=True, lose_first_answer=True),
    "all again afterwards, the last one first": Misbehaviour(replay_late=True),
    "the status before the rest": Misbehaviour(status_first=True),
    "no status": Misbehaviour(drop_status=True),
}

Story = Callable[[Service, Handset], Awaitable[None]]
SATURDAY = "2026-03-07 12:00"


async def waits_and_hangs_up(service: Service, phone: Handset) -> None:
    await phone.presses("100234#,2,#")
    await phone.waits(60)


async def is_taken(service: Service, phone: Handset) -> None:
    await phone.presses("999999#,100234#,1")
    await service.exchange.answer("tier2-us", talks=60)
    await phone.waits(70)


async def hangs_up_once_identified(service: Service, phone: Handset) -> None:
    await phone.presses("999999#,100234#,2")


async def goes_on_with_a_case(service: Service, phone: Handset) -> None:
    network, service.exchange.misbehaviour = service.exchange.misbehaviour, Misbehaviour()
    earlier = await service.calls("US support", "100234#,2,#")
    await service.exchange.answer("tier2-us", talks=60)
    await earlier.waits(70)
    service.exchange.misbehaviour = network
    number = service.case(earlier)["number"]
    await phone.dial(LINES["US support"])
    await phone.presses(f"100234#,3,{number}#")


async def leaves_a_message(service: Service, phone: Handset) -> None:
    await phone.presses("100234#,2,#")
    await phone.leaves_message(20)
    await phone.presses("1")


async def hangs_up_while_recording(service: Service, phone: Handset) -> None:
    await phone.presses("100234#,2,#")
    await phone.talks(20)


async def gives_another_number(service: Service, phone: Handset) -> None:
    await phone.presses("*#,2,#,1,2065550188#,1")


async def waits_too_long_and_gives_another_number(service: Service, phone: Handset) -> None:
    service.exchange.queue("tier1-us").max_size = 0
    await phone.presses("*#,2,#,1,2065550188#,1")


async def is_an_s1_on_saturday(service: Service, phone: Handset) -> None:
    await phone.presses("100234#,1")


OPEN = "2026-03-03 18:00"
STORIES: list[tuple[Story, str, str]] = [
    (waits_and_hangs_up, "US support", OPEN),
    (is_taken, "US support", OPEN),
    (hangs_up_once_identified, "US support", OPEN),
    (goes_on_with_a_case, "US support", OPEN),
    (leaves_a_message, "US escalation voicemail", OPEN),
    (hangs_up_while_recording, "US escalation voicemail", OPEN),
    (waits_too_long_and_gives_another_number, "US support", OPEN),
    (gives_another_number, "US support", SATURDAY),
    (is_an_s1_on_saturday, "US support", SATURDAY),
]


# Only the status tells that somebody hung up who was neither in a queue nor recorded.
TOLD_BY_STATUS = (hangs_up_once_identified, "no status")
KINDS = [
    pytest.param(*story, network, id=f"{story[0].__name__}, {name}")
    for story in STORIES
    for name, network in NETWORKS.items()
    if (story[0], name) != TOLD_BY_STATUS
]


@pytest.mark.parametrize(("story", "line", "moment", "network"), KINDS)
async def test_whatever_the_network_does_the_call_is_that_of_a_good_one(
    service: Service, story: Story, line: str, moment: str, network: Misbehaviour
) -> None:
    outcomes = []
    for service.exchange.misbehaviour in (Misbehaviour(), network):
        service.it_is(moment)
        phone = await service.calls(line)
        await story(service, phone)
        await phone.hangs_up()
        # A wait document tells the position of its moment, and is no turn.
        assert [other for other in phone.call.differences if "/twilio/wait" not in other.url] == []
        outcomes.append(outcome(service, phone))
        nobody_is_rung_back(service)
    undisturbed, disturbed = outcomes
    assert disturbed == undisturbed


def nobody_is_rung_back(service: Service) -> None:
    """An S1 keeps its place after it has hung up: the next call would be behind it."""
    with service.engine.begin() as connection:
        connection.execute(tables.waiting.delete())


def outcome(service: Service, phone: Handset) -> dict[str, Any]:
    """All that is kept of a call, but for what differs from call to call: numbers, ids and times."""
    sid = phone.call.sid
    case_number = service.call(phone)["case_number"] or service.case(phone)["number"]
    case = service.row(tables.cases, number=case_number)
    turns = [(turn["turn"], turn["heard"], turn["path"]) for turn in service.turns(phone) if turn["turn"] >= 0]
    return {
        "heard": [re.sub(r"(\d )+\d", "DIGITS", event.text) for event in phone.call.heard if isinstance(event, Said)],
        "turns": [(turn, heard.replace(case_number, "NUMBER"), path) for turn, heard, path in turns],
        "case": {name: value for name, value in case.items() if name not in PERSONAL},
        "messages": [row["duration"] for row in service.rows(tables.voicemails, call_sid=sid)],
        "pages": [(row["tier"], row["reason"]) for row in service.rows(tables.pages, case_number=case_number)],
        "wrong PIDs": len(service.rows(tables.wrong_pids, call_sid=sid)),
        "updates": [row["note"] for row in service.rows(tables.case_updates, case_number=case_number)],
        "outcome": service.call(phone)["outcome"],
    }


PERSONAL = {"number", "call_sid", "opened_at", "first_response_at", "first_response_due_at",
            "next_update_due_at"}  # fmt: skip


async def test_one_number_is_spoken_however_often_a_webhook_comes(service: Service) -> None:
    service.exchange.misbehaviour = Misbehaviour(repeat=3, overlap=True)
    phone = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    assert service.count(tables.cases) == service.count(tables.calls) == 1
    assert f"case number is {' '.join(service.case(phone)['number'])}." in phone.transcript()


async def test_a_call_whose_end_is_told_before_its_beginning_waits_nowhere(service: Service) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},1")
    late = [request for request in phone.call.requests if "/twilio/wait" not in request.url]
    with service.engine.begin() as connection:
        for table in (tables.turns, tables.calls, tables.waiting, tables.cases):
            connection.execute(table.delete())
    ended = {**phone.call.standard_form(), "CallStatus": "completed", "CallDuration": "40"}
    assert (await service.post("/twilio/status", ended)).status_code == 204
    for request in late:
        path = request.url.removeprefix(service.exchange.public_url)
        assert (await service.post(path, request.form)).status_code == 200
    call = service.call(phone)
    assert (call["status"], call["duration"]) == ("completed", 40)
    assert service.case(phone)["status"] == "abandoned"


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress"])
async def test_a_status_that_is_not_final_ends_nothing(service: Service, status: str) -> None:
    phone = await service.calls("US support", f"{TALLGRASS.keys},1")
    await service.post("/twilio/status", {**phone.call.standard_form(), "CallStatus": status})
    assert service.call(phone)["ended_at"] is None
    assert service.case(phone)["status"] == "waiting"
