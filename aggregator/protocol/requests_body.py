"""Spreads the body of a Beacon v2 request into flat parameters, as an address has them.

Beacon v2.1.1 framework (requests/beaconRequestBody.json), and what clients send instead of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aggregator.protocol.parameters import IGNORED, flatten

VARIANT_NESTS: Final = ("g_variant", "g_variants", "genomicVariant", "genomicVariation")
"""Where clients put the variant's parameters beside `requestParameters`, or in it."""


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
    have the wrong shape.
    """
    problems: list[str] = []
    query = body.get("query")
    if query is not None and not isinstance(query, Mapping):
        problems.append("query: expected an object")
        query = None
    flat: dict[str, Any] = {}
    for level in (body, query or {}):
        flat = join_parameters(flat, _told(level))
    parameters = flat.pop("requestParameters", None) or {}
    if not isinstance(parameters, Mapping):
        problems.append("query.requestParameters: expected an object")
        parameters = {}
    for name, value in parameters.items():
        below = _told(value) if isinstance(value, Mapping) else _told({name: value})
        flat = join_parameters(flat, below)
    for name in VARIANT_NESTS:
        if isinstance(nested := flat.get(name), Mapping):
            del flat[name]
            flat.update(_told(nested))
    pagination = flat.pop("pagination", None)
    if isinstance(pagination, Mapping):
        flat.update(_told(pagination))
    elif pagination is not None:
        problems.append("query.pagination: expected an object")
    if "datasets" in flat:
        flat.setdefault("datasetIds", flat.pop("datasets"))
    schemas = flat.get("requestedSchemas") or _meta_of(body).get("requestedSchemas")
    for name in IGNORED:
        flat.pop(name, None)
    if schemas:
        flat["requestedSchemas"] = schemas
    if problems:
        raise BodyError(problems, flat)
    return flat


def join_parameters(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Join the parameters of two places, as of the address and the body; the second wins.

    Two granularities are both kept: which of them is meant, only the client knows.
    """
    joined = {**first, **second}
    name = "requestedGranularity"
    told = [value for place in (first, second) if (value := place.get(name))]
    if told:
        joined[name] = flatten(told) if len(told) > 1 else told[0]
    return joined


def _told(level: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): value for name, value in level.items() if value is not None}


def _meta_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = body.get("meta")
    return meta if isinstance(meta, Mapping) else {}
