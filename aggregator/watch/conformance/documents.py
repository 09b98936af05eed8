"""The verdict on a document or an answer of a member: where it departs from the specification.

Version 2 is judged by v2.1.1, version 1 by 1.1.0, or by 1.0.1 where a member states 1.0 or older.
A document has deviations exactly if the official schemas refuse it; the words are ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from aggregator.watch.conformance.shape_faults import Fault
from aggregator.watch.conformance.shapes import Object, Shape
from aggregator.watch.conformance.v1_documents import V1_0, V1_1
from aggregator.watch.conformance.v2_answers import (
    BOOLEAN_ANSWER,
    COUNT_ANSWER,
    ERROR_ANSWER,
    collections_answer,
    result_sets_answer,
)
from aggregator.watch.conformance.v2_framework import (
    CONFIGURATION_DOCUMENT,
    ENTRY_TYPES_DOCUMENT,
    FILTERING_TERMS_DOCUMENT,
    INFO_DOCUMENT,
    MAP_DOCUMENT,
    SERVICE_INFO_DOCUMENT,
)
from aggregator.watch.conformance.v2_model import RECORDS


class Kind(StrEnum):
    """What a document or an answer is meant to be."""

    INFO = "info"
    SERVICE_INFO = "service_info"
    CONFIGURATION = "configuration"
    MAP = "map"
    ENTRY_TYPES = "entry_types"
    FILTERING_TERMS = "filtering_terms"
    BOOLEAN = "boolean"
    COUNT = "count"
    RESULT_SETS = "result_sets"
    COLLECTIONS = "collections"
    ERROR = "error"
    V1_BEACON = "v1_beacon"
    V1_ALLELE_RESPONSE = "v1_allele_response"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where a document is not what the specification wants."""

    path: str
    """A JSON pointer; empty for the whole document."""
    message: str
    """What is wrong there, in a short sentence whose subject is the place."""
    expected: str
    spec: str
    """The address of the schema that says so."""
    also: int = 0
    """In how many more items of the same lists the same is wrong."""
    bare_path: str = ""
    """The path without names that the document chose."""


def deviations(
    kind: Kind,
    document: object,
    *,
    entry_type: str | None = None,
    version: str | None = None,
    most: int = 50,
) -> tuple[Deviation, ...]:
    """Tell where a decoded JSON document departs from the specification; never raises.

    With an entry type of the default model, records and collections are judged by its schema, with
    any other they have to be objects. `version` is the apiVersion that the member states; it
    matters to version 1 alone. The same fault of many items is one deviation, at the first of them.
    """
    found = _shape(kind, entry_type, version).faults(document)
    return tuple(_deviation(fault) for fault in found[: max(1, most)])


_DOCUMENTS: Final[Mapping[Kind, Object]] = {
    Kind.INFO: INFO_DOCUMENT,
    Kind.SERVICE_INFO: SERVICE_INFO_DOCUMENT,
    Kind.CONFIGURATION: CONFIGURATION_DOCUMENT,
    Kind.MAP: MAP_DOCUMENT,
    Kind.ENTRY_TYPES: ENTRY_TYPES_DOCUMENT,
    Kind.FILTERING_TERMS: FILTERING_TERMS_DOCUMENT,
    Kind.BOOLEAN: BOOLEAN_ANSWER,
    Kind.COUNT: COUNT_ANSWER,
    Kind.ERROR: ERROR_ANSWER,
}
_NUMBERS: Final = re.compile(r"\s*v?(\d{1,9})\.(\d{1,9})", re.ASCII | re.IGNORECASE)


def _shape(kind: Kind, entry_type: str | None, version: str | None) -> Shape:
    if kind in {Kind.RESULT_SETS, Kind.COLLECTIONS}:
        return _of_records(kind, entry_type if entry_type in RECORDS else None)
    if kind in {Kind.V1_BEACON, Kind.V1_ALLELE_RESPONSE}:
        release = V1_0 if _is_before_1_1(version or "") else V1_1
        return release.beacon if kind is Kind.V1_BEACON else release.allele_response
    return _DOCUMENTS[kind]


def _is_before_1_1(version: str) -> bool:
    numbers = _NUMBERS.match(version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < (1, 1)


@cache
def _of_records(kind: Kind, entry_type: str | None) -> Object:
    made = result_sets_answer if kind is Kind.RESULT_SETS else collections_answer
    return made() if entry_type is None else made(RECORDS[entry_type])


def _deviation(fault: Fault) -> Deviation:
    return Deviation(
        fault.pointer,
        fault.message,
        fault.expected,
        fault.source,
        fault.count - 1,
        fault.bare_pointer,
    )
