"""The answers to questions: boolean, count, result sets, collections and error of Beacon v2.1.1.

Specification: https://github.com/ga4gh-beacon/beacon-v2, tag v2.1.1, framework/json/responses.
"""

from typing import Final

from aggregator.watch.conformance.shapes import ListOf, Object, Shape, one_word_of
from aggregator.watch.conformance.v2_framework import (
    ERROR,
    FRAMEWORK,
    GRANULARITY,
    HANDOVERS,
    INFO,
    LIST_OF_SCHEMAS,
    NUMBER_OF,
    PAGINATION,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
)

_RESPONSES: Final = f"{FRAMEWORK}responses/"
_SECTIONS: Final = f"{_RESPONSES}sections/"
_OBJECT: Final = Object("an object")

_RECEIVED_REQUEST: Final = Object(
    "the request as the beacon understood it",
    required={
        "apiVersion": TEXT,
        "requestedSchemas": LIST_OF_SCHEMAS,
        "pagination": PAGINATION,
        "requestedGranularity": GRANULARITY,
    },
    optional={
        "filters": TEXTS,
        "includeResultsetResponses": one_word_of("ALL", "HIT", "MISS", "NONE"),
        "requestParameters": Object(
            "an object of objects, one for each entry type, such as g_variant",
            optional={"$schema": TEXT},
            others=Object("an object: the parameters of one entry type, such as g_variant"),
            source=f"{FRAMEWORK}requests/requestParameters.json",
        ),
        "testMode": TRUTH,
    },
    source=f"{_SECTIONS}beaconReceivedRequestSummary.json",
)
_META: Final = Object(
    "the meta of an answer",
    required={
        "beaconId": TEXT,
        "apiVersion": TEXT,
        "returnedSchemas": LIST_OF_SCHEMAS,
        "returnedGranularity": GRANULARITY,
        "receivedRequestSummary": _RECEIVED_REQUEST,
    },
    optional={"testMode": TRUTH},
    source=f"{_SECTIONS}beaconResponseMeta.json",
)
_SUMMARY: Final = Object(
    "a summary (exists)",
    required={"exists": TRUTH},
    optional={"numTotalResults": NUMBER_OF},
    source=f"{_SECTIONS}beaconSummaryResponseSection.json",
)


def _answer(summary: Object, file: str, **more: Shape) -> Object:
    return Object(
        "an answer of a beacon",
        required={"meta": _META, "responseSummary": summary, **more},
        optional={"info": INFO, "beaconHandovers": HANDOVERS},
        source=f"{_RESPONSES}{file}",
    )


BOOLEAN_ANSWER: Final = _answer(
    Object(
        "a summary (exists)",
        required={"exists": TRUTH},
        source=f"{_SECTIONS}beaconBooleanResponseSection.json",
    ),
    "beaconBooleanResponse.json",
)
COUNT_ANSWER: Final = _answer(
    Object(
        "a summary (exists, numTotalResults)",
        required={"exists": TRUTH, "numTotalResults": NUMBER_OF},
        source=f"{_SECTIONS}beaconCountResponseSection.json",
    ),
    "beaconCountResponse.json",
)
ERROR_ANSWER: Final = Object(
    "an error of a beacon (meta, error)",
    required={"meta": _META, "error": ERROR},
    source=f"{_RESPONSES}beaconErrorResponse.json",
)


def result_sets_answer(record: Shape = _OBJECT) -> Object:
    """Make the shape of an answer with result sets, whose records have a shape of their own."""
    result_set = Object(
        "a result set",
        required={
            **{"id": TEXT, "setType": TEXT, "exists": TRUTH, "resultsCount": WHOLE},
            "results": ListOf(record),
        },
        optional={"info": _OBJECT, "resultsHandovers": HANDOVERS},
    )
    response = Object(
        "a response with resultSets",
        required={"resultSets": ListOf(result_set)},
        optional={"$schema": TEXT},
        source=f"{_SECTIONS}beaconResultsets.json",
    )
    return _answer(_SUMMARY, "beaconResultsetsResponse.json", response=response)


def collections_answer(collection: Shape = _OBJECT) -> Object:
    """Make the shape of an answer with data sets or cohorts, which have a shape of their own."""
    response = Object("a response with collections", required={"collections": ListOf(collection)})
    return _answer(_SUMMARY, "beaconCollectionsResponse.json", response=response)
