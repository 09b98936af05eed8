"""What an entry names beside itself and has to be there: other members, a file of certificates."""

import ssl
from collections.abc import Container, Iterable
from pathlib import Path

from registry.models import MemberEntry


def member_in(name: str) -> str:
    """Give the member in a name of `same_as`, which may be `member~beaconId`."""
    return name.partition("~")[0]


def unknown_members(entry: MemberEntry, names: Iterable[str], known: Container[str]) -> list[str]:
    """Say of each of these names of `same_as` that it is no other member's."""
    found = []
    for name in names:
        if name == entry.id:
            found.append(f"same_as: “{name}” is this member itself; name the other one")
        elif member_in(name) not in known:
            found.append(
                f"same_as: there is no member “{member_in(name)[:80]}”; correct the id, or add "
                "that member first"
            )
    return found


def problem_of_ca_file(path: str) -> str:
    """Say why a file of certificates is of no use, else nothing; reads it, so not on the loop."""
    try:
        if not Path(path).is_file():
            why = "is no file here"
        else:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
            return ""
    except ssl.SSLError:
        why = "holds no certificates"
    except (OSError, ValueError):
        why = "cannot be read"
    return f"ca_file: “{path[:200]}” {why}; give certificates (PEM) that this network can read"
