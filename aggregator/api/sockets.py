"""WebSockets that only send: text frames under a deadline, pings while nothing is sent.

    async def speak(socket: SendingSocket) -> None:
        await socket.send(raw)

    return await serve_socket(request, speak, write_s=…, ping_s=…)

What the client sends is read and dropped. A client that closes, leaves, or takes nothing for too
long ends `speak` where it stands. The socket closes with 1000 at the end, 1001 when the network
stops, 1011 after an error of ours.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from aiohttp import WSCloseCode, web

from aggregator.api.sse import ReaderGone

log = structlog.get_logger(__name__)

MAX_INCOMING_BYTES: Final = 4096
"""Nothing is expected from clients; a larger message closes the socket."""
CLOSE_S: Final = 1.0
"""How long a client's half of the closing handshake is waited for."""

STOPPING: web.AppKey[asyncio.Event] = web.AppKey("stopping", asyncio.Event)


class SendingSocket:
    """Sends text frames to one client."""

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, *, write_s: float
    ) -> None:
        self._request = request
        self._socket = socket
        self._write_s = write_s

    async def send(self, raw: bytes) -> None:
        """Send one text frame; raises `ReaderGone`."""
        try:
            async with asyncio.timeout(self._write_s):
                await self._socket.send_str(raw.decode())
        except TimeoutError:
            log.info("slow reader dropped")
            if (transport := self._request.transport) is not None:
                transport.abort()
            raise ReaderGone from None
        except ConnectionError:
            raise ReaderGone from None


Speak = Callable[[SendingSocket], Awaitable[None]]


def install(app: web.Application, drain_s: float) -> None:
    """Let sockets that are open when the network stops end by themselves, then close them.

    They are closed shortly before the server would cut the connection without a word.
    """
    app[STOPPING] = stopping = asyncio.Event()

    async def stop(_: web.Application) -> None:
        left_s = drain_s - min(CLOSE_S, drain_s / 2)
        asyncio.get_running_loop().call_later(left_s, stopping.set)

    app.on_shutdown.append(stop)


def wants_socket(request: web.Request) -> bool:
    """Whether the client asks to go on as a WebSocket (RFC 6455, 4.1)."""
    connection = request.headers.get("Connection", "").lower().split(",")
    upgrade = request.headers.get("Upgrade", "").strip().lower()
    return upgrade == "websocket" and "upgrade" in (part.strip() for part in connection)


async def serve_socket(
    request: web.Request, speak: Speak, *, write_s: float, ping_s: float
) -> web.WebSocketResponse:
    """Accept the socket, let `speak` send what it has, and close; raises what `speak` raises."""
    socket = web.WebSocketResponse(
        heartbeat=ping_s, timeout=CLOSE_S, max_msg_size=MAX_INCOMING_BYTES, compress=False
    )
    try:
        await socket.prepare(request)
    except ConnectionError:
        return socket  # it left during the handshake
    speaking = asyncio.ensure_future(speak(SendingSocket(request, socket, write_s=write_s)))
    listening = asyncio.create_task(_listen(socket), name="listen to a socket")
    stopping = asyncio.create_task(request.app[STOPPING].wait(), name="wait for the stop")
    tasks: set[asyncio.Future[Any]] = {speaking, listening, stopping}
    code = WSCloseCode.GOING_AWAY
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if speaking.done() or not stopping.done():
            code = WSCloseCode.OK
        if speaking.done() and not speaking.cancelled() and speaking.exception() is not None:
            code = WSCloseCode.INTERNAL_ERROR
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        with contextlib.suppress(ConnectionError):
            await socket.close(code=code)
    error = None if speaking.cancelled() else speaking.exception()
    if error is not None and not isinstance(error, ReaderGone):
        raise error
    return socket


async def _listen(socket: web.WebSocketResponse) -> None:
    """Take what comes until the client closes or is gone."""
    async for _ in socket:
        pass
