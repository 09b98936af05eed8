"""A database whose tables of health are of an early version is brought up to date."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import registry.health_tables  # noqa: F401 - its tables are compared as well
from registry.alert_book import AlertBook
from registry.database import Database
from registry.health import Check, Result, Rules
from registry.health_book import HealthBook
from registry.health_store import HealthStore
from registry.steward import Steward
from registry.store import RegistryStore
from registry.tables import METADATA
from tests.unit.registry import first_health_tables
from tests.unit.registry.book_life import NOON, PLACE

OF_HEALTH = ("health_", "conformance_", "alert_")


@pytest.fixture
async def started(database_url):
    """A database, its member, and whatever is done to it between two starts."""
    made = Database(database_url)
    await made.start()
    store = RegistryStore(made)
    steward = Steward(store, changed=store.refresh)
    await steward.add({"id": "alpha", "url": "https://alpha.example.org/api"}, by="operator:ann")
    yield made
    await made.aclose()


async def restarted(database_url, look):
    again = Database(database_url)
    await again.start()
    try:
        return await look(again)
    finally:
        await again.aclose()


def go_back(connection):
    """Put the tables of health of the early version in place of those of now."""
    for table in reversed(METADATA.sorted_tables):
        if table.name.startswith(OF_HEALTH):
            table.drop(connection)
    with Operations.context(MigrationContext.configure(connection)):
        first_health_tables.upgrade()
    connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))


async def changed(database, work):
    await database.change(lambda change: change.connection.run_sync(work), is_news=False)


async def differences(database):
    def look(connection):
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return compare_metadata(context, METADATA)

    return await database.read(lambda connection: connection.run_sync(look))


async def test_tables_of_the_early_version_become_those_of_now(started, database_url):
    await changed(started, go_back)
    assert await differences(started) != []
    assert await restarted(database_url, differences) == []


async def test_health_is_kept_in_a_database_that_was_upgraded(started, database_url):
    await changed(started, go_back)

    async def use(database):
        book = HealthBook(Rules(), now=lambda: NOON)
        book.checked("alpha", PLACE, Check(NOON, Result.UP, elapsed_ms=3.0))
        book.cut(NOON)
        health = HealthStore(database, now=lambda: NOON)
        await health.write(book.drain())
        await health.refresh()
        incidents = await health.incidents(is_open=True)
        return set(health.standings), len(incidents), await AlertBook(database).targets()

    assert await restarted(database_url, use) == ({"alpha"}, 1, ())


async def test_tables_that_are_those_of_now_keep_what_they_hold(started, database_url):
    def go_back_one(connection):
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
        connection.execute(text("INSERT INTO health_writers VALUES ('w', 7, 1.0)"))
        connection.execute(
            text("INSERT INTO health_facts VALUES ('alpha', 'n', 'p', 1.0, '{}', 1)")
        )

    await changed(started, go_back_one)

    async def kept(database):
        async def count(connection):
            tables = ("health_writers", "health_facts")
            return [
                (await connection.execute(text(f"SELECT COUNT(*) FROM {one}"))).scalar_one()
                for one in tables
            ]

        return await database.read(count)

    assert await restarted(database_url, kept) == [1, 1]
    assert await restarted(database_url, differences) == []
