"""Fixtures of the tests against a whole network; nothing may be left behind by any of them."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from registry.database import Database
from tests.alert_kit import MailServer, Receiver, mailing, receiving
from tests.networks import DemoRunning, demo_running, nothing_left
from tests.registry_commands import a_loop_before, command, two

__all__ = ["a_loop_before", "command", "nothing_left", "two"]


@pytest.fixture(autouse=True)
def within_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold the clock of allowances, whose windows begin with the minutes of the day."""
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=lambda: 60_000.0))


@pytest.fixture
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no pause of a breaker end by itself while a test runs."""
    monkeypatch.setattr("aggregator.upstream.breaker.FIRST_PAUSE_S", 300.0)


@pytest.fixture(autouse=True)
def patient_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let networks of one registry wait long for each other: here they are in one process.

    A machine that stands still while one of them changes something holds up the others with it.
    """
    monkeypatch.setitem(Database.__init__.__kwdefaults__, "busy_s", 25.0)


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
