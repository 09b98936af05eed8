"""Networks that share a real Redis, as processes behind one address would."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import redis.asyncio

from aggregator.cache.redis_link import RedisLink
from aggregator.cache.redis_store import RedisAnswers
from tests.networks import Reply, Running, come_true, network_of
from tests.redis_server import RedisServer


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def store_of(net: Running) -> RedisAnswers:
    answers = net.network.shared.answers
    assert isinstance(answers, RedisAnswers)
    return answers


def link_of(net: Running) -> RedisLink:
    return store_of(net).link


async def written(net: Running) -> None:
    """Wait until the answers so far are in Redis."""
    await come_true(lambda: store_of(net).is_idle)


def sources(reply: Reply) -> set[str]:
    return {
        member["source"]
        for member in reply.members.values()
        if member["answer"] in {"found", "not_found"}
    }


@asynccontextmanager
async def processes(
    url: str, entries: Any, number: int = 2, **overrides: Mapping[str, Any]
) -> AsyncIterator[list[Running]]:
    """Run several networks of the same members, as processes behind one address would.

    Redis gets as much time as it may: a busy machine is no trouble of Redis.
    """
    cache = {"url": url, "redis_timeout_s": 1} | dict(overrides.pop("cache", {}))
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(network_of(entries, cache=cache, **overrides))
            for _ in range(number)
        ]


@asynccontextmanager
async def keys_of(server: RedisServer) -> AsyncIterator["redis.asyncio.Redis"]:
    client = redis.asyncio.Redis.from_url(server.url)
    try:
        yield client
    finally:
        await client.aclose()
