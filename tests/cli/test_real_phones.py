"""Real processes, in real time: the service, the telephone company, and people at telephones.

The telephone company is in a hurry. It is Tuesday morning in Los Angeles for the service.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, text

from app.exchange import whereabouts
from tests.support.terminals import ROOT, Terminal, Terminals, listens

TUESDAY, SATURDAY_NIGHT = "2026-03-03T18:00:00Z", "2026-03-07T03:00:00Z"
LEAD, MANAGER, DIRECTOR = "+12065550131", "+12065550132", "+12065550133"
BEN, CALLER = "+12065550162", "+12065550199"
CODE = "**4712#"


@pytest.fixture
def terminals(tmp_path: Path, sqlite_url: str) -> Iterator[Terminals]:
    terminals = Terminals(tmp_path, sqlite_url)
    terminals.env["PARTNERLINE_CLOCK"] = TUESDAY
    try:
        yield terminals
    finally:
        stop_exchange(terminals)
        terminals.close()


def stop_exchange(terminals: Terminals) -> None:
    """One that the service has started is no child of this process."""
    if noted := whereabouts.read(terminals.state):
        try:
            os.kill(noted.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def hires(terminals: Terminals) -> None:
    """The sample agents, all of them offline."""
    command = [sys.executable, "-m", "app.cli", "agents", "import", "ivr_flows/sample/agents.csv"]
    subprocess.run(command, env=os.environ | terminals.env, cwd=ROOT, check=True, capture_output=True)


def value(terminals: Terminals, query: str) -> Any:
    engine = create_engine(terminals.env["PARTNERLINE_DATABASE_URL"])
    with engine.connect() as connection:
        found = connection.execute(text(query)).scalar_one_or_none()
    engine.dispose()
    return found


def is_soon(terminals: Terminals, query: str, expected: object) -> None:
    end = time.monotonic() + 10
    while (found := value(terminals, query)) != expected:
        assert time.monotonic() < end, f"{query}: {found!r}, not {expected!r}"
        time.sleep(0.05)


def goes_on_duty(terminals: Terminals) -> None:
    """An agent dials any line and keys the code."""
    phone = terminals.run("phone", BEN, "--calls", "US support", "--keys", CODE)
    phone.prints("You take calls from now on")
    assert phone.ends() == 0
    is_soon(terminals, "SELECT state FROM agents WHERE name = 'Ben Okafor'", "available")


def calls(terminals: Terminals) -> Terminal:
    """Production is down: where nobody is on duty yet, that is what a caller waits for."""
    return terminals.run("phone", CALLER, "--calls", "US support", "--keys", "*#,1")


def exchange_of(terminals: Terminals) -> whereabouts.Whereabouts:
    noted = whereabouts.read(terminals.state)
    assert noted is not None
    return noted


def test_an_agents_phone_rings_the_agent_presses_1_and_both_talk(terminals: Terminals) -> None:
    hires(terminals)
    terminals.exchange(speed=8)
    terminals.serve()
    goes_on_duty(terminals)
    agent = terminals.run("phone", BEN, "--once", typed="a\n1\n")
    agent.prints(f"{BEN} waits for a call.")
    caller = calls(terminals)
    agent.prints("rings: +14086874120 calls")
    agent.prints("To take the call, press 1.")
    agent.prints(f"connected with {CALLER}")
    caller.prints("waits in the queue tier1-us")
    caller.prints(f"connected with {BEN}")
    assert value(terminals, "SELECT status FROM cases") == "in_progress"
    caller.types("h\n")
    assert caller.ends() == 0
    agent.prints("over: completed")
    assert agent.ends() == 0


def test_an_s1_at_night_rings_one_contact_after_another_until_the_third_accepts_and_talks_to_the_caller(
    terminals: Terminals,
) -> None:
    terminals.env["PARTNERLINE_CLOCK"] = SATURDAY_NIGHT
    terminals.exchange(speed=8)
    terminals.serve()
    for contact in (LEAD, MANAGER):
        terminals.run("phone", contact, "--answers", "--keys", "2", "--once").prints("waits for a call.")
    third = terminals.run("phone", DIRECTOR, "--answers", "--keys", "1", "--once")
    third.prints("waits for a call.")
    caller = calls(terminals)
    third.prints(f"connected with {CALLER}")
    caller.prints(f"connected with {DIRECTOR}")
    rung = "SELECT group_concat(number) FROM (SELECT number FROM legs ORDER BY asked_at)"
    assert value(terminals, rung) == f"{LEAD},{MANAGER},{DIRECTOR}"
    assert value(terminals, "SELECT accepted_by FROM pages") == "Sample Director APAC"
    caller.types("h\n")
    assert caller.ends() == 0
    assert third.ends() == 0


def test_a_caller_who_waits_outlives_a_killed_service_and_is_then_connected(terminals: Terminals) -> None:
    hires(terminals)
    terminals.exchange(speed=4)
    service = terminals.serve()
    caller = calls(terminals)
    caller.prints("sound /twilio/hold.wav")
    service.process.kill()
    service.ends()
    assert not listens(terminals.port)
    terminals.serve().prints("found there, with its calls")
    goes_on_duty(terminals)
    agent = terminals.run("phone", BEN, "--answers", "--keys", "1", "--once")
    agent.prints(f"connected with {CALLER}")
    caller.prints(f"connected with {BEN}")
    assert "application error" not in caller.printed
    assert value(terminals, "SELECT status FROM cases") == "in_progress"


def test_the_exchange_outlives_a_killed_service_and_ends_with_one_that_is_stopped(terminals: Terminals) -> None:
    killed = terminals.serve()
    first = exchange_of(terminals)
    assert f"on {first.url}: started now" in killed.printed
    killed.process.kill()
    killed.ends()
    stopped = terminals.serve()
    assert f"on {first.url}: found there" in stopped.printed
    assert exchange_of(terminals) == first
    stopped.process.send_signal(signal.SIGTERM)
    assert stopped.ends() == -signal.SIGTERM
    assert whereabouts.read(terminals.state) is None
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(first.url)


def test_two_services_on_one_machine_have_an_exchange_each(
    terminals: Terminals, tmp_path: Path, sqlite_url: str
) -> None:
    terminals.serve()
    other = Terminals(tmp_path / "other", sqlite_url)
    other.port = int(exchange_of(terminals).url.rpartition(":")[2]) - 10
    if other.port == terminals.port:
        # Their ports would be ten apart: the other service begins at the next one, and its exchange where it can.
        other.port = terminals.port + 1
    try:
        service = other.serve("--exchange-port", "0")
        assert exchange_of(other).url != exchange_of(terminals).url
        service.process.send_signal(signal.SIGINT)
        assert service.ends() in (0, 130)
    finally:
        stop_exchange(other)
        other.close()


def test_told_to_end_before_it_answers_it_ends_with_its_exchange(terminals: Terminals) -> None:
    service = terminals.run("serve", "--port", str(terminals.port))
    service.prints("Stop with Ctrl-C.")
    exchange = exchange_of(terminals)
    service.process.send_signal(signal.SIGTERM)
    assert service.ends() == -signal.SIGTERM
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(exchange.url)


def test_no_exchange_is_started_for_twilio(terminals: Terminals) -> None:
    service = terminals.serve(PARTNERLINE_TWILIO_AUTH_TOKEN="12345")
    assert "telephone company" not in service.printed
    assert whereabouts.read(terminals.state) is None
