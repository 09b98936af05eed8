"""Reads the filters of a question, in the spellings of GET and POST.

Beacon v2.1.1 framework, requests/filteringTerms.json; in an address a comparison is written
`id:>value` and what must not hold `id:!value` (docs/filters.md of the specification).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from aggregator.model.query import Filter
from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.parameters import ParameterReader, flatten

OPERATORS: Final = ("=", "<", ">", "!", ">=", "<=")
SIMILARITIES: Final = ("exact", "high", "medium", "low")
DEFAULTS_OF_FILTERS: Final = ("scope", "similarity", "includeDescendantTerms")
"""Parameters beside `filters` that hold for all of them."""
MAX_FILTERS: Final = 100
MAX_LENGTH: Final = 300
"""The longest id or value of a filter, in characters."""
NO_FILTER: Final = "filters=filter is no filter and was ignored"
"""The warning of the word that pages send where nobody has chosen a filter."""

_COMPARISON: Final = re.compile(r"(?P<id>.+?):?(?P<operator>>=|<=|!=?|[=<>])(?P<value>.*)", re.S)
_KEYS: Final = {"id", "operator", "value", "scope", "includeDescendantTerms", "similarity"}


def read_filters(reader: ParameterReader) -> tuple[Filter, ...]:
    """Read `filters`; every problem is noted, nothing is dropped in silence.

    `scope`, `similarity` and `includeDescendantTerms` beside `filters` hold for each filter that
    does not tell its own: an address has no other way to say them.
    """
    defaults = _Defaults.read(reader)
    told = reader.parameters.get("filters")
    found: list[Filter] = []
    items = list(_items(told, reader))
    if len(items) > MAX_FILTERS:
        reader.problems.append(_too_many(len(items)))
        return ()
    for item in items:
        if isinstance(item, list):
            reader.problems.append(
                "filters: a list within the list would mean OR, which Beacon v2 does not define; "
                "ask one question for each alternative"
            )
        elif isinstance(item, Mapping):
            found += _from_object(item, reader, defaults)
        elif isinstance(item, str) or item is None:
            texts = [text for text in flatten(item) if text]
            if len(texts) > MAX_FILTERS:
                reader.problems.append(_too_many(len(texts)))
                return ()
            found += [one for text in texts for one in _from_text(text, reader, defaults)]
        else:
            reader.problems.append("filters: expected texts or objects with an id")
    if not found and not reader.problems and defaults != _Defaults():
        reader.warnings.append(
            f"{', '.join(DEFAULTS_OF_FILTERS)}: there is no filter they could hold for"
        )
    if len(found) > MAX_FILTERS:
        reader.problems.append(_too_many(len(found)))
        return ()
    return tuple(sorted(set(found)))


def _too_many(number: int) -> str:
    return f"filters: at most {MAX_FILTERS}, these are {number}"


def filter_document(one: Filter) -> dict[str, Any]:
    """Write a filter as the object of a request body; what is the default is left out."""
    written: dict[str, Any] = {"id": one.id}
    if one.operator:
        written |= {"operator": one.operator, "value": one.value}
    if one.scope:
        written["scope"] = one.scope
    if not one.include_descendants:
        written["includeDescendantTerms"] = False
    if one.similarity:
        written["similarity"] = one.similarity
    return written


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What holds for filters that do not say it themselves."""

    scope: str = ""
    include_descendants: bool = True
    similarity: str = ""

    @classmethod
    def read(cls, reader: ParameterReader) -> "_Defaults":
        scope = reader.text("scope") or ""
        if len(scope) > MAX_LENGTH or not scope.isprintable():
            reader.problems.append(f"scope: at most {MAX_LENGTH} printable characters")
            scope = ""
        return cls(
            scope=entry_type_of(scope) or scope,
            include_descendants=_descendants(reader, otherwise=True),
            similarity=reader.choice("similarity", SIMILARITIES) or "",
        )


def _descendants(reader: ParameterReader, *, otherwise: bool) -> bool:
    name = "includeDescendantTerms"
    told = reader.parameters.get(name)
    return otherwise if told in (None, "", []) else reader.flag(name)


def _items(told: Any, reader: ParameterReader) -> Iterator[Any]:
    """Give one filter after the other; an address may hold them as JSON too."""
    for item in told if isinstance(told, list) else [told]:
        if not isinstance(item, str) or item.lstrip()[:1] not in {"{", "["}:
            yield item
            continue
        try:
            read = msgspec.json.decode(item)
        except (msgspec.DecodeError, RecursionError):
            reader.problems.append(
                "filters: looks like JSON and is none; write HP:0001250 or age:>P70Y"
            )
            continue
        listed = read if isinstance(read, list) else [read]
        if any(one is None or one == "" for one in listed):
            reader.problems.append("filters: an element is empty, expected a text or an object")
        yield from listed


def _from_text(text: str, reader: ParameterReader, defaults: _Defaults) -> list[Filter]:
    if text == "filter":
        # a page of the field sends this word with every question
        reader.warnings.append(NO_FILTER)
        return []
    match = _COMPARISON.fullmatch(text)
    identifier, operator, value = text, "", ""
    if match is not None:
        identifier, value = match["id"].strip(), match["value"].strip()
        operator = "!" if match["operator"] == "!=" else match["operator"]
    return _checked(
        Filter(
            identifier,
            operator,
            value,
            scope=defaults.scope,
            include_descendants=defaults.include_descendants,
            similarity=defaults.similarity,
        ),
        reader,
    )


def _from_object(
    item: Mapping[str, Any], reader: ParameterReader, defaults: _Defaults
) -> list[Filter]:
    one = ParameterReader(item)
    identifier = one.text("id")
    if identifier is None and not one.problems:
        one.problems.append("a filter without an id")
    operator = one.choice("operator", ("!=", *OPERATORS)) or ""
    value = one.text("value") or ""
    if identifier == "filter" and not operator:
        return _from_text(identifier, reader, defaults)
    scope = one.text("scope") or ""
    similarity = one.choice("similarity", SIMILARITIES) or defaults.similarity
    has_descendants = _descendants(one, otherwise=defaults.include_descendants)
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
            operator="!" if operator == "!=" else operator,
            value=value,
            scope=(entry_type_of(scope) or scope) or defaults.scope,
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
    if not one.id.strip(":") or one.id[0] in "=<>!":
        reader.problems.append("filters: a comparison without a field, write id:>value")
        return []
    return [one]
