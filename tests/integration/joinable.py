"""Fixtures: the demo's beacons, and an empty network that they may join as often as they like.

A test module names those it uses in its `__all__`.
"""

from collections.abc import AsyncIterator

import pytest

from demo import DemoNetwork
from tests.join_visits import Owner, Visitor, address, joined
from tests.networks import Running, network_of
from tests.pages import Page

HERE = "/manage/archive"
"""The page of the member `archive`."""


@pytest.fixture
async def demo(nothing_left: None) -> AsyncIterator[DemoNetwork]:
    """The demo beacons, which are no members of anything."""
    async with DemoNetwork() as running:
        yield running


@pytest.fixture
async def net(demo: DemoNetwork) -> AsyncIterator[Running]:
    """The network, without limits for who joins."""
    async with network_of(security={"join_rate_limit": 0}) as running:
        yield running


@pytest.fixture
async def owner(net: Running, demo: DemoNetwork) -> Owner:
    """The owner of the member `archive`, which was let in."""
    told = await joined(net, address(demo), id="archive")
    await net.network.registry.steward.approve("archive", by="operator")
    return Owner(net, demo, "archive", told["serviceKey"])


@pytest.fixture
def key(owner: Owner) -> str:
    """The service key of the member `archive`."""
    return owner.key


async def opened(net: Running, key: str) -> tuple[Visitor, Page]:
    """A visitor who has opened the page of `archive`, and the page."""
    visitor = Visitor(net)
    return visitor, await visitor.open("archive", key)
