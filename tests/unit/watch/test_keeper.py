"""The registry kept current: the seed, looks at members, and what questions teach."""

import asyncio
import json

import pytest

from aggregator.base.errors import ConfigError
from aggregator.engine.asking import DialectLearned
from aggregator.model.outcome import NoAnswerCode
from aggregator.protocol.wire import Failure, Reply
from aggregator.upstream.call_results import CallResult, Followed
from aggregator.watch.keeper import RegistryKeeper
from aggregator.watch.lease import Lease
from registry.models import Dialect, Protocol
from registry.seed import SeedFile
from registry.snapshot import SnapshotHolder
from tests.builders import Clock, member
from tests.unit.watch.stores import FakeStore

V2 = {"meta": {"apiVersion": "v2.0.0"}, "response": {"id": "org.v2", "name": "Two"}}
ONE = "members:\n  - {id: one, url: 'https://one.example.org'}\n"
TWO = ONE + "  - {id: two, url: 'https://two.example.org'}\n"


class Site:
    """Answers every look with one document, or a failure where it is None."""

    def __init__(self):
        self.document = V2
        self.looked_at = []
        self.authorizations = []
        self.gate = None

    async def get_following(self, asked_member, url, **options):
        if url.endswith("/info"):
            self.looked_at.append(asked_member.id)
            self.authorizations.append(options["authorization"])
        if self.gate is not None:
            await self.gate.wait()
        if self.document is None:
            failure = Failure(NoAnswerCode.CONNECT, "refused")
            return Followed(CallResult(None, failure, 0.1, 1), url)
        reply = Reply(200, json.dumps(self.document).encode())
        return Followed(CallResult(reply, None, 0.1, 1), url)


class World:
    """A keeper and everything around it."""

    def __init__(self, seed=None, environ=None):
        self.store = FakeStore()
        self.holder = SnapshotHolder()
        self.site = Site()
        self.heard = []
        self.keeper = RegistryKeeper(
            store=self.store,
            lease=Lease(self.store, poll_s=30),
            seeder=self.store,
            holder=self.holder,
            getter=self.site,
            network_id="us",
            seed=seed,
            poll_s=3600,
            info_s=600,
            refresh_s=600,
            prober=None,
            retry_s=60,
            environ=lambda: environ or {},
            on_members=self.heard.append,
        )

    @property
    def ids(self):
        return [one.id for one in self.holder.current.members]

    @property
    def only(self):
        (one,) = self.holder.current.members
        return one

    async def declare(self, *entries):
        await self.store.declare([one.entry for one in entries])
        self.holder.publish(self.store.members)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "members.yaml"
    made.write_text(ONE)
    return made


@pytest.fixture
async def seeded(path):
    world = World(SeedFile(path))
    await world.keeper.start()
    yield world
    await world.keeper.aclose()


@pytest.fixture
async def loop_clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", clock)
    return clock


async def settle(world):
    """Let the tasks that were begun come to their end or their first wait."""
    for _ in range(20):
        await asyncio.sleep(0)


# --- the seed ---


async def test_the_members_of_the_seed_are_published_at_the_start(seeded):
    assert seeded.ids == ["one"]


async def test_a_bad_seed_stops_the_start(path):
    path.write_text("members: [{id: ONE}]")
    with pytest.raises(ConfigError):
        await World(SeedFile(path)).keeper.start()


async def test_the_start_does_not_wait_for_members(path):
    world = World(SeedFile(path))
    world.site.gate = asyncio.Event()
    await world.keeper.start()
    assert world.ids == ["one"]
    await world.keeper.aclose()


async def test_without_a_seed_the_network_is_empty():
    world = World()
    await world.keeper.start()
    assert world.ids == []
    assert await world.keeper.reload() is False
    await world.keeper.aclose()


async def test_a_changed_seed_is_published(seeded, path):
    path.write_text(TWO)
    assert await seeded.keeper.reload() is True
    assert seeded.ids == ["one", "two"]


async def test_an_unchanged_seed_is_not_read_again(seeded):
    before = seeded.holder.current
    assert await seeded.keeper.reload() is False
    assert seeded.holder.current is before


@pytest.mark.parametrize("text", ["members: [", "members: [{id: ONE}]", "others: []"])
async def test_a_seed_that_cannot_be_used_keeps_the_last_good_one(seeded, path, text):
    path.write_text(text)
    assert await seeded.keeper.reload() is False
    assert seeded.ids == ["one"]


async def test_a_seed_that_vanished_keeps_the_last_good_one(seeded, path):
    path.unlink()
    assert await seeded.keeper.reload() is False
    assert seeded.ids == ["one"]


async def test_a_seed_that_is_good_again_is_taken(seeded, path):
    path.write_text("members: [")
    await seeded.keeper.reload()
    path.write_text(TWO)
    assert await seeded.keeper.reload() is True
    assert seeded.ids == ["one", "two"]


async def test_others_hear_which_members_there_are(seeded, path):
    path.write_text(TWO)
    await seeded.keeper.reload()
    assert seeded.heard[0] == ("one",)
    assert seeded.heard[-1] == ("one", "two")


# --- looks ---


async def test_what_a_look_shows_is_published():
    world = World()
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    assert world.only.protocol is Protocol.V2
    assert world.only.name == "Two"


async def test_a_look_that_shows_nothing_new_publishes_nothing(loop_clock):
    world = World()
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    before = world.holder.current
    loop_clock.pass_s(600)
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 2
    assert world.holder.current is before


async def test_a_failed_look_keeps_the_last_known_capabilities(loop_clock):
    world = World()
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    world.site.document = None
    loop_clock.pass_s(600)
    await world.keeper.look_at_all()
    assert world.only.name == "Two"


async def test_a_member_that_answered_is_looked_at_again_after_the_refresh_time(loop_clock):
    world = World()
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    loop_clock.pass_s(599)
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 1
    loop_clock.pass_s(1)
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 2


async def test_a_member_that_never_answered_is_tried_again_sooner(loop_clock):
    world = World()
    world.site.document = None
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    loop_clock.pass_s(59)
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 1
    loop_clock.pass_s(1)
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 2


@pytest.mark.parametrize("changed", [{"url": "https://new.example.org"}, {"protocol": "v2"}])
async def test_a_new_address_or_protocol_is_looked_at_at_once(loop_clock, changed):
    world = World()
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    await world.declare(member(**{"protocol": "auto", **changed}))
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 2


async def test_a_new_name_is_no_reason_to_look_again(loop_clock):
    world = World()
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    await world.declare(member(protocol="auto", name="New"))
    await world.keeper.look_at_all()
    assert len(world.site.looked_at) == 1


async def test_a_member_switched_off_is_not_looked_at():
    world = World()
    await world.declare(member(protocol="auto", disabled=True))
    await world.keeper.look_at_all()
    assert world.site.looked_at == []


async def test_a_member_not_recognised_is_logged_with_what_was_seen(logged):
    world = World()
    world.site.document = {"hello": 1}
    await world.declare(member(protocol="auto"))
    await world.keeper.look_at_all()
    (entry,) = logged
    assert (entry["event"], entry["member"]) == ("member not recognised", "one")
    assert entry["seen"] == "JSON, but not a description of a beacon"


async def test_an_old_member_has_nothing_to_be_recognised_by(logged):
    world = World()
    await world.declare(member(protocol="v0", dialect={"coordinates": 0}))
    await world.keeper.look_at_all()
    assert logged == []


async def test_the_members_own_key_goes_along():
    world = World(environ={"BEACON_MEMBER_TOKEN_X": "secret"})
    await world.declare(member("a", token="env:BEACON_MEMBER_TOKEN_X"), member("b"))
    await world.keeper.look_at_all()
    assert sorted(zip(world.site.looked_at, world.site.authorizations, strict=True)) == [
        ("a", "Bearer secret"),
        ("b", None),
    ]


async def test_a_key_that_is_missing_does_not_keep_us_from_looking():
    world = World()
    await world.declare(member(protocol="auto", token="env:BEACON_MEMBER_TOKEN_X"))
    await world.keeper.look_at_all()
    assert world.only.name == "Two"


# --- what questions teach ---


def lesson(url="https://one.example.org"):
    return DialectLearned("one", Dialect(method="POST"), "HTTP 405", f"{url} v2")


async def test_a_learned_dialect_is_published():
    world = World()
    await world.declare(member())
    world.keeper.learned(lesson())
    await settle(world)
    assert world.only.dialect.method == "POST"
    await world.keeper.aclose()


async def test_a_dialect_known_already_publishes_nothing():
    world = World()
    await world.declare(member())
    await world.store.learn_dialect("one", Dialect(method="POST"))
    before = world.holder.current
    world.keeper.learned(lesson())
    await settle(world)
    assert world.holder.current is before


async def test_a_dialect_of_where_a_member_was_is_not_one_of_where_it_is():
    world = World()
    await world.declare(member(url="https://new.example.org"))
    world.keeper.learned(lesson())
    await settle(world)
    assert world.only.dialect.method is None


async def test_a_dialect_of_a_member_that_left_is_forgotten():
    world = World()
    await world.declare(member("two"))
    world.keeper.learned(lesson())
    await settle(world)
    assert world.ids == ["two"]


# --- changes ---


async def test_a_change_whose_caller_has_gone_comes_into_force():
    world = World()
    await world.keeper._publishing.acquire()  # somebody is publishing just now
    await world.store.declare([member().entry])
    caller = asyncio.ensure_future(world.keeper.refresh())
    await settle(world)
    caller.cancel()
    world.keeper._publishing.release()
    await settle(world)
    assert world.ids == ["one"]


async def test_a_change_that_could_not_be_published_is_published_the_next_time(monkeypatch):
    world = World()
    await world.store.declare([member().entry])
    monkeypatch.setattr(world.holder, "put", None)  # calling it fails
    with pytest.raises(TypeError):
        await world.keeper.refresh()
    monkeypatch.undo()
    assert await world.keeper.refresh() is True
    assert world.ids == ["one"]
    assert await world.keeper.refresh() is False


async def test_who_moved_is_told():
    world = World()
    moved = []
    world.keeper._on_moved = moved.append
    for url in ("https://a.example.org", "https://a.example.org", "https://b.example.org"):
        await world.store.declare([member(url=url).entry, member("two").entry])
        await world.keeper.refresh()
    assert moved == ["one"]


async def test_a_bad_seed_does_not_stop_a_network_that_has_members(path):
    path.write_text("members: [{id: ONE}]")
    world = World(SeedFile(path))
    await world.store.declare([member("two").entry])
    await world.keeper.start()
    assert world.ids == ["two"]
    await world.keeper.aclose()


# --- the background ---


async def test_members_are_looked_at_in_the_background(path):
    world = World(SeedFile(path))
    await world.keeper.start()
    await settle(world)
    assert world.site.looked_at == ["one"]
    assert world.only.name == "Two"
    await world.keeper.aclose()


async def test_trouble_in_the_background_does_not_end_it(path, monkeypatch):
    world = World(SeedFile(path))
    monkeypatch.setattr(world.keeper, "look_at_all", None)  # calling it fails
    await world.keeper.start()
    await settle(world)
    assert len(world.keeper._tasks) == 3
    await world.keeper.aclose()


async def test_nothing_runs_after_the_end(path):
    world = World(SeedFile(path))
    world.site.gate = asyncio.Event()
    await world.keeper.start()
    await settle(world)
    await world.keeper.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
