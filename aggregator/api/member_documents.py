"""Members as documents and tables for programs: what a card shows, and what the page of one does.

Names are those of `info.network.members` where there is one for the same. Null is "not known".
"""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

from aggregator.api.exports import safe_cell
from aggregator.api.member_facts import organization_of
from aggregator.api.member_lists import Listed
from registry.models import Pause
from registry.snapshot import RegisteredMember

Document = dict[str, Any]
CSV_HEADER: Final = (
    *("id", "beacon_id", "name", "organization", "state", "paused_until", "environment"),
    *("protocol", "api_version", "entry_types", "assemblies", "granularities", "data_sets"),
    *("security_levels", "groups", "url", "website", "contact_url", "since"),
)


def listed_document(one: Listed, base: str) -> Document:
    """Write what the list says of a member."""
    facts, told = one.facts, one.member.capabilities
    return {
        "id": facts.id,
        "beaconId": facts.beacon_id,
        "name": one.member.name,
        "description": facts.description or None,
        "organization": _organization(one),
        "environment": facts.environment,
        "protocol": facts.protocol,
        "apiVersion": facts.api_version,
        "isNetwork": facts.is_network,
        "isGroup": facts.is_group,
        "state": facts.standing.value,
        "paused": _pause(facts.pause),
        "entryTypes": None if facts.entry_types is None else list(facts.entry_types),
        "assemblies": list(facts.assemblies) or None,
        "granularities": None if facts.granularities is None else list(facts.granularities),
        "securityLevels": list(facts.security_levels) or None,
        "dataSets": [
            {"id": each.id, "name": each.name or each.id, "assembly": each.assembly}
            for each in told.data_sets
        ]
        or None,
        "groups": list(facts.groups),
        "url": facts.url or None,
        "logo": f"{base}{facts.logo}",
        "since": facts.since,
    }


def member_document(one: Listed, base: str, *, looked_at: str | None) -> Document:
    """Write everything the page of a member says."""
    member, told = one.member, one.member.capabilities
    terms = told.filtering_terms
    return {
        **listed_document(one, base),
        "defaultGranularity": told.default_granularity,
        "endpoints": endpoints_of(member),
        "filteringTerms": None
        if terms is None
        else [
            {"id": term.id, "type": term.type or None, "label": term.label or None}
            for term in terms
        ],
        "beacons": list(told.leaves) or None,
        "software": told.software,
        "dialect": member.dialect.model_dump(exclude_defaults=True, mode="json"),
        "dialectSource": dict(member.dialect_sources),
        "probes": list(member.probes),
        "problems": list(told.problems),
        "missingDocuments": [document.value for document in told.missing],
        "lookedAt": looked_at,
    }


def endpoints_of(member: RegisteredMember) -> dict[str, str] | None:
    """Give the addresses entry types are asked for at, by what is asked for; None: not known."""
    told = member.capabilities.endpoints
    if told is None:
        return None
    return {
        key: f"{member.entry.url}{template}" if template.startswith("/") else template
        for key, template in told.items()
    }


def csv_of(found: Iterable[Listed]) -> str:
    """Write a table (RFC 4180) with a row for each member, the header first."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_HEADER)
    for one in found:
        writer.writerow([safe_cell(value) for value in _row(one)])
    return out.getvalue()


def _row(one: Listed) -> tuple[object, ...]:
    facts = one.facts
    until = facts.pause.until if facts.pause else None
    lists = (facts.entry_types, facts.assemblies, facts.granularities)
    return (
        facts.id,
        facts.beacon_id,
        one.member.name,
        facts.organization,
        facts.standing.value,
        until.isoformat() if until else "",
        facts.environment,
        facts.protocol,
        facts.api_version,
        *(" ".join(each or ()) for each in lists),
        facts.data_sets,
        " ".join(facts.security_levels),
        " ".join(facts.groups),
        facts.url,
        facts.website,
        facts.contact,
        facts.since,
    )


def _organization(one: Listed) -> Document | None:
    organization = organization_of(one.member)
    if organization is None:
        return None
    return {
        "id": organization.id,
        "name": organization.name,
        "url": one.facts.website or None,
        "contactUrl": one.facts.contact or None,
    }


def _pause(pause: Pause | None) -> Document | None:
    if pause is None:
        return None
    until = pause.until
    return {"until": until.isoformat() if until else None, "note": pause.note or None}
