"""What tests of every kind may ask for: databases, freshly migrated, and no network where the code is pure."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from app import logs
from app.store import schema
from tests.support.postgres import Postgres

TESTS = Path(__file__).parent
PURE = {"domain", "flows", "content", "provider"}


# A test is set up by itself alone, whatever the shell it was started from has set.
for name in [name for name in os.environ if name.startswith("PARTNERLINE_")]:
    del os.environ[name]

# As in the service. structlog's own way of printing an exception takes a minute where a request is among its variables.
logs.configure("text")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in PURE:
            item.add_marker(pytest.mark.disable_socket)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that a test runs in this process may have made the logs quiet; the next test does not inherit that."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, shared by this process's tests. Who stops it has to start it again."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def _postgres_template(postgres: Postgres) -> str:
    # Copying a migrated database takes a fraction of the time that migrating takes, and each test has its own.
    name = postgres.create_database(name="migrated")
    schema.upgrade(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "partnerline.db"
    schema.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    return f"sqlite:///{shutil.copy(_sqlite_template, tmp_path / 'partnerline.db')}"


@pytest.fixture
def postgres_url(postgres: Postgres, _postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    name = postgres.create_database(_postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own: the test runs on SQLite, then on PostgreSQL."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url
