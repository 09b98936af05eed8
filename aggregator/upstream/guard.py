"""Keeps our calls on the public internet: every address is checked when a socket is made for it.

A check of names or URLs is not enough: literals skip the resolver, redirects and DNS answers change
after the check. `SocketGuard` is the connector's `socket_factory`, which sees each address there is
a connection attempt to, after all of those. Only behind an outbound proxy, where the sockets lead
to the proxy, `HostGuard` checks the member's host before the call.
"""

import errno
import re
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

_NAT64: Final = IPv6Network("64:ff9b::/96")

_NEVER_PUBLIC: Final[tuple[IPv4Network | IPv6Network, ...]] = tuple(
    ip_network(block)
    for block in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "100::/64",
        "2001:2::/48",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
"""IANA special-purpose blocks that some Python versions still call global."""

_LOCAL_SUFFIXES: Final = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home.arpa")
_NAME: Final = re.compile(r"[a-z0-9_.-]+")
_HOST_VERDICTS_KEPT: Final = 4096

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


class AddressRefused(OSError):
    """The guard does not let us connect there.

    The text is the same for every address: where a name has several, the connector passes on the
    first error only if all read alike, and a mixture without its type otherwise.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EACCES, "the address is not on the public internet")
        self.reason = reason


def address_refusal(ip: str) -> str | None:
    """Say what forbids connecting to this IP address (“a private address”); None for a public one.

    IPv6 addresses that carry an IPv4 address (mapped, NAT64, 6to4, Teredo) are judged by it.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return "not an IP address"
    inner = _carried(address)
    if inner:
        return next((why for why in map(_refusal, inner) if why), None)
    return _refusal(address)


def _carried(address: IPv4Address | IPv6Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour:
        return (address.sixtofour,)
    return address.teredo or ()


def _refusal(address: IPv4Address | IPv6Address) -> str | None:
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_reserved:
        return "a reserved address"
    if address.is_private:
        return "a private address"
    if not address.is_global or any(address in block for block in _NEVER_PUBLIC):
        return "not a public address"
    return None


class SocketWatch:
    """Tells whether a call opened a connection of its own or was given one from the pool."""

    __slots__ = ("opened",)

    def __init__(self) -> None:
        self.opened = False


SOCKET_WATCH: ContextVar[SocketWatch | None] = ContextVar("SOCKET_WATCH", default=None)
"""Set by the caller around one request; marked by the socket factory, which runs in its context."""


class SocketGuard:
    """A `socket_factory` for `aiohttp.TCPConnector` that refuses non-public addresses."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    def __call__(self, address_info: AddressInfo) -> socket.socket:
        """Make the non-blocking socket for one connection attempt.

        Raises:
            AddressRefused: the address is not public.
            OSError: no socket can be had.
        """
        family, kind, protocol, _, sockaddr = address_info
        if not self._allow_private and (why := address_refusal(str(sockaddr[0]))):
            raise AddressRefused(why)
        made = socket.socket(family=family, type=kind, proto=protocol)
        made.setblocking(False)
        if watch := SOCKET_WATCH.get():
            watch.opened = True
        return made


class HostGuard:
    """Checks a member's host before an outbound proxy is asked to connect to it.

    A name that only the proxy can resolve is let through, because networks that need a proxy often
    have no outside DNS; names that belong to the inside are not. What the proxy resolves is its own
    affair: it can disagree with us, so a proxy should refuse inside addresses as well.
    """

    def __init__(
        self,
        resolve: Callable[[str], Awaitable[Sequence[str]]],
        *,
        clock: Callable[[], float] = time.monotonic,
        ttl_s: float = 300,
    ) -> None:
        self._resolve = resolve
        self._clock = clock
        self._ttl_s = ttl_s
        self._verdicts: dict[str, tuple[float, str | None]] = {}

    async def check(self, host: str) -> None:
        """Pass silently or raise `AddressRefused`; `host` is a name or an IP literal."""
        name = host.strip("[]").rstrip(".").lower()
        until, why = self._verdicts.get(name, (0.0, None))
        if until <= self._clock():
            why = await self._refusal(name)
            if len(self._verdicts) >= _HOST_VERDICTS_KEPT:
                self._verdicts.clear()
            self._verdicts[name] = (self._clock() + self._ttl_s, why)
        if why:
            raise AddressRefused(why)

    async def _refusal(self, name: str) -> str | None:
        literal = _as_literal(name)
        if literal is not None:
            return address_refusal(literal)
        if not _NAME.fullmatch(name):
            return "not a name of the internet"  # proxies differ in what they make of one
        if "." not in name or name.endswith(_LOCAL_SUFFIXES):
            return "a name of the local network"
        try:
            addresses = await self._resolve(name)
        except OSError:
            return None
        return next((why for why in map(address_refusal, addresses) if why), None)


def _as_literal(name: str) -> str | None:
    """Read an address as liberally as a proxy might (`127.1`, `0x7f000001`), or None for a name."""
    if ":" in name:
        return name
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return None
