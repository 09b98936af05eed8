"""The OpenAPI descriptions of the pages of health and their twins."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.api.health_drags import SPANS
from aggregator.api.health_drawings import Bar
from aggregator.api.health_facts import Now
from aggregator.api.health_forms import SHOWN, SORTS
from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import OWN_KEY
from aggregator.api.openapi_registry import REGISTRY_ERROR
from aggregator.api.openapi_schemas import Document, text
from registry.health import Phase, Result, Trait
from registry.history import Window
from registry.incidents import Topic
from registry.objectives import ObjectiveName

_NUMBER: Final[Document] = {"type": "integer", "minimum": 0}
_MAYBE: Final[Document] = {"type": ["string", "null"]}
_SHARE: Final[Document] = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_MS: Final[Document] = {"type": ["number", "null"], "description": "Milliseconds."}


def _one_of(values: type[Now | Bar | Phase | Result | Trait | Topic | Window]) -> Document:
    return {"type": "string", "enum": [one.value for one in values]}


def _object(required: Document, **others: Document) -> Document:
    properties = {**required, **others}
    return {"type": "object", "properties": properties, "required": [*required]}


def _list(items: Document) -> Document:
    return {"type": "array", "items": items}


def _or_null(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


_OBJECTIVE: Final = _object(
    {
        "name": {"type": "string", "enum": [one.value for one in ObjectiveName]},
        "target": {"type": "number", "minimum": 0, "maximum": 1},
        "reached": _SHARE,
        "counted": _NUMBER,
        "cutOff": _NUMBER | {"description": "Given up too early to be counted."},
        "isMet": {"type": ["boolean", "null"]},
        "budgetLeft": {"type": ["number", "null"], "maximum": 1},
        "minutesLeft": {"type": ["number", "null"]},
    }
)
_CHECK: Final = _object(
    {
        "at": text(),
        "result": _one_of(Result),
        "phase": _or_null(_one_of(Phase)),
        "status": {"type": ["integer", "null"]},
        "ms": _MS,
        "message": _MAYBE,
    },
    request=_MAYBE,
    requestId=_MAYBE,
)
_TIMES: Final[Document] = {"p50Ms": _MS, "p95Ms": _MS, "p99Ms": _MS}
_COUNTED: Final[Document] = dict.fromkeys(("up", "down", "unknown", "paused"), _NUMBER)
_FIGURES: Final = _object({"share": _SHARE, **_COUNTED, "slow": _NUMBER, **_TIMES})
_QUESTIONS: Final = _object(
    {"share": _SHARE, "answered": _NUMBER, "failed": _NUMBER, "timedOut": _NUMBER, **_TIMES}
)
_SLOT: Final = _object({"start": text(), "is": _one_of(Bar), **_COUNTED, "slow": _NUMBER})
_NOTE: Final = _object({"at": text(), "text": text()})
_INCIDENT: Final = _object(
    {
        "id": text("Names it, and says nothing that is not told of it beside."),
        "member": _MAYBE,
        "topic": _one_of(Topic),
        "began": text(),
        "ended": _MAYBE,
        "phase": _or_null(_one_of(Phase)),
        "message": text(),
        "checks": _NUMBER,
        "notes": _list(_NOTE),
    },
    request=_MAYBE,
)
_INCIDENTS: Final[Document] = {"incidents": _list(_INCIDENT), "olderIncidents": _MAYBE}
_CERTIFICATE: Final = _object(
    {
        "validUntil": _MAYBE,
        "daysLeft": {"type": ["integer", "null"]},
        "problem": _MAYBE,
        "message": _MAYBE,
        "isSeen": {"type": "boolean"},
        "endsFirst": {"type": ["integer", "null"], "minimum": 0},
        "issuer": _MAYBE,
        "subject": _MAYBE,
        "names": _list(text()),
        "checkedAt": text("When."),
    },
    chain=_list({"type": "object"}),
)
_MEMBER: Final[Document] = {
    "id": text(),
    "name": text(),
    "state": _one_of(Now),
    "since": _MAYBE,
    "checkedAt": _MAYBE,
    "traits": _list(_one_of(Trait)),
    "cause": _or_null(_CHECK),
    "paused": {"type": ["object", "null"]},
    "certificate": _or_null(_CERTIFICATE),
    "conformance": _or_null(
        _object({"passed": _NUMBER, "total": _NUMBER, "checkedAt": text("When.")})
    ),
}
NETWORK_HEALTH: Final = _object(
    {
        "networkId": text(),
        "summary": text("Sentences for people."),
        "states": {"type": "object", "additionalProperties": _NUMBER},
        "checkedAt": _MAYBE,
        "everySeconds": {"type": ["number", "null"]},
        "connection": _object({"isAway": {"type": "boolean"}, "since": _MAYBE}),
        "total": _NUMBER,
        "shown": _NUMBER,
        "members": _list(
            _object(
                {
                    **_MEMBER,
                    "uptime": {"type": "object", "additionalProperties": _FIGURES},
                    "page": text("For people."),
                }
            )
        ),
        **_INCIDENTS,
    }
)
MEMBER_HEALTH: Final = _object(
    {
        **_MEMBER,
        "uptime": {"type": "object", "additionalProperties": _FIGURES},
        "questions": {"type": "object", "additionalProperties": _QUESTIONS},
        "halfHours": _list(_SLOT),
        "days": _list(_SLOT),
        "window": _one_of(Window),
        "chart": _list(_SLOT),
        "checks": _list(_CHECK),
        "controls": {"type": ["object", "null"]},
        "objectives": _list(_OBJECTIVE),
        "notes": _list(_NOTE),
        **_INCIDENTS,
        "page": text("For people."),
        "feed": text("What changes, as Atom."),
    }
)


def _with(schema: Document, **more: Document) -> Document:
    """Describe an object that also has, or has instead, what is given."""
    return _object({**schema["properties"], **more})


def _for_operators(schema: Document) -> Document:
    """Describe notes and incidents as operators read them."""
    notes = _list(_with(_NOTE, by=text("Who wrote it.")))
    found = _with(_INCIDENT, number=_NUMBER, notes=notes)
    found["required"].remove("request")
    hidden = {**_MAYBE, "description": "The opaque group it is hidden in."}
    one = {"hiddenIn": hidden, "notes": notes}
    if "members" not in schema["properties"]:
        return _with(schema, **one, incidents=_list(found), feed=_FEED)
    members = _with(schema["properties"]["members"]["items"], **one)
    return _with(schema, members=_list(members), incidents=_list(found), drags=_DRAGS)


_FEED: Final[Document] = {**_MAYBE, "description": "What changes, as Atom; null of a hidden one."}
_DRAGS: Final = _object(
    {
        "window": _one_of(Window),
        "members": _list(
            _object(
                {
                    "id": text(),
                    "name": text(),
                    "asked": {**_NUMBER, "description": "Real questions it was asked."},
                    "failed": {**_NUMBER, "description": "Those without a usable answer."},
                    "timedOut": {**_NUMBER, "description": "Of those, the ones out of time."},
                    "p95Ms": _MS,
                    "share": {**_SHARE, "description": "Its part of all that failed."},
                    "down": {**_SHARE, "description": "Of the checks of it, those that failed."},
                    "cost": {
                        **_SHARE,
                        "description": "About what part of the network's answers it left "
                        "incomplete; the largest comes first.",
                    },
                }
            )
        ),
    }
)


def _asked(name: str, schema: Document, what: str) -> Document:
    return {"name": name, "in": "query", "description": what, "schema": schema}


_BELOW: Final = _asked(
    "below", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}, "Only incidents before this id."
)
_LIST: Final = (
    _asked("sort", {"type": "string", "enum": [*SORTS]}, "The worst first."),
    _asked("show", {"type": "string", "enum": [*SHOWN]}, "Whom: all, or those not well."),
    _asked("group", text(), "Only members of this group; summary and incidents are of it, too."),
    _asked("page", {"type": "integer", "minimum": 1}, "Of the page for people; twins have all."),
    _BELOW,
)
_NETWORK: Final = Operation(
    "Health",
    NETWORK_HEALTH,
    _LIST,
    errors=REGISTRY_ERROR,
    statuses=frozenset({"400", "503"}),
    is_tagged=True,
)
_LISTED_PAGE: Final = replace(_NETWORK, statuses=frozenset({"400", "404", "503"}), is_page=True)
_ONE: Final = replace(
    _NETWORK,
    statuses=frozenset({"400", "404", "503"}),
    schema=MEMBER_HEALTH,
    parameters=(_asked("window", _one_of(Window), "What the chart shows."), _BELOW),
)
_CLOSED: Final = replace(
    _ONE,
    schema=_with(MEMBER_HEALTH, feed=_FEED),
    parameters=(OWN_KEY, *_ONE.parameters),
    statuses=frozenset({"400", "401", "404", "429", "503"}),
    is_tagged=False,
    is_page=True,
)
_ADMIN_ONE: Final = replace(
    _CLOSED,
    tag="Administration",
    schema=_for_operators(MEMBER_HEALTH),
    parameters=_ONE.parameters,
    is_page=False,
)
_ADMIN_ALL: Final = replace(
    _ADMIN_ONE,
    schema=_for_operators(NETWORK_HEALTH),
    parameters=(*_LIST, _asked("window", {"type": "string", "enum": [*SPANS]}, "Of `drags`.")),
    statuses=frozenset({"400", "401", "429", "503"}),
)
_TEXT: Final = replace(
    _NETWORK, schema=None, errors=text(), errors_as="text/plain", is_tagged=False
)

HEALTH: Final[Mapping[str, Operation]] = {
    "/health": _LISTED_PAGE,
    "/health.json": _NETWORK,
    "/health.csv": _TEXT,
    "/health.txt": _TEXT,
    "/health/{id}": replace(_ONE, is_page=True),
    "/health/{id}.json": _ONE,
    "/health/{id}.csv": replace(_TEXT, parameters=(), statuses=frozenset({"404", "503"})),
    "/manage/{id}/health": _CLOSED,
    "/admin/api/health": _ADMIN_ALL,
    "/admin/api/health/{id}": _ADMIN_ONE,
}
