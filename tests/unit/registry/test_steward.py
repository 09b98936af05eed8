"""Who may change what of whom: nobody gets another's member, credentials, or out of a decision."""

import asyncio
from datetime import UTC, datetime

import pytest

from aggregator.base.errors import BadQuery, Conflict
from registry.database import Database
from registry.keys import KeyKind
from registry.models import Group
from registry.offices import GroupBook, Journal, Keyring
from registry.records import MemberState
from registry.registration import checked_registration
from registry.steward import Steward
from registry.store import RegistryStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://one.example.org"


class World:
    """A registry in memory and those who change it."""

    def __init__(self, database):
        self.store = RegistryStore(database)
        self.steward = Steward(self.store, changed=self.store.refresh, now=lambda: NOW)
        self.keyring = Keyring(self.store, now=lambda: NOW)
        self.groups = GroupBook(self.store, changed=self.store.refresh, now=lambda: NOW)
        self.journal = Journal(self.store)

    async def join(self, member_id="one", url=URL, *, at_once=True, **told):
        registration = checked_registration({"id": member_id, "url": url, **told})
        return await self.steward.register(registration, by="stranger", at_once=at_once)

    async def add(self, member_id="one", url=URL, **told):
        return await self.steward.add({"id": member_id, "url": url, **told}, by="operator")

    async def lines(self):
        return len(await self.journal.read())

    def record(self, member_id="one"):
        return self.store.records[member_id]


@pytest.fixture
async def world():
    database = Database("sqlite:///:memory:")
    await database.start()
    yield World(database)
    await database.aclose()


# --- keys ---


async def test_the_key_of_who_was_removed_does_not_open_who_comes_after(world):
    key = (await world.join()).service_key
    await world.steward.remove("one", by="operator")
    await world.add(url="https://other.example.org")
    assert await world.keyring.holder(key, KeyKind.SERVICE) is None


async def test_the_key_of_who_left_does_not_open_who_registers_after(world):
    first = (await world.join()).service_key
    await world.steward.remove("one", by="member:one")
    second = (await world.join()).service_key
    assert await world.keyring.holder(first, KeyKind.SERVICE) is None
    assert await world.keyring.holder(second, KeyKind.SERVICE) is not None


# --- credentials ---


@pytest.mark.parametrize(
    ("token", "url", "waits"),
    [
        ("env:BEACON_MEMBER_TOKEN_ONE", "https://evil.example.org", True),
        ("env:BEACON_MEMBER_TOKEN_ONE", f"{URL}/other", True),
        ("passthrough", "https://evil.example.org", True),
        ("none", "http://one.example.org", True),
        ("none", "https://new.example.org", False),
    ],
)
async def test_no_credential_follows_a_member_without_the_operator(world, token, url, waits):
    await world.add(token=token)
    changed = await world.steward.propose("one", {"url": url}, by="member:one", at_once=True)
    assert (changed.entry.url, changed.proposed is not None) == (
        (URL, True) if waits else (url, False)
    )


# --- decisions of operators ---


async def test_leaving_and_coming_back_keeps_what_the_operator_set(world):
    await world.groups.describe(Group(id="hidden", opaque=True), by="operator")
    await world.join()
    told = {"disabled": True, "groups": ["hidden"], "timeout_s": 3.0}
    await world.steward.edit("one", told, by="operator")
    await world.steward.pause("one", by="operator")
    await world.steward.remove("one", by="member:one")

    back = (await world.join()).record

    assert back.state is MemberState.PENDING
    assert back.entry.model_dump(include={*told}) == {**told, "groups": ("hidden",)}
    assert back.entry.paused.by == "operator"


async def test_coming_back_elsewhere_leaves_credentials_behind(world):
    await world.add(token="passthrough", dialect={"method": "POST"})
    await world.steward.remove("one", by="member:one")
    back = (await world.join(url="https://new.example.org")).record
    assert (back.entry.token, back.entry.dialect.method) == ("none", None)


async def test_who_left_free_comes_back_free(world):
    await world.join()
    await world.steward.remove("one", by="member:one")
    assert (await world.join()).record.state is MemberState.ACTIVE


async def test_nothing_is_approved_that_was_not_seen(world):
    seen = (await world.join(at_once=False)).record.updated_at
    await world.steward.propose("one", {"name": "Other"}, by="member:one", at_once=True)
    for decide in (world.steward.approve, world.steward.reject):
        with pytest.raises(Conflict, match="look at it again"):
            await decide("one", by="operator", as_of=seen)
    assert world.record().state is MemberState.PENDING
    await world.steward.approve("one", by="operator", as_of=world.record().updated_at)
    assert world.record().state is MemberState.ACTIVE


# --- one beacon, one member ---


@pytest.mark.parametrize(
    "url",
    [
        *(URL, f"{URL}/", "http://one.example.org", "https://ONE.example.org:443", f"{URL}."),
        *("https://one.example.org/x/..", "https://\uff4fne.example.org"),
    ],
)
@pytest.mark.parametrize("protocol", ["auto", "v2"])
async def test_an_address_is_registered_once_however_it_is_spelled(world, url, protocol):
    await world.add("first")
    before = await world.lines()
    with pytest.raises(Conflict, match="registered here already"):
        await world.join("second", url, protocol=protocol)
    assert "second" not in world.store.records
    assert await world.lines() == before


async def test_two_protocols_at_one_address_are_two_beacons(world):
    await world.add("first", protocol="v1")
    await world.join("second", protocol="v2")
    assert [one.id for one in world.store.members] == ["first", "second"]


async def test_strangers_are_not_told_how_who_is_there_stands(world):
    await world.join("first", at_once=False)
    with pytest.raises(Conflict) as for_strangers:
        await world.join("second")
    with pytest.raises(Conflict) as for_operators:
        await world.add("second")
    assert "first" not in str(for_strangers.value)
    assert "has asked to join: “first”" in str(for_operators.value)


async def test_nobody_is_restored_to_an_address_that_is_taken(world):
    await world.add("first")
    await world.steward.remove("first", by="operator")
    await world.add("second")
    with pytest.raises(Conflict, match="is a member: “second”"):
        await world.steward.restore("first", by="operator")


# --- slips ---


async def test_a_group_nobody_knows_is_refused(world):
    await world.add()
    for change in (world.steward.edit("one", {"groups": ["nrth"]}, by="operator"),):
        with pytest.raises(BadQuery, match="there is no group “nrth”"):
            await change
    with pytest.raises(BadQuery, match="describe it first"):
        await world.add("two", "https://two.example.org", groups=["nrth"])
    await world.groups.describe(Group(id="north"), by="operator")
    await world.steward.edit("one", {"groups": ["north"]}, by="operator")
    assert world.record().entry.groups == ("north",)


@pytest.mark.parametrize(
    ("field", "value"),
    [("disabled", "yes"), ("max_concurrency", "4"), ("timeout_s", "3"), ("disabled", 1)],
)
async def test_words_are_no_numbers_and_no_truths(world, field, value):
    await world.add()
    with pytest.raises(BadQuery, match=field):
        await world.steward.edit("one", {field: value}, by="operator")


async def test_what_is_over_long_is_refused():
    with pytest.raises(BadQuery, match="organization's id is at most 200"):
        checked_registration(
            {"id": "a", "url": URL, "organization": {"id": "x" * 201, "name": "x"}}
        )
    many = checked_registration({"id": "a", "url": URL, "assemblies": ["hg38", "GRCh38"] * 50})
    assert many.entry().assemblies == ("GRCh38",)


# --- whoever goes away meanwhile ---


async def test_a_change_whose_caller_has_gone_is_kept_and_comes_into_force(world):
    change = asyncio.ensure_future(world.add())
    await asyncio.sleep(0)
    for _ in range(3):
        change.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await change
    assert [one.id for one in world.store.members] == ["one"]
