"""Announcements of registry changes by a real Redis that comes and goes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from aggregator.base.errors import RegistryUnavailable
from aggregator.cache.redis_link import RedisLink, connect
from aggregator.cache.redis_news import RegistryNews
from tests.networks import PATIENT_S, Running, come_true, network_of
from tests.redis_networks import keys_of, server
from tests.redis_server import RedisServer

__all__ = ["server"]

NEVER = 600.0
"""Who only looks by itself finds nothing within any of these tests."""
ONE = {"id": "one", "url": "https://one.example.org", "protocol": "v2"}


@asynccontextmanager
async def listening(
    server: RedisServer, *, prefix: str = "beacon:", **rest: Any
) -> AsyncIterator[tuple[RegistryNews, list[int | None]]]:
    heard: list[int | None] = []
    link = RedisLink(connect(server.url), timeout_s=1.0)
    news = RegistryNews(link, prefix=prefix, heard=heard.append, pause_s=0.02, **rest)
    await news.start()
    try:
        yield news, heard
    finally:
        await news.aclose()
        await link.aclose()


def each_once(heard: list[int | None]) -> list[int | None]:
    """Leave out what was announced again, because a busy machine was slow to hear of it."""
    return [revision for revision, _ in groupby(heard)]


async def test_what_one_announces_all_hear(server: RedisServer) -> None:
    async with listening(server) as (one, own), listening(server) as (_, heard):
        await come_true(lambda: own == heard == [None])
        await one.announce(7)
        await come_true(lambda: each_once(own) == each_once(heard) == [None, 7])
        await one.announce(8)
        await come_true(lambda: each_once(own) == each_once(heard) == [None, 7, 8])


async def test_networks_with_another_prefix_hear_nothing(server: RedisServer) -> None:
    async with listening(server) as (one, own), listening(server, prefix="lab:") as (_, others):
        await come_true(lambda: own == others == [None])
        await one.announce(7)
        await come_true(lambda: each_once(own) == [None, 7])
        assert others == [None]


async def test_an_announcement_is_a_revision_and_nothing_else(server: RedisServer) -> None:
    async with keys_of(server) as client, client.pubsub() as listener:
        await listener.psubscribe("*")
        assert await listener.get_message(timeout=PATIENT_S)
        async with network(server, "sqlite:///:memory:") as net:
            await net.network.registry.steward.add(ONE, by="operator:ann")
            message = await listener.get_message(timeout=PATIENT_S)
        assert message is not None
        assert message["channel"] == b"beacon:registry"
        assert message["data"] == b"1"


async def test_words_that_are_no_revision_are_passed_over(server: RedisServer) -> None:
    async with listening(server) as (one, heard), keys_of(server) as client:
        await come_true(lambda: heard == [None])
        for word in ("", "-1", "soon", "1.5", "\0", "{}", "9" * 5000):
            await client.publish(one.channel, word)
        await one.announce(3)
        await come_true(lambda: heard[-1] == 3)
        assert {each for each in heard if each is not None and each < 10**19} == {3}


async def test_after_a_restart_of_redis_everybody_listens_again(server: RedisServer) -> None:
    async with listening(server) as (one, heard):
        await come_true(lambda: heard == [None])
        for number in (5, 6):
            heard.clear()
            server.kill()
            await one.announce(number)  # nobody hears it yet, and it is no error
            server.start()
            await come_true(lambda: None in heard)  # something may have been missed
            # Redis is left alone for a moment after a failure
            await come_true(lambda: one._untold is None)
            if number not in heard:  # it was told before anybody listened, who then looks anyway
                await one.announce(number)
            await come_true(lambda last=number: heard[-1] == last)


async def test_an_announcement_that_redis_was_too_slow_for_is_made_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    async with listening(server) as (one, own), listening(server) as (_, heard):
        await come_true(lambda: own == heard == [None])
        publish = one._link.client.publish

        async def slow(channel: str, message: str) -> Any:
            tries.append(message)
            if len(tries) < 4:
                raise TimeoutError
            return await publish(channel, message)

        monkeypatch.setattr(one._link.client, "publish", slow)
        await one.announce(7)
        await one.announce(8)
        assert 8 not in heard
        await come_true(lambda: 8 in heard)
        assert each_once(heard) == [None, 8], "the newest is enough"
        await one.announce(9)
        await come_true(lambda: each_once(heard) == [None, 8, 9])


async def test_who_begins_before_redis_does_hears_later(server: RedisServer) -> None:
    server.kill()
    async with listening(server) as (_, heard):
        server.start()
        await come_true(lambda: heard == [None])


async def test_a_redis_that_says_nothing_is_left_and_found_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = 0

    async with listening(server, silence_s=0.1) as (one, heard):
        await come_true(lambda: None in heard)
        client = one._link.client
        listen = client.pubsub

        def counted(**options: Any) -> Any:
            nonlocal begun
            begun += 1
            return listen(**options)

        monkeypatch.setattr(client, "pubsub", counted)
        server.hang()
        told = len(heard)
        # a connection that is alive and silent would be listened to for ever
        await come_true(lambda: begun > 0)
        server.go_on()
        await come_true(lambda: len(heard) > told)
        assert set(heard) == {None}


async def test_silence_of_a_redis_that_is_there_is_no_fault(server: RedisServer) -> None:
    # so long that an answer is there before it on the slowest machine
    async with listening(server, silence_s=1.0) as (one, heard):
        await come_true(lambda: heard == [None])
        async with keys_of(server) as client:
            pings = await _pings(client)
            async with asyncio.timeout(PATIENT_S):
                while await _pings(client) < pings + 2:
                    await asyncio.sleep(0.01)
        await one.announce(4)
        await come_true(lambda: each_once(heard) == [None, 4])


async def test_leaving_ends_everything_also_while_redis_hangs(server: RedisServer) -> None:
    began = time.monotonic()
    async with listening(server) as (_, heard):
        await come_true(lambda: heard == [None])
        server.hang()
    server.go_on()
    assert time.monotonic() - began < PATIENT_S
    async with keys_of(server) as client:
        async with asyncio.timeout(PATIENT_S):
            while await _listeners(client):
                await asyncio.sleep(0.01)


@asynccontextmanager
async def network(server: RedisServer, url: str) -> AsyncIterator[Running]:
    cache = {"url": server.url, "redis_timeout_s": 1}
    async with network_of((), cache=cache, registry={"url": url, "poll_s": NEVER}) as net:
        yield net


def ids(net: Running) -> list[str]:
    return [member.id for member in net.network.holder.current.members]


async def test_a_change_here_is_in_force_there_at_once(server: RedisServer, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    async with network(server, url) as one, network(server, url) as other:
        async with keys_of(server) as client, asyncio.timeout(PATIENT_S):
            while await _listeners(client) < 2:
                await asyncio.sleep(0.01)
        await one.network.registry.steward.add(ONE, by="operator:ann")
        assert ids(one) == ["one"]
        await come_true(lambda: ids(other) == ["one"])


async def test_a_registry_that_cannot_be_read_when_the_news_comes_is_read_soon(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    async with network(server, url) as one, network(server, url) as other:
        store, has_failed = other.network.registry.store, False
        refresh = store.refresh

        async def busy() -> bool:
            nonlocal has_failed
            if not has_failed and await store.database.revision() > store.revision:
                has_failed = True
                raise RegistryUnavailable("busy", retry_after_s=5)
            return await refresh()

        async with keys_of(server) as client, asyncio.timeout(PATIENT_S):
            while await _listeners(client) < 2:
                await asyncio.sleep(0.01)
        monkeypatch.setattr(store, "refresh", busy)
        await one.network.registry.steward.add(ONE, by="operator:ann")
        await come_true(lambda: ids(other) == ["one"])
        assert has_failed


async def test_a_change_is_made_whether_redis_is_there_or_not(
    server: RedisServer, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'registry.sqlite3'}"
    async with network(server, url) as one, network(server, url) as other:
        server.kill()
        await one.network.registry.steward.add(ONE, by="operator:ann")
        assert ids(one) == ["one"]
        server.start()
        # it was announced to nobody; whoever listens again looks whether it missed something
        await come_true(lambda: ids(other) == ["one"])


async def _listeners(client: "redis.asyncio.Redis") -> int:
    ((_, number),) = await client.pubsub_numsub("beacon:registry")
    return int(number)


async def _pings(client: "redis.asyncio.Redis") -> int:
    told = await client.info("commandstats")
    return int(told.get("cmdstat_ping", {}).get("calls", 0))
