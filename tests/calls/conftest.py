"""A running service for each test, on SQLite and then on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from app import logs
from tests.support.handset import Handset
from tests.support.service import Service, running_service


@pytest.fixture(autouse=True)
def production_logs() -> Iterator[None]:
    logs.configure("json")
    yield
    structlog.reset_defaults()


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with running_service(database_url) as service:
        yield service


@pytest.fixture
def phone(service: Service) -> Handset:
    return service.phone()
