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
from app.runtime import Runtime
from app.services import keys
from app.services.keys import KeyRequest
from app.settings import Settings
from app.store import schema as migrations
from app.store import tables
from app.web.api.fields import EXAMPLE_CALL, EXAMPLE_CASE
from app.web.api.mount import OPENAPI_URL
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


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runtime, Settings]:
    """A runtime on SQLite with something of every kind in it."""
    folder = tmp_path_factory.mktemp("schema")
    url = f"sqlite:///{folder / 'partnerline.db'}"
    migrations.upgrade(url)
    fill(url)
    given = Settings(database_url=SecretStr(url), state_dir=Path(folder))
    return build_runtime(given, shipped_flows(), now=lambda: TUESDAY), given


def fill(url: str) -> None:
    engine = create_engine(url)
    partners.add(engine)
    with engine.begin() as connection:
        connection.execute(insert(tables.calls).values(CALL))
        connection.execute(insert(tables.turns).values(TURN))
        connection.execute(insert(tables.cases).values(CASE))
        connection.execute(insert(tables.closures).values(CLOSURE))
    engine.dispose()


@pytest.fixture(scope="module")
def key(parts: tuple[Runtime, Settings]) -> str:
    runtime, _ = parts
    wanted = KeyRequest("schema", "admin")
    return asyncio.run(keys.create(runtime.database, runtime.hash_key, wanted, "a test", TUESDAY))


def test_every_endpoint_keeps_its_promise(parts: tuple[Runtime, Settings], key: str) -> None:
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
    paths += ["/closures", "/route?line=US%20support&severity=S3&at=2026-03-07T12:00:00Z"]
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
    assert {"at", "from", "until", "started_at", "ended_at", "opened_at", "opens_at"} <= seen
    assert {"first_response_due_at", "first_response_at", "next_update_due_at", "callback_at"} <= seen


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
