"""What operators are shown of members, groups and the log of changes, for programs and pages."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aggregator.watch.following import Followed, Imported
from registry.models import Group, MemberEntry
from registry.records import AuditEntry, MemberRecord, MemberState, as_document
from registry.registration import with_own
from registry.store import RegistryStore

Json = Any

_AT_EVERY_CHANGE: Final = {"createdAt", "updatedAt", "differsFromSeed"}
"""Fields of a record that say nothing of what was changed."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs, as JSON values; None: not set."""

    name: str
    before: Json
    after: Json


def member_document(record: MemberRecord) -> dict[str, Json]:
    """Give a member as operators list it."""
    return {"id": record.id, "name": record.member.name, **record.document()}


def whole_member_document(record: MemberRecord) -> dict[str, Json]:
    """Give everything that is known of a member; its filtering terms as their number."""
    member = record.member
    terms = member.capabilities.filtering_terms
    return {
        **member_document(record),
        "declared": None if record.declared is None else as_document(record.declared),
        "protocol": member.protocol.value if member.protocol else None,
        "capabilities": member.capabilities.model_dump(
            mode="json",
            exclude_defaults=True,
            exclude={"filtering_terms", "entry_type_definitions"},
        ),
        "filteringTerms": None if terms is None else len(terms),
        "dialect": member.dialect.model_dump(mode="json", exclude_defaults=True),
        "dialectSources": dict(member.dialect_sources),
        "probes": list(member.probes),
    }


def differences_of(record: MemberRecord) -> tuple[FieldChange, ...]:
    """Give the fields in which the registry differs from the seed: `before` is the seed's value."""
    if record.declared is None:
        return ()
    return differing(record.declared, record.entry)


def proposed_changes(record: MemberRecord) -> tuple[FieldChange, ...]:
    """Give the fields that approving the change a member asks for would change."""
    return differing(record.entry, with_own(record.entry, record.proposed))


def differing(before: MemberEntry, after: MemberEntry) -> tuple[FieldChange, ...]:
    """Give the fields in which two entries differ."""
    return tuple(changed_fields(as_document(before), as_document(after)))


def changed_fields(
    before: Mapping[str, Json] | None, after: Mapping[str, Json] | None
) -> list[FieldChange]:
    """Give the fields in which two documents of the log of changes differ, those set in one too."""
    one, other = _flat(before or {}), _flat(after or {})
    return [
        FieldChange(name, one.get(name), other.get(name))
        for name in dict.fromkeys((*one, *other))
        if one.get(name) != other.get(name) and name not in _AT_EVERY_CHANGE
    ]


def as_text(value: Json) -> str:
    """Write a value for reading: lists with commas, everything else as JSON."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def group_documents(store: RegistryStore) -> list[dict[str, Json]]:
    """Give every group that is described or that some member belongs to."""
    members = members_by_group(store)
    return [
        {
            **group.model_dump(mode="json"),
            "isDescribed": group.id in store.groups,
            "members": members.get(group.id, []),
        }
        for group in known_groups(store)
    ]


def known_groups(store: RegistryStore) -> list[Group]:
    """Give every group by id, with an empty description where nobody has written one."""
    ids = sorted({*store.groups, *members_by_group(store)})
    return [store.groups.get(group_id) or Group(id=group_id) for group_id in ids]


def members_by_group(store: RegistryStore) -> dict[str, list[str]]:
    """Give who belongs to each group, those that have left apart."""
    found: dict[str, list[str]] = {}
    for record in store.records.values():
        if record.state in {MemberState.ACTIVE, MemberState.PENDING}:
            for group in record.entry.groups:
                found.setdefault(group, []).append(record.id)
    return found


def unknown_groups(store: RegistryStore, named: Iterable[str]) -> list[str]:
    """Say of each group that there is none of this name."""
    known = {group.id for group in known_groups(store)}
    return [
        f"groups: there is no group “{name[:80]}”; describe it first (PUT /admin/api/groups/ID, or "
        "/admin/groups)"
        for name in named
        if name not in known
    ]


def followed_document(followed: Followed) -> dict[str, Json]:
    """Give a registry that is followed."""
    return {
        "id": followed.id,
        "url": followed.url,
        "form": followed.form,
        "groups": list(followed.groups),
        "trusted": followed.is_trusted,
        "createdAt": followed.created_at,
        "lookedAt": followed.looked_at,
        "result": followed.result,
    }


def imported_document(imported: Imported) -> dict[str, Json]:
    """Give what came of taking members in."""
    return {
        "added": list(imported.added),
        "known": list(imported.known),
        "problems": list(imported.problems),
    }


def log_documents(lines: Iterable[AuditEntry]) -> list[dict[str, Json]]:
    """Give lines of the log of changes."""
    return [line.document() for line in lines]


def _flat(document: Mapping[str, Json]) -> dict[str, Json]:
    """Put the fields of an entry, and what else lies one level deeper, beside the others."""
    flat: dict[str, Json] = {}
    entry = document.get("entry") or {}
    for name, value in document.items():
        if name == "entry":
            flat |= value
        elif name == "proposed" and value:
            wanted = {key for key in {*value, *entry} if value.get(key) != entry.get(key)}
            flat |= {f"proposed.{key}": value.get(key) for key in sorted(wanted)}
        elif value not in (None, "", [], {}):
            flat[name] = value
    return flat
