"""What a registry is for, the same in a SQLite file and in PostgreSQL, by two processes."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aggregator.base.errors import Conflict, Forbidden, NotFound
from registry.capabilities import Capabilities, FilteringTerm
from registry.database import Database
from registry.keys import KeyKind
from registry.models import Dialect, Group, MemberEntry, Protocol
from registry.offices import GroupBook, Journal, Keyring
from registry.records import MemberState
from registry.registration import Registration
from registry.seeding import Seeder
from registry.steward import Steward
from registry.store import RegistryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEN = Capabilities(
    protocol=Protocol.V2,
    name="Größe 日本",
    filtering_terms=(FilteringTerm(id="HP:0001250", label="Seizure"),),
    fetched_at=NOON,
)


class Process:
    """What one process of a network has of the registry; its clock is set by hand."""

    def __init__(self, database: Database) -> None:
        self.at = NOON
        self.store = RegistryStore(database, now=lambda: self.at)
        changed = self.store.refresh
        self.steward = Steward(self.store, changed=changed, now=lambda: self.at)
        self.keyring = Keyring(self.store, now=lambda: self.at)
        self.groups = GroupBook(self.store, changed=changed, now=lambda: self.at)
        self.journal = Journal(self.store)
        self.seeder = Seeder(database, now=lambda: self.at)

    @property
    def ids(self) -> list[str]:
        return [member.id for member in self.store.members]

    async def add(self, *ids: str, **rest: Any) -> None:
        for each in ids:
            await self.steward.add(entry(each, **rest), by="operator:ann")

    async def log(self) -> list[tuple[str, str, str]]:
        lines = await self.journal.read()
        return [(line.actor, line.action, line.subject) for line in reversed(lines)]


@asynccontextmanager
async def process_on(url: str) -> AsyncIterator[Process]:
    database = Database(url)
    await database.start()
    try:
        process = Process(database)
        await process.store.refresh()
        yield process
    finally:
        await database.aclose()


@pytest.fixture
async def one(nothing_left: None, database_url: str) -> AsyncIterator[Process]:
    async with process_on(database_url) as process:
        yield process


@pytest.fixture
async def other(one: Process, database_url: str) -> AsyncIterator[Process]:
    async with process_on(database_url) as process:
        yield process


def entry(member_id: str = "one", **rest: Any) -> Mapping[str, Any]:
    return {"id": member_id, "url": f"https://{member_id}.example.org", **rest}


async def test_a_beacon_joins_is_approved_leaves_and_comes_back(one: Process) -> None:
    asked = Registration(id="lab", url="https://lab.example.org", contact="ann@example.org")
    registered = await one.steward.register(asked, by="stranger")
    assert registered.record.state is MemberState.PENDING
    assert one.ids == []
    await one.steward.approve("lab", by="operator:ann")
    assert one.ids == ["lab"]
    assert (await one.steward.record("lab")).contact == "ann@example.org"
    await one.groups.describe(Group(id="europe"), by="operator:ann")
    await one.steward.edit("lab", {"name": "Lab", "groups": ["europe"]}, by="operator:ann")
    await one.steward.pause("lab", by="member:lab", until="2026-04-01", as_member=True)
    await one.steward.resume("lab", by="member:lab", as_member=True)
    await one.steward.remove("lab", by="operator:ann", note="moved away")
    assert one.ids == []
    await one.steward.restore("lab", by="operator:ann")
    assert one.ids == ["lab"]
    actions = [action for _, action, _ in await one.log()]
    actions.remove("describe group")
    assert actions == [*("ask to join", "approve", "edit", "pause", "resume", "remove", "restore")]
    lines = await one.journal.read(subject="lab")
    assert all(later.before == sooner.after for later, sooner in itertools.pairwise(lines))


async def test_what_changes_nothing_leaves_no_line(one: Process) -> None:
    await one.add("one")
    await one.steward.edit("one", {"name": ""}, by="operator:ann")
    await one.steward.resume("one", by="operator:ann")
    assert len(await one.log()) == 1


async def test_an_id_or_address_is_one_members(one: Process) -> None:
    await one.add("one")
    with pytest.raises(Conflict, match="“one” is taken"):
        await one.steward.add(entry("one", url="https://new.example.org"), by="operator:ann")
    with pytest.raises(Conflict, match="at this address is a member: “one”"):
        await one.steward.add(entry("two", url="HTTPS://ONE.example.org:443/"), by="operator:ann")
    with pytest.raises(NotFound):
        await one.steward.pause("two", by="operator:ann")
    await one.add("two")
    with pytest.raises(Conflict, match="at this address is a member: “one”"):
        await one.steward.edit("two", {"url": "https://one.example.org"}, by="operator:ann")


async def test_one_of_two_beacons_that_join_at_once_gets_the_id(
    one: Process, other: Process
) -> None:
    joining = [
        each.steward.register(
            Registration(id="lab", url=f"https://{number}.example.org"), by="stranger"
        )
        for number, each in enumerate((one, other) * 4)
    ]
    ended = await asyncio.gather(*joining, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in ended) == 1
    assert sum(isinstance(each, Conflict) for each in ended) == 7
    assert len(await one.log()) == 1
    assert len(await one.keyring.keys(KeyKind.SERVICE)) == 1


async def test_an_invitation_lets_in_as_many_as_it_says(one: Process, other: Process) -> None:
    invitation, _ = await one.keyring.invite(by="operator:ann", uses=2, days=1)
    joining = [
        each.steward.register(
            Registration(id=f"lab-{number}", url=f"https://{number}.example.org"),
            by="stranger",
            invitation=invitation,
        )
        for number, each in enumerate((one, other, one, other))
    ]
    ended = await asyncio.gather(*joining, return_exceptions=True)
    assert sum(isinstance(each, Forbidden) for each in ended) == 2
    await one.store.refresh()
    assert len(one.ids) == 2
    late, _ = await one.keyring.invite(by="operator:ann", uses=None, days=1)
    assert await one.keyring.holder(late, KeyKind.INVITATION)
    one.at += timedelta(days=1)
    assert await one.keyring.holder(late, KeyKind.INVITATION) is None


async def test_a_new_service_key_ends_the_one_before(one: Process) -> None:
    asked = Registration(id="lab", url="https://lab.example.org")
    first = (await one.steward.register(asked, by="stranger")).service_key
    held = await one.keyring.holder(first, KeyKind.SERVICE)
    assert held is not None
    assert held.owner == "lab"
    assert await one.keyring.holder(first, KeyKind.OPERATOR) is None
    second = await one.keyring.rotate("lab", by="operator:ann")
    assert await one.keyring.holder(first, KeyKind.SERVICE) is None
    held = await one.keyring.holder(second, KeyKind.SERVICE)
    assert held is not None
    await one.keyring.revoke(held.id, by="operator:ann")
    assert await one.keyring.holder(second, KeyKind.SERVICE) is None


async def test_a_form_is_good_once(one: Process, other: Process) -> None:
    joining = [
        each.steward.register(
            Registration(id=f"lab-{number}", url=f"https://{number}.example.org"),
            by="stranger",
            form="token",
        )
        for number, each in enumerate((one, other))
    ]
    ended = await asyncio.gather(*joining, return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in ended) == 1
    assert len(await one.steward.records()) == 1


async def test_a_declaration_is_taken_in_and_what_an_operator_changed_stays(one: Process) -> None:
    declared = [MemberEntry.model_validate(entry(each)) for each in ("one", "two", "three")]
    await one.seeder.declare(declared, [Group(id="europe", name="Europe")])
    await one.store.refresh()
    assert one.ids == ["one", "two", "three"]
    assert one.store.groups["europe"].name == "Europe"
    await one.steward.edit("two", {"name": "Mine"}, by="operator:ann")
    renamed = [each.model_copy(update={"name": "Theirs"}) for each in declared[:2]]
    changes = await one.seeder.declare(renamed[::-1])
    await one.store.refresh()
    assert changes.changed == ("one",)
    assert changes.removed == ("three",)
    assert changes.kept == {"two": ("name",)}
    assert [(each.id, each.name) for each in one.store.members] == [
        ("two", "Mine"),
        ("one", "Theirs"),
    ]
    assert one.store.groups == {}


async def test_two_processes_that_declare_the_same_at_once_do_so_once(
    one: Process, other: Process
) -> None:
    declared = [MemberEntry.model_validate(entry(f"member-{number}")) for number in range(20)]
    ended = await asyncio.gather(*(each.seeder.declare(declared) for each in (one, other) * 2))
    assert sorted(len(each.added) for each in ended) == [0, 0, 0, 20]
    await one.store.refresh()
    assert one.ids == [each.id for each in declared]
    assert len(await one.log()) == 20


async def test_a_process_reads_what_changed_and_keeps_the_rest(
    one: Process, other: Process
) -> None:
    await one.add("one", "two", "three")
    assert await other.store.refresh()
    before = dict(other.store.records)
    await one.steward.pause("two", by="operator:ann")
    await one.steward.remove("three", by="operator:ann")
    await one.groups.describe(Group(id="europe", opaque=True), by="operator:ann")
    assert await other.store.refresh()
    assert not await other.store.refresh()
    assert other.ids == ["one", "two"]
    assert other.store.records["one"] is before["one"]
    assert other.store.records["two"].entry.paused is not None
    assert other.store.groups["europe"].opaque
    assert other.store.revision == one.store.revision
    await one.steward.order(["two"], by="operator:ann")
    await one.groups.drop("europe", by="operator:ann")
    await other.store.refresh()
    assert other.ids == ["two", "one"]
    assert other.store.groups == {}


async def test_a_reader_misses_nothing_however_many_write(
    one: Process, other: Process, database_url: str
) -> None:
    """A revision that is known is never left behind by one that was begun before it."""
    names = [f"{name}-{number}" for number in range(10) for name in "ab"]
    async with process_on(database_url) as reader, asyncio.TaskGroup() as writers:
        writing = [
            writers.create_task((one if name[0] == "a" else other).add(name)) for name in names
        ]
        while not all(each.done() for each in writing):
            await reader.store.refresh()
        await reader.store.refresh()
        assert sorted(reader.ids) == sorted(names)


async def test_what_two_processes_learn_of_a_member_adds_up(one: Process, other: Process) -> None:
    await one.add("one")
    await other.store.refresh()
    assert await one.store.learn_capabilities("one", SEEN)
    assert await one.store.learn_dialect("one", Dialect(method="POST"), ("It takes POST.",))
    assert await other.store.learn_dialect("one", Dialect(start="scalar"))
    for each in (one, other):
        await each.store.refresh()
        (known,) = each.store.members
        assert known.learned == Dialect(method="POST", start="scalar")
        assert known.capabilities == SEEN


async def test_what_was_learned_is_there_after_a_restart(one: Process, other: Process) -> None:
    await one.add("one")
    await one.store.learn_capabilities("one", SEEN)
    await one.store.learn_dialect("one", Dialect(method="POST"), ("It takes POST.",))
    await other.store.refresh()
    (known,) = other.store.members
    assert (known.capabilities, known.learned.method) == (SEEN, "POST")
    assert known.probes == ("It takes POST.",)


async def test_what_is_learned_of_a_member_that_moved_meanwhile_is_not_kept(
    one: Process, other: Process
) -> None:
    await one.add("one")
    await other.store.refresh()
    await one.steward.edit("one", {"url": "https://moved.example.org"}, by="operator:ann")
    await other.store.learn_capabilities("one", SEEN)
    await other.store.refresh()
    await one.store.refresh()
    assert one.store.members[0].capabilities == Capabilities()
    assert other.store.members[0].capabilities == Capabilities()


async def test_a_lease_is_one_processes_until_it_ends(one: Process, other: Process) -> None:
    taken = await asyncio.gather(
        *(each.store.take_lease("watch", str(id(each)), 10) for each in (one, other))
    )
    assert sorted(taken) == [False, True]
    holder, waiting = (one, other) if taken[0] else (other, one)
    waiting.at += timedelta(seconds=9)
    assert not await waiting.store.take_lease("watch", str(id(waiting)), 10)
    holder.at += timedelta(seconds=9)
    assert await holder.store.take_lease("watch", str(id(holder)), 10)
    waiting.at += timedelta(seconds=9)
    assert not await waiting.store.take_lease("watch", str(id(waiting)), 10)
    waiting.at += timedelta(seconds=2)
    assert await waiting.store.take_lease("watch", str(id(waiting)), 10)
    assert not await holder.store.take_lease("watch", str(id(holder)), 10)
    await holder.store.drop_lease("watch", str(id(holder)))  # it is not its own any more
    assert not await holder.store.take_lease("watch", str(id(holder)), 10)
    await waiting.store.drop_lease("watch", str(id(waiting)))
    assert await holder.store.take_lease("watch", str(id(holder)), 10)
