"""Background work that a test can defer, look at and run, with either runner."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.jobs.work import Work
from tests.support.faults import Fault, Moved, PostgresFault


class ShutDown(PostgresFault):
    """The server is stopped and started. It does not crash: the tests' server would forget what it has committed."""

    def strike(self) -> None:
        self.server.stop()

    def mend(self) -> None:
        self.server.start()


@pytest.fixture(params=["sqlite_url", "postgres_url", "procrastinate"])
async def work(request: pytest.FixtureRequest) -> AsyncIterator[Work]:
    """The embedded runner on both databases, and procrastinate on PostgreSQL, on a database of this test's own."""
    shared = request.param == "procrastinate"
    url = request.getfixturevalue("postgres_url" if shared else request.param)
    async with Work(url, shared=shared).open() as work:
        yield work


@pytest.fixture
async def shared_work(postgres_url: str) -> AsyncIterator[Work]:
    """Procrastinate: several workers may share it."""
    async with Work(postgres_url, shared=True).open() as work:
        yield work


@pytest.fixture
def database_away(work: Work, request: pytest.FixtureRequest) -> Iterator[Fault]:
    """The database is taken away when it strikes."""
    if work.url.startswith("sqlite"):
        yield Moved(work.url)
    else:
        yield ShutDown(request.getfixturevalue("postgres"), work.url)
