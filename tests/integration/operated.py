"""Fixtures: a network of two members, and an operator who has signed in with a browser.

A test module names those it uses in its `__all__`.
"""

from collections.abc import AsyncIterator

import pytest

from registry.registration import Registration
from tests.faulty import FaultyMember
from tests.integration.operators import SECURED, Visitor
from tests.networks import Running, entry, network_of, scripted

ONE = "/admin/members/one"
"""The operators' page of the first member."""


@pytest.fixture
async def member(nothing_left: None) -> AsyncIterator[FaultyMember]:
    """The server of both members."""
    async with FaultyMember(scripted()) as member:
        yield member


@pytest.fixture
async def net(member: FaultyMember) -> AsyncIterator[Running]:
    """The network, with names that have to be escaped."""
    entries = [
        entry(member, "one", name="One <b>", groups=["europe"], dialect={"chromosome": "chr"}),
        entry(f"{member.url}/b", "two", name="Two"),
    ]
    async with network_of(entries, security=SECURED) as net:
        await net.known("one", "two")
        yield net


@pytest.fixture
async def visitor(net: Running) -> Visitor:
    """An operator's browser."""
    return await Visitor(net).sign_in()


async def asks_to_join(net: Running, member_id: str = "new") -> None:
    """Let a stranger ask to join, whose name has to be escaped."""
    told = Registration(
        id=member_id,
        url=f"https://{member_id}.example.org",
        name="<script>New</script>",
        contact="ann@example.org",
    )
    await net.network.registry.steward.register(told, by="stranger")
