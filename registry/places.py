"""Whether two addresses are one, and ids that are nobody's yet. Pure."""

from collections.abc import Container
from typing import Final

from yarl import URL

from registry.models import MemberEntry, Protocol

_MAX_ID: Final = 63


def place_of_url(url: str) -> str:
    """Give an address without what two spellings of it may differ in.

    Scheme and its own port, case, international or percent-encoded letters, dots in the path, a
    dot after the host, the last slash.
    """
    try:
        read = URL(url)
        host = (read.raw_host or "").rstrip(".").lower()
        port = None if read.is_default_port() else read.port
        return f"{host}:{port or ''}{read.path.rstrip('/')}"
    except (ValueError, IndexError):  # none that is ever called
        return url


def place_of(entry: MemberEntry) -> str:
    """Name what is learned about a member: an address and the protocol it is asked in."""
    return f"{entry.url} {entry.protocol}"


def may_be_one(one: Protocol, other: Protocol) -> bool:
    """Whether an address is asked alike in both: who finds out may find any of them."""
    return one is other or Protocol.AUTO in {one, other}


def free_id(wanted: str, taken: Container[str]) -> str:
    """Give the id with the first number that makes it nobody's."""
    number = 2
    while (made := f"{wanted[: _MAX_ID - 1 - len(str(number))]}-{number}") in taken:
        number += 1
    return made
