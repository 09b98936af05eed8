"""The OpenAPI descriptions of badges and feeds."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.api.badge_facts import NAMES
from aggregator.api.badges import MAX_LABEL
from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_registry import REGISTRY_ERROR
from aggregator.api.openapi_schemas import Document, text

SHIELDS: Final[Document] = {
    "type": "object",
    "description": "A badge as shields.io reads it (https://shields.io/badges/endpoint-badge).",
    "properties": {
        "schemaVersion": {"type": "integer", "const": 1},
        "label": text("What it is about, or the `label` that was asked for."),
        "message": text("What is known; `no data` where nothing is."),
        "color": text("That of the message, as `#rrggbb`."),
        "labelColor": text("That of the label."),
        "isError": {"type": "boolean", "description": "Pages may not recolour it: it is bad news."},
        "cacheSeconds": {"type": "integer", "description": "How long it may be kept."},
    },
    "required": ["schemaVersion", "label", "message", "color", "isError"],
    "additionalProperties": False,
}
_LABEL: Final[Document] = {
    "name": "label",
    "in": "query",
    "description": f"The text at the left, at most {MAX_LABEL} letters; the rest is cut off.",
    "schema": text(),
}
_NAME: Final[Document] = {
    "name": "name",
    "in": "path",
    "required": True,
    "description": "What the badge is about.",
    "schema": {"type": "string", "enum": [*NAMES]},
}
_AS_JSON: Final = Operation(
    "Health",
    SHIELDS,
    (_NAME, _LABEL),
    errors=REGISTRY_ERROR,
    statuses=frozenset({"404", "503"}),
    summary="Give a badge of a member for shields.io.",
    is_tagged=True,
)
_AS_PICTURE: Final = replace(
    _AS_JSON,
    schema=None,
    errors=text("A badge that says what is wrong."),
    errors_as="image/svg+xml",
    summary="Draw a badge of a member.",
)
_OF_NETWORK: Final = Operation("Health", parameters=(_LABEL,), is_tagged=True)
_FEED: Final = Operation(
    "Health", errors=REGISTRY_ERROR, statuses=frozenset({"503"}), is_tagged=True
)

BADGES: Final[Mapping[str, Operation]] = {
    "/members/{id}/badge/{name}.svg": _AS_PICTURE,
    "/members/{id}/badge/{name}.json": _AS_JSON,
    "/health/badge.svg": _OF_NETWORK,
    "/health/badge.json": replace(_OF_NETWORK, schema=SHIELDS),
}
FEEDS: Final[Mapping[str, Operation]] = {
    "/health/feed.atom": _FEED,
    "/members/{id}/feed.atom": replace(_FEED, statuses=frozenset({"404", "503"})),
}
