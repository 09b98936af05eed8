"""What all tests share: the databases a registry can be kept in, and less looking for garbage."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres_server import PostgresServer


def pytest_collection_finish() -> None:
    """Leave out of every later look for garbage what lives as long as the process.

    The tests themselves are so many that looking through them took a fifth of the suite's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of this process; whoever kills it starts one of its own."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: a SQLite file, then PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("shared_postgres")
    return server.fresh_database()
