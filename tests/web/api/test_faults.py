"""The database goes away, or something in here breaks."""

from pathlib import Path

import httpx2
import pytest

from app.services import cases
from tests.support.postgres import Postgres
from tests.support.service import running_service
from tests.web.api.client import Api, refused, running_api

READS = ["/calls", "/cases", "/partners", "/closures", "/route?line=US%20support&pid=100234"]


async def test_sqlite_file_taken_away_and_put_back(api_on_sqlite: Api) -> None:
    api = api_on_sqlite
    file = Path(api.service.engine.url.database or "")
    aside = file.rename(file.with_suffix(".aside"))
    for path in READS:
        answer = await api.get(path)
        refused(answer, 503, "nothing was changed")
        assert answer.headers["Retry-After"]
    refused(await api.post("/cases", {"severity": "S1"}, "agent"), 503)
    assert not file.exists(), "no new file is made in its place"
    file.touch()
    refused(await api.get("/cases"), 503)
    aside.rename(file)
    assert (await api.get("/cases")).status_code == 200


async def test_sqlite_locked_by_another_writer(api_on_sqlite: Api) -> None:
    api = api_on_sqlite
    await api.get("/cases", "agent")
    with api.service.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        assert (await api.get("/cases", "agent")).status_code == 200, "who reads waits for nobody"
        refused(await api.post("/cases", {"severity": "S1"}, "agent"), 503)
        other.rollback()
    assert (await api.post("/cases", {"severity": "S1"}, "agent")).status_code == 201


async def test_postgresql_stopped_and_started(postgres_url: str, postgres: Postgres) -> None:
    async with running_api(postgres_url) as api:
        assert (await api.get("/cases")).status_code == 200
        postgres.stop()
        try:
            for path in READS:
                refused(await api.get(path), 503)
            refused(await api.post("/cases", {"severity": "S1"}, "agent"), 503)
        finally:
            postgres.start()
        assert (await api.get("/cases")).status_code == 200
        assert (await api.post("/cases", {"severity": "S1"}, "agent")).status_code == 201


async def test_a_fault_of_ours_says_nothing_of_the_inside(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret insides")

    monkeypatch.setattr(cases, "listed", broken)
    async with running_api(sqlite_url) as api:
        app = api.service.http._transport.app  # type: ignore[attr-defined]  # because only the client knows its application
        quiet = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=quiet, base_url="http://internal") as http:
            headers = {"Authorization": f"Bearer {api.keys['viewer']}"}
            answer = await http.get("/api/v1/cases", headers=headers)
    refused(answer, 500, "a fault of ours")
    assert "insides" not in answer.text


async def test_the_webhooks_do_not_care(sqlite_url: str) -> None:
    async with running_service(sqlite_url) as service:
        refusal = await service.http.post("/twilio/voice")
        assert (refusal.status_code, refusal.headers["Content-Type"]) == (403, "text/plain; charset=utf-8")
