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
from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.filters import DEFAULTS_OF_FILTERS, read_filters
from aggregator.protocol.parameters import (
    POSITIONS,
    TEXTS,
    ParameterReader,
    ReadQuery,
    warn_unknown,
)
from aggregator.protocol.requests_v1 import WINDOWS, read_v1
from aggregator.protocol.surface import BY_PATH, ENTRY_TYPES, FILTERING_TERMS, Target, target_of

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
    rest = {name: value for name, value in parameters.items() if name not in _OWN}
    reader = ParameterReader(parameters)
    target = _target(reader, offered)
    names_variant = any(rest.get(name) not in ("", None) for name in _OF_VARIANTS)
    is_of_variants = target == Target() or names_variant
    read = read_v1(rest, reference=reference) if is_of_variants else _read_list(rest)
    filters = read_filters(reader)
    target = target or Target()
    query = replace(
        read.query,
        entry_type=target.entry_type,
        within=target.within,
        record_id=target.record_id,
        filters=filters,
    )
    return ReadQuery(
        query,
        problems=(*reader.problems, *read.problems),
        warnings=(*read.warnings, *reader.warnings),
    )


def _target(reader: ParameterReader, offered: Collection[str]) -> Target | None:
    """Say what is to be listed; None for what is not known, with the problems noted."""
    known = len(reader.problems)
    listed, parent = (_path(reader, name) for name in (SEARCH_IN, SEARCH_BY))
    record = reader.text(RECORD)
    if record is not None and reader.text(SEARCH_BY) is None:
        reader.problems.append(
            f"{RECORD}: what it is the id of is missing ({SEARCH_BY}=individuals)"
        )
    if len(reader.problems) > known:
        return None
    if record is None or parent is None:
        return Target() if listed is None else Target(BY_PATH[listed].id)
    if target := _checked(reader, RECORD, target_of([parent, record], offered)):
        if listed is None or listed == parent:
            return target
        return _checked(reader, SEARCH_IN, target_of([parent, record, listed], offered))
    return None


def _path(reader: ParameterReader, name: str) -> str | None:
    """Read an entry type, by its name or its path; gives the path."""
    told = reader.text(name)
    if told is None:
        return None
    if (known := ENTRY_TYPES.get(entry_type_of(told) or "")) is not None:
        return known.path
    there = ", ".join(BY_PATH)
    reader.problems.append(f"{name}: “{told[:40]}” is no entry type, there are {there}")
    return None


def _checked(reader: ParameterReader, name: str, target: Target | str) -> Target | None:
    """Note what is wrong with a target under the name of the parameter that says it."""
    if isinstance(target, str):
        reader.problems.append(f"{name}: {target}")
        return None
    if target.is_filtering_terms:
        reader.problems.append(f"{name}: “{FILTERING_TERMS}” is no id.")
        return None
    return target


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
