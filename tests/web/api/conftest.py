from collections.abc import AsyncIterator

import pytest

from tests.web.api.client import Api, running_api


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """The API on SQLite, then on PostgreSQL."""
    async with running_api(database_url) as running:
        yield running


@pytest.fixture
async def api_on_sqlite(sqlite_url: str) -> AsyncIterator[Api]:
    """The API where the database makes no difference."""
    async with running_api(sqlite_url) as running:
        yield running
