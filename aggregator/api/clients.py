"""Who is asking, under a name that is not an address, and what an allowance is."""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV4_PREFIX = 32
IPV6_PREFIX = 48
"""What one subscriber usually gets; a single host may use any of its addresses."""
NOBODY = "local"
"""Stands for clients without an address, as those of a Unix socket."""


class Clients:
    """Tells clients apart; addresses leave this class only as keyed hashes."""

    def __init__(self, trusted_proxies: Sequence[str], secret: bytes) -> None:
        self._trusted: tuple[Network, ...] = tuple(
            ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies
        )
        self._secret = hashlib.blake2b(secret, digest_size=32).digest()

    def address_of(self, peer: str | None, forwarded_for: Sequence[str]) -> Address | None:
        """Give the address of the client, None if it has none.

        `forwarded_for` are the values of X-Forwarded-For as they came. They are believed only as
        far as trusted proxies wrote them: from the right to the first address that is none of
        theirs. What stands left of it, or cannot be read, anybody may have made up.
        """
        address = _read(peer or "")
        if address is None or not self._trusts(address):
            return address
        hops = [hop for value in forwarded_for for hop in value.split(",")]
        for hop in reversed(hops):
            named = _read(hop)
            if named is None:
                break
            address = named
            if not self._trusts(address):
                break
        return address

    def key_of(self, address: Address | None) -> str:
        """Name the client's network in a way that cannot be turned back without the secret."""
        return self._hashed(NOBODY if address is None else str(_network(address)))

    def key_of_subject(self, subject: str) -> str:
        """Name somebody whose token has been verified."""
        return self._hashed(f"subject {subject}")

    def _hashed(self, name: str) -> str:
        return hashlib.blake2b(name.encode(), key=self._secret, digest_size=16).hexdigest()

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client has left after it was charged, or refused."""

    limit: int
    """Member questions per `period_s`."""
    period_s: int
    remaining: int
    reset_s: float
    """Seconds until the whole allowance is back, if nothing more is asked."""
    retry_after_s: float | None = None
    """None: granted. Else refused, and seconds until the same question is granted."""


class Allowances(Protocol):
    """Keeps count of what clients have asked."""

    async def charge(self, client: str, cost: int) -> Allowance:
        """Take `cost` member questions from a client's allowance, or nothing if too few are left.

        Never raises. A question that costs more than the whole allowance costs all of it.
        """
        ...

    async def aclose(self) -> None:
        """Give resources back."""
        ...


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Who is asking and what they have left."""

    clients: Clients
    allowances: Allowances


def _network(address: Address) -> Network:
    prefix = IPV4_PREFIX if address.version == 4 else IPV6_PREFIX
    return ipaddress.ip_network(f"{address}/{prefix}", strict=False)


def _read(text: str) -> Address | None:
    """Read `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`."""
    host = text.strip().strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
