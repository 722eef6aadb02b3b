"""Requests that nobody should send: a clear refusal each, the same on both databases."""

import base64
import json

import pytest

from tests.web.api.client import Api, refused

JSON = {"Content-Type": "application/json"}
LISTS = ["/calls", "/cases", "/partners", "/closures", "/agents", "/pages"]


def cursor(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


CURSORS = [
    "x",
    "abc",
    cursor([]),
    cursor({}),
    cursor([2**70]),
    cursor(["a\u0000"]),
    cursor(["\ud800"]),
    cursor([None, None]),
    cursor(["2026-03-07T12:00:00", "1"]),
    cursor(["2026-03-07T12:00:00Z", "1", 1]),
    cursor([[["deep"]]]),
]


async def test_a_cursor_that_is_none_of_ours(api: Api, subtests: pytest.Subtests) -> None:
    for path in LISTS:
        for value in CURSORS:
            with subtests.test(path=path, value=value):
                refused(await api.get(f"{path}?cursor={value}"), 400, "cursor")


LIMITS = ["0", "-1", "201", "x", "1e3", "99999999999999999999", "%00", ""]


async def test_a_limit_that_is_none(api_on_sqlite: Api, subtests: pytest.Subtests) -> None:
    for path in LISTS:
        for limit in LIMITS:
            with subtests.test(path=path, limit=limit):
                refused(await api_on_sqlite.get(f"{path}?limit={limit}"), 422, "query.limit")


QUERIES = [
    "pid=a&pid=b",
    "pid=a%00",
    "pid=%FF",
    "call_sid=%F0%9F%93%9E",
    "call_sid=" + "C" * 65,
    "call_sid=a%20b",
    "status=closed",
    "severity=s1",
    "nonsense=1",
    "cursor=%00",
]


async def test_a_filter_that_is_none(api: Api, subtests: pytest.Subtests) -> None:
    for query in QUERIES:
        with subtests.test(query=query):
            refused(await api.get(f"/cases?{query}"), 422, "query.")


CONTENTS = [
    (b"", 422),
    (b"{", 400),
    (b"\xff", 400),
    (b"nonsense", 400),
    (b"[" * 20_000, 400),
    (b'{"severity": ' + b"9" * 5_000 + b"}", 400),
    (b'{"severity": NaN}', 422),
    (b'{"severity": 1e999}', 422),
    (b'{"severity": "S1", "\\ud800": 1}', 422),
    (b'{"severity": "S1", "' + "\u202e".encode() + b'": 1}', 422),
    (b" " * 70_000, 413),
]


async def test_a_body_that_is_none(api: Api, subtests: pytest.Subtests) -> None:
    for content, status in CONTENTS:
        with subtests.test(content=content):
            refused(await api.post("/cases", role="agent", content=content, headers=JSON), status)


KINDS = ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"]


async def test_a_body_of_another_type(api_on_sqlite: Api, subtests: pytest.Subtests) -> None:
    for kind in KINDS:
        with subtests.test(kind=kind):
            answer = await api_on_sqlite.post("/cases", role="agent", content=b"{}", headers={"Content-Type": kind})
            refused(answer, 415, "application/json")


async def test_a_type_may_name_its_encoding(api_on_sqlite: Api) -> None:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    answer = await api_on_sqlite.post("/cases", role="agent", content=b'{"severity": "S3"}', headers=kind)
    assert answer.status_code == 201


async def test_a_path_that_is_none(api_on_sqlite: Api) -> None:
    refused(await api_on_sqlite.get("/nonsense"), 404)
    refused(await api_on_sqlite.get("/cases/"), 404)


METHODS = [
    ("PATCH", "/cases", "GET, POST"),
    ("POST", "/partners/100234", "GET, PUT"),
    ("GET", "/closures/1", "DELETE"),
    ("DELETE", "/calls", "GET"),
    ("GET", "/agents/amy/wrap-up", "DELETE, POST"),
]


async def test_a_method_that_is_none(api_on_sqlite: Api, subtests: pytest.Subtests) -> None:
    for method, path, allowed in METHODS:
        with subtests.test(method=method, path=path, allowed=allowed):
            answer = await api_on_sqlite.ask(method, path, "admin")
            refused(answer, 405)
            assert answer.headers["Allow"] == allowed
