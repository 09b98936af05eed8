"""Server-sent events: the one writer of every stream here, and how many may be open at once.

    with streams.place():  # refuses with Overloaded before anything is asked
        ...
        async with streams.writing(request) as writer:  # the headers are sent now
            await writer.send("row", html)

While nothing is sent, comments keep proxies from closing the stream. A reader that takes nothing
for too long is dropped: `ReaderGone` says so, as it does of one that left.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog
from aiohttp import web

from aggregator.base.errors import Overloaded

log = structlog.get_logger(__name__)

EVENT_STREAM: Final = "text/event-stream"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "Vary": "Accept, Authorization, Prefer",
}
CHUNK_BYTES: Final = 64 * 1024
"""What is written under one deadline: large events may take long, but have to move."""
_COMMENT: Final = b":\n\n"


class ReaderGone(Exception):
    """Nobody reads the stream any more: the client left, or was dropped because it was slow."""


def event_bytes(event: str, data: str | bytes) -> bytes:
    """Write one event; every line break inside the data, of any kind, starts a new data line."""
    raw = data.encode() if isinstance(data, str) else data
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n" in raw:
        raw = raw.replace(b"\n", b"\ndata: ")
    return b"event: " + event.encode() + b"\ndata: " + raw + b"\n\n"


class EventWriter:
    """Writes events to one client, one at a time, each piece under a deadline."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, *, write_s: float
    ) -> None:
        self.response = response
        self._request = request
        self._write_s = write_s
        self._turn = asyncio.Lock()
        self._sent_at = asyncio.get_running_loop().time()

    async def send(self, event: str, data: str | bytes) -> None:
        """Send one event; raises `ReaderGone`."""
        await self._write(event_bytes(event, data))

    async def keep_open(self, every_s: float) -> None:
        """Send a comment whenever nothing was sent for a while, until cancelled or nobody reads."""
        loop = asyncio.get_running_loop()
        while True:
            wait_s = self._sent_at + every_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                continue
            try:
                await self._write(_COMMENT)
            except ReaderGone:
                return

    async def _write(self, raw: bytes) -> None:
        async with self._turn:
            try:
                for start in range(0, len(raw), CHUNK_BYTES):
                    async with asyncio.timeout(self._write_s):
                        await self.response.write(raw[start : start + CHUNK_BYTES])
            except TimeoutError:
                self._drop()
                raise ReaderGone from None
            except ConnectionError:
                raise ReaderGone from None
            self._sent_at = asyncio.get_running_loop().time()

    def _drop(self) -> None:
        log.info("slow reader dropped")
        if (transport := self._request.transport) is not None:
            transport.abort()


class EventStreams:
    """The streams of this process: a bounded number, all with the same deadlines."""

    def __init__(
        self, *, limit: int = 100, write_s: float = 10.0, heartbeat_s: float = 10.0
    ) -> None:
        self._limit = limit
        self.write_s = write_s
        self.heartbeat_s = heartbeat_s
        self._open = 0

    @property
    def open(self) -> int:
        """Streams open now."""
        return self._open

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place among the streams; raises `Overloaded` where there is none."""
        if self._open >= self._limit:
            raise Overloaded(
                "Too many answers are being streamed at once. Ask again in a moment, or without "
                "streaming.",
                retry_after_s=5,
            )
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @asynccontextmanager
    async def writing(self, request: web.Request) -> AsyncIterator[EventWriter]:
        """Begin the response: from here on errors are events, no statuses.

        What the body of the context raises because nobody reads any more ends here.
        """
        response = web.StreamResponse(headers=HEADERS)
        response.content_type = EVENT_STREAM
        response.charset = "utf-8"
        await response.prepare(request)
        writer = EventWriter(request, response, write_s=self.write_s)
        keeping = asyncio.create_task(writer.keep_open(self.heartbeat_s), name="keep a stream open")
        try:
            yield writer
        except ReaderGone:
            pass
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
