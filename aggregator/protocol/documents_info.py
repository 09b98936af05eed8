"""Writes the documents this network has about itself: who it is, and what can be asked where.

Beacon v2.1.1 framework (responses/beacon*Response.json of the informational endpoints) and GA4GH
service-info 1.0.0. What the members together offer stands in `info.network`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aggregator.model.query import Granularity, Pagination
from aggregator.protocol.documents import Document
from aggregator.protocol.identity import API_VERSION, Identity
from aggregator.protocol.network_offer import (
    access_of,
    nested_keys,
    nested_types,
    offer_of,
    security_levels,
    supported_schemas,
)
from aggregator.protocol.network_terms import JoinedTerms
from aggregator.protocol.surface import (
    DEFAULT_NESTED,
    ENTRY_TYPES,
    FILTERING_TERMS,
    SCHEMAS,
    EntryType,
    nested_key,
    path_of,
    record_key,
)
from registry.snapshot import RegisteredMember

_FRAMEWORK: Final = f"{SCHEMAS}/framework/json"


def informational(identity: Identity, response: Document, **beside: Any) -> Document:
    """Wrap the response of an informational endpoint."""
    return {
        "meta": {
            "beaconId": identity.beacon_id,
            "apiVersion": API_VERSION,
            "returnedSchemas": [],
        },
        "response": response,
        **beside,
    }


def info_document(
    identity: Identity,
    base_url: str,
    members: Iterable[Document] = (),
    *,
    metadata_errors: Iterable[Document] = (),
) -> Document:
    """Write `/` and `/info`; `responses` lists the members as pages of the field expect, and
    `response.info.metadata_errors` what is wrong with the documents of some.
    """
    organization = {
        "id": identity.organization.id,
        "name": identity.organization.name,
        **_told(
            welcomeUrl=identity.organization.url,
            contactUrl=identity.organization.contact_url,
            logoUrl=identity.organization.logo_url,
        ),
    }
    response = {
        "id": identity.beacon_id,
        "name": identity.name,
        "apiVersion": API_VERSION,
        "environment": identity.environment,
        "organization": organization,
        "description": identity.description,
        "version": identity.version,
        "welcomeUrl": identity.public_url or base_url,
        "alternativeUrl": f"{base_url}/api",
        "createDateTime": identity.started_at,
        "updateDateTime": identity.started_at,
        "info": {"isAggregated": True, "metadata_errors": list(metadata_errors)},
    }
    return informational(identity, response, responses=list(members))


def service_info_document(identity: Identity, base_url: str) -> Document:
    """Write the GA4GH service-info 1.0.0 document; it has no meta."""
    return {
        "id": identity.beacon_id,
        "name": identity.name,
        "type": {"group": "org.ga4gh", "artifact": "beacon", "version": API_VERSION},
        "description": identity.description,
        "organization": {
            "name": identity.organization.name,
            "url": identity.organization.url or base_url,
        },
        **_told(contactUrl=identity.organization.contact_url),
        "environment": identity.environment,
        "version": identity.version,
        "createdAt": identity.started_at,
        "updatedAt": identity.started_at,
    }


def entry_types(members: Iterable[RegisteredMember] = ()) -> Document:
    """Define the entry types of the default model, with the schemas members write them in."""
    known = tuple(members)
    return {one.id: _definition(one, known) for one in ENTRY_TYPES.values()}


def entry_types_document(identity: Identity, members: Sequence[RegisteredMember] = ()) -> Document:
    """Write `/entry_types`."""
    return informational(
        identity,
        {"entryTypes": entry_types(members)},
        info={"network": {"entryTypes": _who_offers(members)}},
    )


def configuration_document(
    identity: Identity, members: Sequence[RegisteredMember] = ()
) -> Document:
    """Write `/configuration`; what members declare of access is in `info.network.access`."""
    status = {"prod": "PROD", "dev": "DEV"}.get(identity.environment, "TEST")
    return informational(
        identity,
        {
            "$schema": f"{_FRAMEWORK}/configuration/beaconConfigurationSchema.json",
            "maturityAttributes": {"productionStatus": status},
            "securityAttributes": {
                "defaultGranularity": Granularity.BOOLEAN.value,
                "securityLevels": list(security_levels(members)),
            },
            "entryTypes": entry_types(members),
        },
        info={"network": {"entryTypes": _who_offers(members), "access": access_of(members)}},
    )


def map_document(
    identity: Identity, base_url: str, members: Sequence[RegisteredMember] = ()
) -> Document:
    """Write `/map`: the default model's endpoints and those some member offers beyond it."""
    offered = nested_keys(members)
    return informational(
        identity,
        {
            "$schema": f"{_FRAMEWORK}/configuration/beaconMapSchema.json",
            "endpointSets": {
                one.id: _endpoint_set(one, f"{base_url}/api", nested_types(one.id, offered))
                for one in ENTRY_TYPES.values()
            },
        },
        info={"network": {"entryTypes": _who_offers(members)}},
    )


def filtering_terms_document(
    identity: Identity, joined: JoinedTerms, pagination: Pagination, warnings: Iterable[str] = ()
) -> Document:
    """Write a page of `/filtering_terms`.

    How many there are is in `info.network`. Readers that asked for all of them see by the limit in
    `meta` that a page is no more than that.
    """
    limit = joined.limit_of(pagination)
    page = list(joined.page(pagination))
    warned = list(warnings)
    if limit != pagination.limit:
        warned.append(
            f"{len(page):,} of {joined.total:,} terms are listed: a page has at most {limit:,}, "
            "`skip` gives the next"
        )
    told = {
        "total": joined.total,
        "skip": pagination.skip,
        "limit": limit,
        "members": list(joined.members),
        "notKnown": list(joined.not_known),
    }
    document = informational(
        identity,
        {"filteringTerms": page, "resources": list(joined.resources)},
        info={"network": {"filteringTerms": told, "warnings": warned}},
    )
    document["meta"]["receivedRequestSummary"] = {
        "pagination": {"skip": pagination.skip, "limit": limit}
    }
    return document


def _definition(one: EntryType, members: Sequence[RegisteredMember]) -> Document:
    written: Document = {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "ontologyTermForThisType": {"id": one.term[0], "label": one.term[1]},
        "partOfSpecification": f"Beacon {API_VERSION}",
        "defaultSchema": {
            "id": one.schema_id,
            "name": f"Default schema of the entry type {one.id}",
            "referenceToSchemaDefinition": one.schema,
            "schemaVersion": API_VERSION,
        },
        "additionallySupportedSchemas": [dict(x) for x in supported_schemas(members, one.id)],
    }
    if one.is_collection:
        written["aCollectionOf"] = [
            {"id": below, "name": ENTRY_TYPES[below].name} for below in DEFAULT_NESTED[one.id]
        ]
    return written


def _endpoint_set(one: EntryType, root: str, nested: Iterable[str]) -> Document:
    single = f"{root}{path_of(record_key(one.id))}"
    return {
        "entryType": one.id,
        "openAPIEndpointsDefinition": one.endpoints,
        "rootUrl": f"{root}/{one.path}",
        "singleEntryUrl": single,
        "filteringTermsUrl": f"{root}/{one.path}/{FILTERING_TERMS}",
        "endpoints": {
            below: {
                "returnedEntryType": below,
                "url": f"{root}{path_of(nested_key(one.id, below))}",
            }
            for below in nested
        },
    }


def _who_offers(members: Sequence[RegisteredMember]) -> Document:
    """Say for each entry type which members offer it, and of which it is not known."""
    written: Document = {}
    for entry_type in ENTRY_TYPES:
        offer = offer_of(members, entry_type)
        written[entry_type] = {
            "members": list(offer.members),
            "notKnown": list(offer.not_known),
        }
    return written


def _told(**values: str | None) -> Mapping[str, str]:
    return {name: value for name, value in values.items() if value}
