"""Procrastinate's tables: they come and go with our migrations, and stay what the migration was written for."""

import hashlib

from procrastinate.schema import SchemaManager
from sqlalchemy import text

from app.store import schema
from app.store.database import Database
from tests.jobs.work import Work

# Of the newest schema that our migrations lead to.
KNOWN = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
LEFT = """
SELECT relname FROM pg_class WHERE relname LIKE '%procrastinate%'
UNION ALL SELECT proname FROM pg_proc WHERE proname LIKE '%procrastinate%'
UNION ALL SELECT typname FROM pg_type WHERE typname LIKE '%procrastinate%'
"""


async def left(url: str) -> list[str]:
    database = Database(url)
    async with database.reading() as tx:
        names = [str(name) for name in await tx.scalars(text(LEFT))]
    await database.close()
    return names


async def test_it_goes_with_its_rows_and_comes_back_to_work(postgres_url: str) -> None:
    async with Work(postgres_url, shared=True).open() as work:
        await work.defer("nobody")
        await work.runs()
        await work.defer("note", what="before")
    schema.downgrade(postgres_url, "0002")
    assert await left(postgres_url) == []
    schema.upgrade(postgres_url)
    async with Work(postgres_url, shared=True).open() as work:
        await work.defer("note", what="after")
        assert await work.runs() == ["after"]


async def test_sqlite_has_none_of_it(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    async with database.reading() as tx:
        found = await tx.scalars(text("SELECT name FROM sqlite_master WHERE name LIKE '%procrastinate%'"))
        assert list(found) == []
    await database.close()


def test_the_package_still_has_the_schema_that_the_migration_applied() -> None:
    """Where it changed: our next migration runs the newest files of procrastinate's own sql/migrations, on databases
    that do not have them yet, and then this is brought up to date."""
    assert hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest() == KNOWN
