"""The parts and the documents about itself of a Beacon: framework of Beacon v2.1.1.

Specification: https://github.com/ga4gh-beacon/beacon-v2, tag v2.1.1, folder framework/json; each
object names its file. Whatever the specification leaves open is open here as well.
"""

from typing import Final

from aggregator.watch.conformance.shape_formats import is_date_time, is_uri, is_uri_template
from aggregator.watch.conformance.shapes import (
    ListOf,
    Object,
    Text,
    Truth,
    Whole,
    matching,
    one_word_of,
)

FRAMEWORK: Final = "https://github.com/ga4gh-beacon/beacon-v2/blob/v2.1.1/framework/json/"
_COMPONENTS: Final = f"{FRAMEWORK}common/beaconCommonComponents.json"

# Parts

TEXT: Final = Text()
TEXTS: Final = ListOf(TEXT)
TRUTH: Final = Truth()
WHOLE: Final = Whole()
NUMBER_OF: Final = Whole("a whole number, 0 or more", minimum=0)
URI: Final = Text("a complete address, such as https://…", is_uri, "a complete address (URI)")
URI_TEMPLATE: Final = Text(
    "an address, with {id} where one goes", is_uri_template, "an address with {variables}"
)
TIMESTAMP: Final = Text(
    "date, time and offset, such as 2026-01-02T03:04:05Z",
    is_date_time,
    "a date with time and offset (RFC 3339)",
)
CURIE: Final = matching(
    r"^\w[^:]+:.+$", "a CURIE, such as NCIT:C16576", "a CURIE (prefix:reference)"
)
GRANULARITY: Final = one_word_of("boolean", "count", "record")
INFO: Final = Object("an object", source=f"{FRAMEWORK}common/info.json")

ONTOLOGY_TERM: Final = Object(
    "an ontology term (id, label)",
    required={"id": CURIE},
    optional={"label": TEXT},
    source=f"{FRAMEWORK}common/ontologyTerm.json",
)
_BASIC_ELEMENT: Final = Object(
    "an object with id and name",
    required={"id": TEXT, "name": TEXT},
    source=f"{FRAMEWORK}common/basicElement.json",
)
_REFERENCE_TO_A_SCHEMA: Final = Object(
    "a reference to a schema (id, name, referenceToSchemaDefinition)",
    required={"id": TEXT, "name": TEXT, "referenceToSchemaDefinition": TEXT},
    optional={"description": TEXT, "schemaVersion": TEXT},
    source=f"{FRAMEWORK}common/referenceToAnSchema.json",
)
LIST_OF_SCHEMAS: Final = ListOf(
    Object(
        "an object that names a schema (entityType, schema)",
        optional={"entityType": TEXT, "schema": TEXT},
        source=_COMPONENTS,
    )
)
HANDOVERS: Final = ListOf(
    Object(
        "a handover (handoverType, url)",
        required={"handoverType": ONTOLOGY_TERM, "url": URI},
        optional={"note": TEXT},
        source=_COMPONENTS,
    )
)
PAGINATION: Final = Object(
    "a pagination (skip and limit, or pages)",
    optional={
        **{"skip": NUMBER_OF, "limit": NUMBER_OF},
        **{"currentPage": TEXT, "nextPage": TEXT, "previousPage": TEXT},
    },
    source=_COMPONENTS,
)
ERROR: Final = Object(
    "an error (errorCode, errorMessage)",
    required={"errorCode": Whole("a whole number of 32 bits", bits=32)},
    optional={"errorMessage": TEXT},
    source=_COMPONENTS,
)

# Documents

_META: Final = Object(
    "the meta of a document",
    required={"beaconId": TEXT, "apiVersion": TEXT, "returnedSchemas": LIST_OF_SCHEMAS},
    source=f"{FRAMEWORK}responses/sections/beaconInformationalResponseMeta.json",
)


def _document(response: Object, file: str) -> Object:
    return Object(
        "an object with meta and response",
        required={"meta": _META, "response": response},
        source=f"{FRAMEWORK}responses/{file}",
    )


_ENTRY_TYPE: Final = Object(
    "the definition of an entry type",
    required={
        **{"id": TEXT, "name": TEXT, "partOfSpecification": TEXT},
        "defaultSchema": _REFERENCE_TO_A_SCHEMA,
    },
    optional={
        "$schema": TEXT,
        "description": TEXT,
        "ontologyTermForThisType": ONTOLOGY_TERM,
        "additionallySupportedSchemas": ListOf(_REFERENCE_TO_A_SCHEMA),
        "aCollectionOf": ListOf(_BASIC_ELEMENT),
        "nonFilteredQueriesAllowed": TRUTH,
    },
    source=f"{FRAMEWORK}configuration/entryTypeDefinition.json",
)
_ENTRY_TYPES: Final = "an object of one or more entry types"

INFO_DOCUMENT: Final = _document(
    Object(
        "who the beacon is",
        required={
            **{"id": TEXT, "name": TEXT, "apiVersion": TEXT},
            "environment": one_word_of("prod", "test", "dev", "staging"),
            "organization": Object(
                "an organization (id, name)",
                required={"id": TEXT, "name": TEXT},
                optional={
                    **{"description": TEXT, "address": TEXT, "welcomeUrl": TEXT},
                    **{"contactUrl": TEXT, "logoUrl": TEXT, "info": INFO},
                },
            ),
        },
        optional={
            **{"description": TEXT, "version": TEXT, "welcomeUrl": TEXT, "alternativeUrl": TEXT},
            **{"createDateTime": TEXT, "updateDateTime": TEXT, "info": INFO},
        },
        source=f"{FRAMEWORK}responses/sections/beaconInfoResults.json",
    ),
    "beaconInfoResponse.json",
)

SERVICE_INFO_DOCUMENT: Final = Object(
    "a GA4GH service-info document",
    required={
        **{"id": TEXT, "name": TEXT},
        "type": Object(
            "the type of the service (group, artifact, version)",
            required={"group": TEXT, "artifact": TEXT, "version": TEXT},
        ),
        "organization": Object("an organization (name, url)", required={"name": TEXT, "url": URI}),
        "version": TEXT,
    },
    optional={
        **{"description": TEXT, "environment": TEXT},
        **{"contactUrl": URI, "documentationUrl": URI},
        **{"createdAt": TIMESTAMP, "updatedAt": TIMESTAMP},
    },
    source=f"{FRAMEWORK}responses/ga4gh-service-info-1-0-0-schema.json",
)

CONFIGURATION_DOCUMENT: Final = _document(
    Object(
        "the configuration of the beacon",
        required={
            "$schema": TEXT,
            "maturityAttributes": Object(
                "an object, with productionStatus",
                optional={"productionStatus": one_word_of("DEV", "TEST", "PROD")},
            ),
            "entryTypes": Object(_ENTRY_TYPES, others=_ENTRY_TYPE, at_least=1),
        },
        optional={
            "securityAttributes": Object(
                "an object, with defaultGranularity and securityLevels",
                optional={
                    "defaultGranularity": GRANULARITY,
                    "securityLevels": ListOf(one_word_of("PUBLIC", "REGISTERED", "CONTROLLED")),
                },
            ),
        },
        source=f"{FRAMEWORK}configuration/beaconConfigurationSchema.json",
    ),
    "beaconConfigurationResponse.json",
)

MAP_DOCUMENT: Final = _document(
    Object(
        "the map of the beacon's endpoints",
        required={
            "$schema": TEXT,
            "endpointSets": Object(
                "an object of one or more endpoint sets",
                at_least=1,
                others=Object(
                    "an endpoint set (entryType, rootUrl)",
                    required={"entryType": TEXT, "rootUrl": URI},
                    optional={
                        "singleEntryUrl": URI_TEMPLATE,
                        "openAPIEndpointsDefinition": TEXT,
                        "endpoints": Object(
                            "an object of related endpoints",
                            others=Object(
                                "a related endpoint (url, returnedEntryType)",
                                required={"url": URI_TEMPLATE, "returnedEntryType": TEXT},
                            ),
                        ),
                    },
                ),
            ),
        },
        source=f"{FRAMEWORK}configuration/beaconMapSchema.json",
    ),
    "beaconMapResponse.json",
)

ENTRY_TYPES_DOCUMENT: Final = _document(
    Object(
        "the entry types of the beacon",
        required={
            "entryTypes": Object(_ENTRY_TYPES, others=_ENTRY_TYPE, at_least=1, is_loose=True)
        },
        source=f"{FRAMEWORK}configuration/entryTypesSchema.json",
    ),
    "beaconEntryTypesResponse.json",
)

FILTERING_TERMS_DOCUMENT: Final = _document(
    Object(
        "the filtering terms of the beacon",
        optional={
            "filteringTerms": ListOf(
                Object(
                    "a filtering term (id, type)",
                    required={"type": TEXT, "id": TEXT},
                    optional={"label": TEXT, "scopes": TEXTS, "values": ListOf(TEXT, at_least=1)},
                )
            ),
            "resources": ListOf(
                Object(
                    "a resource (id)",
                    required={"id": TEXT},
                    optional={
                        **{"name": TEXT, "url": TEXT, "version": TEXT},
                        **{"nameSpacePrefix": TEXT, "iriPrefix": TEXT},
                    },
                )
            ),
        },
        source=f"{FRAMEWORK}responses/sections/beaconFilteringTermsResults.json",
    ),
    "beaconFilteringTermsResponse.json",
)
