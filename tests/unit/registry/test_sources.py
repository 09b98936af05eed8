"""What lists of others may change here, and what they may not: whatever an operator has set."""

import asyncio

import pytest

from aggregator.base.errors import Conflict, NotFound
from registry.database import Database
from registry.intake import place
from registry.keys import KeyKind
from registry.models import Group
from registry.records import MemberRecord, MemberState
from registry.snapshot import RegisteredMember
from tests.registry_world import BY, World, entry, source


@pytest.fixture
async def world():
    database = Database("sqlite:///:memory:")
    await database.start()
    yield World(database)
    await database.aclose()


# --- taken in once


async def test_new_members_are_added_with_a_line_each(world):
    made = await world.take_in(entry("a"), entry("b"))
    assert (made.added, made.known, made.problems) == (("a", "b"), (), ())
    assert world.states == {"a": "active", "b": "active"}
    assert await world.told() == [(BY, "import", "a"), (BY, "import", "b")]
    again = await world.take_in(entry("a"), entry("b"))
    assert (again.added, again.known) == ((), ("a", "b"))
    assert len(await world.told()) == 2


async def test_they_wait_if_they_shall(world):
    await world.take_in(entry("a"), waits=True)
    assert world.states == {"a": "pending"}
    assert world.store.members == ()
    await world.steward.approve("a", by=BY)
    assert world.states == {"a": "active"}


async def test_a_beacon_is_known_by_its_address_whatever_its_id(world):
    await world.steward.add({"id": "ours", "url": "https://one.example.org/"}, by=BY)
    made = await world.take_in(entry("theirs", url="https://ONE.example.org:443"))
    assert (made.added, made.known) == ((), ("ours",))


async def test_one_address_in_two_protocols_is_two_beacons(world):
    url = "https://both.example.org"
    await world.take_in(entry("new", url=url, protocol="v2"), entry("old", url=url, protocol="v1"))
    assert world.states == {"new": "active", "old": "active"}
    made = await world.take_in(entry("any", url=url))
    assert made.known == ("new",)


async def test_an_id_that_is_taken_becomes_another_one(world):
    await world.steward.add({"id": "one", "url": "https://other.example.org"}, by=BY)
    await world.groups.describe(Group(id="club", opaque=True), by=BY)
    made = await world.take_in(entry("one"), entry("club"))
    assert made.added == ("one-2", "club-2")
    assert world.record("one-2").entry.url == "https://one.example.org"


async def test_an_id_of_the_operators_own_list_is_never_changed(world):
    await world.steward.add({"id": "one", "url": "https://other.example.org"}, by=BY)
    await world.steward.add({"id": "gone", "url": "https://gone.example.org"}, by=BY)
    await world.steward.remove("gone", by=BY)
    made = await world.take_in(
        entry("one"), entry("gone", url="https://new.example.org"), keeps_ids=True
    )
    assert made.added == ()
    assert "one: a member of this id is here already, at https://other" in made.problems[0]
    assert "gone: a member of this id was removed" in made.problems[1]


async def test_whom_an_operator_removed_or_turned_away_does_not_come_back_by_a_list(world):
    await world.take_in(entry("a"))
    await world.take_in(entry("b"), waits=True)
    await world.steward.remove("a", by=BY)
    await world.steward.reject("b", by=BY)
    made = await world.take_in(entry("a"), entry("b"), entry("c"))
    assert made.added == ("c",)
    assert "a: was removed" in made.problems[0]
    assert "b: was turned away" in made.problems[1]
    assert world.states == {"a": "removed", "b": "rejected", "c": "active"}


def test_two_thousand_are_placed_among_two_thousand_at_once():
    held = {
        f"m{n}": MemberRecord(
            RegisteredMember(entry(f"m{n}")), MemberState.ACTIVE, "operator", n, "", ""
        )
        for n in range(2_000)
    }
    listed = [entry(f"m{n}") for n in range(1_000, 3_000)]
    placed = place(listed, held)
    assert (len(placed.known), len(placed.entries)) == (1_000, 1_000)


# --- followed


async def test_a_trusted_registry_adds_changes_and_takes_away(world):
    await world.listed(entry("a"), entry("b"), entry("c"))
    missed = await world.listed(entry("a", name="A"), entry("c"), entry("d"))
    assert (missed.changes.added, missed.changes.changed) == (("d",), ("a",))
    assert (missed.missed, missed.changes.removed) == (("b",), ())
    taken = await world.listed(entry("a", name="A"), entry("c"), entry("d"))
    assert (taken.missed, taken.changes.removed) == ((), ("b",))
    assert world.states == {"a": "active", "b": "removed", "c": "active", "d": "active"}
    assert (await world.told())[-3:] == [
        *(("import:csc", "edit", "a"), ("import:csc", "add", "d"), ("import:csc", "remove", "b")),
    ]
    back = await world.listed(entry("a"), entry("b"), entry("c"), entry("d"))
    assert back.changes.added == ("b",)
    assert world.states["b"] == "active"


async def test_of_another_registry_new_members_wait(world):
    taken = await world.listed(entry("a"), entry("b"), entry("c"), trusted=False)
    assert taken.changes.added == ("a", "b", "c")
    assert world.states == {"a": "pending", "b": "pending", "c": "pending"}
    await world.steward.approve("a", by=BY)
    await world.steward.reject("b", by=BY)
    await world.listed(entry("a", name="A"), entry("b", name="B"), entry("c"), trusted=False)
    assert world.states == {"a": "active", "b": "rejected", "c": "pending"}
    assert world.record("a").entry.name == "A"
    gone = await world.listed(entry("a", name="A"), entry("b"), trusted=False)
    assert gone.changes.removed == ("c",), "who waits and is listed no more waits no more"


async def test_who_waits_is_let_in_when_the_registry_is_trusted(world):
    await world.listed(entry("a"), trusted=False)
    await world.steward.edit("a", {"name": "Ours"}, by=BY)
    taken = await world.listed(entry("a", name="Theirs"), trusted=True)
    assert taken.changes.added == ("a",)
    assert world.states == {"a": "active"}
    assert world.record("a").entry.name == "Ours"
    assert taken.changes.kept == {"a": ("name",)}


async def test_what_an_operator_set_stays(world):
    await world.listed(entry("a"), entry("b"), entry("c"))
    await world.steward.edit("a", {"name": "Ours", "timeout_s": 5}, by=BY)
    await world.steward.pause("b", by=BY)
    await world.steward.remove("c", by=BY)
    taken = await world.listed(
        entry("a", name="Theirs"), entry("b", name="B"), entry("c", name="C")
    )
    assert (world.record("a").entry.name, world.record("a").entry.timeout_s) == ("Ours", 5)
    assert world.record("b").entry.paused is not None
    assert world.states["c"] == "removed"
    assert taken.changes.kept["a"] == ("name", "timeout_s")
    assert taken.changes.kept["c"] == ("(removed)",)
    # and it stays so when the list forgets it and names it again
    await world.listed(entry("a"), entry("b"))
    await world.listed(entry("a"), entry("b"), entry("c"))
    assert world.states["c"] == "removed"


async def test_whom_an_operator_changed_stays_when_the_list_drops_it(world):
    await world.listed(entry("a"), entry("b"), entry("c"))
    await world.steward.edit("a", {"name": "Ours"}, by=BY)
    taken = await world.listed(entry("b"), entry("c"))
    assert (taken.changes.removed, taken.missed) == ((), ())
    assert taken.changes.kept == {"a": ("(not in the seed)",)}
    assert world.states["a"] == "active"


@pytest.mark.parametrize("trusted", [False, True])
async def test_members_of_others_are_left_alone(world, trusted):
    await world.steward.add({"id": "ours", "url": "https://one.example.org"}, by=BY)
    await world.seeder.declare([entry("seeded")])
    await world.store.refresh()
    before = world.record("ours")
    taken = await world.listed(
        entry("one", name="X"), entry("seeded", name="Y"), entry("ours"), trusted=trusted
    )
    assert taken.known == ("ours", "seeded")
    assert world.record("ours") == before
    assert world.record("seeded").entry.name == ""
    assert taken.changes.added == ("ours-2",)


async def test_ids_of_a_list_may_change_and_members_stay_the_same(world):
    await world.listed(entry("a"), entry("b"))
    taken = await world.listed(
        entry("x", url="https://b.example.org"), entry("b", url="https://a.example.org")
    )
    assert not taken.changes
    assert world.states == {"a": "active", "b": "active"}


# --- lists that are not to be believed


async def test_nobody_leaves_when_the_list_was_not_read_as_a_whole(world):
    await world.listed(entry("a"), entry("b"), entry("c"))
    taken = await world.listed(entry("a"), entry("b", name="B"), whole=False)
    assert (taken.changes.removed, taken.stayed) == ((), 1)
    assert taken.changes.changed == ("b",)
    assert world.states["c"] == "active"


@pytest.mark.parametrize(("left", "leave"), [(4, 0), (2, 2), (1, 0), (0, 0)])
async def test_nobody_leaves_when_more_than_half_are_missing(world, left, leave):
    names = ["a", "b", "c", "d"]
    await world.listed(*map(entry, names))
    taken = await world.listed_twice(*map(entry, names[:left]))
    assert len(taken.changes.removed) == leave
    assert taken.stayed == (4 - left if not leave else 0)


# --- another address


async def test_another_address_waits_for_an_operator(world):
    await world.listed(entry("a"), trusted=False)
    await world.steward.approve("a", by=BY)
    taken = await world.listed(entry("a", url="https://new.example.org"), trusted=False)
    assert taken.changes.changed == ("a",)
    assert world.record("a").entry.url == "https://a.example.org"
    assert world.record("a").proposed.url == "https://new.example.org"
    lines = len(await world.told())
    await world.listed(entry("a", url="https://new.example.org"), trusted=False)
    assert len(await world.told()) == lines, "the same again is no change"
    await world.steward.approve("a", by=BY)
    assert world.record("a").entry.url == "https://new.example.org"
    await world.listed(entry("a", url="https://third.example.org"), trusted=False)
    assert world.record("a").proposed.url == "https://third.example.org"
    await world.listed(entry("a", url="https://new.example.org"), trusted=False)
    assert world.record("a").proposed is None, "it is where it was again"


async def test_an_address_that_was_refused_is_not_proposed_again(world):
    await world.listed(entry("a"), trusted=False)
    await world.steward.approve("a", by=BY)
    await world.listed(entry("a", url="https://new.example.org"), trusted=False)
    await world.steward.reject("a", by=BY)
    await world.listed(entry("a", url="https://new.example.org", name="A"), trusted=False)
    assert world.record("a").proposed is None
    assert world.record("a").entry.url == "https://a.example.org"
    assert world.record("a").entry.name == "A"


async def test_a_trusted_registry_moves_members_unless_a_credential_would_go_with_them(world):
    await world.listed(entry("a"), entry("b"))
    await world.steward.edit("b", {"token": "env:BEACON_MEMBER_TOKEN_B"}, by=BY)
    key = await world.keyring.rotate("a", by=BY)
    await world.listed(
        entry("a", url="https://new-a.example.org"), entry("b", url="https://evil.example.org")
    )
    assert world.record("a").entry.url == "https://new-a.example.org"
    assert world.record("b").entry.url == "https://b.example.org"
    assert world.record("b").proposed.url == "https://evil.example.org"
    assert world.record("b").proposed.token == "env:BEACON_MEMBER_TOKEN_B"
    assert await world.keyring.holder(key, KeyKind.SERVICE) is not None


async def test_an_address_an_operator_set_stays(world):
    await world.listed(entry("a"))
    await world.steward.edit("a", {"url": "https://ours.example.org"}, by=BY)
    taken = await world.listed(entry("a", url="https://new.example.org"))
    assert world.record("a").entry.url == "https://ours.example.org"
    assert world.record("a").proposed is None
    assert taken.changes.kept == {"a": ("url",)}


# --- what is followed


async def test_following_is_kept_and_told(world):
    await world.book.put(source(), by=BY)
    await world.book.put(source(), by=BY)
    await world.book.looked("csc", "Fine.")
    (kept,) = await world.book.all()
    assert kept == source(result="Fine.", looked_at="2026-03-01T12:00:00.000Z")
    await world.book.put(source(is_trusted=False, groups=("europe",)), by=BY)
    assert (await world.book.get("csc")).groups == ("europe",)
    assert await world.told() == [(BY, "follow", "registry:csc")] * 2
    with pytest.raises(Conflict, match="csc"):
        await world.book.put(source(url="https://other.example.org"), by=BY)
    with pytest.raises(NotFound):
        await world.book.get("nobody")


async def test_members_of_what_is_followed_no_more_are_the_operators(world):
    await world.book.put(source(), by=BY)
    await world.listed(entry("a"), entry("b"), entry("c"))
    await world.listed_twice(entry("a"), entry("b"))
    await world.book.drop("csc", by=BY)
    assert world.states == {"a": "active", "b": "active", "c": "removed"}
    assert world.record("a").origin == "operator"
    assert world.record("a").declared is None
    assert (await world.told())[-1] == (BY, "unfollow", "registry:csc")
    assert (BY, "unfollow", "a") in await world.told()
    with pytest.raises(NotFound):
        await world.book.drop("csc", by=BY)
    # followed again, they are known, and who left by the list comes back by it
    await world.book.put(source(), by=BY)
    taken = await world.listed(entry("a", name="X"), entry("b"), entry("c"))
    assert taken.known == ("a", "b")
    assert taken.changes.added == ("c",)
    assert world.record("a").entry.name == ""


async def test_the_seed_takes_over_what_a_list_named(world):
    await world.listed(entry("a", name="Theirs"))
    await world.seeder.declare([entry("a", name="Ours")])
    await world.store.refresh()
    taken = await world.listed(entry("a", name="Theirs again"))
    assert taken.known == ("a",)
    assert world.record("a").entry.name == "Ours"


async def test_both_databases_keep_what_is_followed(database_url):
    database = Database(database_url)
    await database.start()
    try:
        world = World(database)
        await world.book.put(source(groups=("europe",), is_trusted=False), by=BY)
        await world.book.declare(
            source(groups=("europe",)), [entry("a"), entry("b")], is_whole=True
        )
        await world.store.refresh()
        await world.book.looked("csc", "Fine.")
        assert await world.book.get("csc") == source(
            groups=("europe",),
            is_trusted=False,
            result="Fine.",
            looked_at="2026-03-01T12:00:00.000Z",
        )
        await world.book.drop("csc", by=BY)
        assert (await world.book.all(), world.states) == ((), {"a": "pending", "b": "pending"})
    finally:
        await database.aclose()


async def test_two_declarations_at_once_are_one_after_the_other(world):
    await asyncio.gather(*(world.listed(entry("a"), entry("b")) for _ in range(5)))
    assert len(await world.told()) == 2
