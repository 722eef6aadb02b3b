"""call-flows, "When something breaks": the database goes away in the middle of calls, and comes back."""

import asyncio
import time

from app.exchange.events import Ringing
from app.services.recovery import recover
from app.store import tables
from tests.support.faults import Fault, Stopwatch
from tests.support.handset import Handset
from tests.support.partners import TALLGRASS
from tests.support.service import LINES, Service

RINGING = "ringing the people on duty"
NUMBER = "case number is"


async def is_back(service: Service) -> None:
    """Waits, as the background work does, until all is written and the service says that it is ready."""
    for _ in range(100):
        await recover(service.runtime)
        # What was due meanwhile: the harness's own look for it comes with the next virtual second only.
        await service.works()
        waiting = service.runtime.journal.waiting or service.runtime.unwritten
        if not waiting and (await service.http.get("/readyz")).status_code == 200:
            service.engine.dispose()
            return
        await asyncio.sleep(0.2)
    raise AssertionError("it did not come back")


async def asked_for_severity(service: Service, how_many: int) -> list[Handset]:
    """So many callers who are identified and asked how bad it is, and one who has only just dialled."""
    phones = [service.phone() for _ in range(how_many + 1)]
    for phone in phones[:-1]:
        await phone.dial(LINES["US support"], listen=False)
    await service.exchange.timeline.run_for(9)
    for phone in phones[:-1]:
        await phone.call.press(TALLGRASS.keys, listen=False)
    await phones[-1].dial(LINES["US support"])
    return phones


def rung(phone: Handset) -> list[str]:
    """The numbers that were rung for a caller."""
    return [event.number for event in phone.call.heard if isinstance(event, Ringing)]


async def test_the_database_goes_away_in_mid_call_and_comes_back(
    service: Service, fault: Fault, stopwatch: Stopwatch
) -> None:
    before = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    before.hears(NUMBER)
    before.is_waiting_in("tier2-us")
    identified, identified_s2, leaving, started = await asked_for_severity(service, 3)

    with fault.struck():
        await identified.presses("1")
        identified.hears(RINGING)
        identified.does_not_hear(NUMBER)
        identified.is_asked_for("dial")
        await leaving.hangs_up()
        await identified_s2.presses("2,#")
        identified_s2.does_not_hear(NUMBER)
        identified_s2.is_waiting_in("tier1-us")

        await started.presses(TALLGRASS.keys + ",1")
        started.hears(RINGING)
        started.does_not_hear(NUMBER)
        new = await service.calls("EMEA support", "*#,3,#", caller="+442079460000")
        new.does_not_hear(NUMBER)
        new.is_waiting_in("tier1-us")
        wrong = await service.calls("US support", "999999#", caller="+12065550188")

        # Nobody answers. Who was identified stays so; a directory that is away knows nobody.
        await started.waits(90)
        assert rung(identified) == ["+12065550124", "+12065550125"]
        assert rung(started) == [f"+1206555012{last}" for last in ("123" if fault.hides else "45")]
        identified.is_waiting_in("tier1-us")
        started.is_waiting_in("tier1-us")
        await before.hangs_up()
        assert (await service.http.get("/readyz")).status_code == 503
        assert (await service.http.get("/healthz")).status_code == 200
        assert service.runtime.journal.waiting

    began = time.monotonic()
    await is_back(service)
    back = time.monotonic() - began

    assert service.case(before)["status"] == "abandoned"
    assert service.call(before)["status"] == "completed"
    stub = service.case(identified)
    assert (stub["pid"], stub["severity"], stub["tier"], stub["queue"], stub["status"]) == (
        TALLGRASS.pid,
        "S1",
        2,
        "tier1-us",
        "waiting",
    )
    assert (service.case(identified_s2)["severity"], service.case(identified_s2)["queue"]) == ("S2", "tier1-us")
    assert service.case(started)["pid"] == (None if fault.hides else TALLGRASS.pid)
    assert (service.case(new)["severity"], service.case(new)["verified"]) == ("S3", False)
    assert service.case(leaving)["status"] == "abandoned"
    assert service.case(leaving)["pid"] == TALLGRASS.pid
    assert service.call(leaving)["ended_at"] is not None
    if not fault.hides:
        assert len(service.rows(tables.wrong_pids, call_sid=wrong.call.sid)) == 1
    for phone in (before, identified, identified_s2, leaving, started, new, wrong):
        numbers = [turn["turn"] for turn in service.turns(phone) if turn["turn"] >= 0]
        assert numbers == list(range(len(numbers))), "every turn, once, without a gap"
    assert service.count(tables.cases) == 7

    # The next one hears a number again, and so does who calls on.
    after = await service.calls("US support", f"{TALLGRASS.keys},2,#")
    after.hears(NUMBER)
    after.is_waiting_in("tier2-us")
    for phone, status in (
        (identified, "callback_requested"),
        (identified_s2, "abandoned"),
        (started, "callback_requested"),
        (new, "abandoned"),
    ):
        await phone.hangs_up()
        assert service.case(phone)["status"] == status, "an S1 who hangs up is rung back"
    assert not service.runtime.journal.waiting
    # Shown by `pytest -rP`.
    print(f"{type(fault).__name__}: {stopwatch.longest:.2f} s at most ({stopwatch.slowest}), back after {back:.1f} s")
