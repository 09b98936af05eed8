"""Reading requests as EGA's v2 server does: flat only, and 400 for whatever it does not know."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import web

from .records_filters import Filter

_T = TypeVar("_T")

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
_FILTER = re.compile(r"(.*?)(>=|<=|[=><!])(.*)")
_GRANULARITIES = ("boolean", "count", "record")
_INCLUDES = ("ALL", "HIT", "MISS", "NONE")


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
    filters: list[Filter] = field(default_factory=list)
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
            "filters": [one.id for one in self.filters],
            "requestParameters": self.parameters,
            "includeResultsetResponses": self.include,
        }

    def page(self, items: Sequence[_T]) -> Sequence[_T]:
        """The part of the items that is asked for."""
        first = self.skip * self.limit
        return items[first : first + self.limit] if self.limit else items


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


def _split_filter(text: str) -> Filter:
    # `age:>P70Y`, as the specification spells it, becomes the unknown term `age:` here.
    parts = _FILTER.fullmatch(text)
    return Filter(parts[1], parts[2], parts[3]) if parts else Filter(text)


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


def _filters(given: object, body: object) -> list[Filter]:
    if not isinstance(given, list):
        raise _not_allowed(body)
    return [_filter(one, body) for one in given]


def _filter(given: object, body: object) -> Filter:
    texts = ("id", "operator", "value", "scope", "similarity")
    if not (
        isinstance(given, dict)
        and given.keys() <= {*texts, "includeDescendantTerms"}
        and "id" in given
        and all(isinstance(given.get(name, ""), str) for name in texts)
        and given.get("similarity", "exact") == "exact"  # the demo knows of nothing similar
    ):
        raise _not_allowed(body)
    return Filter(
        given["id"],
        given.get("operator", "=" if "value" in given else ""),
        given.get("value", ""),
        given.get("scope"),
        given.get("includeDescendantTerms", True) is not False,
    )


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
    for problem in (one.problem for one in asked.filters):
        if problem is not None:
            raise RefusedError(400, problem)
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
