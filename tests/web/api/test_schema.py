"""What OpenAPI promises, held against what the API does with requests made from it, good ones and bad ones."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from pydantic import SecretStr
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.python import asgi
from sqlalchemy import create_engine, insert

from app.main import build_runtime, create_app, running
from app.provider.rest import TwilioRest
from app.runtime import Runtime
from app.services import keys
from app.services.keys import KeyRequest
from app.settings import Settings
from app.store import tables
from app.web.api import gate
from app.web.api.agents import EXAMPLE_AGENT
from app.web.api.fields import EXAMPLE_CALL, EXAMPLE_CASE
from app.web.api.mount import OPENAPI_URL
from app.web.api.pages import EXAMPLE_PAGE
from app.web.api.voicemails import EXAMPLE_ID
from tests.support import partners
from tests.support.service import TUESDAY, shipped_flows

EXAMPLES_AN_ENDPOINT = 8
CALL = {
    "call_sid": EXAMPLE_CALL,
    "line": "US support",
    "called": "+18888988733",
    "caller": "+12065550147",
    "status": "completed",
    "started_at": TUESDAY,
    "ended_at": TUESDAY + timedelta(seconds=95),
    "duration": 95,
    "turn": 0,
    "session": "",
    "pid": "100234",
    "case_number": EXAMPLE_CASE,
    "outcome": "tier2-us",
}
TURN = {
    "call_sid": EXAMPLE_CALL,
    "turn": 0,
    "at": TUESDAY,
    "heard": "keyed 1",
    "path": ("support.greeting",),
    "why": ("a reason",),
    "answer": "",
}
CASE = {
    "number": EXAMPLE_CASE,
    "call_sid": EXAMPLE_CALL,
    "channel": "phone",
    "line": "US support",
    "region": "us",
    "certified": True,
    "verified": True,
    "verified_by": "pid",
    "severity": "S2",
    "severity_assumed": False,
    "tier": 2,
    "destination": "queue",
    "loa": "not_needed",
    "flags": ("suspended",),
    "status": "callback_requested",
    "callback_at": TUESDAY,
    "opened_at": TUESDAY,
    "first_response_due_at": TUESDAY,
    "next_update_due_at": TUESDAY,
}
CLOSURE = {
    "region": "us",
    "kind": "closed",
    "starts_at": TUESDAY - timedelta(days=9),
    "ends_at": TUESDAY - timedelta(days=8),
    "reason": "a test",
    "created_by": "a test",
}
VOICEMAIL = {
    "recording_sid": EXAMPLE_ID,
    "call_sid": EXAMPLE_CALL,
    "case_number": EXAMPLE_CASE,
    "duration": 42,
    "recorded_at": TUESDAY,
    "status": "kept",
    "place": "database",
}
_EVERY_AGENT = {"queues": ("tier2-us",), "code": "4711", "since": TUESDAY, "before": "available"}
_AMY = {"id": EXAMPLE_AGENT, "name": "Amy", "reach": "+12065550161", "state": "offered", "wrap_until": None}
_BEN = {"id": "ben", "name": "Ben", "reach": "+12065550162", "state": "wrap_up", "wrap_until": TUESDAY}
AGENTS = [_AMY | _EVERY_AGENT, _BEN | _EVERY_AGENT]
PLACE = {
    "call_sid": EXAMPLE_CALL,
    "case_number": EXAMPLE_CASE,
    "kind": "call",
    "queue": "tier2-us",
    "severity": "S2",
    "certified": True,
    "since": TUESDAY - timedelta(seconds=42),
    "entered": TUESDAY - timedelta(seconds=42),
    "due_at": TUESDAY,
}
OFFER = {
    "id": "offer",
    "call_sid": EXAMPLE_CALL,
    "slot": 0,
    "agent_id": EXAMPLE_AGENT,
    "made_at": TUESDAY,
    "expires_at": TUESDAY + timedelta(seconds=55),
}
PAGE = {
    "id": EXAMPLE_PAGE,
    "case_number": EXAMPLE_CASE,
    "tier": 2,
    "reason": "a test",
    "opened_at": TUESDAY,
    "next_at": TUESDAY,
    "alarmed_at": TUESDAY,
}
TRY = {
    "id": "try",
    "page_id": EXAMPLE_PAGE,
    "contact": "Ana Ruiz",
    "phone": "+12065550188",
    "tier": 2,
    "round": 1,
    "rung": 1,
    "at": TUESDAY,
    "handed_at": TUESDAY,
}
EVENT = {"at": TUESDAY, "kind": "agent", "subject": f"agent {EXAMPLE_AGENT}", "detail": "{}"}


@pytest.fixture
def parts(sqlite_url: str, tmp_path: Path) -> tuple[Runtime, Settings]:
    """A runtime on SQLite with something of every kind in it."""
    fill(sqlite_url)
    # Nobody's telephone rings.
    refuses = httpx2.MockTransport(lambda _: httpx2.Response(400, json={}))
    provider = TwilioRest("AC", "12345", "http://provider", transport=refuses)
    given = Settings(database_url=SecretStr(sqlite_url), state_dir=tmp_path)
    runtime = build_runtime(given, shipped_flows(), now=lambda: TUESDAY, provider=provider)
    # A stream of events ends at once where the service is about to stop.
    runtime.draining = True
    return runtime, given


def fill(url: str) -> None:
    engine = create_engine(url)
    partners.add(engine)
    with engine.begin() as connection:
        connection.execute(insert(tables.calls).values(CALL))
        connection.execute(insert(tables.turns).values(TURN))
        connection.execute(insert(tables.cases).values(CASE))
        connection.execute(insert(tables.closures).values(CLOSURE))
        connection.execute(insert(tables.voicemails).values(VOICEMAIL))
        connection.execute(insert(tables.recordings).values(recording_sid=EXAMPLE_ID, audio=b"RIFF"))
        connection.execute(insert(tables.agents), AGENTS)
        connection.execute(insert(tables.waiting).values(PLACE))
        connection.execute(insert(tables.offers).values(OFFER))
        connection.execute(insert(tables.pages).values(PAGE))
        connection.execute(insert(tables.page_tries).values(TRY))
        connection.execute(insert(tables.events).values(EVENT))
    engine.dispose()


@pytest.fixture
def key(parts: tuple[Runtime, Settings]) -> str:
    runtime, _ = parts
    wanted = KeyRequest("schema", "admin")
    return asyncio.run(keys.create(runtime.database, runtime.hash_key, wanted, "a test", TUESDAY))


def test_every_endpoint_keeps_its_promise(
    parts: tuple[Runtime, Settings], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Time stands still here, so the minute in which wrong keys are counted would never be over.
    monkeypatch.setattr(gate, "WRONG_KEYS_ALLOWED", 10_000)
    config = SchemathesisConfig.from_dict(
        {
            "headers": {"Authorization": f"Bearer {key}"},
            "generation": {"max-examples": EXAMPLES_AN_ENDPOINT, "deterministic": True, "database": "none"},
            # That a line is not there, or that a closure ends before it begins, OpenAPI cannot say.
            "checks": {"positive_data_acceptance": {"enabled": False}},
        }
    )
    described = schemathesis.openapi.from_asgi(OPENAPI_URL, create_app(*parts), config=config)
    try:
        broken = {promise for event in from_schema(described).execute() for promise in broken_promises(event)}
    finally:
        asgi.shutdown_lifespans()
    assert not broken, "\n\n".join(sorted(broken))


def broken_promises(event: events.EngineEvent) -> Iterator[str]:
    if isinstance(event, events.NonFatalError | events.FatalError):
        yield str(event)
    if isinstance(event, events.ScenarioFinished):
        results = (check for checks in event.recorder.checks.values() for check in checks)
        for found in (result.failure_info for result in results if result.failure_info):
            yield f"{found.failure.operation}: {found.failure.title}\n{found.failure.message}\n{found.code_sample}"


async def test_every_moment_carries_its_offset(parts: tuple[Runtime, Settings], key: str) -> None:
    app = create_app(*parts)
    paths = ["/calls", f"/calls/{EXAMPLE_CALL}", "/cases", f"/cases/{EXAMPLE_CASE}", f"/cases/{EXAMPLE_CASE}/updates"]
    paths += ["/voicemails", f"/voicemails/{EXAMPLE_ID}"]
    paths += ["/closures", "/route?line=US%20support&severity=S3&at=2026-03-07T12:00:00Z"]
    paths += ["/agents", "/queues", "/pages"]
    seen: set[str] = set()
    async with (
        running(parts[0]),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://internal") as http,
    ):
        headers = {"Authorization": f"Bearer {key}"}
        await http.post(f"/api/v1/cases/{EXAMPLE_CASE}/updates", json={"note": "a"}, headers=headers)
        for path in paths:
            answer = await http.get(f"/api/v1{path}", headers=headers)
            assert answer.status_code == 200, answer.text
            seen |= moments(answer.json())
    assert {"at", "from", "until", "recorded_at", "started_at", "ended_at", "opened_at", "opens_at"} <= seen
    assert {"first_response_due_at", "first_response_at", "next_update_due_at", "callback_at"} <= seen
    assert {"since", "wrap_until", "due_at", "next_at", "alarmed_at", "handed_at"} <= seen


def moments(value: Any, name: str = "") -> set[str]:
    """The names of the fields that hold a moment; each must be in UTC and say so."""
    if isinstance(value, dict):
        return {found for name, inner in value.items() for found in moments(inner, name)}
    if isinstance(value, list):
        return {found for inner in value for found in moments(inner, name)}
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]", value):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value), f"{name}: {value}"
        return {name}
    return set()


async def test_every_endpoint_has_an_example_and_describes_its_errors(parts: tuple[Runtime, Settings]) -> None:
    transport = httpx2.ASGITransport(app=create_app(*parts))
    async with httpx2.AsyncClient(transport=transport, base_url="http://internal") as http:
        document = (await http.get(OPENAPI_URL)).json()
    for path, operations in document["paths"].items():
        assert path.startswith("/api/v1/")
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert {"400", "401", "403", "422", "429", "503"} <= set(operation["responses"]), where
            assert operation["security"] == [{"key": []}], where
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    assert has_example(document, content), where
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert has_example(document, content), where


def has_example(document: dict[str, Any], content: dict[str, Any]) -> bool:
    """An example of its own, or one of each of its fields."""
    if "example" in content or "examples" in content:
        return True
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return "examples" in schema or any("examples" in field for field in schema.get("properties", {}).values())
