"""The tables are made by migrations, and are those the queries are written against."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import registry.health_tables  # noqa: F401 - its tables are compared as well
from aggregator.base.errors import ConfigError
from registry.database import Database
from registry.tables import METADATA

ROOT = Path(__file__).parents[3]
MIGRATING = """
import asyncio, sys
from registry.database import Database

async def main():
    database = Database(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    await database.start()
    print(await database.revision(), flush=True)
    await database.aclose()

asyncio.run(main())
"""


@pytest.fixture
async def database(database_url):
    made = Database(database_url)
    await made.start()
    yield made
    await made.aclose()


async def inspected(database, look):
    async def read(connection):
        return await connection.run_sync(look)

    return await database.read(read)


def differences(connection):
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return compare_metadata(context, METADATA)


async def test_the_tables_are_those_the_queries_are_written_against(database):
    assert await inspected(database, differences) == []


async def test_a_difference_would_be_seen(database):
    async def alter(change):
        await change.connection.execute(text("DROP INDEX ix_members_address"))

    await database.change(alter)
    assert await inspected(database, differences) != []


async def test_keys_that_point_at_members_do_so_in_the_database_too(database):
    def look(connection):
        return {
            (table, tuple(key["constrained_columns"]), key["referred_table"])
            for table in METADATA.tables
            for key in inspect(connection).get_foreign_keys(table)
        }

    assert await inspected(database, look) == {
        ("learned", ("member_id",), "members"),
        ("logos", ("member_id",), "members"),
        ("health_standings", ("member_id",), "members"),
        ("health_checks", ("member_id",), "members"),
        ("health_buckets", ("member_id",), "members"),
        ("health_facts", ("member_id",), "members"),
        ("conformance_runs", ("member_id",), "members"),
        ("alert_deliveries", ("target_id",), "alert_targets"),
    }


async def test_starting_again_changes_nothing(database, database_url):
    async def write(change):
        await change.connection.execute(
            text("INSERT INTO registry_facts (name, value) VALUES ('kept', 'yes')")
        )

    await database.change(write)
    again = Database(database_url)
    await again.start()
    assert await again.revision() == 1
    assert await again.agreed("kept", "no") == "yes"
    assert await inspected(again, differences) == []
    await again.aclose()


def test_several_processes_begin_at_once(database_url):
    command = [sys.executable, "-W", "error", "-c", MIGRATING, database_url]
    starting = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in starting:
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [(*process.communicate(timeout=60), process.returncode) for process in starting]
    assert ended == [("0\n", "", 0)] * 4


async def test_a_database_of_a_newer_version_is_not_touched(database, database_url):
    async def write(change):
        await change.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await database.change(write)
    older = Database(database_url)
    with pytest.raises(ConfigError) as refused:
        await older.start()
    (problem,) = refused.value.problems
    assert problem.startswith("registry.url: ")
    assert "made by a newer version of this software" in problem
    assert "9999" in problem


async def test_a_migration_that_fails_leaves_nothing(database_url, monkeypatch):
    upgrade = command.upgrade

    def fail_at_the_end(config, revision):
        upgrade(config, revision)
        raise OSError("the disk is gone")

    monkeypatch.setattr(command, "upgrade", fail_at_the_end)
    broken = Database(database_url)
    with pytest.raises(ConfigError, match="the disk is gone"):
        await broken.start()
    monkeypatch.undo()
    whole = Database(database_url)
    await whole.start()
    assert await inspected(whole, differences) == []
    assert await whole.revision() == 0
    await whole.aclose()
