"""What is around stories of health: the time, people who are told by webhooks, and the outside."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any

import pytest

from aggregator import watching
from aggregator.api import badges, feeds, health_facts, health_pages, members
from registry.alerts import signature
from tests.alert_kit import Now, Receiver
from tests.ports import free_port

Json = Any

MINUTE = timedelta(minutes=1)


@dataclass
class Person:
    """Somebody who is told by a webhook, and the secret that signs what is sent."""

    receiver: Receiver
    secret: str = ""

    def events(self) -> list[dict[str, Json]]:
        """Give what was told, after a look at the form of each message."""
        for headers, body in self.receiver.requests:
            stamp = headers["X-Beacon-Timestamp"]
            assert headers["X-Beacon-Signature"] == signature(self.secret, stamp, body)
            assert json.loads(body)["id"] == headers["X-Beacon-Delivery"]
        assert len(set(self.receiver.ids)) == len(self.receiver.ids), "something was told twice"
        return list(self.receiver.documents)


class Clock(Now):
    """The time of a story, which stands still until the story goes on."""

    def __init__(self) -> None:
        past = datetime.now(UTC) - timedelta(hours=3)
        super().__init__(past.replace(minute=0, second=0, microsecond=0))
        self.began = self.now

    def monotonic(self) -> float:
        return (self.now - self.began).total_seconds()

    def minute(self, at: datetime) -> int:
        """Give the minute of the story that a moment is in."""
        return int((at - self.began) // MINUTE)

    def rules(self, patch: pytest.MonkeyPatch) -> None:
        """Be the time of all that is watched from now on, and of what is shown of it."""
        clock = self

        class Moment(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Moment":
                return cls.fromtimestamp(clock.now.timestamp(), tz)

        patch.setattr(watching, "_now", self)
        patch.setattr(watching, "time", SimpleNamespace(monotonic=self.monotonic))
        for module in (badges, feeds, health_facts, health_pages, members):
            patch.setattr(module, "datetime", Moment)


class Outside:
    """A place to compare with: as long as it is reached, this network's connection works."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server: asyncio.Server | None = None

    async def opens(self) -> None:
        async def welcome(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        self._server = await asyncio.start_server(welcome, "127.0.0.1", self.port)

    async def closes(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
