"""The few ontology terms the demo network uses, with what is below what, from `data/terms.csv`."""

import csv
from collections.abc import Mapping
from functools import cache

from .catalogue import DATA


def term(term_id: str) -> dict[str, object]:
    """The ontology term object of records; KeyError for a term the demo network does not use."""
    return {"id": term_id, "label": label(term_id)}


def label(term_id: str) -> str:
    """What a term is called; KeyError for a term the demo network does not use."""
    return _terms()[term_id][0]


def with_ancestors(term_id: str) -> tuple[str, ...]:
    """The term itself and all above it, nearest first."""
    parent = _terms()[term_id][1]
    return (term_id, *with_ancestors(parent)) if parent else (term_id,)


@cache
def _terms() -> Mapping[str, tuple[str, str]]:
    with (DATA / "terms.csv").open(encoding="utf-8") as file:
        return {row["id"]: (row["label"], row["parent"]) for row in csv.DictReader(file)}
