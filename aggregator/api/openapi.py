"""The OpenAPI document, made from the routes that are really there.

A route that is not described in `openapi_paths` is described by its handler's first line and by
what its path ends with; so none can be missing, and a description without a route is never shown.
"""

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from aiohttp import web

from aggregator.api.context import api_of
from aggregator.api.http import base_url, respond
from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import IN_PATH
from aggregator.api.openapi_paths import described_as
from aggregator.api.openapi_registry import REGISTRY_ERROR
from aggregator.api.openapi_schemas import OURS, Document, ref, text
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
    known = described_as(method, path)
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
        content["text/html"] = {"schema": text()}
    if not content:
        kind = "text/plain" if known.is_text else _content_type(path)
        content[kind] = {"schema": text()}
    responses: Document = {}
    if known.status:
        responses[known.status] = {"description": "The answer.", "content": content}
    if known.is_tagged:
        responses["304"] = {"description": "Who asks has it already, by its ETag.", "content": {}}
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
