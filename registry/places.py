"""Whether two addresses are one, and ids that are nobody's yet. Pure."""

from collections.abc import Container, Mapping
from typing import Final
from urllib.parse import urlsplit

DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}

_MAX_ID: Final = 63


def place_of_url(url: str) -> str:
    """Give an address without what two spellings of it may differ in: scheme, case, last slash."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return f"{host}:{port}{parts.path.rstrip('/')}"


def free_id(wanted: str, taken: Container[str]) -> str:
    """Give the id with the first number that makes it nobody's."""
    number = 2
    while (made := f"{wanted[: _MAX_ID - 1 - len(str(number))]}-{number}") in taken:
        number += 1
    return made
