"""The OpenAPI descriptions of alerts: who is told of what changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aggregator.api.openapi_operation import Operation
from aggregator.api.openapi_parameters import OWN_KEY
from aggregator.api.openapi_registry import REGISTRY_ERROR
from aggregator.api.openapi_schemas import Document, text
from registry.alerts import Kind, State
from registry.incidents import Topic

_TAG: Final = "About this network"
_PAGES: Final = "Pages"
_MANAGE: Final = "/manage/{id}/alerts"
_ADMIN: Final = "/admin/api/alerts"


def _object(properties: Mapping[str, Document], *required: str) -> Document:
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def _nullable(schema: Document) -> Document:
    return {"anyOf": [schema, {"type": "null"}]}


_QUIET: Final = _nullable(
    _object(
        {
            "zone": text("A name of the time zone database; `UTC` if left out."),
            "from": text("As `22:00`."),
            "to": text("As `07:00`."),
        },
        *("from", "to"),
    )
)
_WISHES: Final[Mapping[str, Document]] = {
    "topics": {"type": "array", "items": {"enum": [one.value for one in Topic]}, "minItems": 1},
    "after_minutes": {"type": "integer", "minimum": 0, "maximum": 1440},
    "quiet": _QUIET,
    "remind_hours": {"type": "integer", "minimum": 0, "maximum": 168},
}
_KIND: Final[Document] = {"enum": [one.value for one in Kind]}
_NEW: Final = _object(
    {"kind": _KIND, "address": text("`https://…`, or a mail address."), **_WISHES},
    *("kind", "address"),
)
_CHANGE: Final = _object({**_WISHES, "on": {"type": "boolean"}})
_SHOWN: Final[Mapping[str, Document]] = {
    "id": text(),
    "owner": text("A member's id, or `~operator`."),
    "kind": _KIND,
    "address": text(),
    "on": {"type": "boolean"},
    "offReason": text(),
    "confirmed": {"type": "boolean"},
    "failing": _nullable(
        _object(
            {
                "since": text("When the first message began to be sent that was not taken."),
                "result": text("What came of the last try."),
                "nextAt": _nullable(text("Null: the message was given up; the next one is tried.")),
            },
            *("since", "result", "nextAt"),
        )
    ),
    **_WISHES,
    "createdAt": text(),
}
_TARGET: Final = _object(_SHOWN, *_SHOWN)
_MADE: Final = _object(
    {**_SHOWN, "secret": text("Of a webhook; shown this once."), "message": text()},
    *_SHOWN,
    "message",
)
_LINE: Final = _object(
    {
        "id": text("The same in every attempt."),
        "type": text(),
        "topic": _nullable(text()),
        "what": _nullable(text()),
        "member": _nullable(text()),
        "text": text(),
        "state": {"enum": [one.value for one in State]},
        "waitsFor": _nullable(text()),
        "attempts": {"type": "integer"},
        "result": text(),
        "createdAt": text(),
        "nextAt": _nullable(text()),
        "endedAt": _nullable(text()),
    },
    *("id", "state", "attempts", "result", "createdAt", "nextAt", "endedAt"),
)
_WITH_LOG: Final = _object(
    {**_SHOWN, "deliveries": {"type": "array", "items": _LINE}}, *_SHOWN, "deliveries"
)
_LIST: Final = _object({"alerts": {"type": "array", "items": _TARGET}}, "alerts")
_TESTED: Final = _object(
    {"delivered": {"type": "boolean"}, "result": text()}, *("delivered", "result")
)
_SAID: Final = _object({"message": text()}, "message")
_OWNER: Final[Document] = {
    "name": "owner",
    "in": "query",
    "description": "A member's id, or `~operator`; left out: everybody's.",
    "schema": text(),
}


def _call(schema: Document, *statuses: str, parameters: tuple[Document, ...] = ()) -> Operation:
    return Operation(
        _TAG,
        schema,
        parameters,
        errors=REGISTRY_ERROR,
        statuses=frozenset({"401", "429", "503", *statuses}),
    )


def _of_one(base: str, *parameters: Document) -> dict[tuple[str, str], Operation]:
    """Describe what is done with one address."""
    one = f"{base}/{{target}}"
    return {
        ("GET", one): _call(_WITH_LOG, "404", parameters=parameters),
        ("PATCH", one): replace(
            _call(_TARGET, "400", "404", "409", "413", parameters=parameters), body=_CHANGE
        ),
        ("DELETE", one): _call(_SAID, "404", parameters=parameters),
        ("POST", f"{one}/test"): _call(_TESTED, "404", "409", parameters=parameters),
    }


_LINK: Final = Operation(
    _PAGES,
    _object({"purpose": text(), "done": {"type": "boolean"}}, "purpose", "done"),
    errors=REGISTRY_ERROR,
    statuses=frozenset({"404", "503"}),
    is_page=True,
)

ALERTS: Final[Mapping[tuple[str, str], Operation]] = {
    ("GET", _MANAGE): replace(_call(_LIST, "404", parameters=(OWN_KEY,)), is_page=True),
    ("GET", f"{_MANAGE}.json"): _call(_LIST, "404", parameters=(OWN_KEY,)),
    ("POST", _MANAGE): replace(
        _call(_MADE, "400", "403", "404", "409", "413", parameters=(OWN_KEY,)),
        body=_NEW,
        status="201",
        is_page=True,
    ),
    **_of_one(_MANAGE, OWN_KEY),
    ("GET", _ADMIN): _call(_LIST, "404", parameters=(_OWNER,)),
    ("POST", _ADMIN): replace(_call(_MADE, "400", "409", "413"), body=_NEW, status="201"),
    **_of_one(_ADMIN),
    **{
        (method, f"/alerts/{purpose}/{{token}}"): _LINK
        for method in ("GET", "POST")
        for purpose in ("confirm", "stop", "never")
    },
}
"""What is read and written, by method and path."""
