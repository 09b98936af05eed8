"""Reading and refusing requests as beacon-python does: JSON Schema first, then the coordinates."""

import re
from collections.abc import Mapping

from aiohttp import web

COORDINATES = ("start", "end", "startMin", "startMax", "endMin", "endMax")
_CHROMOSOMES = frozenset([*map(str, range(1, 23)), "X", "Y", "MT"])
_TEXT_PATTERNS = {
    "referenceBases": r"[ACGTN]+",
    "alternateBases": r"[ACGTN]+",
    "variantType": r".*",
    "assemblyId": r"(GRCh|hg)[0-9]+([.]?p[0-9]+)?",
    "includeDatasetResponses": r"ALL|HIT|MISS|NONE",
}
_REQUIRED = ("referenceName", "referenceBases", "assemblyId")
_KNOWN = frozenset([*COORDINATES, *_TEXT_PATTERNS, *_REQUIRED, "mateName", "datasetIds"])


class BadRequestError(Exception):
    """A request that is answered 400; the message is what the answer says."""


class UnreadableError(Exception):
    """A request that cannot be parsed, which this family answers with a bare 500."""


async def read(request: web.Request) -> dict[str, object]:
    """The parameters of a GET or of a JSON body, with the types the checks expect."""
    try:
        asked: object = (
            await request.json() if request.method == "POST" else _with_numbers(request.query)
        )
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise UnreadableError("Could not properly parse the provided Request Body as JSON.")
    if request.method != "POST" and "datasetIds" in asked:
        asked["datasetIds"] = request.query["datasetIds"].split(",")  # the first one only
    return asked


def _with_numbers(query: Mapping[str, str]) -> dict[str, object]:
    return {name: int(value) if name in COORDINATES else value for name, value in query.items()}


def check(asked: Mapping[str, object]) -> None:
    """Raise BadRequestError for the first thing wrong."""
    for name in asked:
        if name not in _KNOWN:
            raise _because(
                asked, f"Additional properties are not allowed ('{name}' was unexpected)"
            )
    for name in _REQUIRED:
        if name not in asked:
            raise _because(asked, f"'{name}' is a required property")
    for name, value in asked.items():
        if not _is_valid(name, value):
            raise BadRequestError(
                f"Provided input: '{value}' does not seem correct for field: '{name}'"
            )
    if len({"alternateBases", "variantType", "mateName"} & asked.keys()) == 0:
        raise _because(asked, "'alternateBases' is a required property")
    _check_coordinates(asked)


def _is_valid(name: str, value: object) -> bool:
    if name in COORDINATES:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if name == "datasetIds":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not isinstance(value, str):
        return False
    if name in ("referenceName", "mateName"):
        return value in _CHROMOSOMES
    return re.fullmatch(_TEXT_PATTERNS[name], value) is not None


def _check_coordinates(asked: Mapping[str, object]) -> None:
    at = {
        name: value
        for name, value in asked.items()
        if name in COORDINATES and isinstance(value, int)
    }
    for first, second in (("startMin", "startMax"), ("endMin", "endMax")):
        for name, partner in ((first, second), (second, first)):
            if name in at and partner not in at:
                raise _because(asked, f"'{partner}' is a dependency of '{name}'")
    if not at.keys() & {"start", "startMin", "endMin"}:
        raise _because(asked, "'start' is a required property")
    is_breakend = asked.get("variantType") == "BND"  # whose end is its mate, anywhere
    if not is_breakend and at.get("end", at.get("start", 0)) < at.get("start", 0):
        raise BadRequestError("end value Must be greater than start value")
    for lowest, highest in (("endMin", "endMax"), ("startMin", "startMax")):
        if at.get(lowest, 0) > at.get(highest, 0):
            raise BadRequestError(f"{lowest} value Must be smaller than {highest} value")


def _because(asked: Mapping[str, object], reason: str) -> BadRequestError:
    return BadRequestError(
        f"Provided input: '{dict(asked)}' does not seem correct because: '{reason}'"
    )
