"""What all demo beacons share: a loopback server, a log of the queries received, and faults."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from .mistakes import MISTAKES, Mistakes

_LOG_LENGTH = 1000
_SHUTDOWN_S = 0.05
"""How long open requests may go on at closing: a deliberately slow answer must not delay it."""

_INFORMATIONAL = frozenset({"", "info", "service-info", "configuration", "map", "entry_types"})
"""Paths below the base URL that ask about the beacon and not about its data."""


@dataclass(frozen=True)
class Server:
    """A server family: how to build one, where its API starts and how a registry describes it."""

    application: Callable[[], web.Application]
    base_path: str
    member: Mapping[str, object]
    """The member entry without `id` and `url`."""


@dataclass
class Fault(Mistakes):
    """How a beacon misbehaves; it applies to every request, informational ones included."""

    delay_s: float = 0.0
    """Answer late."""
    down: bool = False
    """Close the connection without an answer."""
    status: int | None = None
    """Answer this HTTP status with a short HTML page, as a broken proxy in front would."""
    body: bytes | None = None
    """Answer 200 with exactly these bytes."""
    get_only: bool = False
    """Answer 405 to POST, as many v1 servers do."""


@dataclass(frozen=True, slots=True)
class Received:
    """One query request as it arrived, before any fault."""

    method: str
    path: str
    query: dict[str, list[str]]
    json: object | None
    headers: dict[str, str] = field(repr=False)
    """With lower-case names."""


class DemoBeacon:
    """One beacon: start it, ask it, break it, close it; started again it keeps its port."""

    def __init__(
        self,
        beacon_id: str,
        server: Server,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fault: Fault | None = None,
    ) -> None:
        self.id = beacon_id
        self.fault = fault if fault is not None else Fault()
        self.requests: list[Received] = []
        self._server = server
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The base URL; with a free port it is known once the beacon has started."""
        if not self._port:
            raise RuntimeError(f"{self.id} has no port yet: start it first")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}{self._server.base_path}"

    async def start(self) -> None:
        """Listen; OSError where the port is taken."""
        if self._runner is not None:
            raise RuntimeError(f"{self.id} is already running")
        application = self._server.application()
        application.middlewares.insert(0, self._observe)
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = int(runner.addresses[0][1])

    async def aclose(self) -> None:
        """Stop answering at once: pending slow answers are cancelled. Closing twice is harmless."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        below = request.path.removeprefix(self._server.base_path).strip("/")
        if below not in _INFORMATIONAL and not below.endswith("filtering_terms"):
            self.requests.append(await _received(request))
            del self.requests[:-_LOG_LENGTH]
        MISTAKES.set(self.fault)
        faulty = await _misbehave(self.fault, request)
        return faulty if faulty is not None else await handler(request)


async def _received(request: web.Request) -> Received:
    try:
        body = json.loads(await request.read() or b"null")
    except ValueError:
        body = None
    return Received(
        method=request.method,
        path=request.path,
        query={name: request.query.getall(name) for name in request.query},
        json=body,
        headers={name.lower(): value for name, value in request.headers.items()},
    )


async def _misbehave(fault: Fault, request: web.Request) -> web.Response | None:
    if fault.delay_s > 0:
        await asyncio.sleep(fault.delay_s)
    if fault.down:
        if request.transport is not None:
            request.transport.close()
        return web.Response()  # aiohttp wants one; the closed transport keeps it from being sent
    if fault.status is not None:
        return _error_page(fault.status)
    if fault.body is not None:
        return web.Response(body=fault.body, content_type="application/json")
    if fault.get_only and request.method == "POST":
        raise web.HTTPMethodNotAllowed("POST", ["GET", "HEAD"])
    return None


def _error_page(status: int) -> web.Response:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    head, body = f"<title>{status} {phrase}</title>", f"<h1>{phrase}</h1>"
    page = f"<html><head>{head}</head><body>{body}</body></html>\n"
    return web.Response(status=status, text=page, content_type="text/html")
