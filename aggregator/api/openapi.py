"""The OpenAPI document, made from the routes that are really there.

A route that is not described in `OPERATIONS` is described by its handler's first line and by what
its path ends with; so none can be missing, and a description without a route is never shown.
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import base_url, respond
from aggregator.api.openapi_schemas import (
    CONTROLS,
    OPTIONS,
    OURS,
    TEXT_QUERY,
    V1_QUERY,
    V2_REQUEST,
    VARIANT,
    Document,
    ref,
    v1,
    v2,
)
from aggregator.base.errors import BadQuery, LoopDetected, Overloaded

OPENAPI_VERSION: Final = "3.1.0"

TAGS: Final = {
    "Questions": "Ask every beacon of the network at once.",
    "About this network": "What it is and what it offers, as every Beacon says it.",
    "Understanding": "What would be sent, and how texts are read. Sends nothing to anybody.",
    "Pages": "For people; every page has twins for programs.",
    "Operations": "For those who run it.",
}
_TYPES: Final = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".ico": "image/x-icon",
    "/events": "text/event-stream",
    "/metrics": "text/plain",
    "/{path}": "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What is to be said of a path beside what its handler says."""

    tag: str
    schema: Document | None = None
    """Of the answer as JSON."""
    parameters: tuple[Document, ...] = ()
    body: Document | None = None
    errors: Document | None = None
    """Of every error; makes it an operation that can fail in all the ways of a question."""
    is_streamed: bool = False
    answers_503: bool = False


_V2_ANSWER: Final = {
    "oneOf": [
        {"allOf": [v2(name), ref("Extended")]}
        for name in ("beaconBooleanResponse", "beaconCountResponse", "beaconResultsetsResponse")
    ]
}
_V2_ERROR: Final = {"allOf": [v2("beaconErrorResponse"), ref("Extended")]}
_V1_ANSWER: Final = {"allOf": [v1("BeaconAlleleResponse"), ref("Extended")]}
_V2_BODY: Final = {
    "anyOf": [
        {"$ref": V2_REQUEST},
        {"type": "object", "description": "The same parameters flat, or only `query`."},
    ]
}
_ABOUT: Final = "About this network"


def _about(name: str) -> Operation:
    return Operation(_ABOUT, v2(name))


OPERATIONS: Final[Mapping[str, Operation]] = {
    "/api/g_variants": Operation(
        "Questions",
        _V2_ANSWER,
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
    "/search.json": Operation("Questions", _V2_ANSWER, (*TEXT_QUERY, *CONTROLS), errors=_V2_ERROR),
    **dict.fromkeys(("/api", "/api/", "/api/info", "/info"), _about("beaconInfoResponse")),
    **dict.fromkeys(
        ("/api/service-info", "/service-info"), _about("ga4gh-service-info-1-0-0-schema")
    ),
    "/api/configuration": _about("beaconConfigurationResponse"),
    "/api/map": _about("beaconMapResponse"),
    "/api/entry_types": _about("beaconEntryTypesResponse"),
    "/api/filtering_terms": _about("beaconFilteringTermsResponse"),
    **dict.fromkeys(("/v1", "/v1/"), Operation(_ABOUT, v1("Beacon"))),
    "/network/explain/{path}": Operation(
        "Understanding",
        ref("Explanation"),
        (*VARIANT, *OPTIONS, *CONTROLS),
        body=_V2_BODY,
        errors=_V2_ERROR,
    ),
    "/search/parse": Operation("Understanding", ref("ParsedText"), TEXT_QUERY),
    **dict.fromkeys(
        ("/search", "/search.csv", "/search.txt", "/search/events"),
        Operation("Pages", parameters=(*TEXT_QUERY, *CONTROLS)),
    ),
    "/livez": Operation("Operations", ref("Status")),
    "/readyz": Operation("Operations", ref("Status"), answers_503=True),
    "/metrics": Operation("Operations"),
    "/openapi.json": Operation("Operations", {"type": "object"}),
    "/docs": Operation("Operations"),
}

_ERRORS: Final = {
    "400": BadQuery,
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
    known = OPERATIONS.get(path) or Operation("Pages")
    written: Document = {
        "tags": [known.tag],
        "summary": _summary(handler),
        "operationId": _operation_id(path, method),
        "responses": _responses(path, known),
    }
    parameters = [*_in_path(path), *known.parameters]
    if parameters:
        written["parameters"] = parameters
    if method == "POST" and known.body is not None:
        written["requestBody"] = {
            "description": "Read whatever its Content-Type is. An empty one is no parameters.",
            "content": {"application/json": {"schema": known.body}},
        }
    return written


def _summary(handler: Any) -> str:
    text = inspect.getdoc(handler) if handler is not None else "Give a file of the pages."
    return " ".join((text or "").split("\n\n")[0].split()) or "Not described."


def _operation_id(path: str, method: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in path).split()
    slash = ["root"] if path.endswith("/") else []
    return "_".join((method.lower(), *words, *slash))


def _in_path(path: str) -> list[Document]:
    names = [part.partition("}")[0] for part in path.split("{")[1:]]
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]


def _responses(path: str, known: Operation) -> Document:
    content: Document = {}
    if known.schema is not None:
        content["application/json"] = {"schema": known.schema}
    if known.is_streamed:
        content["text/event-stream"] = {"schema": ref("EventStream")}
    if not content:
        content[_content_type(path)] = {"schema": {"type": "string"}}
    responses: Document = {"200": {"description": "The answer.", "content": content}}
    if known.answers_503:
        responses["503"] = {"description": "Not now.", "content": content}
    if known.errors is not None:
        for status, error in _ERRORS.items():
            words = _WORDS[status] if error is None else inspect.getdoc(error)
            responses[status] = {
                "description": words,
                "content": {"application/json": {"schema": known.errors}},
            }
    return responses


@cache
def _content_type(path: str) -> str:
    return next((kind for end, kind in _TYPES.items() if path.endswith(end)), "text/html")
