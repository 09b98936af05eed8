"""Declarations meet the registry: nothing an operator did is overwritten without a word."""

from datetime import UTC, datetime

import pytest

from registry.database import Database
from registry.keys import KeyKind
from registry.models import Group, MemberEntry
from registry.offices import GroupBook, Journal, Keyring
from registry.records import MemberState
from registry.registration import checked_registration
from registry.seeding import Seeder
from registry.steward import Steward
from registry.store import RegistryStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(member_id="one", **fields):
    url = f"https://{member_id}.example.org"
    return MemberEntry.model_validate({"id": member_id, "url": url, **fields})


class World:
    """A registry in memory and everybody who works on it."""

    def __init__(self, database):
        self.store = RegistryStore(database)
        self.steward = Steward(self.store, changed=self.store.refresh, now=lambda: NOW)
        self.keyring = Keyring(self.store, now=lambda: NOW)
        self.groups = GroupBook(self.store, changed=self.store.refresh, now=lambda: NOW)
        self.journal = Journal(self.store)
        self._seeder = Seeder(database, now=lambda: NOW)

    async def declare(self, *entries, groups=(), **options):
        changes = await self._seeder.declare(entries, groups, **options)
        await self.store.refresh()
        return changes

    @property
    def ids(self):
        return [member.id for member in self.store.members]

    def record(self, member_id="one"):
        return self.store.records[member_id]

    async def told(self):
        """The log of changes, the oldest first."""
        return [(one.actor, one.action, one.subject) for one in await self.journal.read()][::-1]


@pytest.fixture
async def world():
    database = Database("sqlite:///:memory:")
    await database.start()
    yield World(database)
    await database.aclose()


# --- the seed alone ---


async def test_declared_members_come_change_and_leave(world):
    await world.declare(entry("one"), entry("two"))
    changes = await world.declare(entry("three"), entry("one", name="New"))
    assert (changes.added, changes.changed, changes.removed) == (("three",), ("one",), ("two",))
    assert world.ids == ["three", "one"]
    assert world.record().entry.name == "New"
    assert world.record("two").state is MemberState.REMOVED
    assert await world.told() == [
        ("seed", "add", "one"),
        ("seed", "add", "two"),
        ("seed", "add", "three"),
        ("seed", "edit", "one"),
        ("seed", "remove", "two"),
    ]


async def test_the_same_declaration_writes_nothing(world):
    await world.declare(entry("one"), entry("two"))
    told = await world.told()
    assert not await world.declare(entry("one"), entry("two"))
    assert await world.told() == told


async def test_one_that_left_comes_back_as_it_is_declared(world):
    await world.declare(entry("one", name="Old"))
    await world.declare()
    changes = await world.declare(entry("one", timeout_s=5))
    assert changes.added == ("one",)
    assert (world.record().entry.name, world.record().entry.timeout_s) == ("", 5)


async def test_the_seed_orders_members_until_an_operator_does(world):
    await world.declare(entry("one"), entry("two"))
    await world.declare(entry("two"), entry("one"))
    assert world.ids == ["two", "one"]
    await world.steward.order(["one"], by="operator")
    await world.declare(entry("two"), entry("one"), entry("three"))
    assert world.ids == ["one", "two", "three"]


# --- the seed and an operator ---


async def test_what_an_operator_changed_stays_and_is_told(world):
    await world.declare(entry(name="Old", timeout_s=3))
    await world.steward.edit("one", {"name": "Mine"}, by="operator")
    changes = await world.declare(entry(name="New", timeout_s=5))
    assert changes.kept == {"one": ("name",)}
    assert (world.record().entry.name, world.record().entry.timeout_s) == ("Mine", 5)
    assert world.record().differences == ("name",)


async def test_a_pause_survives_a_new_declaration(world):
    await world.declare(entry())
    await world.steward.pause("one", by="operator", note="moving")
    changes = await world.declare(entry(name="New"))
    assert changes.kept == {"one": ("paused",)}
    assert world.record().entry.paused.note == "moving"
    assert world.record().entry.name == "New"


async def test_one_an_operator_removed_stays_away_until_restored(world):
    await world.declare(entry())
    await world.steward.remove("one", by="operator")
    changes = await world.declare(entry(name="New"))
    assert changes.kept == {"one": ("(removed)",)}
    assert world.ids == []
    await world.steward.restore("one", by="operator")
    await world.declare(entry(name="New"))
    assert (world.ids, world.record().entry.name) == (["one"], "New")


async def test_one_an_operator_changed_stays_when_it_is_declared_no_more(world):
    await world.declare(entry())
    await world.steward.edit("one", {"timeout_s": 3}, by="operator")
    changes = await world.declare()
    assert changes.kept == {"one": ("(not in the seed)",)}
    assert world.ids == ["one"]
    assert not (await world.declare()).kept


async def test_one_an_operator_added_is_not_the_seeds_to_remove(world):
    await world.steward.add(entry().model_dump(exclude_defaults=True), by="operator")
    await world.declare()
    assert world.ids == ["one"]
    changes = await world.declare(entry(groups=["a"], name="Seeds"))
    assert world.record().entry.groups == ("a",)
    assert not changes.kept
    await world.declare()
    assert world.ids == ["one"]


# --- the seed and strangers ---


async def asked_to_join(world, url="https://one.example.org"):
    told = {"id": "one", "url": url, "name": "Stranger"}
    return await world.steward.register(checked_registration(told), by="stranger")


async def test_declaring_who_waits_lets_it_in_and_ends_its_key(world):
    """Whoever asked only proved that something answers there, not that it is theirs."""
    key = (await asked_to_join(world)).service_key
    changes = await world.declare(entry(name="Declared"))
    assert changes.added == ("one",)
    assert world.record().entry.name == "Declared"
    assert await world.keyring.holder(key, KeyKind.SERVICE) is None


async def test_who_squats_an_id_does_not_get_the_keys_of_the_declared_member(world):
    key = (await asked_to_join(world, "https://evil.example.org")).service_key
    await world.declare(entry())
    assert world.record().entry.url == "https://one.example.org"
    assert await world.keyring.holder(key, KeyKind.SERVICE) is None


async def test_fields_that_do_not_fit_together_keep_the_member_and_take_the_others(world):
    await world.declare(entry(protocol="v1", dialect={"coordinates": 1}))
    await world.steward.edit("one", {"protocol": "v0"}, by="operator")
    changes = await world.declare(entry(protocol="v1"), entry("two"))
    assert changes.added == ("two",)
    assert any("needs `dialect: {coordinates" in one for one in changes.kept["one"])
    assert world.record().entry.protocol == "v0"


async def test_two_at_one_address_are_told(world):
    await world.declare(entry("one"))
    changes = await world.declare(entry("one"), entry("two", url="https://one.example.org/"))
    assert changes.kept == {"two": ("(at the address of one)",)}


# --- registries that are followed ---


async def test_a_followed_registry_adds_changes_and_removes_only_its_own(world):
    await world.declare(entry("one"))
    changes = await world.declare(entry("one", name="Theirs"), entry("two"), origin="import:x")
    assert changes.added == ("two",)
    assert changes.kept == {"one": ("(known from seed)",)}
    assert world.record("one").entry.name == ""
    await world.declare(entry("two", name="New"), origin="import:x")
    assert world.record("two").entry.name == "New"
    await world.declare(origin="import:x")
    assert world.ids == ["one"]


async def test_who_a_list_lost_and_found_again_is_what_it_was(world):
    await world.declare(entry("one"), origin="import:x")
    key = await world.keyring.rotate("one", by="operator")
    await world.declare(origin="import:x")
    assert world.ids == []
    await world.declare(entry("one"), origin="import:x")
    assert world.ids == ["one"]
    assert (await world.keyring.holder(key, KeyKind.SERVICE)).owner == "one"


async def test_the_seed_leaves_what_is_followed_alone_until_it_declares_it(world):
    await world.declare(entry("two", name="Theirs"), origin="import:x")
    changes = await world.declare(entry("one"))
    assert (changes.changed, changes.removed, changes.kept) == ((), (), {})
    assert world.ids == ["one", "two"]
    await world.declare(entry("one"), entry("two", timeout_s=3))
    assert world.record("two").origin == "seed"
    assert world.record("two").entry.timeout_s == 3
    await world.declare(origin="import:x")
    assert "two" in world.ids


# --- groups ---


async def test_groups_are_declared_like_members(world):
    one = Group(id="a", name="A")
    await world.declare(groups=[one])
    assert world.store.groups == {"a": one}
    await world.groups.describe(Group(id="a", name="Mine"), by="operator")
    changes = await world.declare(groups=[Group(id="a", name="New", opaque=True)])
    assert changes.kept == {"group a": ("name",)}
    assert world.store.groups == {"a": Group(id="a", name="Mine", opaque=True)}
    changes = await world.declare()
    assert changes.kept == {"group a": ("(not in the seed)",)}
    assert "a" in world.store.groups


async def test_an_untouched_group_leaves_with_its_declaration(world):
    await world.declare(groups=[Group(id="a")])
    await world.declare()
    assert world.store.groups == {}


async def test_a_dropped_group_stays_dropped_while_it_is_declared(world):
    await world.declare(groups=[Group(id="a")])
    await world.groups.drop("a", by="operator")
    changes = await world.declare(groups=[Group(id="a")])
    assert changes.kept == {"group a": ("(removed)",)}
    assert world.store.groups == {}


async def test_a_declaration_that_fails_changes_nothing(world):
    await world.declare(entry("one"))
    with pytest.raises(AttributeError):
        await world.declare(entry("two"), object())
    assert world.ids == ["one"]
    assert len(await world.told()) == 1
