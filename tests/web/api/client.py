"""The API as somebody with a key meets it.

answer = await api.get("/cases?pid=100234", role="viewer")
assert answer.status_code == 200
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import text

from app.services import keys
from app.services.keys import KeyRequest, Role
from tests.support.service import Service, running_service

Answer = httpx2.Response


@dataclass
class Api:
    """Asks with the key of a role; None sends none, and any other text is sent as the key."""

    service: Service
    keys: dict[str, str]

    async def get(self, path: str, role: str | None = "viewer", **more: Any) -> Answer:
        return await self.ask("GET", path, role, **more)

    async def post(self, path: str, body: Any = None, role: str | None = "admin", **more: Any) -> Answer:
        return await self.ask("POST", path, role, **(_json(body) if body is not None else {}), **more)

    async def put(self, path: str, body: Any, role: str | None = "admin") -> Answer:
        return await self.ask("PUT", path, role, **_json(body))

    async def delete(self, path: str, role: str | None = "admin") -> Answer:
        return await self.ask("DELETE", path, role)

    async def send_file(self, content: bytes | str, query: str = "", role: str = "supervisor") -> Answer:
        return await self.post(
            f"/partners/import{query}", role=role, content=content, headers={"Content-Type": "text/csv"}
        )

    async def opens_case(self, **fields: Any) -> dict[str, Any]:
        answer = await self.post("/cases", {"severity": "S2", "pid": "100234", **fields}, "agent")
        assert answer.status_code == 201, answer.text
        case: dict[str, Any] = answer.json()
        return case

    async def ask(self, method: str, path: str, role: str | None, **more: Any) -> Answer:
        headers = {**more.pop("type", {}), **more.pop("headers", {})}
        if role is not None:
            headers["Authorization"] = f"Bearer {self.keys.get(role, role)}"
        return await self.service.http.request(method, f"/api/v1{path}", headers=headers, **more)


def _json(body: Any) -> dict[str, Any]:
    # Escaped, so that a test can send half a character, which the client would refuse to encode.
    return {"content": json.dumps(body), "type": {"Content-Type": "application/json"}}


@asynccontextmanager
async def running_api(database_url: str, *, over_http: bool = False) -> AsyncIterator[Api]:
    """The service with the usual partners and a key for each role, named as the role."""
    async with running_service(database_url, over_http=over_http) as service:
        if service.engine.name == "postgresql":
            # The usual partners bring ids of their own, which the sequence has not given out.
            with service.engine.begin() as connection:
                connection.execute(text("SELECT setval(pg_get_serial_sequence('partners', 'id'), 1000)"))
        yield Api(service, {role: await made_key(service, role) for role in keys.ROLES})


async def made_key(service: Service, role: Role, **more: Any) -> str:
    wanted = KeyRequest(more.pop("name", role), role, **more)
    return await keys.create(service.runtime.database, service.runtime.hash_key, wanted, "a test", service.now())


def refused(answer: Answer, status: int, *words: str) -> dict[str, Any]:
    """Asserts that this is a problem document of a status, and that it says these words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    for word in words:
        assert word in answer.text, f"{word!r} is not in {answer.text}"
    return problem
