"""Reads a member's `/configuration` and `/entry_types`, and the data sets it lists.

Framework, beaconConfigurationResponse.json, beaconEntryTypesResponse.json and
beaconCollectionsResponse.json. Known deviations of real members, each with a test: entry types as
a list, under other names or keys, `collections` as one object, data sets as result sets, and only
a page of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.member_document import named_items, response_of, text, texts
from aggregator.protocol.tolerant import count_of
from registry.models import DataSet

MAX_DATA_SETS: Final = 1_000
"""The most data sets asked for; of a member with more, none is known."""
GRANULARITIES: Final = ("boolean", "count", "aggregated", "record")

Definitions = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class MemberConfiguration:
    """What a member says of access and of its entry types."""

    default_granularity: str | None
    security_levels: tuple[str, ...]
    definitions: Definitions


def read_configuration(document: Mapping[str, Any]) -> MemberConfiguration | None:
    """Read a configuration; None if the document holds nothing of one."""
    response = response_of(document)
    security = response.get("securityAttributes")
    security = security if isinstance(security, Mapping) else {}
    definitions = _definitions(response)
    if not security and not definitions and "maturityAttributes" not in response:
        return None
    granularity = (text(security.get("defaultGranularity")) or "").lower()
    return MemberConfiguration(
        granularity if granularity in GRANULARITIES else None,
        tuple(level.upper() for level in texts(security.get("securityLevels"))),
        definitions,
    )


def read_entry_types(document: Mapping[str, Any]) -> Definitions | None:
    """Read the definitions of the known entry types, by our names; None if there are none."""
    return _definitions(response_of(document)) or None


def read_data_sets(document: Mapping[str, Any]) -> tuple[DataSet, ...] | None:
    """Read a list of data sets; None unless it is complete and each has an id."""
    items = list(_listed(response_of(document)))
    found: dict[str, DataSet] = {}
    for item in items:
        data_set_id = text(item.get("id"))
        if data_set_id is None:
            return None
        found[data_set_id] = DataSet(id=data_set_id, name=text(item.get("name")) or "")
    summary = document.get("responseSummary")
    total = count_of(summary.get("numTotalResults")) if isinstance(summary, Mapping) else None
    if not found or len(items) >= MAX_DATA_SETS or (total is not None and total > len(items)):
        return None
    return tuple(found.values())


def _definitions(response: Mapping[str, Any]) -> Definitions:
    found: dict[str, Mapping[str, Any]] = {}
    for key, item in named_items(response.get("entryTypes")):
        entry_type = entry_type_of(item.get("id")) or entry_type_of(key)
        if entry_type is not None:
            found.setdefault(entry_type, dict(item))
    return found


def _listed(response: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    collections = response.get("collections")
    if isinstance(collections, Mapping) and "id" in collections:
        collections = [collections]
    yield from (item for _, item in named_items(collections))
    for _, result_set in named_items(response.get("resultSets")):
        if result_set.get("setType") == "dataset" and not isinstance(
            result_set.get("results"), list
        ):
            yield result_set
        else:
            yield from (item for _, item in named_items(result_set.get("results")))
