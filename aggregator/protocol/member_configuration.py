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
from registry.capabilities import DataSet

MAX_DATA_SETS: Final = 1_000
"""The most data sets asked for; of a member with more, none is known."""
MAX_ENTRY_TYPES: Final = 200
"""The most entry types of a document; of a longer list, none is read."""
MAX_SCHEMAS: Final = 50
"""The most further schemas of one entry type."""
MAX_SCHEMA_TEXT: Final = 500
"""The longest text of a definition and of its references to schemas, in characters."""
SECURITY_LEVELS: Final = ("PUBLIC", "REGISTERED", "CONTROLLED")
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
        _security_levels(security.get("securityLevels")),
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


def _security_levels(value: object) -> tuple[str, ...]:
    told = {level.upper() for level in texts(value)}
    return tuple(level for level in SECURITY_LEVELS if level in told)


def _definitions(response: Mapping[str, Any]) -> Definitions:
    found: dict[str, Mapping[str, Any]] = {}
    listed = response.get("entryTypes")
    if not isinstance(listed, (Mapping, list)) or len(listed) > MAX_ENTRY_TYPES:
        return found  # a part of them would say that it does not offer the rest
    for key, item in named_items(listed):
        entry_type = entry_type_of(item.get("id")) or entry_type_of(key)
        if entry_type is not None and entry_type not in found:
            found[entry_type] = _definition(item)
    return found


def _definition(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep of a definition what is used, in plain texts: a member may write anything in it."""
    kept: dict[str, Any] = _plain_texts(item, "id", "name", "description")
    if schema := _schema(item.get("defaultSchema")):
        kept["defaultSchema"] = schema
    more = item.get("additionallySupportedSchemas")
    listed = [_schema(one) for one in more[:MAX_SCHEMAS]] if isinstance(more, list) else []
    if schemas := [one for one in listed if one]:
        kept["additionallySupportedSchemas"] = schemas
    return kept


def _schema(value: object) -> Mapping[str, str]:
    """Read a reference to a schema (framework, referenceToAnSchema.json); empty for none."""
    if not isinstance(value, Mapping):
        return {}
    return _plain_texts(value, "id", "name", "referenceToSchemaDefinition", "schemaVersion")


def _plain_texts(item: Mapping[str, Any], *keys: str) -> dict[str, str]:
    told = ((key, text(item.get(key))) for key in keys)
    return {key: value[:MAX_SCHEMA_TEXT] for key, value in told if value is not None}


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
