"""Clients' allowances in a real Redis, and without it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.faulty import FaultyMember, json_answer
from tests.networks import BRAF, come_true, entry, says, scripted
from tests.redis_networks import keys_of, link_of, processes, server
from tests.redis_server import RedisServer

__all__ = ["server"]

LIMITED: Mapping[str, Any] = {"allow_private_members": True, "rate_limit": 3}


@pytest.fixture
async def member() -> AsyncIterator[FaultyMember]:
    async with FaultyMember(scripted(json_answer(says()))) as member:
        yield member


async def test_processes_share_a_clients_allowance(
    server: RedisServer, member: FaultyMember
) -> None:
    async with processes(server.url, [entry(member)], security=LIMITED) as (one, other):
        told = [await net.ask(BRAF) for net in (one, other, one)]
        assert [reply.status for reply in told] == [200, 200, 200]
        assert [reply.headers["RateLimit-Remaining"] for reply in told] == ["2", "1", "0"]
        for net in (one, other):
            refused = await net.ask(BRAF)
            assert refused.status == 429
            assert 55 < int(refused.headers["Retry-After"]) <= 61


async def test_redis_holds_no_address(server: RedisServer, member: FaultyMember) -> None:
    async with processes(server.url, [entry(member)], 1, security=LIMITED) as (net,):
        await net.ask(BRAF)
        async with keys_of(server) as client:
            (name,) = await client.keys("beacon:rl*")
            assert b"127.0.0" not in name
            assert 0 < await client.pttl(name) <= 120_000


async def test_the_windows_of_redis_are_read_as_they_are_meant(
    server: RedisServer, member: FaultyMember
) -> None:
    async with processes(server.url, [entry(member)], 1, security=LIMITED) as (net,):
        reply = await net.ask(BRAF)
        assert reply.headers["RateLimit-Limit"] == "3"
        assert reply.headers["RateLimit-Policy"] == "3;w=60"
        assert 115 <= int(reply.headers["RateLimit-Reset"]) <= 120
        async with keys_of(server) as client:
            # as if the window's minute was over and half of the next
            (name,) = await client.keys("beacon:rl*")
            await client.set(name, 3, px=30_000)
        refused = await net.ask(BRAF, path="/v1/query")
        assert refused.status == 200  # one and a half of three weigh still
        assert refused.headers["RateLimit-Remaining"] == "1"


async def test_while_redis_is_gone_each_process_counts_for_itself(
    server: RedisServer, member: FaultyMember
) -> None:
    async with processes(server.url, [entry(member)], security=LIMITED) as (one, other):
        for net in (one, other, one):
            await net.ask(BRAF)
        assert (await other.ask(BRAF)).status == 429

        server.kill()
        for net in (one, other):
            statuses = [(await net.ask(BRAF)).status for _ in range(4)]
            assert statuses == [200, 200, 200, 429]

        server.start()
        await come_true(lambda: not link_of(one).is_paused and not link_of(other).is_paused)
        statuses = [(await net.ask(BRAF)).status for net in (one, other, one, other)]
        assert statuses == [200, 200, 200, 429]
