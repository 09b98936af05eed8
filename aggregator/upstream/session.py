"""The one HTTP session for everything on behalf of members, with its guard, TLS and proxy."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from aggregator.upstream.guard import HostGuard, SocketGuard
from aggregator.upstream.limits import UpstreamLimits
from aggregator.upstream.peer import (
    Peer,
    Served,
    SocketFactory,
    look_at_certificates,
    look_at_peer,
)

KEEPALIVE_S: Final = 90
DNS_TTL_S: Final = 300
DNS_STALE_S: Final = 3600
_NAMES_KEPT: Final = 4096


class CaFileError(Exception):
    """A CA file that the operator named cannot be used."""


class BrokenConnection(aiohttp.ClientConnectionError):
    """The connection ended before the answer began; the cause is aiohttp's error."""


class MemberSession:
    """Owns one `aiohttp.ClientSession`: no redirects, no cookies, nothing from the environment.

    With a `proxy` (its address, with credentials if it wants any) every connection leads there: the
    proxy's own address is trusted, and members' hosts are checked by name before each call.
    `ca_file` is trusted beside the system's CAs; a member's own file replaces both for that member.
    """

    def __init__(
        self,
        limits: UpstreamLimits,
        *,
        version: str,
        public_url: str,
        allow_private: bool = False,
        proxy: str | None = None,
        ca_file: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        resolver: AbstractResolver | None = None,
        guard: SocketFactory | None = None,
    ) -> None:
        self._limits = limits
        about = f" (+{public_url})" if public_url else ""
        self._user_agent = f"beacon-aggregator/{version}{about}"
        self._allow_private = allow_private
        self._proxy = proxy
        self._ca_file = ca_file
        self._clock = clock
        self._contexts: dict[str, asyncio.Task[ssl.SSLContext]] = {}
        self._given_resolver = resolver
        self._guard = guard or SocketGuard(allow_private=allow_private or bool(proxy))
        self._trusted: ssl.SSLContext | bool = True
        self._resolver: AbstractResolver | None = None
        self._session: aiohttp.ClientSession | None = None
        self._host_guard: HostGuard | None = None

    async def start(self) -> None:
        """Open the session on the running loop.

        Raises:
            CaFileError: the CA file cannot be read.
        """
        if self._ca_file:
            self._trusted = await _build_context(self._ca_file, beside_the_systems=True)
        self._resolver = LastKnownResolver(self._given_resolver or DefaultResolver(), self._clock)
        if self._proxy and not self._allow_private:
            self._host_guard = HostGuard(self._resolve, clock=self._clock, ttl_s=DNS_TTL_S)
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=KEEPALIVE_S,
            ttl_dns_cache=DNS_TTL_S,
            resolver=self._resolver,
            socket_factory=self._guard,
            ssl=self._trusted,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=True,
            proxy=self._proxy,
            timeout=aiohttp.ClientTimeout(
                total=None,
                sock_connect=self._limits.connect_timeout_s,
                ceil_threshold=float("inf"),
            ),
            headers={
                "User-Agent": self._user_agent,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
            },
            middlewares=(_forbid_replay,),
        )

    async def aclose(self) -> None:
        """Close every connection; calls in flight fail."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._resolver is not None:
            await self._resolver.close()
            self._resolver = None
        for building in self._contexts.values():
            building.cancel()
        await asyncio.gather(*self._contexts.values(), return_exceptions=True)
        self._contexts.clear()

    def request(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        tls: ssl.SSLContext | bool,
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Begin one request; raises what aiohttp raises, and `BrokenConnection`."""
        if self._session is None:
            raise RuntimeError("the session for members is not open")
        return self._session.request(
            method, url, headers=headers, data=body, ssl=tls, allow_redirects=False
        )

    async def check_host(self, url: URL) -> None:
        """Check the host by name where a proxy makes the connection.

        Raises:
            AddressRefused: the host is not on the public internet.
        """
        if self._host_guard is not None:
            await self._host_guard.check(url.raw_host or "")  # as the proxy reads it

    async def peer(self, url: URL) -> Peer | None:
        """Look at who answers at an address; None where a proxy stands between, or nobody does.

        Certificates are verified as those of members without a CA file of their own.
        """
        if self._resolver is None or self._proxy:
            return None
        return await look_at_peer(url, self._resolver, self._guard, await self._context(None))

    @property
    def has_proxy(self) -> bool:
        """Whether a proxy makes the connections, so that certificates cannot be looked at."""
        return self._proxy is not None

    async def served(self, url: URL, ca_file: str | None) -> Served | None:
        """Look at the certificates of a host as a member with this CA file is verified.

        None where a proxy stands between, or no handshake comes about. Raises `CaFileError`.
        """
        if self._resolver is None or self._proxy:
            return None
        context = await self._context(ca_file)
        return await look_at_certificates(url, self._resolver, self._guard, context)

    async def _context(self, ca_file: str | None) -> ssl.SSLContext:
        context = await self.tls_for(ca_file) if ca_file is not None else self._trusted
        if isinstance(context, bool):
            return await asyncio.to_thread(ssl.create_default_context)
        return context

    async def tls_for(self, ca_file: str | None) -> ssl.SSLContext | bool:
        """Give what verifies a member: its own CA file's context, built once, or the session's.

        Raises:
            CaFileError: the file cannot be read now; the next call tries again.
        """
        if ca_file is None:
            return True
        building = self._contexts.get(ca_file)
        if building is None:
            building = asyncio.create_task(_build_context(ca_file, beside_the_systems=False))
            self._contexts[ca_file] = building
        try:
            return await asyncio.shield(building)
        except CaFileError:
            if self._contexts.get(ca_file) is building:
                del self._contexts[ca_file]
            raise

    async def _resolve(self, host: str) -> Sequence[str]:
        if self._resolver is None:
            raise OSError("the session for members is not open")
        found = await self._resolver.resolve(host, 0, family=socket.AF_UNSPEC)
        return [each["host"] for each in found]


class LastKnownResolver(AbstractResolver):
    """Answers from memory, for an hour, while the name server fails."""

    def __init__(self, inner: AbstractResolver, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._clock = clock
        self._known: dict[tuple[str, int, int], tuple[float, list[ResolveResult]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve as aiohttp asks; raises OSError for a name that was not known lately either."""
        key = (host, port, family)
        try:
            found = await self._inner.resolve(host, port, family)
        except OSError:
            known_s, found = self._known.get(key, (float("-inf"), []))
            if self._clock() - known_s > DNS_STALE_S:
                raise
            return found
        if len(self._known) >= _NAMES_KEPT:
            self._known.clear()
        self._known[key] = (self._clock(), found)
        return found

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._inner.close()


async def _forbid_replay(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET again by itself when the connection breaks.

    Second attempts are counted, bounded and decided in one place of ours; aiohttp's own comes on
    fresh connections too and would double them. It looks for these exceptions by their class.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, TimeoutError):
        raise
    except (aiohttp.ClientConnectionError, OSError) as error:
        raise BrokenConnection(type(error).__name__) from error


async def _build_context(ca_file: str, *, beside_the_systems: bool) -> ssl.SSLContext:
    """Build in a thread: it reads files and takes about 20 ms."""
    try:
        return await asyncio.to_thread(_read_context, ca_file, beside_the_systems)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CaFileError(reason or type(error).__name__) from error


def _read_context(ca_file: str, beside_the_systems: bool) -> ssl.SSLContext:
    if beside_the_systems:
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=ca_file)
    else:
        context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(("http/1.1",))
    return context
