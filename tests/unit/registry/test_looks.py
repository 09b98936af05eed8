"""A look at a registry that is followed: in the terms it is followed in now, and with patience."""

import pytest

from registry.database import Database
from registry.intake import place
from registry.keys import KeyKind
from registry.models import Protocol
from registry.records import MemberRecord, MemberState
from registry.snapshot import RegisteredMember
from tests.registry_world import BY, World, entry, source

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
async def world(database_url):
    database = Database(database_url)
    await database.start()
    yield World(database)
    await database.aclose()


def listing(names):
    return [entry(name) for name in names]


# --- how it is followed now


async def test_a_look_ends_when_its_registry_is_followed_no_more(world):
    await world.book.put(source(), by=BY)
    looked = await world.book.get("csc")
    await world.book.declare(looked, listing("ab"), is_whole=True)
    await world.book.drop("csc", by=BY)  # by another process, while this one reads the list
    lines = await world.told()
    assert await world.book.declare(looked, listing("abc"), is_whole=True) is None
    await world.store.refresh()
    assert world.states == {"a": "active", "b": "active"}
    assert await world.told() == lines


async def test_whether_it_is_trusted_is_what_an_operator_said_last(world):
    await world.book.put(source(is_trusted=True), by=BY)
    looked = await world.book.get("csc")
    await world.book.put(source(is_trusted=False), by=BY)
    taken = await world.book.declare(looked, listing("ab"), is_whole=True)
    assert taken.waits
    assert world.states == {"a": "pending", "b": "pending"}


@pytest.mark.parametrize("how", [{"form": "csv"}, {"groups": ("europe",)}])
async def test_a_list_read_in_another_way_than_it_is_followed_in_changes_nothing(world, how):
    await world.book.put(source(), by=BY)
    looked = await world.book.get("csc")
    await world.book.put(source(**how), by=BY)
    assert await world.book.declare(looked, listing("ab"), is_whole=True) is None
    await world.store.refresh()
    assert world.states == {}


# --- who is missed


async def test_a_member_leaves_when_two_looks_in_a_row_miss_it(world):
    await world.listed(*listing(NAMES))
    lines = await world.told()
    first = await world.listed(*listing("abc"))
    assert (first.missed, first.stayed, bool(first.changes)) == (("d", "e"), 0, False)
    assert await world.told() == lines
    again = await world.listed(*listing("abcd"))
    assert (again.missed, again.changes.removed) == ((), ("e",))
    assert world.states == {**dict.fromkeys("abcd", "active"), "e": "removed"}


async def test_a_member_that_flickers_stays(world):
    await world.listed(*listing(NAMES))
    for _ in range(3):
        assert not (await world.listed(*listing("abc"))).changes
        assert not (await world.listed(*listing(NAMES))).changes
    assert set(world.states.values()) == {"active"}


@pytest.mark.parametrize(("names", "whole"), [("abc", False), ("a", True)])
async def test_a_list_that_is_not_to_be_believed_is_no_look(world, names, whole):
    await world.listed(*listing(NAMES))
    await world.listed(*listing("abc"))
    doubtful = await world.listed(*listing(names), whole=whole)
    assert (doubtful.missed, doubtful.changes.removed) == ((), ())
    assert doubtful.stayed
    assert (await world.listed(*listing("abc"))).changes.removed == ("d", "e")


async def test_who_waits_for_an_operator_waits_no_more_at_once(world):
    await world.listed(*listing(NAMES), trusted=False)
    taken = await world.listed(*listing("abc"), trusted=False)
    assert (taken.missed, taken.changes.removed) == ((), ("d", "e"))


async def test_who_was_missed_is_forgotten_with_the_registry(world):
    await world.listed(*listing(NAMES))
    await world.listed(*listing("abcd"))
    await world.book.drop("csc", by=BY)
    assert await world.store.database.agreed("missed by import:csc", "nobody") == "nobody"


async def test_who_left_by_the_list_comes_back_by_it_as_it_was(world):
    await world.listed(*listing(NAMES), trusted=False)
    for name in NAMES:
        await world.steward.approve(name, by=BY)
    key = await world.keyring.rotate("d", by=BY)
    await world.listed_twice(*listing("abc"), trusted=False)
    assert (world.states["d"], world.states["e"]) == ("removed", "removed")
    moved = entry("e", url="https://elsewhere.example.org")
    taken = await world.listed(*listing("abcd"), moved, entry("f"), trusted=False)
    assert (taken.changes.added, taken.back) == (("d", "e", "f"), ("d",))
    assert {name: world.states[name] for name in "def"} == {
        "d": "active",
        "e": "pending",
        "f": "pending",
    }
    assert await world.keyring.holder(key, KeyKind.SERVICE) is not None


# --- one address in two protocols


def here(protocol, origin="operator"):
    member = RegisteredMember(entry("here", url="https://x.example.org", protocol=protocol))
    return {"here": MemberRecord(member, MemberState.ACTIVE, origin, 0, "", "")}


def both(*protocols):
    url = "https://x.example.org"
    return [entry(f"in-{one}", url=url, protocol=one) for one in protocols]


@pytest.mark.parametrize("origin", ["operator", "import:csc"])
@pytest.mark.parametrize("protocols", [("v1", "v2"), ("auto", "v1", "v2")])
def test_one_member_listed_in_two_protocols_is_told(origin, protocols):
    placed = place(both(*protocols), here(Protocol.AUTO, origin), origin="import:csc")
    assert len(placed.entries) + len(placed.known) == len(protocols)
    (problem,) = placed.problems
    assert problem == (
        "https://x.example.org: listed in v1 and in v2, and here as here, whose protocol is found "
        "out: it is one member; give here its protocol to take the other in"
    )


@pytest.mark.parametrize("protocols", [("v1",), ("auto", "v1"), ("v1", "v1"), ("auto", "auto")])
def test_what_may_be_one_is_one(protocols):
    assert place(both(*protocols), here(Protocol.AUTO)).problems == []


def test_where_the_member_has_its_protocol_the_other_is_taken_in():
    placed = place(both("v1", "v2"), here(Protocol.V2))
    assert [one.id for one in placed.entries] == ["in-v1"]
    assert (placed.known, placed.problems) == (["here"], [])
