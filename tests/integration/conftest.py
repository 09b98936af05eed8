"""Fixtures of the tests against a whole network; nothing may be left behind by any of them."""

from collections.abc import AsyncIterator

import pytest

from tests.networks import DemoRunning, demo_running, nothing_left
from tests.registry_commands import a_loop_before, command, two

__all__ = ["a_loop_before", "command", "nothing_left", "two"]


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[DemoRunning]:
    """The demo network with every member recognised."""
    async with demo_running() as running:
        yield running
