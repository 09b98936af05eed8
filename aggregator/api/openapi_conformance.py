"""The OpenAPI descriptions of conformance, for everybody, holders of keys and operators."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import OWN_KEY
from aggregator.api.openapi_registry import REGISTRY_ERROR
from aggregator.api.openapi_schemas import Document, text
from aggregator.watch.conformance.report import Verdict


def _object(properties: Mapping[str, Document], *required: str) -> Document:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _nullable(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(items: Document) -> Document:
    return {"type": "array", "items": items}


_NUMBER: Final[Document] = {"type": "integer", "minimum": 0}
_TRUTH: Final[Document] = {"type": "boolean"}
_IDS: Final = _list(text("The id of a rule; docs/conformance.md lists them."))
_MOMENT: Final = _nullable(text("A moment in UTC, to the second."))
_TOLD: Final = _nullable(text())
_SCORE: Final = _object({"passed": _NUMBER, "total": _NUMBER}, "passed", "total")
_VERSION: Final = {"apiVersion": _TOLD, "serviceVersion": _TOLD, "updateDateTime": _TOLD}
_DEVIATION: Final = _object(
    {
        "path": text("A JSON pointer into the document; empty for the whole."),
        "message": text("What is wrong there."),
        "expected": text(),
        "specification": text("The address of the schema."),
        "also": {**_NUMBER, "description": "In how many more items the same is wrong."},
    },
    *("path", "message", "expected", "specification", "also"),
)
_RULE: Final = _object(
    {
        "rule": text("Its id, as `v2.granularity.boolean`."),
        "title": text(),
        "verdict": {"enum": [one.value for one in Verdict]},
        "message": text("What was found."),
        "specification": text("An address."),
        "fix": text("What to change, where it fails."),
        "expected": text(),
        "got": text("The status and the beginning of what came."),
        "request": text("A line of curl, without credentials."),
        "deviations": _list(_DEVIATION),
    },
    *("rule", "title", "verdict", "message", "specification"),
)
_CHANGES: Final = _nullable(
    _object({"since": _MOMENT, "newlyFailing": _IDS, "newlyHolding": _IDS}, "newlyFailing")
)
_DRIFT: Final = _object(
    {
        "since": text(),
        "rules": {"type": "object", "additionalProperties": text("Since when it fails.")},
        "was": _SCORE,
        "before": _object(_VERSION),
        "then": _object(_VERSION),
        "sentence": text("As `was 42 of 42 until the release of 3 May 2026, version 1.1`."),
    },
    *("since", "rules", "was", "sentence"),
)
CONFORMANCE: Final = _object(
    {
        "id": text(),
        "name": text(),
        "page": text(),
        "isToldOf": {**_TRUTH, "description": "False of an opaque group: nothing is told."},
        "hasRules": {**_TRUTH, "description": "False where there are none for what it speaks."},
        "at": _MOMENT,
        "nextAt": _MOMENT,
        "isLookedAt": {**_TRUTH, "description": "Whether a look goes on now."},
        "protocol": _TOLD,
        **_VERSION,
        "score": _nullable(_SCORE),
        **{"failed": _IDS, "passed": _IDS, "skipped": _IDS},
        "rules": _list(_RULE),
        "drift": _nullable(_DRIFT),
        "tried": _nullable(_object({"at": text(), "why": text()}, "at", "why")),
        "changed": _CHANGES,
        "runs": _list(
            _object(
                {"at": text(), "score": _SCORE, "version": _TOLD, "changed": _CHANGES},
                *("at", "score"),
            )
        ),
    },
    *("id", "name", "at", "nextAt", "score", "failed", "passed", "skipped", "rules", "drift"),
    *("tried", "changed", "runs"),
)
_READ: Final = Operation(
    "Health",
    CONFORMANCE,
    errors=REGISTRY_ERROR,
    statuses=frozenset({"404", "503"}),
    is_tagged=True,
)
_OWN: Final = Operation(
    "Health",
    CONFORMANCE,
    (OWN_KEY,),
    errors=REGISTRY_ERROR,
    statuses=frozenset({"401", "404", "429", "503"}),
)
_AGAIN: Final = frozenset({"400", "401", "403", "404", "409", "413", "429", "503"})
_OF_MEMBER: Final = "/manage/{id}/conformance"
_OF_ADMIN: Final = "/admin/api/members/{id}/conformance"

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/health/{id}/conformance"): replace(_READ, is_page=True),
    ("GET", "/health/{id}/conformance.json"): _READ,
    ("GET", _OF_MEMBER): replace(_OWN, is_page=True),
    ("POST", _OF_MEMBER): replace(_OWN, statuses=_AGAIN),
    ("GET", _OF_ADMIN): replace(_OWN, tag="Administration", parameters=()),
    ("POST", _OF_ADMIN): replace(_OWN, tag="Administration", parameters=(), statuses=_AGAIN),
}
"""What is read and asked for, by method and path."""
