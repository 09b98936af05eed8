"""What the members together offer: entry types, paths below a record, schemas, access.

A member whose documents do not say offers nothing and lacks nothing: it is "not known", and it is
asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aggregator.model.query import GENOMIC_VARIANT
from aggregator.protocol.surface import (
    BY_PATH,
    DEFAULT_NESTED,
    ENTRY_TYPES,
    ID,
    list_key,
    nested_key,
    record_key,
)
from registry.models import Protocol
from registry.snapshot import RegisteredMember

MAX_SCHEMAS: Final = 50
"""The most schemas of members that are listed for one entry type."""
MAX_TEXT: Final = 500
"""The longest text taken over from a member's definition of a schema, in characters."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Who offers an entry type."""

    members: tuple[str, ...]
    not_known: tuple[str, ...]
    """Members whose documents do not say; they are asked."""


def offers(member: RegisteredMember, entry_type: str) -> bool | None:
    """Whether a member can be asked for an entry type; None where its documents do not say."""
    if member.protocol is not Protocol.V2:
        if member.protocol is None:
            return None
        return entry_type == GENOMIC_VARIANT
    if ENTRY_TYPES[entry_type].path in member.dialect.paths:
        return True
    told = member.capabilities
    if told.entry_types is not None and entry_type not in told.entry_types:
        return False
    if told.endpoints is not None:
        return list_key(entry_type) in told.endpoints or record_key(entry_type) in told.endpoints
    return None if told.entry_types is None else True


def offer_of(members: Iterable[RegisteredMember], entry_type: str) -> Offer:
    """Sort the members by whether they offer an entry type; who is switched off offers none."""
    answers = [(one.id, offers(one, entry_type)) for one in members if not one.entry.disabled]
    return Offer(
        members=tuple(name for name, does in answers if does),
        not_known=tuple(name for name, does in answers if does is None),
    )


def nested_keys(members: Iterable[RegisteredMember]) -> frozenset[str]:
    """Name the endpoints below a record that some member offers beyond the default model."""
    found: set[str] = set()
    for member in members:
        if member.entry.disabled or member.protocol is not Protocol.V2:
            continue
        keys = {*(member.capabilities.endpoints or ()), *map(_key_of, member.dialect.paths)}
        found |= {key for key in keys if _is_beyond_default(key)}
    return frozenset(found)


def nested_types(parent: str, offered: Iterable[str]) -> tuple[str, ...]:
    """Name the entry types that can be asked below a record of `parent`, in the usual order."""
    keys = frozenset(offered)
    return tuple(
        one
        for one in ENTRY_TYPES
        if one in DEFAULT_NESTED[parent] or nested_key(parent, one) in keys
    )


def supported_schemas(
    members: Iterable[RegisteredMember], entry_type: str
) -> tuple[Mapping[str, str], ...]:
    """List the schemas members write records of a type in, other than the model's own.

    Each is a reference to a schema as the framework wants it (referenceToAnSchema.json).
    """
    found: dict[str, Mapping[str, str]] = {}
    for member in members:
        definition = member.capabilities.entry_type_definitions.get(entry_type)
        if definition is None or member.entry.disabled:
            continue
        more = definition.get("additionallySupportedSchemas")
        for told in (definition.get("defaultSchema"), *(more if isinstance(more, list) else ())):
            schema = _schema(told)
            if schema is None or _is_own(schema, entry_type):
                continue
            found.setdefault(schema["referenceToSchemaDefinition"], schema)
    return tuple(found.values())[:MAX_SCHEMAS]


def security_levels(members: Iterable[RegisteredMember]) -> tuple[str, ...]:
    """Name the access levels that occur in the network, which itself is open to everybody."""
    told = {level for one in members for level in one.capabilities.security_levels}
    return tuple(
        level
        for level in ("PUBLIC", "REGISTERED", "CONTROLLED")
        if level == "PUBLIC" or level in told
    )


def access_of(members: Sequence[RegisteredMember]) -> Mapping[str, Mapping[str, Any]]:
    """Say what each member declares of access, by its id; those that declare nothing are absent."""
    found: dict[str, Mapping[str, Any]] = {}
    for member in members:
        told = member.capabilities
        declared: dict[str, Any] = {}
        if told.default_granularity is not None:
            declared["defaultGranularity"] = told.default_granularity
        if told.security_levels:
            declared["securityLevels"] = list(told.security_levels)
        if declared:
            found[member.id] = declared
    return found


def _key_of(path: str) -> str:
    """Read an operator's path, `individuals/{id}/runs`, as the key of an endpoint."""
    parts = path.strip("/").split("/")
    return "/".join(BY_PATH[part].id if part in BY_PATH else part for part in parts)


def _is_beyond_default(key: str) -> bool:
    parent, _, rest = key.partition(f"/{ID}/")
    return parent in ENTRY_TYPES and rest in ENTRY_TYPES and rest not in DEFAULT_NESTED[parent]


def _schema(told: Any) -> Mapping[str, str] | None:
    if not isinstance(told, Mapping):
        return None
    reference = _text(told.get("referenceToSchemaDefinition"))
    if reference is None:
        return None
    identifier = _text(told.get("id")) or reference
    written = {
        "id": identifier,
        "name": _text(told.get("name")) or identifier,
        "referenceToSchemaDefinition": reference,
    }
    version = _text(told.get("schemaVersion"))
    return written if version is None else {**written, "schemaVersion": version}


def _is_own(schema: Mapping[str, str], entry_type: str) -> bool:
    ours = ENTRY_TYPES[entry_type]
    return schema["referenceToSchemaDefinition"] == ours.schema or schema["id"] == ours.schema_id


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return value.strip()[:MAX_TEXT]
