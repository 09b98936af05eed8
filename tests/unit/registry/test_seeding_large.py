"""Large declarations: what it costs to take members in does not grow faster than they do."""

from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from registry.database import Database
from tests.registry_world import World, entry


@pytest.fixture
async def world():
    database = Database("sqlite:///:memory:")
    await database.start()
    yield World(database)
    await database.aclose()


@contextmanager
def questions():
    """What is read from the database meanwhile."""
    read = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("SELECT"):
            read.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield read
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a_first_start_reads_no_more_for_many_members_than_for_few(world):
    with questions() as of_few:
        await world.seeder.declare([entry(f"few-{number}") for number in range(2)])
    with questions() as of_many:
        await world.seeder.declare([entry(f"many-{number}") for number in range(100)])
    assert of_few
    assert len(of_many) == len(of_few)


async def test_a_look_at_a_large_list_reads_no_more_than_one_at_a_small_one(world):
    with questions() as of_few:
        await world.listed(*(entry(f"m{number}") for number in range(2)))
    with questions() as of_many:
        await world.listed(*(entry(f"m{number}") for number in range(100)))
    assert of_few
    assert len(of_many) <= len(of_few)


async def test_new_members_at_one_address_are_told_of_the_earlier_one(world):
    await world.seeder.declare([entry("first", protocol="v2")])
    here = {"url": "https://FIRST.example.org:443/"}
    changes = await world.seeder.declare(
        [
            entry("first", protocol="v2"),
            entry("asked-otherwise", protocol="v1", **here),
            entry("second", **here),
            entry("elsewhere"),
        ]
    )
    assert changes.kept == {"second": ("(at the address of asked-otherwise)",)}
    again = await world.seeder.declare(
        [entry("first", protocol="v2"), entry("second", **here), entry("third", **here)]
    )
    assert again.kept == {"third": ("(at the address of second)",)}


async def test_who_leaves_or_moves_with_the_same_declaration_is_at_no_address(world):
    await world.seeder.declare([entry("leaves"), entry("moves")])
    changes = await world.seeder.declare(
        [
            entry("new", url="https://leaves.example.org"),
            entry("other", url="https://moves.example.org"),
            entry("moves", url="https://moved.example.org"),
        ]
    )
    assert changes.removed == ("leaves",)
    assert changes.kept == {}
