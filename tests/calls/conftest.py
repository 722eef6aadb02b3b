"""A running service for each test, on SQLite and then on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import NullPool, create_engine, text

from app.store import tables
from tests.support.handset import Handset
from tests.support.postgres import Postgres
from tests.support.service import Service, running_service


@pytest.fixture(scope="session")
def _postgres_for_calls(postgres: Postgres, _postgres_template: str) -> Iterator[str]:
    name = postgres.create_database(_postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(_postgres_for_calls: str) -> str:
    """One database for all calls, emptied before each test: a new one takes ten times as long."""
    names = ", ".join(table.name for table in tables.metadata.sorted_tables)
    with create_engine(_postgres_for_calls, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"TRUNCATE {names}"))
    return _postgres_for_calls


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        yield service


@pytest.fixture
def phone(service: Service) -> Handset:
    return service.phone()
