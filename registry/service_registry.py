"""Writes the members as services: GA4GH service-registry 1.0.0, of service-info 1.0.0.

https://github.com/ga4gh-discovery/ga4gh-service-registry. A service's `id` is our own key of the
member, which names it everywhere else too; what a beacon calls itself is often shared or wrong
and stands in `info.network.beaconId`. Lookups take either, and the two ways of making a name
unique: reverse DNS of this network before our key, and of the beacon's host (CSC's registry).

`type` names the API that is spoken: a network that answers as a Beacon is one. What stands for an
opaque group is reached at this network alone, and is told with this network's facts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlsplit

from yarl import URL

from aggregator.base.errors import BadQuery, NotFound
from registry.models import Organization, Protocol
from registry.snapshot import RegisteredMember

Document = dict[str, Any]

GROUP: Final = "org.ga4gh"
UNKNOWN: Final = "unknown"
"""Stands for what a service has not told where the standard requires something."""
MAX_VERSION: Final = 100
MAX_ADDRESSES: Final = 10_000
"""How many addresses are kept as they are written: writing one takes longer than all the rest."""
RESERVED: Final = frozenset({"types"})
"""Ids that `/services/{id}` cannot show."""
_ARTIFACTS: Final = {
    Protocol.CSC: "beacon-aggregator",
    Protocol.BEACON_NETWORK: "beacon-network",
}
_MAJORS: Final = {Protocol.V0: "0", Protocol.V1: "1", Protocol.V2: "2"}
_OF_A_URI: Final = ":/?#@!$&'()*+,;=%~"
_NOT_ENCODED: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Home:
    """This network, as far as it stands in for others."""

    api_url: str
    """Where its Beacon API is."""
    api_version: str
    version: str
    environment: str
    organization: Organization


@dataclass(frozen=True, slots=True)
class Listing:
    """What is known of a member beside what questions need."""

    member: RegisteredMember
    created_at: str | None = None
    updated_at: str | None = None
    logo_url: str | None = None
    """On our own origin."""


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """Which services are wanted; empty parts want any."""

    types: tuple[tuple[str, ...], ...] = ()
    """`(artifact,)`, `(group, artifact)` or `(group, artifact, version)`, in small letters."""
    versions: tuple[str, ...] = ()

    @classmethod
    def read(cls, types: Iterable[str], versions: Iterable[str]) -> "ServiceFilter":
        """Read the parameters; what is repeated means any of them. Raises `BadQuery`."""
        wanted = [text.strip().lower() for text in types if text.strip()]
        parts = [tuple(part.strip() for part in text.split(":")) for text in wanted]
        problems = [
            f"type: “{text[:80]}” is neither an artifact, as `beacon`, nor `group:artifact` or "
            "`group:artifact:version`, as `org.ga4gh:beacon:2.0.0`"
            for text, part in zip(wanted, parts, strict=True)
            if len(part) > 3 or not all(part)
        ]
        if problems:
            raise BadQuery(problems)
        return cls(tuple(parts), tuple(text.strip() for text in versions if text.strip()))

    def takes(self, told: dict[str, str]) -> bool:
        """Whether services of this type are wanted."""
        is_of_type = not self.types or any(_is_type(told, wanted) for wanted in self.types)
        return is_of_type and all(_is_version(told["version"], one) for one in self.versions)


def service_document(listing: Listing, home: Home, *, now: datetime) -> Document:
    """Write one service; whoever runs it and where is always told, as well as it is known."""
    member = listing.member
    entry, told = member.entry, member.capabilities
    is_group = bool(member.inside)
    version = home.version if is_group else told.service_version
    optional = {
        "description": entry.description or told.description,
        "contactUrl": _contact(entry.organization) or _contact(told.organization),
        "createdAt": listing.created_at,
        "updatedAt": listing.updated_at,
        "environment": home.environment if is_group else told.environment,
    }
    return {
        "id": member.id,
        "name": member.name,
        "type": service_type(member, home),
        "organization": _organization(listing, home),
        **{name: value for name, value in optional.items() if value},
        "version": (version or UNKNOWN)[:MAX_VERSION],
        "url": as_uri(home.api_url if is_group else entry.url),
        "info": {"network": _of_ours(member, now)},
    }


def service_type(member: RegisteredMember, home: Home) -> dict[str, str]:
    """Name the API a member speaks."""
    if member.inside:
        return {"group": GROUP, "artifact": "beacon", "version": home.api_version}
    protocol = member.protocol
    version = member.capabilities.api_version
    if not version:
        version = UNKNOWN if protocol is None else _MAJORS.get(protocol, UNKNOWN)
    artifact = "beacon" if protocol is None else _ARTIFACTS.get(protocol, "beacon")
    return {"group": GROUP, "artifact": artifact, "version": version[:MAX_VERSION]}


def service_types(members: Iterable[RegisteredMember], home: Home) -> list[dict[str, str]]:
    """List every type of service once, in registry order."""
    listed: dict[tuple[str, ...], dict[str, str]] = {}
    for told in (service_type(member, home) for member in members):
        listed.setdefault(tuple(told.values()), told)
    return [*listed.values()]


def error_document(status: int, title: str, detail: str, problems: Sequence[str] = ()) -> Document:
    """Write an error; `problems` are its sentences one by one, where there are several."""
    written: Document = {"status": status, "title": title, "detail": detail}
    if problems:
        written["problems"] = list(problems)
    return written


def find_service(
    members: Sequence[RegisteredMember], service_id: str, *, network_id: str
) -> RegisteredMember:
    """Find a member by any name of its service; raises `NotFound`.

    Our key wins; a name that several beacons give themselves names none of them.
    """
    by_id = {member.id: member for member in members}
    ours = service_id.removeprefix(f"{network_id}.")
    for key in (service_id, ours):
        if key in by_id:
            return by_id[key]
    named = [member for member in members if service_id in _names(member)]
    if len(named) == 1:
        return named[0]
    shown = service_id[:80]
    if not named:
        raise NotFound(f"There is no service “{shown}” in this registry; /services lists them.")
    ids = ", ".join(member.id for member in named[:10])
    raise NotFound(
        f"{len(named)} services of this registry call themselves “{shown}”: ask for one of them "
        f"by its id here: {ids}{', …' if len(named) > 10 else ''}."
    )


def is_named(member: RegisteredMember, service_id: str, *, network_id: str) -> bool:
    """Whether a service goes by this name, be it alone or not."""
    ours = service_id.removeprefix(f"{network_id}.")
    return member.id in {service_id, ours} or service_id in _names(member)


def host_id(url: str) -> str:
    """Give the id that CSC's registry makes of an address: host and port, back to front."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    return ".".join(reversed(host.split(".")))


@lru_cache(maxsize=MAX_ADDRESSES)
def as_uri(address: str) -> str:
    """Write an address as RFC 3986 wants it: host in ASCII, the rest percent-encoded."""
    try:
        written = quote(str(URL(address)), safe=f"{_OF_A_URI}[]")
    except (ValueError, IndexError):  # its host has no form in ASCII
        written = quote(address, safe=_OF_A_URI, errors="replace")
    return _NOT_ENCODED.sub("%25", written)


def _names(member: RegisteredMember) -> set[str]:
    names = {member.capabilities.beacon_id or "", host_id(member.entry.url)}
    return names - {""}


def _is_type(told: dict[str, str], wanted: tuple[str, ...]) -> bool:
    if len(wanted) == 1:
        return told["artifact"] == wanted[0]
    if (told["group"], told["artifact"]) != wanted[:2]:
        return False
    return len(wanted) == 2 or _is_version(told["version"], wanted[2])


def _is_version(told: str, wanted: str) -> bool:
    """Compare versions without their `v`; `2.1` means every 2.1 there is."""
    mine, other = told.lower().lstrip("v"), wanted.lower().lstrip("v")
    return mine == other or mine.startswith(f"{other}.")


def _organization(listing: Listing, home: Home) -> Document:
    """Name who runs a service: as declared, else as told, else the host it is served from."""
    member = listing.member
    known = [
        one
        for one in (member.entry.organization, member.capabilities.organization)
        if one is not None
    ]
    site = urlsplit(member.entry.url)
    last = Organization(name=site.netloc, url=f"{site.scheme}://{site.netloc}")
    last = home.organization if member.inside else last
    names = (one.name for one in known if one.name.strip())
    links = (link for one in known if (link := _link(one.url)) is not None)
    written: Document = {
        "name": next(names, last.name),
        "url": next(links, None) or as_uri(last.url or home.api_url),
    }
    if listing.logo_url is not None:
        written["logoUrl"] = listing.logo_url
    return written


def _contact(organization: Organization | None) -> str | None:
    return None if organization is None else _link(organization.contact_url, "mailto")


@lru_cache(maxsize=MAX_ADDRESSES)
def _link(address: str | None, *more: str) -> str | None:
    """Give an address of the web, or of another of these schemes; None for what is none."""
    try:
        url = URL((address or "").strip())
        # reading the host decodes it, which fails for names such as `xn--a`
        has_host = url.scheme in {"http", "https"} and url.host
    except (ValueError, IndexError):
        return None
    return as_uri(str(url)) if has_host or (url.scheme in more and url.path) else None


def _of_ours(member: RegisteredMember, now: datetime) -> Document:
    """Write what the standard has no word for."""
    entry, told = member.entry, member.capabilities
    is_paused = entry.paused is not None and not entry.paused.is_over(now)
    return {
        "beaconId": told.beacon_id,
        "protocol": member.protocol.value if member.protocol else "auto",
        "isNetwork": told.is_network,
        "assemblies": [assembly.value for assembly in member.assemblies],
        "groups": list(entry.groups),
        "state": "disabled" if entry.disabled else "paused" if is_paused else "active",
    }
