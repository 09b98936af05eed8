"""Looks at who answers at an address: whether it is a public one, and the certificate shown.

The connection is one of its own, because those of the pool are given back, and with them what
they know of the other side, before an answer is read. It passes the same guard.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from aiohttp.abc import AbstractResolver
from yarl import URL

from aggregator.upstream.guard import AddressInfo, address_refusal

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
    made = guard(address)
    try:
        await asyncio.get_running_loop().sock_connect(made, address[4])
    except BaseException:
        made.close()
        raise
    _, writer = await asyncio.open_connection(sock=made, ssl=context, server_hostname=host)
    try:
        return _read(writer.get_extra_info("peercert") or {})
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)  # the socket is closed in the next round of the loop


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
