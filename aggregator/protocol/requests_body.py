"""Spreads the body of a Beacon v2 request into flat parameters, as an address has them.

Beacon v2.1.1 framework (requests/beaconRequestBody.json), and what clients send instead of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aggregator.protocol.parameters import IGNORED, flatten

VARIANT_NESTS: Final = ("g_variant", "g_variants", "genomicVariant", "genomicVariation")
"""Where clients put the variant's parameters beside `requestParameters`, or in it."""
MAX_PARAMETERS: Final = 1_000
"""The most parameters of one body, on all its levels together."""
_GRANULARITY: Final = "requestedGranularity"


class BodyError(ValueError):
    """Parts of a request body have the wrong shape; the other parts are in `parameters`."""

    def __init__(self, problems: Sequence[str], parameters: Mapping[str, Any]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
        self.parameters = parameters


def spread_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Spread a Beacon v2 request body into flat parameters.

    Options may stand inside `query`, where the specification has them, or outside; the variant's
    parameters under `g_variant` or flat. What stands deeper wins, but for the granularity: two
    that differ are both kept, for `read_v2` to refuse. Raises `BodyError` for a body whose parts
    have the wrong shape, or that has too many.
    """
    spread = _Spread()
    query = body.get("query")
    if query is not None and not isinstance(query, Mapping):
        spread.problems.append("query: expected an object")
        query = None
    for level in (body, query or {}):
        spread.add(level)
    parameters = spread.take_object("requestParameters", "query.requestParameters")
    for name, value in parameters.items():
        is_nest = isinstance(value, Mapping) and name not in VARIANT_NESTS
        spread.add(value if is_nest else {name: value})
    while (nest := spread.first_of(VARIANT_NESTS)) is not None:
        spread.add(spread.take_object(nest, f"query.requestParameters.{nest}"))
    spread.add(spread.take_object("pagination", "query.pagination"))
    if spread.size > MAX_PARAMETERS:
        raise BodyError([f"The body has more than {MAX_PARAMETERS} parameters"], {})
    flat = spread.joined()
    spread.problems += _empty_filters(flat.get("filters"))
    if "datasets" in flat:
        flat.setdefault("datasetIds", flat.pop("datasets"))
    schemas = flat.get("requestedSchemas") or _meta_of(body).get("requestedSchemas")
    for name in IGNORED:
        flat.pop(name, None)
    if schemas:
        flat["requestedSchemas"] = schemas
    if spread.problems:
        raise BodyError(spread.problems, flat)
    return flat


def join_parameters(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Join the parameters of two places, as of the address and the body; the second wins.

    Two granularities are both kept: which of them is meant, only the client knows.
    """
    spread = _Spread()
    spread.add(first)
    spread.add(second)
    return spread.joined()


class _Spread:
    """Parameters gathered level by level; each is looked at once, however many there are."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.size = 0
        self._flat: dict[str, Any] = {}
        self._granularities: list[Any] = []

    def add(self, level: Mapping[str, Any]) -> None:
        """Take in a level, which wins over those before it; null is not told."""
        self.size += len(level)
        for name, value in level.items():
            if value is None:
                continue
            if name != _GRANULARITY:
                self._flat[str(name)] = value
            elif value:
                self._granularities.append(value)

    def first_of(self, names: Sequence[str]) -> str | None:
        """Give the first of the names that is told."""
        return next((name for name in names if name in self._flat), None)

    def take_object(self, name: str, where: str) -> Mapping[str, Any]:
        """Take out what has to be an object; empty where it is none, which is a problem."""
        value = self._flat.pop(name, None)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.problems.append(f"{where}: expected an object")
        return {}

    def joined(self) -> dict[str, Any]:
        """Give everything flat."""
        told = self._granularities
        if told:
            self._flat[_GRANULARITY] = flatten(told) if len(told) > 1 else told[0]
        return self._flat


def _empty_filters(told: Any) -> list[str]:
    """Name the elements of a list of filters that say nothing.

    An address may have an empty parameter, as a form sends it. In a list somebody meant a filter,
    and without it the question would be another.
    """
    if not isinstance(told, list):
        return []
    empty = [
        str(index)
        for index, one in enumerate(told)
        if one is None or (isinstance(one, str) and not one.strip(" ,\t\r\n"))
    ]
    if not empty:
        return []
    return [
        f"query.filters: element {', '.join(empty[:5])} is empty, "
        "expected a text or an object with an id"
    ]


def _meta_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = body.get("meta")
    return meta if isinstance(meta, Mapping) else {}
