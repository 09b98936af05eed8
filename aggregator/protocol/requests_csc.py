"""Reads the questions of CSC's page: those of version 1, and where and by what it wants to search.

Software: https://github.com/CSCfi/beacon-network-ui. Beside version 1's parameters the page sends
`searchInInput` (the entry type to list), `id` with `searchByInput` (the record it belongs to, and
of which type) and `filters`, which is the word `filter` until somebody has chosen one.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from aggregator.model.query import Granularity, Include, Query
from aggregator.model.question import ReferenceSequence
from aggregator.protocol.filters import DEFAULTS_OF_FILTERS, read_filters
from aggregator.protocol.parameters import (
    POSITIONS,
    TEXTS,
    ParameterReader,
    ReadQuery,
    warn_unknown,
)
from aggregator.protocol.requests_v1 import WINDOWS, read_v1
from aggregator.protocol.surface import Target, target_of

SEARCH_IN: Final = "searchInInput"
SEARCH_BY: Final = "searchByInput"
RECORD: Final = "id"
_OWN: Final = frozenset({SEARCH_IN, SEARCH_BY, RECORD, "filters", *DEFAULTS_OF_FILTERS})
_OF_VARIANTS: Final = frozenset({*TEXTS, *POSITIONS, *WINDOWS})
_OPTIONS: Final = ("datasetIds", "includeDatasetResponses")


def read_csc(
    parameters: Mapping[str, Any],
    *,
    reference: ReferenceSequence | None = None,
    offered: Collection[str] = (),
) -> ReadQuery:
    """Read a question of the page; `offered` as in `surface.target_of`."""
    target = _target(parameters, offered)
    if isinstance(target, str):
        return ReadQuery(Query(), problems=(target,))
    rest = {name: value for name, value in parameters.items() if name not in _OWN}
    names_variant = any(rest.get(name) not in ("", None) for name in _OF_VARIANTS)
    is_of_variants = target == Target() or names_variant
    read = read_v1(rest, reference=reference) if is_of_variants else _read_list(rest)
    reader = ParameterReader(parameters)
    filters = read_filters(reader)
    query = replace(
        read.query,
        entry_type=target.entry_type,
        within=target.within,
        record_id=target.record_id,
        filters=filters,
    )
    return ReadQuery(
        query,
        problems=(*read.problems, *reader.problems),
        warnings=(*read.warnings, *reader.warnings),
    )


def _target(parameters: Mapping[str, Any], offered: Collection[str]) -> Target | str:
    """Say what is to be listed; a text says what is wrong."""
    reader = ParameterReader(parameters)
    listed, parent, record = (reader.text(name) for name in (SEARCH_IN, SEARCH_BY, RECORD))
    if reader.problems:
        return "; ".join(reader.problems)
    if record is None:
        return Target() if listed is None else target_of([listed])
    if parent is None:
        return f"{RECORD}: what it is the id of is missing ({SEARCH_BY}=individuals)"
    if listed is None or listed == parent:
        return target_of([parent, record], offered)
    return target_of([parent, record, listed], offered)


def _read_list(parameters: Mapping[str, Any]) -> ReadQuery:
    """Read a question for all records of a type, or all that belong to one record."""
    reader = ParameterReader(parameters)
    unknown = warn_unknown(reader, {*_OF_VARIANTS, *_OPTIONS})
    if unknown:
        reader.problems.append(
            "no variant was understood, and a question for everything is not what was meant: "
            f"unknown parameters {', '.join(unknown[:10])}"
        )
    include = reader.choice("includeDatasetResponses", [i.value for i in Include])
    query = Query(
        dataset_ids=tuple(sorted(reader.texts("datasetIds"))),
        granularity=Granularity.COUNT,
        include=Include(include or Include.NONE),
    )
    return ReadQuery(query, problems=tuple(reader.problems), warnings=tuple(reader.warnings))
