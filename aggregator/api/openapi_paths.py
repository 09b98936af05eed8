"""What the OpenAPI document says of each path beside what its handler says.

A path that is not described in `OPERATIONS` or by method is described by where it lies.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.api import openapi_conformance
from aggregator.api.openapi_alerts import ALERTS
from aggregator.api.openapi_badges import BADGES, FEEDS
from aggregator.api.openapi_compat import (
    BEACON_PROBLEM,
    CSC_ANSWER,
    CSC_QUERY,
    ENDPOINT_QUERY,
)
from aggregator.api.openapi_health import HEALTH
from aggregator.api.openapi_joining import JOINING
from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import (
    CONTROLS,
    OPTIONS,
    TERMS_QUERY,
    TEXT_QUERY,
    V1_QUERY,
    VARIANT,
)
from aggregator.api.openapi_registry import MEMBERS, REGISTRY, REGISTRY_ERROR, REGISTRY_WRITES
from aggregator.api.openapi_schemas import V2_REQUEST, Document, ref, text, v1, v2
from aggregator.protocol.surface import ENTRY_TYPES, QUESTION_KEYS, TERMS_PATHS, path_of


def _v2_answer(whole: str) -> Document:
    """Describe the answers to a question whose most detailed ones are of this schema.

    An answer of records is one of counts, and of yes or no, as well.
    """
    names = ("beaconBooleanResponse", "beaconCountResponse", whole)
    return {"anyOf": [{"allOf": [v2(name), ref("Extended")]} for name in names]}


_V2_ANSWER: Final = _v2_answer("beaconResultsetsResponse")
_V2_COLLECTIONS: Final = _v2_answer("beaconCollectionsResponse")
_V2_ERROR: Final = {"allOf": [v2("beaconErrorResponse"), ref("Extended")]}
_V1_ANSWER: Final = {"allOf": [v1("BeaconAlleleResponse"), ref("Extended")]}
_V2_BODY: Final = {
    "anyOf": [
        {"$ref": V2_REQUEST},
        {"type": "object", "description": "The same parameters flat, or only `query`."},
    ]
}
_ABOUT: Final = "About this network"
_COMPATIBILITY: Final = "Compatibility"


def _about(name: str) -> Operation:
    return Operation(_ABOUT, v2(name))


_SERVICE_INFO: Final = _about("ga4gh-service-info-1-0-0-schema")


def _offered(name: str) -> Operation:
    return Operation(_ABOUT, {"allOf": [v2(name), ref("ExtendedOffer")]})


def _question(key: str) -> Operation:
    """Describe an endpoint for records."""
    first, *rest = key.split("/")
    parent = ENTRY_TYPES[first]
    is_list = not rest
    if is_list:
        summary = f"Ask the whole network about {parent.name.lower()}."
    elif len(rest) == 1:
        summary = f"Ask for one of the {parent.name.lower()}."
    else:
        below = ENTRY_TYPES[rest[-1]].name.lower()
        summary = f"Ask for the {below} that belong to one of the {parent.name.lower()}."
    return Operation(
        "Questions",
        _V2_COLLECTIONS if is_list and parent.is_collection else _V2_ANSWER,
        (*VARIANT, *OPTIONS, *CONTROLS),
        body=_V2_BODY,
        errors=_V2_ERROR,
        is_streamed=True,
        summary=summary,
    )


_TERMS: Final = Operation(
    _ABOUT,
    {"allOf": [v2("beaconFilteringTermsResponse"), ref("ExtendedTerms")]},
    TERMS_QUERY,
    body={"type": "object", "description": "The same parameters, in a Beacon request or flat."},
    errors=_V2_ERROR,
    statuses=frozenset({"400", "413", "429"}),
)
_TERMS_OF_ONE: Final = replace(_TERMS, statuses=frozenset({"400", "404", "413", "429"}))


def _search(errors: Document, errors_as: str) -> Operation:
    """Describe a page of answers or a twin of it: what is incomplete is shown, not refused."""
    return Operation(
        "Pages",
        parameters=(*TEXT_QUERY, *CONTROLS),
        errors=errors,
        errors_as=errors_as,
        statuses=frozenset({"400", "429", "503", "508"}),
    )


OPERATIONS: Final[Mapping[str, Operation]] = {
    **{f"/api{path_of(key)}": _question(key) for key in QUESTION_KEYS},
    "/api/filtering_terms": _TERMS,
    **{f"/api{path}": _TERMS_OF_ONE if "{" in path else _TERMS for path in TERMS_PATHS},
    "/api/{path}": Operation(
        "Questions",
        {"anyOf": [_V2_ANSWER, v2("beaconFilteringTermsResponse")]},
        (*VARIANT, *OPTIONS, *CONTROLS),
        body=_V2_BODY,
        errors=_V2_ERROR,
        is_streamed=True,
    ),
    "/v1/query": Operation(
        "Questions",
        _V1_ANSWER,
        (*V1_QUERY, *CONTROLS),
        body=v1("BeaconAlleleRequest"),
        errors=_V1_ANSWER,
    ),
    "/query": Operation(
        _COMPATIBILITY,
        {"type": "array", "items": CSC_ANSWER},
        (*V1_QUERY, *CSC_QUERY, *CONTROLS),
        errors=_V1_ANSWER,
    ),
    "/validate": Operation(
        _COMPATIBILITY,
        {"type": "array", "items": BEACON_PROBLEM},
        ENDPOINT_QUERY,
        errors=_V2_ERROR,
        statuses=frozenset({"400", "404", "429", "503"}),
    ),
    "/search.json": Operation("Questions", _V2_ANSWER, (*TEXT_QUERY, *CONTROLS), errors=_V2_ERROR),
    **dict.fromkeys(("/api", "/api/", "/api/info", "/info"), _about("beaconInfoResponse")),
    "/api/service-info": _SERVICE_INFO,
    "/service-info": replace(_SERVICE_INFO, is_tagged=True),
    "/": Operation("Pages", v2("beaconInfoResponse"), is_page=True),
    "/api/configuration": _offered("beaconConfigurationResponse"),
    "/api/map": _offered("beaconMapResponse"),
    "/api/entry_types": _offered("beaconEntryTypesResponse"),
    **dict.fromkeys(("/v1", "/v1/"), Operation(_ABOUT, v1("Beacon"))),
    "/network/explain/{path}": Operation(
        "Understanding",
        ref("Explanation"),
        (*VARIANT, *OPTIONS, *CONTROLS),
        body=_V2_BODY,
        errors=_V2_ERROR,
    ),
    **REGISTRY,
    **MEMBERS,
    **BADGES,
    **FEEDS,
    **HEALTH,
    "/search/parse": Operation("Understanding", ref("ParsedText"), TEXT_QUERY),
    "/search": _search(text(), "text/html"),
    **dict.fromkeys(("/search.csv", "/search.txt"), _search(text(), "text/plain")),
    "/search/events": _search(_V2_ERROR, "application/json"),
    "/livez": Operation("Operations", ref("Status")),
    "/readyz": Operation("Operations", ref("Status"), answers_503=True),
    "/metrics": Operation("Operations"),
    "/openapi.json": Operation("Operations", {"type": "object"}),
    "/docs": Operation("Operations"),
}

_ADMIN_PAGE: Final = Operation(
    "Administration",
    errors=REGISTRY_ERROR,
    statuses=frozenset({"400", "401", "403", "404", "409", "413", "429", "503"}),
)
_ADMIN_CALL: Final = replace(_ADMIN_PAGE, schema={"type": "object"}, body={"type": "object"})
_ADMIN_MAKES: Final = {
    **{("POST", f"/admin/api/{name}"): "201" for name in ("members", "keys", "followed")},
    ("POST", "/admin/api/incidents/{number}/notes"): "201",
    ("POST", "/admin/api/members/{id}/notes"): "201",
    ("DELETE", "/admin/api/members/{id}/notes"): "204",
    **{("DELETE", f"/admin/api/{name}/{{id}}"): "204" for name in ("groups", "keys", "followed")},
}
"""How calls end that do not end with 200."""


def described_as(method: str, path: str) -> Operation:
    """Give what is said of a path; by method where it does different things."""
    key = (method, path)
    known = REGISTRY_WRITES.get(key) or JOINING.get(key) or openapi_conformance.OPERATIONS.get(key)
    return known or OPERATIONS.get(path) or ALERTS.get(key) or _undescribed(method, path)


def _undescribed(method: str, path: str) -> Operation:
    """Describe a path by where it lies."""
    if path.startswith("/admin/api/"):
        return replace(_ADMIN_CALL, status=_ADMIN_MAKES.get((method, path), "200"))
    return _ADMIN_PAGE if path.startswith("/admin") else Operation("Pages")
