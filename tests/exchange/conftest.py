"""An exchange, and a service for it that each test fills with documents."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from app.exchange import Exchange, VirtualClock, rest_app
from tests.exchange.account import Account
from tests.exchange.service import Service
from tests.support.handset import Handset


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def exchange(service: Service) -> AsyncIterator[Exchange]:
    transport = httpx2.ASGITransport(app=service)
    clock = VirtualClock(datetime(2026, 3, 4, 15, 0, tzinfo=UTC))
    async with httpx2.AsyncClient(transport=transport, base_url="http://internal") as http:
        yield Exchange(http, account_sid="AC1", auth_token="12345", public_url="https://ivr.example", clock=clock)


@pytest.fixture
def phone(exchange: Exchange) -> Handset:
    return Handset(exchange)


@pytest.fixture
async def account(exchange: Exchange) -> AsyncIterator[Account]:
    transport = httpx2.ASGITransport(app=rest_app(exchange))
    async with httpx2.AsyncClient(
        transport=transport, base_url="https://api.twilio.com", auth=("AC1", "12345")
    ) as http:
        yield Account(exchange, http)
