import pytest
from aiohttp.abc import AbstractResolver

from aggregator.upstream.limits import UpstreamLimits
from aggregator.upstream.session import DNS_STALE_S, LastKnownResolver, MemberSession


class Names(AbstractResolver):
    """A name server that can be switched off."""

    def __init__(self) -> None:
        self.address = "192.0.2.1"
        self.is_down = False
        self.is_closed = False

    async def resolve(self, host, port=0, family=0):
        if self.is_down:
            raise OSError(None, "Could not contact DNS servers")
        address = {"hostname": host, "host": self.address, "port": port}
        return [{**address, "family": 2, "proto": 0, "flags": 0}]

    async def close(self):
        self.is_closed = True


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_known_names_survive_a_name_server_that_is_down():
    names, clock = Names(), Clock()
    resolver = LastKnownResolver(names, clock)
    known = await resolver.resolve("beacon.example", 443)
    names.is_down = True
    clock.now += DNS_STALE_S
    assert await resolver.resolve("beacon.example", 443) == known
    with pytest.raises(OSError, match="DNS servers"):
        await resolver.resolve("other.example", 443)
    clock.now += 1
    with pytest.raises(OSError, match="DNS servers"):
        await resolver.resolve("beacon.example", 443)


async def test_the_newest_addresses_are_kept():
    names, clock = Names(), Clock()
    resolver = LastKnownResolver(names, clock)
    await resolver.resolve("beacon.example")
    names.address = "192.0.2.2"
    newest = await resolver.resolve("beacon.example")
    names.is_down = True
    assert await resolver.resolve("beacon.example") == newest


async def test_closing_closes_the_resolver_underneath():
    names = Names()
    await LastKnownResolver(names, Clock()).close()
    assert names.is_closed


async def test_a_session_may_be_closed_twice_or_unopened():
    session = MemberSession(UpstreamLimits(), version="1", public_url="https://network.example")
    await session.aclose()
    await session.start()
    await session.aclose()
    await session.aclose()
