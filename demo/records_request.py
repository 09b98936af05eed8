"""Reading requests as EGA's v2 server does: flat only, and 400 for whatever it does not know."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

_COORDINATES = ("start", "end")
_LENGTHS = ("variantMinLength", "variantMaxLength")
_VARIANT_PARAMETERS = frozenset(
    {
        *_COORDINATES,
        *_LENGTHS,
        *("referenceName", "assemblyId", "referenceBases", "alternateBases", "variantType"),
        *("geneId", "aminoacidChange", "genomicAlleleShortForm", "mateName"),
    }
)
_BASES = re.compile(r"[ACGTUNRYSWKMBDHV.\-]*")
_CHROMOSOME = re.compile(r"(?:chr)?([1-9]|1\d|2[0-2]|X|Y|MT)")
_OPERATOR = re.compile(r">=|<=|[=><!]")
_GRANULARITIES = ("boolean", "count", "record")
_INCLUDES = ("ALL", "HIT", "MISS", "NONE")

FILTERING_TERM = "molecularAttributes.geneIds"
"""The one thing this beacon can filter variants by."""


class RefusedError(Exception):
    """A request that is answered with an error document."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Asked:
    """A request as this family understands it."""

    parameters: dict[str, object] = field(default_factory=dict)
    datasets: list[str] | None = None
    filters: list[tuple[str, str]] = field(default_factory=list)
    """(term, value); equality is the only operator that makes sense for the one term there is."""
    granularity: str = "record"
    include: str = "HIT"
    skip: int = 0
    """Pages, not records."""
    limit: int = 10
    """Records per page; 0 is all of them."""
    is_test: bool = False
    api_version: str = "Not provided"
    requested_schemas: list[object] = field(default_factory=list)

    def summary(self) -> dict[str, object]:
        """The echo of the request."""
        return {
            "apiVersion": self.api_version,
            "requestedSchemas": self.requested_schemas,
            "pagination": {"skip": self.skip, "limit": self.limit},
            "requestedGranularity": self.granularity,
            "testMode": self.is_test,
            "filters": [term for term, _ in self.filters],
            "requestParameters": self.parameters,
            "includeResultsetResponses": self.include,
        }


async def read(request: web.Request) -> Asked:
    """Read a GET or POST, or raise RefusedError."""
    if request.method != "POST":
        return _read_query(request)
    if not await request.read():
        return Asked()
    try:
        body: object = await request.json()
    except ValueError:
        raise RefusedError(400, "the request body is not JSON") from None
    if not isinstance(body, dict):
        raise _not_allowed(body)
    return _read_body(body)


def chromosome(parameters: Mapping[str, object]) -> str | None:
    """The chromosome asked for, without `chr`."""
    match = _CHROMOSOME.fullmatch(str(parameters.get("referenceName", "")))
    return match.group(1) if match else None


def numbers(parameters: Mapping[str, object], name: str) -> list[int]:
    """The coordinates of a checked request; none where it names none."""
    value = parameters.get(name, [])
    return value if isinstance(value, list) else []


def _read_query(request: web.Request) -> Asked:
    given = {name: ",".join(request.query.getall(name)) for name in request.query}
    parameters: dict[str, object] = {}
    asked = Asked()
    try:
        for name, text in given.items():
            if name in ("skip", "limit"):
                setattr(asked, name, int(text))
            elif name in _COORDINATES:
                parameters[name] = [int(one) for one in text.split(",")]
            elif name in _LENGTHS:
                parameters[name] = int(text)
            elif not _read_option(asked, name, text):
                parameters[name] = text
    except ValueError as problem:  # the recorded server fails on what it cannot convert
        raise RefusedError(500, f"Unexpected internal error: {problem}") from None
    attempt = {"query": {"requestParameters": parameters}}
    return _checked(asked, parameters, attempt)


def _read_option(asked: Asked, name: str, text: str) -> bool:
    """Take a GET parameter that is not about variants."""
    match name:
        case "requestedGranularity":
            asked.granularity = text
        case "includeResultsetResponses":
            asked.include = text
        case "testMode":
            asked.is_test = text.lower() == "true"
        case "apiVersion":
            asked.api_version = text
        case "requestedSchemas":
            asked.requested_schemas = list(text.split(","))
        case "datasets":
            asked.datasets = text.split(",")
        case "filters":
            asked.filters = [_split_filter(one) for one in text.split(",")]
        case _:
            return False
    return True


def _split_filter(text: str) -> tuple[str, str]:
    # `age:>P70Y`, as the specification spells it, becomes the unknown term `age:` here.
    parts = _OPERATOR.split(text, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _read_body(body: dict[str, object]) -> Asked:
    meta, query = body.get("meta", {}), body.get("query", {})
    if body.keys() - {"meta", "query"} or not isinstance(meta, dict) or not isinstance(query, dict):
        raise _not_allowed(body)
    page, given = query.get("pagination", {}), query.get("requestParameters", {})
    if not isinstance(page, dict) or not isinstance(given, dict):
        raise _not_allowed(body)
    known = {
        "requestParameters", "filters", "includeResultsetResponses", "pagination",
        "requestedGranularity", "testMode",
    }  # fmt: skip
    if query.keys() - known or meta.keys() - {"apiVersion", "requestedSchemas"}:
        raise _not_allowed(body)
    parameters = dict(given)
    asked = Asked(
        datasets=_datasets(parameters.pop("datasets", None), body),
        filters=_filters(query.get("filters", []), body),
        granularity=query.get("requestedGranularity", "record"),
        include=query.get("includeResultsetResponses", "HIT"),
        skip=page.get("skip", 0),
        limit=page.get("limit", 10),
        is_test=query.get("testMode", False) is True,
        api_version=meta.get("apiVersion", "Not provided"),
        requested_schemas=meta.get("requestedSchemas", []),
    )
    for name in _COORDINATES:
        if isinstance(parameters.get(name), int):
            parameters[name] = [parameters[name]]
    return _checked(asked, parameters, body)


def _datasets(given: object, body: object) -> list[str] | None:
    if isinstance(given, dict):
        given = given.get("datasetIds")
    if isinstance(given, str):
        given = given.split(",")
    if given is not None and not isinstance(given, list):
        raise _not_allowed(body)
    return given


def _filters(given: object, body: object) -> list[tuple[str, str]]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise _not_allowed(body)
    return [(str(one.get("id", "")), str(one.get("value", ""))) for one in given]


def _checked(asked: Asked, parameters: dict[str, object], attempt: object) -> Asked:
    is_legal = (
        parameters.keys() <= _VARIANT_PARAMETERS
        and all(_is_valid(name, value) for name, value in parameters.items())
        and _is_combination(parameters)
        and asked.granularity in _GRANULARITIES
        and asked.include in _INCLUDES
        and all(map(_is_natural, (asked.skip, asked.limit)))
    )
    if not is_legal:
        raise _not_allowed(attempt)
    for term, _ in asked.filters:
        if term != FILTERING_TERM:
            raise RefusedError(400, f"{term} is not a valid filtering term")
    asked.parameters = parameters
    return asked


def _is_valid(name: str, value: object) -> bool:
    if name in _COORDINATES:
        return isinstance(value, list) and 1 <= len(value) <= 2 and all(map(_is_natural, value))
    if name in _LENGTHS:
        return _is_natural(value)
    if not isinstance(value, str):
        return False
    if name == "referenceName":  # RefSeq accessions are refused
        return _CHROMOSOME.fullmatch(value) is not None
    return not name.endswith("Bases") or _BASES.fullmatch(value) is not None


def _is_natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_combination(parameters: Mapping[str, object]) -> bool:
    """Sequence, range or bracket; a place needs its chromosome, an amino acid its gene."""
    counts = tuple(len(numbers(parameters, name)) for name in _COORDINATES)
    needs: Iterable[tuple[str, str]] = (
        ("start", "referenceName"),
        ("referenceName", "assemblyId"),
        ("aminoacidChange", "geneId"),
    )
    return counts in {(0, 0), (1, 0), (1, 1), (2, 2)} and all(
        needed in parameters for name, needed in needs if name in parameters
    )


def _not_allowed(attempt: object) -> RefusedError:
    return RefusedError(400, f"set of meta/query parameters: {attempt} not allowed")
