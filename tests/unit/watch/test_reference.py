"""Whether our own connection works, by places the operator trusts."""

import asyncio

from aggregator.watch.reference import FRESH_S, Reference, connects
from tests.builders import Clock
from tests.networks import come_true


class World:
    def __init__(self, *places, online=()):
        self.clock = Clock(0.0)
        self.online = set(online)
        self.tried = []
        self.gate = None
        self.reference = Reference(places, clock=self.clock, connect=self.connect)

    async def connect(self, place):
        self.tried.append(place)
        if place not in self.online:
            await asyncio.sleep(0)
            return False
        if self.gate is not None:
            await self.gate.wait()
        return True


def test_without_places_there_is_nothing_to_compare_with():
    assert not World().reference.is_there
    assert World("a:1").reference.is_there


async def test_any_place_that_answers_is_enough():
    assert await World("a:1", "b:2", online={"b:2"}).reference.is_online()
    assert not await World("a:1", "b:2").reference.is_online()


async def test_what_was_found_is_kept_for_seconds():
    world = World("a:1", online={"a:1"})
    assert await world.reference.is_online()
    world.online.clear()
    world.clock.pass_s(FRESH_S - 0.1)
    assert await world.reference.is_online()
    assert len(world.tried) == 1
    world.clock.pass_s(0.2)
    assert not await world.reference.is_online()


async def test_what_is_older_than_the_failure_is_looked_at_again():
    world = World("a:1", online={"a:1"})
    assert await world.reference.is_online()
    world.online.clear()
    world.clock.pass_s(1)
    assert not await world.reference.is_online(since_s=0.5)


async def test_many_who_ask_at_once_share_one_look():
    world = World("a:1", online={"a:1"})
    world.gate = asyncio.Event()
    asking = [asyncio.create_task(world.reference.is_online()) for _ in range(20)]
    await asyncio.sleep(0)
    world.gate.set()
    assert all(await asyncio.gather(*asking))
    assert world.tried == ["a:1"]


async def test_whoever_stops_asking_leaves_nothing_running():
    world = World("a:1", "b:2", online={"a:1"})
    world.gate = asyncio.Event()
    asking = asyncio.create_task(world.reference.is_online())
    await come_true(lambda: len(world.tried) == 2)
    asking.cancel()
    await asyncio.wait({asking})
    assert asyncio.all_tasks() == {asyncio.current_task()}
    world.gate.set()
    assert await world.reference.is_online(since_s=world.clock.now)


async def test_a_connection_that_comes_about_and_one_that_does_not():
    async def serve(_, writer):
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await connects(f"127.0.0.1:{port}")
    assert not await connects(f"127.0.0.1:{port}")
    assert not await connects("127.0.0.1:99999")
    assert not await connects("127.0.0.1")
