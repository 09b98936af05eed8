"""Fixtures of the tests against a whole network; nothing may be left behind by any of them."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from tests.alert_kit import MailServer, Receiver, mailing, receiving
from tests.networks import DemoRunning, demo_running, nothing_left
from tests.registry_commands import a_loop_before, command, two

__all__ = ["a_loop_before", "command", "nothing_left", "two"]


@pytest.fixture(autouse=True)
def within_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the clock of allowances, whose windows begin with the minutes of the day."""
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=lambda: 60_000.0))


@pytest.fixture
async def net(nothing_left: None) -> AsyncIterator[DemoRunning]:
    """The demo network with every member recognised."""
    async with demo_running() as running:
        yield running


@pytest.fixture
async def receiver(nothing_left: None) -> AsyncIterator[Receiver]:
    """A receiver of webhooks."""
    async with receiving() as running:
        yield running


@pytest.fixture
async def mail(nothing_left: None) -> AsyncIterator[MailServer]:
    """A mail server."""
    async with mailing() as running:
        yield running
