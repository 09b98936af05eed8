"""The OpenAPI document, made from the routes that are really there.

A route that is not described in `OPERATIONS` is described by its handler's first line and by what
its path ends with; so none can be missing, and a description without a route is never shown.
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

from aiohttp import web

from aggregator.api import openapi_conformance
from aggregator.api.context import api_of
from aggregator.api.http import base_url, respond
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
    IN_PATH,
    OPTIONS,
    TERMS_QUERY,
    TEXT_QUERY,
    V1_QUERY,
    VARIANT,
)
from aggregator.api.openapi_registry import MEMBERS, REGISTRY, REGISTRY_ERROR, REGISTRY_WRITES
from aggregator.api.openapi_schemas import OURS, V2_REQUEST, Document, ref, v1, v2
from aggregator.base.errors import (
    BadQuery,
    Conflict,
    Forbidden,
    LoopDetected,
    NotFound,
    Overloaded,
    TooLarge,
    Unauthorized,
)
from aggregator.protocol.surface import ENTRY_TYPES, QUESTION_KEYS, TERMS_PATHS, path_of

OPENAPI_VERSION: Final = "3.1.0"

TAGS: Final = {
    "Questions": "Ask every beacon of the network at once.",
    "About this network": "What it is and what it offers, as every Beacon says it.",
    "Understanding": "What would be sent, and how texts are read. Sends nothing to anybody.",
    "Compatibility": "What pages of other networks ask for.",
    "Pages": "For people; every page has twins for programs.",
    "Health": "How the beacons are doing, and what happened to them.",
    "Operations": "For those who run it.",
    "Administration": "For its operators, by their token; docs/administration.md has examples.",
}
_TYPES: Final = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".xml": "application/opensearchdescription+xml",
    ".svg": "image/svg+xml",
    ".atom": "application/atom+xml",
    ".ico": "image/svg+xml",
    "/events": "text/event-stream",
    "/metrics": "text/plain",
    "/logo/{id}": "image/*",
    "/{path}": "application/octet-stream",
}


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


_TEXT: Final = {"type": "string"}

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
    **dict.fromkeys(
        ("/api/service-info", "/service-info"), _about("ga4gh-service-info-1-0-0-schema")
    ),
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
    "/search": _search(_TEXT, "text/html"),
    **dict.fromkeys(("/search.csv", "/search.txt"), _search(_TEXT, "text/plain")),
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

_ERRORS: Final = {
    "400": BadQuery,
    "401": Unauthorized,
    "403": Forbidden,
    "404": NotFound,
    "409": Conflict,
    "413": TooLarge,
    "429": None,
    "501": None,
    "502": None,
    "503": Overloaded,
    "504": None,
    "508": LoopDetected,
}
_WORDS: Final = {
    "429": "More questions than one client is given; Retry-After says when to come back.",
    "501": "No member could be asked this.",
    "502": "The answer is not complete, and an incomplete no is none; `partial=allow` takes it.",
    "504": "As 502, where everybody missing was too slow.",
}


def paths_of(app: web.Application) -> Iterator[tuple[str, str, Any]]:
    """Give path, method and handler of every route; a folder of files is one path."""
    for resource in app.router.resources():
        if isinstance(resource, web.StaticResource):
            yield f"{resource.canonical}/{{path}}", "GET", None
            continue
        for route in resource:
            if route.method != "HEAD":
                yield resource.canonical, route.method, route.handler


def document(app: web.Application, *, title: str, version: str, server: str) -> Document:
    """Write the document."""
    paths: Document = {}
    for path, method, handler in paths_of(app):
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, handler)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": title,
            "version": version,
            "description": (
                "A federated GA4GH Beacon network: one question to every beacon, one merged "
                "answer. Unknown is never no: see `info.network` in every answer."
            ),
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": what} for name, what in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": OURS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"bearer": []}],
    }


async def openapi(request: web.Request) -> web.Response:
    """Describe every path for programs."""
    return respond(described(request), headers={"Cache-Control": "max-age=300"})


def described(request: web.Request) -> Document:
    """Give the document as it applies to whoever asks."""
    identity = api_of(request).identity
    return document(
        request.app, title=identity.name, version=identity.version, server=base_url(request)
    )


def _operation(path: str, method: str, handler: Any) -> Document:
    key = (method, path)
    known = REGISTRY_WRITES.get(key) or JOINING.get(key) or openapi_conformance.OPERATIONS.get(key)
    known = known or OPERATIONS.get(path)
    known = known or ALERTS.get(key) or _undescribed(method, path)
    written: Document = {
        "tags": [known.tag],
        "summary": known.summary or _summary(handler),
        "operationId": _operation_id(path, method),
        "responses": _responses(path, known),
    }
    told = {one["name"] for one in known.parameters if one["in"] == "path"}
    in_path = [one for one in _in_path(path) if one["name"] not in told]
    parameters = [*in_path, *known.parameters]
    if parameters:
        written["parameters"] = parameters
    if method in {"POST", "PUT", "PATCH"} and known.body is not None:
        written["requestBody"] = {
            "description": "Read whatever its Content-Type is. An empty one is no parameters.",
            "content": {"application/json": {"schema": known.body}},
        }
    return written


def _undescribed(method: str, path: str) -> Operation:
    """Describe a path by where it lies."""
    if path.startswith("/admin/api/"):
        return replace(_ADMIN_CALL, status=_ADMIN_MAKES.get((method, path), "200"))
    return _ADMIN_PAGE if path.startswith("/admin") else Operation("Pages")


def _summary(handler: Any) -> str:
    text = inspect.getdoc(handler) if handler is not None else "Give a file of the pages."
    return " ".join((text or "").split("\n\n")[0].split()) or "Not described."


def _operation_id(path: str, method: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in path).split()
    slash = ["root"] if path.endswith("/") else []
    return "_".join((method.lower(), *words, *slash))


def _in_path(path: str) -> list[Document]:
    names = [part.partition("}")[0] for part in path.split("{")[1:]]
    told = IN_PATH if path.startswith("/api/") else {}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            **({"description": told[name]} if name in told else {}),
            "schema": {"type": "string"},
        }
        for name in names
    ]


def _responses(path: str, known: Operation) -> Document:
    content: Document = {}
    if known.schema is not None:
        content["application/json"] = {"schema": known.schema}
    if known.is_streamed:
        content["text/event-stream"] = {"schema": ref("EventStream")}
    if known.is_page:
        content["text/html"] = {"schema": _TEXT}
    if not content:
        kind = "text/plain" if known.is_text else _content_type(path)
        content[kind] = {"schema": {"type": "string"}}
    responses: Document = {}
    if known.status:
        responses[known.status] = {"description": "The answer.", "content": content}
    if known.status == "204":
        responses["204"] = {"description": "Done. Nothing is to be said.", "content": {}}
    if known.answers_503:
        responses["503"] = {"description": "Not now.", "content": content}
    if known.errors is not None:
        for status, error in _ERRORS.items():
            if status not in _statuses(path, known):
                continue
            words = _WORDS[status] if error is None else inspect.getdoc(error)
            told = {known.errors_as: {"schema": known.errors}}
            if known.errors_as == "text/html":  # of forms, which programs may send as well
                told["application/json"] = {"schema": REGISTRY_ERROR}
            responses[status] = {"description": words, "content": told}
    return responses


def _statuses(path: str, known: Operation) -> frozenset[str]:
    if known.statuses is not None:
        return known.statuses
    # only a path with something to fill in can lead nowhere
    of_questions = frozenset(_ERRORS) - {"401", "403", "409"}
    return of_questions if "{" in path else of_questions - {"404"}


@cache
def _content_type(path: str) -> str:
    return next((kind for end, kind in _TYPES.items() if path.endswith(end)), "text/html")
