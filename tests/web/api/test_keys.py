"""Who may come in: keys, roles, wrong keys."""

from datetime import timedelta

import pytest

from app.services import keys
from app.store import tables
from app.web.api.gate import WRONG_KEYS_ALLOWED
from tests.web.api.client import Api, made_key, refused

# The least role of each endpoint, and a request of it.
ENDPOINTS = [
    ("viewer", "GET", "/calls", None),
    ("viewer", "GET", "/calls/CA1", None),
    ("viewer", "GET", "/cases", None),
    ("viewer", "GET", "/cases/1234567890", None),
    ("viewer", "GET", "/cases/1234567890/updates", None),
    ("agent", "POST", "/cases", {"severity": "S3"}),
    ("agent", "POST", "/cases/1234567890/updates", {"note": "a"}),
    ("agent", "POST", "/cases/1234567890/escalate", {"reason": "a"}),
    ("agent", "POST", "/cases/1234567890/resolve", {}),
    ("viewer", "GET", "/partners", None),
    ("viewer", "GET", "/partners/100234", None),
    ("supervisor", "PUT", "/partners/77001", {"name": "A", "type": "resale", "region": "us"}),
    ("supervisor", "POST", "/partners/import", None),
    ("viewer", "GET", "/route?line=US%20support", None),
    ("viewer", "GET", "/voicemails", None),
    ("viewer", "GET", "/voicemails/RE1", None),
    ("agent", "GET", "/voicemails/RE1/audio", None),
    ("viewer", "GET", "/closures", None),
    ("supervisor", "POST", "/closures", {}),
    ("supervisor", "DELETE", "/closures/1", None),
    ("viewer", "GET", "/agents", None),
    ("viewer", "GET", "/agents/amy", None),
    ("agent", "PUT", "/agents/amy/state", {"state": "offline"}),
    ("agent", "POST", "/agents/amy/wrap-up", None),
    ("agent", "DELETE", "/agents/amy/wrap-up", None),
    ("agent", "POST", "/agents/amy/hand-over", {"queue": "tier1-us"}),
    ("agent", "POST", "/agents/amy/verify", None),
    ("viewer", "GET", "/queues", None),
    ("viewer", "GET", "/queues/tier1-us", None),
    ("viewer", "GET", "/pages", None),
    ("agent", "POST", "/pages/p/accept", None),
    ("viewer", "GET", "/events", None),
]


async def test_every_endpoint_wants_a_key_of_its_role(api_on_sqlite: Api, subtests: pytest.Subtests) -> None:
    # So that the stream of events ends.
    api_on_sqlite.service.runtime.draining = True
    for least, method, path, body in ENDPOINTS:
        with subtests.test(least=least, method=method, path=path, body=body):
            api = api_on_sqlite
            more = {"json": body} if body is not None else {}
            nobody = await api.ask(method, path, None, **more)
            refused(nobody, 401, "Authorization: Bearer KEY")
            assert nobody.headers["WWW-Authenticate"] == "Bearer"
            for role in keys.ROLES:
                answer = await api.ask(method, path, role, **more)
                if keys.ROLES.index(role) < keys.ROLES.index(least):
                    refused(answer, 403, f"needs the role {least}")
                else:
                    assert answer.status_code not in (401, 403), answer.text


async def test_every_endpoint_is_in_the_table_above(api_on_sqlite: Api) -> None:
    document = (await api_on_sqlite.get("/openapi.json", None)).json()
    described = {
        (operation["x-role"], method.upper(), path.count("/"))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    listed = {(least, method, f"/api/v1{path.partition('?')[0]}".count("/")) for least, method, path, _ in ENDPOINTS}
    assert described == listed
    assert sum(len(operations) for operations in document["paths"].values()) == len(ENDPOINTS)


HEADERS = [
    "",
    "Bearer",
    "Bearer ",
    "Basic dXNlcjpwYXNz",
    "Bearer x",
    "Bearer plk_",
    "Bearer plk_a_b",
    "Bearer " + "k" * 9000,
]


async def test_what_is_no_key_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    for header in HEADERS:
        with subtests.test(header=header):
            answer = await api.get("/cases", None, headers={"Authorization": header})
            refused(answer, 401)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_malformed_body_does_not_come_before_the_key(api_on_sqlite: Api) -> None:
    answer = await api_on_sqlite.post(
        "/cases", role=None, content=b"{" * 100_000, headers={"Content-Type": "application/json"}
    )
    refused(answer, 401)


async def test_a_key_with_another_secret_is_refused(api: Api) -> None:
    prefix, id_, secret = api.keys["admin"].split("_", 2)
    refused(await api.get("/cases", f"{prefix}_{id_}_{secret[::-1]}"), 401, "unknown, expired or revoked")


async def test_a_key_stops_working_when_it_expires(api: Api) -> None:
    key = await made_key(api.service, "viewer", name="guest", expires_at=api.service.now() + timedelta(hours=1))
    assert (await api.get("/cases", key)).status_code == 200
    api.service.it_is(api.service.now() + timedelta(hours=1))
    refused(await api.get("/cases", key), 401)


async def test_a_key_stops_working_when_it_is_revoked(api: Api) -> None:
    await keys.revoke(api.service.runtime.database, "viewer", "a test", api.service.now())
    refused(await api.get("/cases", "viewer"), 401)
    entry = api.service.row(tables.audit, action="key revoked")
    assert (entry["actor"], entry["subject"]) == ("a test", "key viewer")


async def test_the_use_of_a_key_is_noted_once_a_minute(api: Api) -> None:
    first = api.service.now()
    await api.get("/cases")
    api.service.it_is(first + timedelta(seconds=30))
    await api.get("/cases")
    used = api.service.row(tables.api_keys, name="viewer")["last_used_at"]
    assert used < first + timedelta(seconds=30)
    api.service.it_is(first + timedelta(seconds=90))
    await api.get("/cases")
    assert api.service.row(tables.api_keys, name="viewer")["last_used_at"] >= first + timedelta(seconds=90)


async def test_only_a_hash_of_a_key_is_kept(api: Api) -> None:
    kept = str(api.service.rows(tables.api_keys)) + str(api.service.rows(tables.audit))
    for key in api.keys.values():
        assert key.split("_", 2)[2] not in kept


async def test_wrong_keys_are_slowed_down_and_right_ones_are_not(api_on_sqlite: Api) -> None:
    api = api_on_sqlite
    assert (await api.get("/cases", "viewer")).status_code == 200
    for _ in range(WRONG_KEYS_ALLOWED):
        refused(await api.get("/cases", "plk_abc_wrong"), 401)
    held_up = await api.get("/cases", "plk_abc_wrong")
    refused(held_up, 429, "wait a minute")
    assert held_up.headers["Retry-After"] == "60"
    assert (await api.get("/cases", "viewer")).status_code == 200
    api.service.it_is(api.service.now() + timedelta(minutes=2))
    refused(await api.get("/cases", "plk_abc_wrong"), 401)
