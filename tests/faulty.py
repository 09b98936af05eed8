"""A real TCP server on loopback that misbehaves as scripted, one behaviour per request.

    async with FaultyMember(hang(), answer(b"{}")) as member:
        ...  # the first request hangs, every later one is answered; `member.url`, `member.requests`

A behaviour is an async function of the `Wire`, the server's end of one connection. The last one
repeats. Behaviours marked `on_accept` act before a request is read. TLS: give an `ssl.SSLContext`,
for instance of `server_tls`.
"""

import asyncio
import contextlib
import gzip
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal, Self

import trustme

Headers = Iterable[tuple[str, str]]
End = Literal["keep", "close", "reset", "hang", "half_close"]

CLOSE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it came in; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def method(self) -> str:
        return self.line.split(" ", 1)[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]


@dataclass(slots=True)
class Wire:
    """The server's end of one connection."""

    member: "FaultyMember"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connection: int
    served: int = 0
    """Requests read from this connection, the present one included."""
    is_over: bool = False
    request: SeenRequest | None = None

    async def send(self, raw: bytes) -> None:
        self.member.bytes_written += len(raw)
        self.writer.write(raw)
        await self.writer.drain()

    async def end(self, how: End) -> None:
        """Finish a behaviour: keep the connection, or leave it in one of several ways."""
        if how == "keep":
            return
        self.is_over = True
        if how == "hang":
            await self.gone()
        elif how == "half_close":
            self.writer.write_eof()
            await self.gone()
        elif how == "reset":
            linger = struct.pack("ii", 1, 0)
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.writer.transport.abort()
        else:
            self.writer.close()
            await self.writer.wait_closed()

    async def gone(self) -> None:
        """Wait until the peer leaves."""
        while await self.reader.read(65536):
            pass


Behaviour = Callable[[Wire], Awaitable[None]]


@dataclass
class FaultyMember:
    """The server; an async context manager that leaves no task and no descriptor behind."""

    behaviours: tuple[Behaviour, ...]
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    requests: list[SeenRequest] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    most_at_once: int = 0
    """The largest number of requests in progress at one time."""
    bytes_written: int = 0

    def __init__(
        self,
        *behaviours: Behaviour,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.behaviours = behaviours or (answer(),)
        self.tls = tls
        self.host = host
        self._port = port
        self.requests = []
        self.connections = self.open_connections = self.most_at_once = self.bytes_written = 0
        self._in_progress = 0
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self.host, self._port, ssl=self.tls, limit=2**20
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_WITHIN_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), CLOSE_WITHIN_S)

    async def until(self, is_so: Callable[["FaultyMember"], bool], within_s: float = 20.0) -> None:
        """Wait for a condition on the counters; TimeoutError if it does not come about."""
        async with asyncio.timeout(within_s):
            while not is_so(self):
                await asyncio.sleep(0.002)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        wire = Wire(self, reader, writer, self.connections)
        try:
            while not wire.is_over:
                await self._one(wire)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the peer left, or we are closing: this task ends either way
        finally:
            self._tasks.discard(task)
            self.open_connections -= 1
            writer.transport.abort()

    @property
    def is_left_alone(self) -> bool:
        """Whether nobody waits for an answer any more: all have it, or have hung up."""
        return self._in_progress == 0

    async def _one(self, wire: Wire) -> None:
        if not getattr(self._next, "on_accept", False):
            wire.request = await _read_request(wire)
            self.requests.append(wire.request)
        behaviour = self._next
        self._turn += 1
        wire.served += 1
        self._in_progress += 1
        self.most_at_once = max(self.most_at_once, self._in_progress)
        try:
            await behaviour(wire)
        finally:
            self._in_progress -= 1

    @property
    def _next(self) -> Behaviour:
        return self.behaviours[min(self._turn, len(self.behaviours) - 1)]


async def _read_request(wire: Wire) -> SeenRequest:
    head = (await wire.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *rest = head.split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (each.partition(":") for each in rest if each)
    }
    body = await wire.reader.readexactly(int(headers.get("content-length", 0)))
    return SeenRequest(line, headers, body, wire.connection)


def head(status: int = 200, headers: Headers = ()) -> bytes:
    """The bytes of a response's head."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(
    body: bytes = b"{}",
    status: int = 200,
    headers: Headers = (),
    content_type: str = "application/json",
    *,
    end: End = "keep",
    after_s: float = 0.0,
) -> Behaviour:
    """A complete answer, late if told so."""
    own = [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]
    return raw(head(status, own) + body, end=end, after_s=after_s)


def raw(*parts: bytes, end: End = "close", after_s: float = 0.0) -> Behaviour:
    """These bytes as they are."""

    async def behave(wire: Wire) -> None:
        if after_s:
            await asyncio.sleep(after_s)
        for part in parts:
            await wire.send(part)
        await wire.end(end)

    return behave


def json_answer(document: object, status: int = 200, headers: Headers = ()) -> Behaviour:
    return answer(json.dumps(document).encode(), status, headers)


def hang() -> Behaviour:
    """Read the request and never answer."""
    return raw(end="hang")


def drip(body: bytes = b'{"a":1}' * 1000, interval_s: float = 0.01) -> Behaviour:
    """The head at once, then one byte of the body per interval."""
    return _slowly(head(200, [("Content-Length", str(len(body)))]), body, interval_s)


def slow_headers(interval_s: float = 0.01) -> Behaviour:
    """One byte of the head per interval."""
    return _slowly(b"", head(200, [("Content-Length", "2"), ("X-Filler", "a" * 5000)]), interval_s)


def _slowly(first: bytes, rest: bytes, interval_s: float) -> Behaviour:
    async def behave(wire: Wire) -> None:
        await wire.send(first)
        for position in range(len(rest)):
            await wire.send(rest[position : position + 1])
            await asyncio.sleep(interval_s)

    return behave


def reset(after: bytes = b"") -> Behaviour:
    """Read the request, send some bytes, then break the connection with RST."""
    return raw(*([after] if after else []), end="reset")


def on_accept(behaviour: Behaviour) -> Behaviour:
    """Do it before a request is read."""

    async def behave(wire: Wire) -> None:
        await behaviour(wire)

    behave.on_accept = True  # type: ignore[attr-defined]
    return behave


def half_close(body: bytes = b'{"meta":') -> Behaviour:
    """Promise more than is sent, then end our half of the connection."""
    return raw(head(200, [("Content-Length", "1000")]) + body, end="half_close")


def endless(size: int = 2**30, chunk: int = 65536, *, chunked: bool = False) -> Behaviour:
    """A body of so many bytes, made as it is sent; ends early when the peer leaves."""

    async def behave(wire: Wire) -> None:
        block = b" " * chunk
        if chunked:
            await wire.send(head(200, [("Transfer-Encoding", "chunked")]))
            block = f"{chunk:x}\r\n".encode() + block + b"\r\n"
        else:
            await wire.send(head(200, [("Content-Type", "application/json")]))
        for _ in range(size // chunk):
            await wire.send(block)
        await wire.end("close")

    return behave


def gzip_bomb(size: int = 50_000_000) -> Behaviour:
    """A small body that decompresses to so many bytes (50 MB from 48 kB)."""
    return answer(_bomb(size), headers=[("Content-Encoding", "gzip")])


@cache
def _bomb(size: int) -> bytes:
    return gzip.compress(b"0" * size, 9)


def html(status: int = 200) -> Behaviour:
    page = b"<!doctype html><html><body><h1>Bad gateway</h1></body></html>"
    return answer(page, status, content_type="text/html; charset=utf-8")


def invalid_json() -> Behaviour:
    return answer(b'{"meta": {"beaconId": "org.example"}, "responseSummary": {"exists": tru')


def invalid_utf8() -> Behaviour:
    """Well-formed JSON but for a latin-1 byte inside a record."""
    record = b'{"id": "1", "note": "caf\xe9"}'
    summary = b'{"responseSummary": {"exists": true}, "response": {"resultSets": [{"id": "d", '
    return answer(summary + b'"exists": true, "results": [' + record + b"]}]}}")


def nested(depth: int = 100_000) -> Behaviour:
    """JSON that is nothing but brackets."""
    return answer(b"[" * depth + b"]" * depth)


def redirect(location: str, status: int = 302) -> Behaviour:
    return answer(b"", status, [("Location", location)])


def garbage(noise: bytes = b"\x00\x01SSH-2.0-OpenSSH_9.2\r\n") -> Behaviour:
    """Something that is not HTTP."""
    return raw(noise)


def stale_keep_alive(first: Behaviour | None = None) -> Behaviour:
    """Answer once per connection, then close it when the next request has arrived unheard."""

    async def behave(wire: Wire) -> None:
        if wire.served == 1:
            await (first or answer())(wire)
        else:
            await wire.end("close")

    return behave


def server_tls(
    authority: trustme.CA, name: str = "127.0.0.1", *, expired: bool = False
) -> ssl.SSLContext:
    """A server context with a certificate of this authority for `name`."""
    now = datetime.now(UTC)
    if expired:
        life = {"not_before": now - timedelta(days=9), "not_after": now - timedelta(days=1)}
    else:
        life = {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **life).configure_cert(context)
    return context
