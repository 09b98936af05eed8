"""Reading requests as bento does: POST by the specification's schema, GET packed the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from .counts_filters import Filter

NOT_IMPLEMENTED = (
    "aminoacidChange",
    "genomicAlleleShortForm",
    "mateName",
    "variantMinLength",
    "variantMaxLength",
)
"""Parameters answered with 501: to ignore them would answer another question."""

_TEXTS = (
    "alternateBases", "assemblyId", "geneId", "referenceBases", "referenceName", "variantType",
    *NOT_IMPLEMENTED,
)  # fmt: skip
_COORDINATES = ("start", "end")


class RefusedError(Exception):
    """A request that is answered with an error document."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Asked:
    """A request as this family understands it: unknown parameters are gone."""

    parameters: dict[str, object] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    granularity: str = "count"
    echo: dict[str, object] = field(default_factory=dict)
    """What the answer says was received."""


async def read(request: web.Request) -> Asked:
    """Read a GET or POST, or raise RefusedError."""
    if request.method != "POST":
        return _asked(_packed(request))
    try:
        body: object = await request.json()
    except ValueError:
        raise RefusedError(400, "Bad Request: the body is not JSON") from None
    if not isinstance(body, dict):
        raise _not_of_type(body, "object")
    meta = body.get("meta")
    for name, owner in (("meta", body), ("apiVersion", meta)):
        if not isinstance(owner, dict):
            raise _not_of_type(owner, "object")
        if name not in owner:
            raise RefusedError(400, f"Bad Request: '{name}' is a required property")
    return _asked(body)


def numbers(parameters: Mapping[str, object], name: str) -> list[int]:
    """The coordinates of a checked request; none where it names none."""
    value = parameters.get(name, [])
    return value if isinstance(value, list) else []


def _packed(request: web.Request) -> dict[str, object]:
    """A GET in the form of a POST; coordinates may be repeated or joined by commas."""
    asked = request.query
    variant: dict[str, object] = {name: asked[name] for name in _TEXTS if name in asked}
    try:
        for name in _COORDINATES:
            if name in asked:
                variant[name] = [int(one) for one in ",".join(asked.getall(name)).split(",")]
        page = {name: int(asked[name]) for name in ("skip", "limit") if name in asked}
    except ValueError as problem:
        raise RefusedError(400, f"Bad Request: {problem}") from None
    query: dict[str, object] = {
        name: asked[name]
        for name in ("requestedGranularity", "includeResultsetResponses", "testMode")
        if name in asked
    }
    query |= {"requestParameters": {"g_variant": variant} if variant else {}, "pagination": page}
    if "filters" in asked:  # the real server trips over the text as well
        raise RefusedError(500, "string indices must be integers, not 'str'")
    return {"meta": {}, "query": query}


def _asked(body: Mapping[str, object]) -> Asked:
    meta, query = _section(body, "meta"), _section(body, "query")
    parameters = _section(query, "requestParameters")
    for value in parameters.values():  # where a flat request is found out
        if not isinstance(value, dict):
            raise _not_of_type(value, "object")
    filters = query.get("filters") or []
    if not isinstance(filters, list):
        raise _not_of_type(filters, "array")
    granularity = query.get("requestedGranularity", "count")
    if granularity not in ("boolean", "count", "record"):
        raise RefusedError(
            400, f"Bad Request: {granularity!r} is not one of ['boolean', 'count', 'record']"
        )
    echo: dict[str, object] = {
        "apiVersion": meta.get("apiVersion", "v2.0.0"),
        "requestedSchemas": meta.get("requestedSchemas", []),
        "pagination": {"skip": 0, "limit": 10, **_section(query, "pagination")},
        "requestedGranularity": granularity,
    }
    if parameters:
        echo["requestParameters"] = dict(parameters)
    if filters:
        echo["filters"] = filters
    variant = _section(parameters, "g_variant")
    wanted = [_filter(one) for one in filters]
    return Asked(_checked(variant), wanted, str(granularity), echo)


def _filter(given: object) -> Filter:
    if not isinstance(given, dict):
        raise _not_of_type(given, "object")
    if "id" not in given:
        raise RefusedError(400, "Bad Request: 'id' is a required property")
    if given.get("scope") or given.get("similarity", "exact") != "exact":
        raise RefusedError(501, "filters with scope or similarity not implemented")
    wanted = Filter(
        str(given["id"]),
        str(given.get("operator", "=")),
        str(given.get("value", "")),
        given.get("includeDescendantTerms", True) is not False,
    )
    if wanted.problem is not None:
        raise RefusedError(400, wanted.problem)
    return wanted


def _section(document: Mapping[str, object], name: str) -> dict[str, object]:
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise _not_of_type(value, "object")
    return value


def _checked(variant: Mapping[str, object]) -> dict[str, object]:
    for name in NOT_IMPLEMENTED:
        if name in variant:
            raise RefusedError(501, f"queries with {name} not implemented")
    for name in _COORDINATES:
        value = variant.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, int) for one in value):
            raise _not_of_type(value, "array of integers")
    shape = tuple(len(numbers(variant, name)) for name in _COORDINATES)
    if "geneId" in variant and shape != (0, 0):
        raise RefusedError(400, "invalid mix of geneId and start/end parameters")
    if variant and "geneId" not in variant:
        _check_place(variant, shape)
    return {name: variant[name] for name in (*_TEXTS, *_COORDINATES) if name in variant}


def _check_place(variant: Mapping[str, object], shape: tuple[int, ...]) -> None:
    if "referenceName" not in variant:
        raise RefusedError(400, "referenceName parameter required")
    if shape not in {(1, 0), (1, 1), (2, 2)}:
        raise RefusedError(400, "Invalid query: one start, one start and one end, or two of each")
    if shape == (1, 0):
        if "alternateBases" not in variant:
            raise RefusedError(
                400, "variant query requires either 'end' or 'alternateBases' parameters"
            )
        if "referenceBases" not in variant:
            raise RefusedError(400, "variant sequence query requires 'referenceBases' parameter")


def _not_of_type(value: object, wanted: str) -> RefusedError:
    return RefusedError(400, f"Bad Request: {value!r} is not of type '{wanted}'")
