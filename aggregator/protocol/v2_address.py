"""Finds where a member of Beacon v2 is asked: its dialect's paths, its own map, the model's paths.

Beacon v2.1.1 framework, beaconMapSchema.json, and endpoints.json of the default model. A map that
is known and does not offer an endpoint is a reason not to ask; an unknown one is none.
"""

from typing import Final
from urllib.parse import quote

from aggregator.model.outcome import NotAskedCode
from aggregator.model.query import GENOMIC_VARIANT, Query
from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.surface import (
    DEFAULT_NESTED,
    ID,
    endpoint_key,
    list_key,
    path_of,
)
from aggregator.protocol.wire import NotAsked
from registry.snapshot import RegisteredMember

_UNSAYABLE_IDS: Final = frozenset({"", ".", ".."})
"""What is no id in an address: it would name the list, or another path."""


def address_of(query: Query, member: RegisteredMember) -> str | NotAsked:
    """Give the absolute address of the question, with its record id percent-encoded."""
    if query.record_id in _UNSAYABLE_IDS:
        return NotAsked(
            NotAskedCode.QUERY_KIND, f"“{query.record_id}” cannot be an id in an address"
        )
    template = _template(endpoint_key(query), query, member)
    if template is None:
        path = path_of(endpoint_key(query))
        return NotAsked(NotAskedCode.ENTRY_TYPE, f"its map of endpoints does not offer {path}")
    url = _absolute(template, member)
    if query.record_id is None:
        return url
    if ID not in url:
        path = path_of(endpoint_key(query))
        return NotAsked(
            NotAskedCode.QUERY_KIND, f"its address for {path} has no place for the id ({ID})"
        )
    return url.replace(ID, quote(query.record_id, safe=""))


def is_known_to_serve(query: Query, member: RegisteredMember) -> bool:
    """Whether the member's own documents say that it serves the endpoint of the question."""
    told = member.capabilities
    if told.endpoints is not None:
        return _template(endpoint_key(query), query, member) is not None
    held = {entry_type_of(name) for name in told.entry_types or ()}
    if query.within is None:
        return query.entry_type in held
    return {query.entry_type, query.within} <= held and is_standard(query)


def is_standard(query: Query) -> bool:
    """Whether the default model has the endpoint of the question."""
    return query.within is None or query.entry_type in DEFAULT_NESTED[query.within]


def _template(key: str, query: Query, member: RegisteredMember) -> str | None:
    endpoints = member.capabilities.endpoints
    if (told := _told(key, member)) is not None:
        return told
    is_record = query.record_id is not None and query.within is None
    if is_record and (listed := _told(list_key(query.entry_type), member)) is not None:
        path, mark, parameters = listed.partition("?")
        return f"{path.rstrip('/')}/{ID}{mark}{parameters}"
    if key == GENOMIC_VARIANT and member.capabilities.query_url is not None:
        return member.capabilities.query_url
    return None if endpoints is not None else path_of(key)


def _told(key: str, member: RegisteredMember) -> str | None:
    """Give the template the operator, a lesson or the member's map states for an endpoint."""
    paths = member.dialect.paths
    names = [path_of(key).lstrip("/")]
    if key == GENOMIC_VARIANT:
        names.append("query")
    if paths and (path := next((paths[name] for name in names if paths.get(name)), None)):
        return path
    return (member.capabilities.endpoints or {}).get(key)


def _absolute(template: str, member: RegisteredMember) -> str:
    if template.startswith(("http://", "https://")):
        return template
    return f"{member.entry.url}/{template.lstrip('/')}"
