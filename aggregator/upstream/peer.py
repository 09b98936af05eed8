"""Looks at who answers at an address: whether it is a public one, and the certificate shown.

The connection is one of its own, because those of the pool are given back, and with them what
they know of the other side, before an answer is read. It passes the same guard.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final

from aiohttp.abc import AbstractResolver
from yarl import URL

from aggregator.upstream.guard import AddressInfo, address_refusal

_DER: Final = 2
"""`_ssl.ENCODING_DER`"""
SocketFactory = Callable[[AddressInfo], socket.socket]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that was verified, with its chain and host name."""

    valid_until: datetime
    issuer: str
    """The organization or name of who issued it; empty where it has neither."""
    names: tuple[str, ...] = ()
    """The hosts it is for."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who answers at an address."""

    is_public: bool
    """Whether every address of the name is on the public internet."""
    certificate: Certificate | None = None
    """None for plain http, and where no verified connection came about."""


@dataclass(frozen=True, slots=True)
class Served:
    """The certificates a host serves, and whether they can be trusted."""

    chain: tuple[bytes, ...]
    """As served, the host's own first, in DER."""
    used: tuple[bytes, ...] = ()
    """What trust was built on, up to an authority that is known here; empty without trust."""
    failure: ssl.SSLCertVerificationError | None = None
    """Why they cannot be trusted."""


async def look_at_certificates(
    url: URL, resolver: AbstractResolver, guard: SocketFactory, context: ssl.SSLContext
) -> Served | None:
    """See which certificates a host serves, trusted or not; None where no handshake comes about.

    Where they cannot be trusted, a second handshake that trusts anybody tells which they are; both
    send nothing. The caller bounds the time. Other errors than those of the network are raised.
    """
    host = url.raw_host or ""
    try:
        addresses = await _addresses(url, resolver)
    except (OSError, ValueError):
        return None
    for one in addresses:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError):
            try:
                return await _served(host, one, guard, context)
            except ssl.SSLCertVerificationError as failure:
                seen = await _served(host, one, guard, await asyncio.to_thread(_trusting))
                return Served(seen.chain, (), failure)
    return None


async def look_at_peer(
    url: URL, resolver: AbstractResolver, guard: SocketFactory, context: ssl.SSLContext
) -> Peer | None:
    """Resolve the host and, for https, shake hands once; None where it has no address.

    The caller bounds the time. Other errors than those of the network and of names are raised.
    """
    try:
        addresses = await _addresses(url, resolver)
    except (OSError, ValueError):
        return None
    is_public = not any(address_refusal(str(one[4][0])) for one in addresses)
    if url.scheme == "https":
        for one in addresses:
            with suppress(OSError, ValueError, asyncio.IncompleteReadError):
                return Peer(is_public, await _certificate(url.raw_host or "", one, guard, context))
    return Peer(is_public)


async def _addresses(url: URL, resolver: AbstractResolver) -> list[AddressInfo]:
    host, port = url.raw_host or "", url.port or 0
    with suppress(ValueError):
        version = ip_address(host).version
        return [_info(host, port, socket.AF_INET6 if version == 6 else socket.AF_INET)]
    found = await resolver.resolve(host, port, family=socket.AF_UNSPEC)
    return [_info(one["host"], port, socket.AddressFamily(one["family"])) for one in found]


def _info(host: str, port: int, family: socket.AddressFamily) -> AddressInfo:
    place = (host, port, 0, 0) if family is socket.AF_INET6 else (host, port)
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)


async def _certificate(
    host: str, address: AddressInfo, guard: SocketFactory, context: ssl.SSLContext
) -> Certificate | None:
    async with _shaken(host, address, guard, context) as transport:
        return _read(transport.get_extra_info("peercert") or {})


async def _served(
    host: str, address: AddressInfo, guard: SocketFactory, context: ssl.SSLContext
) -> Served:
    async with _shaken(host, address, guard, context) as transport:
        found = transport.get_extra_info("ssl_object")
        is_trusted = context.verify_mode is ssl.CERT_REQUIRED
        chain = _chain(found, "get_unverified_chain")
        return Served(chain, _chain(found, "get_verified_chain") if is_trusted else ())


@asynccontextmanager
async def _shaken(
    host: str, address: AddressInfo, guard: SocketFactory, context: ssl.SSLContext
) -> AsyncIterator[asyncio.WriteTransport]:
    """Shake hands once and send nothing more."""
    made = guard(address)
    try:
        await asyncio.get_running_loop().sock_connect(made, address[4])
    except BaseException:
        made.close()
        raise
    _, writer = await asyncio.open_connection(sock=made, ssl=context, server_hostname=host)
    try:
        yield writer.transport
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # the socket is closed in the next round of the loop


def _chain(found: Any, name: str) -> tuple[bytes, ...]:
    """Read a chain off an `ssl.SSLObject`: public from Python 3.13, in its inner object before."""
    method = getattr(found, name, None) or getattr(found._sslobj, name)
    told = method() or ()
    return tuple(one if isinstance(one, bytes) else one.public_bytes(_DER) for one in told)


def _trusting() -> ssl.SSLContext:
    """Make a context to look with, and for nothing else: nothing is ever sent through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _read(told: Mapping[str, Any]) -> Certificate | None:
    """Read what `SSLSocket.getpeercert` gives of a verified certificate."""
    until = told.get("notAfter")
    if not isinstance(until, str):
        return None
    issuer = dict(_pairs(told.get("issuer", ())))
    return Certificate(
        valid_until=datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC),
        issuer=issuer.get("organizationName") or issuer.get("commonName") or "",
        names=tuple(name for _, name in told.get("subjectAltName", ())),
    )


def _pairs(name: Iterable[Iterable[tuple[str, str]]]) -> Iterable[tuple[str, str]]:
    return (pair for part in name for pair in part)
