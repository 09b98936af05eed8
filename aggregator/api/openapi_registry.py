"""The OpenAPI descriptions of the service registry and of writing to it as to CSC's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.api.auth import SERVICE_KEY
from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import MEMBERS_QUERY
from aggregator.api.openapi_schemas import Document, text

REGISTRY_ERROR: Final[Document] = {
    "type": "object",
    "description": "An error as the GA4GH service registry 1.0.0 has it.",
    "properties": {
        "status": {"type": "integer", "description": "That of the response."},
        "title": text(),
        "detail": text("What is wrong and what to do."),
        "problems": {
            "type": "array",
            "items": text(),
            "description": "All that is wrong, where it may be several things.",
        },
    },
    "required": ["status", "title", "detail"],
}
SERVICE_TYPE: Final[Document] = {
    "type": "object",
    "properties": {"group": text(), "artifact": text(), "version": text()},
    "required": ["group", "artifact", "version"],
}
SERVICE_INFO: Final[Document] = {
    "type": "object",
    "description": "GA4GH service-info 1.0.0.",
    "properties": {
        "id": text("Of the member here."),
        "name": text(),
        "type": SERVICE_TYPE,
        "description": text(),
        "organization": {
            "type": "object",
            "properties": {"name": text(), "url": text(), "logoUrl": text("Of this network.")},
            "required": ["name", "url"],
        },
        "contactUrl": text(),
        "documentationUrl": text(),
        "createdAt": text("When it joined."),
        "updatedAt": text("When its entry was last changed."),
        "environment": text(),
        "version": text("Of the service; `unknown` if it does not say."),
        "info": {"type": "object", "description": "What the standard has no word for."},
    },
    "required": ["id", "name", "type", "organization", "version"],
}
SERVICE: Final[Document] = {
    "allOf": [
        SERVICE_INFO,
        {
            "type": "object",
            "properties": {"url": text("The base of its API.")},
            "required": ["url"],
        },
    ]
}
_ABOUT: Final = "About this network"
_COMPATIBILITY: Final = "Compatibility"
_ANSWERED: Final = text("A sentence for people.")
_REGISTRATION: Final[Document] = {
    "type": "object",
    "properties": {
        "type": text("`beacon` or `beacon-aggregator`."),
        "url": text("The base of the beacon, or the address of its /service-info or /info."),
    },
    "required": ["type", "url"],
    "additionalProperties": False,
}


def _wanted(name: str, what: str) -> Document:
    return {"name": name, "in": "query", "description": what, "schema": text()}


def _header(name: str, what: str) -> Document:
    return {"name": name, "in": "header", "description": what, "required": True, "schema": text()}


def _object(*names: str) -> Document:
    return {
        "type": "object",
        "properties": dict.fromkeys(names, text()) | {"message": _ANSWERED},
        "required": ["message", *names],
    }


_KEY: Final = _header(SERVICE_KEY, "The service key of the beacon.")
_VERSION: Final = "The version of the API a service speaks; `2` is every 2."

REGISTRY: Final[Mapping[str, Operation]] = {
    "/services": Operation(
        _ABOUT,
        {"type": "array", "items": SERVICE},
        (
            _wanted("type", "`artifact`, `group:artifact` or `group:artifact:version`."),
            _wanted("apiVersion", _VERSION),
            _wanted("version", _VERSION),
        ),
        errors=REGISTRY_ERROR,
        statuses=frozenset({"400"}),
        is_tagged=True,
    ),
    "/services/types": Operation(_ABOUT, {"type": "array", "items": SERVICE_TYPE}, is_tagged=True),
    "/services/{id}": Operation(
        _ABOUT, SERVICE, errors=REGISTRY_ERROR, statuses=frozenset({"404"}), is_tagged=True
    ),
    "/update/services": Operation(
        _COMPATIBILITY, errors=REGISTRY_ERROR, statuses=frozenset({"404"}), status=""
    ),
}
"""What is read."""

_REFUSED: Final = frozenset({"400", "401", "403", "404", "409", "413", "429", "503"})
_NO_ID: Final = Operation(
    _COMPATIBILITY, errors=REGISTRY_ERROR, statuses=frozenset({"400"}), status=""
)
REGISTRY_WRITES: Final[Mapping[tuple[str, str], Operation]] = {
    ("POST", "/services"): Operation(
        _COMPATIBILITY,
        _object("serviceId", "serviceKey", "help"),
        body=_REGISTRATION,
        errors=REGISTRY_ERROR,
        statuses=_REFUSED - {"404"},
        status="201",
        summary=(
            "Let a beacon join that has an invitation key, sent as `Authorization` without a "
            "scheme, and passes the check."
        ),
    ),
    ("PUT", "/services/{id}"): Operation(
        _COMPATIBILITY,
        _object("oldServiceId", "newServiceId", "help"),
        (_KEY,),
        body=_REGISTRATION,
        errors=REGISTRY_ERROR,
        statuses=_REFUSED - {"403"},
    ),
    ("DELETE", "/services/{id}"): Operation(
        _COMPATIBILITY,
        None,
        (_KEY,),
        errors=REGISTRY_ERROR,
        statuses=frozenset({"400", "401", "404", "429", "503"}),
        is_text=True,
    ),
    ("PUT", "/services"): _NO_ID,
    ("DELETE", "/services"): _NO_ID,
}
"""What is written, by method and path."""


def _shown(statuses: str, *, is_page: bool = False, is_json: bool = True) -> Operation:
    """Describe what is shown of members: of all there are, or of one that may not be there."""
    return Operation(
        "Pages",
        {"type": "object"} if is_json else None,
        MEMBERS_QUERY if statuses == "400" else (),
        errors=REGISTRY_ERROR,
        statuses=frozenset({statuses}),
        is_page=is_page,
    )


MEMBERS: Final[Mapping[str, Operation]] = {
    "/members": _shown("400", is_page=True),
    "/members.json": _shown("400"),
    "/members.csv": replace(_shown("400", is_json=False), errors=text(), errors_as="text/plain"),
    "/members/{id}": _shown("404", is_page=True),
    "/members/{id}.json": _shown("404"),
    "/logo/{id}": replace(_shown("404", is_json=False), is_tagged=True),
}
