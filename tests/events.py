"""A client of event streams that keeps the raw lines, since the rules are about lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.networks import Running

ACCEPT = {"Accept": "text/event-stream"}


@dataclass
class Event:
    name: str
    data: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Stream:
    """An open stream."""

    response: aiohttp.ClientResponse
    comments: int = 0
    lines: list[str] = field(default_factory=list)

    async def next(self, within_s: float = 40.0) -> Event | None:
        """The next event; None at the end of the stream."""
        name, data = "", []
        async with asyncio.timeout(within_s):
            while raw := await self.response.content.readline():
                line = raw.decode().removesuffix("\n")
                self.lines.append(line)
                key, colon, value = line.partition(":")
                value = value.removeprefix(" ")
                if not line:
                    if name or data:
                        return Event(name, "\n".join(data))
                elif not key:
                    self.comments += 1
                elif key == "event":
                    name = value
                else:
                    assert (key, colon) == ("data", ":"), line
                    data.append(value)
        return None

    async def rest(self) -> list[Event]:
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events


@asynccontextmanager
async def opened(
    net: Running,
    parameters: Mapping[str, Any],
    *,
    path: str = "/api/g_variants",
    body: Any = None,
    headers: Mapping[str, str] = ACCEPT,
) -> AsyncIterator[Stream]:
    """Open a stream; leaving the context leaves the stream."""
    sending = net.client.request(
        "GET" if body is None else "POST",
        net.url + path,
        params=parameters,
        json=body,
        headers=dict(headers),
    )
    async with sending as response:
        yield Stream(response)


async def events_of(net: Running, parameters: Mapping[str, Any], **rest: Any) -> list[Event]:
    async with opened(net, parameters, **rest) as stream:
        assert stream.response.status == 200, await stream.response.text()
        return await stream.rest()
