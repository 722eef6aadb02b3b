"""What can go wrong between us and a PostgreSQL that runs."""

import asyncio
import time
from collections.abc import AsyncIterator

import psycopg
import pytest

from app.store.hot import PATIENCE, StoreUnavailable
from app.store.postgres import CONNECTIONS, PostgresStore
from tests.support.faults import Frozen, TableLocked
from tests.support.partners import TALLGRASS
from tests.support.postgres import Postgres
from tests.support.records import opens_case, turn
from tests.support.service import running_service


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(postgres_url)
    await store.open()
    yield store
    await store.close()


def cut_all(url: str) -> int:
    """Ends every connection to the database, and says how many."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cut = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(cut.fetchall())


async def test_connections_that_were_cut_are_noticed_by_nobody(postgres_url: str) -> None:
    async with running_service(postgres_url) as service:
        phone = await service.calls("US support", TALLGRASS.keys)
        service.engine.dispose()
        assert cut_all(postgres_url) >= 1
        await phone.presses("2,#")
        phone.hears("case number is")
        phone.is_waiting_in("tier2-us")


async def test_a_whole_pool_of_stale_connections_is_thrown_away(store: PostgresStore, postgres_url: str) -> None:
    await asyncio.gather(store.fetch("SELECT pg_sleep(0.1)", {}), store.write(turn("CA0", 0)))
    assert cut_all(postgres_url) >= 2
    assert await store.write(turn("CA1", 0)) is None


async def test_more_turns_than_connections_take_their_turn(store: PostgresStore) -> None:
    outcomes = await asyncio.gather(*(store.write(opens_case(f"CA{n}")) for n in range(5 * CONNECTIONS)))
    assert outcomes == [None] * len(outcomes)


async def test_a_locked_table_is_given_up_and_leaves_no_connection_stuck(
    store: PostgresStore, postgres: Postgres, postgres_url: str
) -> None:
    with TableLocked(postgres, postgres_url).struck():
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(store.write(turn(f"CA{n}", 0)) for n in range(3 * CONNECTIONS)), return_exceptions=True
        )
        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        assert time.monotonic() - began < PATIENCE + 0.3
        assert await store.fetch("SELECT count(*) FROM partners", {}) == [(0,)], "what is not locked is still read"
    store.look_again()
    assert await store.write(turn("CA1", 0)) is None


async def test_a_server_that_never_answers_is_given_up_in_time(
    store: PostgresStore, postgres: Postgres, postgres_url: str
) -> None:
    await store.write(turn("CA1", 0))
    with Frozen(postgres, postgres_url).struck():
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="answer"):
            await store.write(turn("CA1", 1))
        assert time.monotonic() - began < PATIENCE + 0.3
        with pytest.raises(StoreUnavailable):
            await store.write(turn("CA1", 2))
        assert time.monotonic() - began < PATIENCE + 0.3, "nobody waits for it a second time"
    store.look_again()
    assert await store.write(turn("CA1", 3)) is None


async def test_a_server_that_is_not_there_yet_is_found_when_it_comes(postgres: Postgres, postgres_url: str) -> None:
    postgres.stop("immediate")
    try:
        store = PostgresStore(postgres_url)
        await store.open()
        with pytest.raises(StoreUnavailable):
            await store.write(turn("CA1", 0))
    finally:
        postgres.start()
    for _ in range(100):
        try:
            store.look_again()
            assert await store.write(turn("CA1", 0)) is None
            break
        except StoreUnavailable:
            await asyncio.sleep(0.05)
    assert await store.fetch("SELECT count(*) FROM turns", {}) == [(1,)]
    await store.close()
