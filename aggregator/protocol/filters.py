"""Reads the filters of a question, in the spellings of GET and POST.

Beacon v2.1.1 framework, requests/filteringTerms.json; in an address a comparison is written
`id:>value` and what must not hold `id:!value` (docs/filters.md of the specification).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from aggregator.model.query import Filter
from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.parameters import ParameterReader, flatten

OPERATORS: Final = ("=", "<", ">", "!", ">=", "<=")
SIMILARITIES: Final = ("exact", "high", "medium", "low")
MAX_FILTERS: Final = 100
MAX_LENGTH: Final = 300
"""The longest id or value of a filter, in characters."""

_COMPARISON: Final = re.compile(r"(?P<id>.+?):?(?P<operator>>=|<=|!=?|[=<>])(?P<value>.*)", re.S)
_KEYS: Final = {"id", "operator", "value", "scope", "includeDescendantTerms", "similarity"}


def read_filters(reader: ParameterReader) -> tuple[Filter, ...]:
    """Read `filters`; every problem is noted, nothing is dropped in silence."""
    told = reader.parameters.get("filters")
    items = told if isinstance(told, list) else [told]
    found: list[Filter] = []
    for item in items:
        if isinstance(item, list):
            reader.problems.append(
                "filters: a list within the list would mean OR, which Beacon v2 does not define; "
                "ask one question for each alternative"
            )
        elif isinstance(item, Mapping):
            found += _from_object(item, reader)
        elif isinstance(item, str) or item is None:
            found += [one for text in flatten(item) for one in _from_text(text, reader)]
        else:
            reader.problems.append("filters: expected texts or objects with an id")
    if len(found) > MAX_FILTERS:
        reader.problems.append(f"filters: at most {MAX_FILTERS}, these are {len(found)}")
        return ()
    return tuple(sorted(set(found)))


def _from_text(text: str, reader: ParameterReader) -> list[Filter]:
    text = text.strip()
    if not text:
        return []
    if text == "filter":
        # a page of the field sends this word with every question
        reader.warnings.append("filters=filter is no filter and was ignored")
        return []
    match = _COMPARISON.fullmatch(text)
    if match is None:
        return _checked(Filter(text), reader)
    operator = "!" if match["operator"] == "!=" else match["operator"]
    return _checked(Filter(match["id"].strip(), operator, match["value"].strip()), reader)


def _from_object(item: Mapping[str, Any], reader: ParameterReader) -> list[Filter]:
    one = ParameterReader(item)
    identifier = one.text("id")
    if identifier is None and not one.problems:
        one.problems.append("a filter without an id")
    operator = one.choice("operator", OPERATORS) or ""
    value = one.text("value") or ""
    if identifier == "filter" and not operator:
        return _from_text(identifier, reader)
    scope = one.text("scope") or ""
    similarity = one.choice("similarity", SIMILARITIES) or ""
    include = item.get("includeDescendantTerms")
    has_descendants = True if include in (None, "") else one.flag("includeDescendantTerms")
    if value and not operator:
        operator = "="
    if unknown := sorted(str(key)[:40] for key in item if key not in _KEYS):
        reader.warnings.append(f"unknown parts of a filter were ignored: {', '.join(unknown[:10])}")
    if one.problems:
        reader.problems += [
            f"filters: {problem.removeprefix('filters: ')}" for problem in one.problems
        ]
        return []
    return _checked(
        Filter(
            id=identifier or "",
            operator=operator,
            value=value,
            scope=entry_type_of(scope) or scope,
            include_descendants=has_descendants,
            similarity=similarity,
        ),
        reader,
    )


def _checked(one: Filter, reader: ParameterReader) -> list[Filter]:
    for text in (one.id, one.value, one.scope):
        if len(text) > MAX_LENGTH or not text.isprintable():
            reader.problems.append(f"filters: at most {MAX_LENGTH} printable characters")
            return []
    if one.is_comparison and not one.value:
        reader.problems.append(
            f"filters: “{one.id[:40]}” compares with “{one.operator}”, but with no value"
        )
        return []
    if not one.id or one.id in OPERATORS:
        reader.problems.append("filters: a comparison without a field, write id:>value")
        return []
    return [one]
