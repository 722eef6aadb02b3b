"""The page that the printed address opens, and what an operator's tools ask."""

from pathlib import Path

import httpx2
import pytest

from app.main import build_runtime, create_app, running
from app.settings import Settings
from tests.support.facts import FLOWS_DIR, utc


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(_env_file=None, database_url=sqlite_url, state_dir=tmp_path, flows_dir=FLOWS_DIR)


async def get(settings: Settings, path: str, **headers: str) -> httpx2.Response:
    runtime = build_runtime(settings, now=lambda: utc("2026-03-03 17:00"))
    async with running(runtime):
        transport = httpx2.ASGITransport(app=create_app(runtime, settings))
        async with httpx2.AsyncClient(transport=transport, base_url="http://partnerline") as http:
            return await http.get(path, headers=headers)


async def test_the_page_says_who_takes_a_call_now_and_how_to_place_one(settings: Settings) -> None:
    response = await get(settings, "/")
    assert response.status_code == 200
    assert "Tuesday 3 March 2026, 17:00" in response.text
    assert "us is open: Mon-Fri 05:00-18:00 America/Los_Angeles" in response.text
    assert (
        "partnerline call &quot;US support&quot;" in response.text or 'partnerline call "US support"' in response.text
    )
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_a_healthy_service_says_so(settings: Settings) -> None:
    assert (await get(settings, "/healthz")).json() == {"status": "ok"}
    assert (await get(settings, "/readyz")).json() == {"status": "ok", "problems": []}


async def test_figures_are_for_loopback_or_for_who_has_the_secret(settings: Settings) -> None:
    assert "partnerline_webhooks_total" in (await get(settings, "/metrics")).text
    guarded = settings.model_copy(update={"metrics_token": type(settings.metrics_token)("a secret")})
    assert (await get(guarded, "/metrics")).status_code == 403
    assert (await get(guarded, "/metrics", Authorization="Bearer a secret")).status_code == 200


async def test_music_and_the_fallback_document_need_no_signature(settings: Settings) -> None:
    music = await get(settings, "/twilio/hold.wav")
    assert (music.headers["content-type"], music.content[:4]) == ("audio/wav", b"RIFF")
    fallback = await get(settings, "/twilio/fallback.xml")
    assert "<Dial>+12065550199</Dial>" in fallback.text
