"""The store of a live call for a database URL; only the driver that is needed is imported."""

from pathlib import Path

from app.store.deferring import Defer, in_jobs_table
from app.store.hot import HotStore


def hot_store(url: str, defer: Defer = in_jobs_table) -> HotStore:
    if url.startswith("sqlite:///"):
        from app.store.sqlite import SqliteStore  # noqa: PLC0415 because only one of the two drivers is needed

        return SqliteStore(Path(url.removeprefix("sqlite:///")), defer)
    from app.store.postgres import PostgresStore  # noqa: PLC0415 because only one of the two drivers is needed

    return PostgresStore(url, defer)
