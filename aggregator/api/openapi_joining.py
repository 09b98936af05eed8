"""The OpenAPI descriptions of joining, and of what a member does with its own entry."""

from collections.abc import Mapping
from typing import Final

from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import OWN_KEY
from aggregator.api.openapi_registry import REGISTRY_ERROR
from aggregator.api.openapi_schemas import Document, text
from aggregator.watch.joining import Verdict

_PAGES: Final = "Pages"
_TAG: Final = "About this network"
_ID: Final = "/manage/{id}"


def _object(properties: Mapping[str, Document], *required: str) -> Document:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _nullable(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


_ORGANIZATION: Final = _object({"name": text(), "url": text()}, "name")
_OWN: Final[Mapping[str, Document]] = {
    "url": text("The base of the beacon's API."),
    "name": text("At most 200 characters."),
    "description": text("At most 10,000 characters."),
    "organization": _ORGANIZATION,
    "protocol": text("`auto`, `v1`, `v2`, `csc` or `beacon-network`."),
    "assemblies": {"type": "array", "items": text()},
    "contact": text("An e-mail address for outages, shown to operators alone."),
}
_REGISTRATION: Final = _object(
    {
        "id": text("Lower-case letters, digits, hyphens; left out: made of the beacon's own."),
        **_OWN,
        "agree": {"const": True, "description": "To the requirements of this network."},
        "invitation": text("An invitation key, if there is one."),
    },
    *("url", "contact", "agree"),
)
_JOINED: Final = _object(
    {
        "id": text(),
        "state": text("`pending` or `active`."),
        "serviceKey": text("Shown this once."),
        "manage": text("The address of the entry's page."),
        "message": text(),
    },
    *("id", "state", "serviceKey", "manage", "message"),
)
_FINDING: Final = _object(
    {
        "rule": text(),
        "title": text(),
        "verdict": {"enum": [one.value for one in Verdict]},
        "message": text(),
        "fix": text("What to change; empty if nothing has to be."),
        "sent": text("A line of curl; empty if nothing was sent."),
        "came": text(),
    },
    *("rule", "title", "verdict", "message", "fix", "sent", "came"),
)
_REPORT: Final = _object(
    {
        "url": text(),
        "mayJoin": {"type": "boolean"},
        "elapsedS": {"type": "number"},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "findings": {"type": "array", "items": _FINDING},
        "suggested": {"type": "object", "additionalProperties": text()},
    },
    *("url", "mayJoin", "elapsedS", "counts", "findings", "suggested"),
)
_ENTRY: Final = _object(
    {
        "id": text(),
        "state": text("`pending`, `active`, `rejected` or `removed`."),
        "message": text("What the state means."),
        "note": text("What the operator said when turning it away."),
        "entry": {"type": "object", "description": "What the member says of itself."},
        "contact": text(),
        "proposed": _nullable({"type": "object", "description": "What waits for the operator."}),
        "paused": _nullable({"type": "object"}),
        "disabled": {"type": "boolean"},
        "known": {"type": "object", "description": "What this network found out."},
        "createdAt": text(),
        "updatedAt": text(),
        "manage": text(),
    },
    *("id", "state", "entry", "contact", "proposed", "paused", "known"),
)


def _in_query(name: str, what: str, *, is_needed: bool = False) -> Document:
    return {
        "name": name,
        "in": "query",
        "description": what,
        "required": is_needed,
        "schema": text(),
    }


_CHECKED: Final = (
    _in_query("url", "The address of the beacon.", is_needed=True),
    _in_query("protocol", "What it speaks, if that is not to be found out."),
)


def _refused(*statuses: str) -> frozenset[str]:
    return frozenset({*statuses, "429", "503"})


def _own(schema: Document | None, *statuses: str, **rest: object) -> Operation:
    """Describe what the holder of a service key does."""
    return Operation(
        _TAG,
        schema,
        (OWN_KEY,),
        errors=REGISTRY_ERROR,
        statuses=_refused("401", "404", "413", *statuses),
        **rest,  # type: ignore[arg-type]  # fields of Operation
    )


_PAUSE: Final = _object({"until": text("A day or a moment."), "note": text()})
_NEW_KEY: Final = _object({"id": text(), "serviceKey": text(), "message": text()}, "serviceKey")
_FORM: Final = Operation(
    _PAGES,
    errors=text(),
    errors_as="text/html",
    statuses=_refused("400", "401", "403", "404", "409", "413"),
    status="303",
)

JOINING: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", "/join/check"): Operation(
        _PAGES,
        parameters=_CHECKED,
        errors=text(),
        errors_as="text/html",
        statuses=_refused("400", "403"),
    ),
    ("GET", "/join/check.json"): Operation(
        _TAG, _REPORT, _CHECKED, errors=REGISTRY_ERROR, statuses=_refused("400", "403")
    ),
    ("POST", "/join"): Operation(
        _TAG,
        _JOINED,
        body=_REGISTRATION,
        errors=REGISTRY_ERROR,
        statuses=_refused("400", "403", "409", "413"),
        status="201",
        is_page=True,
    ),
    ("GET", _ID): _own(_ENTRY, is_page=True),
    ("GET", f"{_ID}.json"): _own(_ENTRY),
    ("PATCH", _ID): _own(
        _ENTRY, "400", "409", "413", body={"type": "object", "properties": dict(_OWN)}
    ),
    ("DELETE", _ID): _own(_ENTRY, "409"),
    ("POST", f"{_ID}/pause"): _own(_ENTRY, "400", "403", "409", body=_PAUSE),
    ("POST", f"{_ID}/resume"): _own(_ENTRY, "403", "409"),
    ("POST", f"{_ID}/key"): _own(_NEW_KEY, status="201"),
    **{("POST", f"{_ID}/{name}"): _FORM for name in ("open", "close", "change", "leave")},
}
"""What is read and written, by method and path."""
