"""What EGA's two servers have in common: flat parameters only, strict names, inclusive windows."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from tests.miniatures.base import (
    CHROMOSOMES,
    GRANULARITIES,
    VARIANT_NAMES,
    Json,
    Miniature,
    Question,
    Refused,
    object_filter,
)

BEACON_ID = "org.ega-archive.beacon-ri-demo"
"""What both servers call themselves as shipped."""
NUMBERS = ("start", "end")


class Ega(Miniature):
    """Reads the body both servers read."""

    habits: ClassVar[Mapping[str, bool]] = {"is_inclusive": True}

    def read_post(self, question: Question, body: Json) -> None:
        meta, query = body.get("meta", {}), body.get("query", {})
        parameters = dict(query.get("requestParameters", {}))
        datasets = parameters.pop("datasets", None)
        if isinstance(datasets, dict):
            datasets = datasets.get("datasetIds")
        question.datasets = datasets
        self.check_meta(meta)
        self.check_names(parameters)
        question.echo = dict(parameters)
        question.parameters = self.places(parameters, is_body=True)
        question.filters = [object_filter(one) for one in query.get("filters", [])]
        question.granularity = query.get("requestedGranularity", "record")
        question.include = query.get("includeResultsetResponses", "HIT")
        page = query.get("pagination", {})
        question.skip, question.limit = page.get("skip", 0), page.get("limit", 10)
        self.check(question)

    def check_meta(self, meta: Json) -> None:
        """Refuse what this server does not take in `meta`."""

    def check_names(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in VARIANT_NAMES:
                raise Refused(400, f"set of meta/query parameters: {name} not allowed")

    def places(self, parameters: Json, *, is_body: bool) -> Json:
        """Turn positions into lists of numbers."""
        raise NotImplementedError

    def chromosome(self, name: str) -> str:
        """Read referenceName, or refuse it."""
        if name not in CHROMOSOMES:
            raise Refused(400, f"{name} is no chromosome of this beacon")
        return name

    def check(self, question: Question) -> None:
        """Check what does not depend on how the question came."""
        parameters = question.parameters
        if question.granularity not in GRANULARITIES:
            raise Refused(400, f"{question.granularity} is no granularity")
        if "referenceName" in parameters:
            parameters["referenceName"] = self.chromosome(parameters["referenceName"])
            if "assemblyId" not in parameters:
                raise Refused(400, "referenceName needs assemblyId")
        counts = tuple(len(parameters.get(name, [])) for name in NUMBERS)
        if counts not in {(0, 0), (1, 0), (1, 1), (2, 2)}:
            raise Refused(400, "start and end do not fit")


def numbers(value: Any) -> list[int]:
    """Read a list of numbers of a body, or refuse."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(one, int) for one in items):
        raise Refused(400, "positions are numbers")
    return items
