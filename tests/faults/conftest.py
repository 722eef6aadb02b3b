"""A running service whose database is really taken away, on SQLite and on PostgreSQL, and given back."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.faults import POSTGRES, SQLITE, Fault, Stopwatch
from tests.support.service import Service, running_service


@pytest.fixture(params=[*SQLITE, *POSTGRES], ids=lambda kind: kind.__name__)
def fault(request: pytest.FixtureRequest) -> Iterator[Fault]:
    """A fault of a database of this test's own, which has not struck yet."""
    kind = request.param
    if kind in SQLITE:
        yield kind(request.getfixturevalue("sqlite_url"))
    else:
        yield kind(request.getfixturevalue("postgres"), request.getfixturevalue("postgres_url"))


@pytest.fixture
def url(fault: Fault, request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue("sqlite_url" if isinstance(fault, SQLITE) else "postgres_url")
    return found


@pytest.fixture
async def service(url: str) -> AsyncIterator[Service]:
    async with running_service(url) as service:
        # Its own connections would outlive the database.
        service.engine.dispose()
        yield service


@pytest.fixture
def stopwatch(service: Service) -> Stopwatch:
    return Stopwatch(service.http)
