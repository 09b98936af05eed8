"""How often members are looked at whole and asked test questions, whatever they do."""

import asyncio
import json

import pytest

from aggregator.protocol.wire import Reply
from aggregator.upstream.call_results import CallResult, Followed
from aggregator.watch import keeper as keeper_module
from aggregator.watch import publishing
from aggregator.watch.keeper import RegistryKeeper
from aggregator.watch.lease import Lease
from aggregator.watch.probing import Probing
from registry.capabilities import Document
from registry.models import Dialect
from registry.snapshot import SnapshotHolder
from tests.builders import Clock, member
from tests.unit.watch.stores import FakeStore

HOUR = 3600
WHOLE = ["configuration", "entry_types", "filtering_terms?limit=0", "map", "service-info"]


class Site:
    """A version 2 beacon whose documents but the description are broken as told."""

    def __init__(self):
        self.updated = "2026-01-01"
        self.version = "v2.0.0"
        self.broken = set()
        self.asked = []

    async def get_following(self, asked_member, url, **options):
        path = url.removeprefix("https://one.example.org/")
        self.asked.append(path)
        response = {"id": "x", "apiVersion": self.version, "updateDateTime": self.updated}
        document = {
            "info": {"meta": {}, "response": response},
            "map": {"response": {"endpointSets": {"run": {"rootUrl": "/runs"}}}},
        }.get(path, {})
        status = 500 if path in self.broken else 200
        return Followed(CallResult(Reply(status, json.dumps(document).encode()), None, 0.1, 1), url)

    def taken(self):
        """Give what was asked for since the last time, beside the description."""
        asked, self.asked = self.asked, []
        return sorted(path for path in asked if path != "info")


@pytest.fixture
async def world(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", clock)
    probed = []

    async def probe(asked, *_, **__):
        probed.append(clock.now - 1000)
        return Probing(Dialect(), ())

    monkeypatch.setattr(keeper_module, "probe", probe)
    world = World(clock, probed)
    await world.store.declare([member(protocol="auto").entry])
    world.holder.publish(world.store.members)
    return world


class World:
    """A keeper of one member, its clock and what it did."""

    def __init__(self, clock, probed):
        self.clock = clock
        self.probed = probed
        self.site = Site()
        self.store = FakeStore()
        self.holder = SnapshotHolder()
        self.keeper = RegistryKeeper(
            store=self.store,
            lease=Lease(self.store, poll_s=30),
            seeder=self.store,
            holder=self.holder,
            getter=self.site,
            network_id="us",
            seed=None,
            poll_s=30,
            info_s=300,
            refresh_s=6 * HOUR,
            retry_s=60,
            prober=self.site,
            environ=dict,
        )

    async def look(self, after_s=0):
        self.clock.pass_s(after_s)
        await self.keeper.look_at_all()
        return self.site.taken()


async def test_a_member_is_probed_once_in_a_refresh_after_a_look_at_everything(world):
    assert await world.look() == WHOLE
    for _ in range(71):
        assert await world.look(300) == []
    assert world.probed == [0]
    assert await world.look(300) == WHOLE
    assert world.probed == [0, 6 * HOUR]


async def test_one_broken_document_is_asked_for_alone_and_ever_less_often(world):
    world.site.broken = {"map"}
    assert await world.look() == WHOLE
    asked_at = [now for now in range(300, 6 * HOUR, 300) if await world.look(300) == ["map"]]
    assert asked_at == [300, 900, 2100, 4500, 9300, 18900]
    assert world.probed == [0]


async def test_a_document_that_comes_the_next_time_is_taken(world):
    world.site.broken = {"map"}
    await world.look()
    (known,) = world.holder.current.members
    assert (known.capabilities.endpoints, Document.MAP in known.capabilities.missing) == (
        None,
        True,
    )
    world.site.broken = set()
    assert await world.look(300) == ["map"]
    (known,) = world.holder.current.members
    assert known.capabilities.endpoints == {"run": "/runs"}
    assert Document.MAP not in known.capabilities.missing
    assert await world.look(300) == []


async def test_a_date_of_change_that_is_the_clock_is_followed_once_an_hour_and_not_probed(world):
    await world.look()
    whole_at = []
    for now in range(300, 6 * HOUR, 300):
        world.site.updated = str(now)
        if await world.look(300) == WHOLE:
            whole_at.append(now)
    assert whole_at == [300 + hour * HOUR for hour in range(6)]
    assert world.probed == [0]
    world.site.updated = "last"
    assert await world.look(300) == WHOLE
    assert world.probed == [0, 6 * HOUR]


async def test_a_new_date_of_change_brings_no_test_questions_that_were_not_asked_before(world):
    paused = {"protocol": "auto", "paused": {"note": "not now"}}
    await world.store.declare([member(**paused).entry])
    world.holder.publish(world.store.members)
    assert await world.look() == WHOLE
    await world.store.declare([member(protocol="auto").entry])
    world.holder.publish(world.store.members)
    world.site.updated = "2026-02-02"
    assert await world.look(HOUR) == WHOLE
    assert world.probed == []


async def test_a_new_date_of_change_alone_publishes_nothing(world):
    await world.look()
    before = world.holder.current
    for updated in ("2026-02-02", "2026-02-03"):
        world.site.updated = updated
        await world.look(300)
    assert world.holder.current is before


async def test_versions_that_change_all_the_time_are_not_probed_all_the_time(world):
    for number in range(10):
        world.site.version = f"v2.0.{number}"
        assert await world.look(300) == WHOLE
    assert len(world.probed) == 1


async def test_what_questions_need_of_many_filters_is_worked_out_before_they_are_asked(
    world, monkeypatch
):
    monkeypatch.setattr(publishing, "MANY_TERMS", 0)
    (asked,) = world.holder.current.members
    terms = [{"id": "HP:1"}]
    told = member(capabilities={"filtering_terms": terms}).capabilities
    await world.store.learn_capabilities(asked.id, told)
    world.holder.publish(world.store.members)
    await world.look()
    (known,) = world.holder.current.members
    assert known.is_worked_out
