"""A look at the members before the first question, so that each is asked in its own protocol."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aggregator.app import Network

LOOK_S = 3.0
"""How long members get to say what they are; who is slower is asked all the same."""


@asynccontextmanager
async def looking(network: Network, within_s: float = LOOK_S) -> AsyncIterator[None]:
    """Look at every member, at most for a while; the look goes on behind what is done meanwhile."""
    look = asyncio.create_task(network.keeper.look_at_all(), name="look at the members")
    try:
        await asyncio.wait({look}, timeout=within_s)
        yield
    finally:
        look.cancel()
        await asyncio.wait({look})
