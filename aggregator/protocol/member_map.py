"""Reads a member's `/map`: where each entry type is asked for (framework, beaconMapSchema.json).

The keys of `endpointSets` and `endpoints` are free text: only `entryType` and `returnedEntryType`
identify. Known deviations of real members, each with a test: addresses with another scheme, port
or host (`localhost` behind a proxy), relative ones, placeholders other than `{id}`, `endpoints`
as a list, no `singleEntryUrl`, the single record among the `endpoints`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.member_document import MAX_URL, named_items, response_of
from aggregator.protocol.surface import ID, list_key, nested_key, record_key

MAX_SETS: Final = 200
"""The most endpoint sets of a map, and the most endpoints of a set."""

_PLACEHOLDER: Final = re.compile(r"\{[^{}/]*\}|<[^<>/]*>|(?<=/):[A-Za-z_]\w*")
_PLAIN: Final = re.compile(r"[!-~]+")
_MARK: Final = "0placeholder0"


@dataclass(frozen=True, slots=True)
class MemberMap:
    """Where a member wants to be asked."""

    endpoints: Mapping[str, str]
    """As `Capabilities.endpoints`: below the member's address where the template begins with `/`,
    else an address on the member's own origin."""
    problems: tuple[str, ...] = ()


def read_map(document: Mapping[str, Any], address: str) -> MemberMap | None:
    """Read a map for a member registered at `address`; None if the document is no map.

    Nor is one with more places than `MAX_SETS`: a part of it would say that it lacks the rest.
    """
    sets = response_of(document).get("endpointSets")
    if not isinstance(sets, (Mapping, list)) or _is_endless(sets):
        return None
    told: dict[str, _Told] = {}
    problems: list[str] = []
    for key, url, is_root in _addresses(sets):
        if key in told:
            continue
        template = _template(url)
        if template is None or (ID in template.path) is not (ID in key):
            problems.append(f"its /map has an address for {key} that cannot be used")
            continue
        told[key] = _Told(template, is_root)
    place = _Place(address, told)
    endpoints = {key: place.of(one.template) for key, one in told.items()}
    if not endpoints:
        return None
    return MemberMap(endpoints, (*problems, *place.problems()))


@dataclass(frozen=True, slots=True)
class _Told:
    """An address of a map; `is_root` where a list of an entry type is asked for."""

    template: SplitResult
    is_root: bool


def _is_endless(sets: Mapping[str, Any] | list[Any]) -> bool:
    if len(sets) > MAX_SETS:
        return True
    listed = (one.get("endpoints") for _, one in named_items(sets))
    return any(isinstance(one, (Mapping, list)) and len(one) > MAX_SETS for one in listed)


def _addresses(sets: Any) -> Iterator[tuple[str, Any, bool]]:
    """Give every address of a map with the key of its endpoint."""
    for name, one in named_items(sets):
        parent = entry_type_of(one.get("entryType") or name)
        if parent is None:
            continue
        if one.get("rootUrl"):
            yield list_key(parent), one["rootUrl"], True
        if one.get("singleEntryUrl"):
            yield record_key(parent), one["singleEntryUrl"], False
        for inner, below in named_items(one.get("endpoints")):
            returned = entry_type_of(below.get("returnedEntryType") or inner)
            if returned is None or not below.get("url"):
                continue
            if returned != parent:
                yield nested_key(parent, returned), below["url"], False
            elif _PLACEHOLDER.search(str(below["url"])):
                yield record_key(parent), below["url"], False


def _template(url: Any) -> SplitResult | None:
    """Read an address whose one placeholder becomes `{id}`; None for what cannot be asked."""
    if not isinstance(url, str) or len(url) > MAX_URL:
        return None
    marked, count = _PLACEHOLDER.subn(_MARK, url.strip())
    if count > 1 or _MARK in url or not _PLAIN.fullmatch(marked):
        return None
    try:
        parts = urlsplit(marked)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"", "http", "https"} or parts.username or parts.password:
        return None
    path = parts.path.replace(_MARK, ID)
    segments = [unquote(segment) for segment in path.split("/")]
    if ".." in segments or _MARK in parts.netloc + parts.query:
        return None
    path = re.sub(r"/{2,}", "/", path.removeprefix("./"))
    return SplitResult(parts.scheme, parts.netloc, path, parts.query, "")


class _Place:
    """The address of a member, to which the addresses of its map are brought."""

    def __init__(self, address: str, told: Mapping[str, _Told]) -> None:
        parts = urlsplit(address)
        self._host = parts.hostname
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base = parts.path.rstrip("/")
        self._foreign = self._roots(told)

    def of(self, template: SplitResult) -> str:
        """Bring an address to the member's: never to another origin than the registered one."""
        path, query = template.path, f"?{template.query}" if template.query else ""
        below = _below(path, self._base)
        if not template.netloc:
            # relative to the member's address, or to its origin where it repeats the base path
            return (below or f"/{path.lstrip('/')}") + query
        if template.hostname == self._host:
            return (below or f"{self._origin}/{path.lstrip('/')}") + query
        root = self._foreign[template.hostname or ""]
        return (_below(path, root) or f"/{path.lstrip('/')}") + query

    def problems(self) -> tuple[str, ...]:
        """Say which other hosts the map names."""
        return tuple(
            f"its /map names another host ({host}): asked at the registered address instead"
            for host in self._foreign
        )

    def _roots(self, told: Mapping[str, _Told]) -> dict[str, str]:
        """Give the base path of each other host: what the places of its lists have in common."""
        roots: dict[str, list[str]] = {}
        for one in told.values():
            host = one.template.hostname
            if host is None or host == self._host:
                continue
            before = one.template.path.partition(f"/{ID}")[0] if not one.is_root else ""
            parent = (before or one.template.path).rstrip("/").split("/")[:-1]
            known = roots.setdefault(host, parent)
            roots[host] = _common(known, parent)
        return {host: "/".join(segments) for host, segments in roots.items()}


def _below(path: str, base: str) -> str | None:
    """Give what of a path is below a base path, with its leading slash."""
    rest = path.removeprefix(base)
    is_below = path.startswith(base) and rest.startswith("/") and rest != "/"
    return rest if is_below else None


def _common(one: list[str], other: list[str]) -> list[str]:
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return one[:shared]
