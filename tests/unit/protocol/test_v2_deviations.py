"""How real v2 servers deviate in their answers: a test for each row of the list, by its number.

What needs a socket (rows 26 and 31) is in `tests/integration/test_deviations_on_the_wire.py`.
"""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from aggregator.model.answer import Answer, Exists
from aggregator.model.query import Filter, Granularity, Query
from aggregator.protocol import v2
from aggregator.protocol.info import read_info
from aggregator.protocol.member_map import read_map
from aggregator.protocol.member_terms import read_filtering_terms
from aggregator.protocol.v2_reading import CENSORED, ROUNDED, ZERO_TOLD
from aggregator.protocol.wire import Failure
from registry.capabilities import Capabilities
from registry.models import Protocol
from tests import builders
from tests.unit.protocol.building import (
    BRCA1,
    answer,
    asked,
    failure,
    member,
    question,
    reply,
)

Json = dict[str, Any]
V2 = member("v2")
ANY = question(**BRCA1)
COUNTS = replace(ANY, granularity=Granularity.COUNT)
RECORDS = replace(ANY, granularity=Granularity.RECORD)
HANDOVER = {
    "handoverType": {"id": "CUSTOM", "label": "Data"},
    "url": "https://data.example.org/1",
}
RECORD = {
    "variantInternalId": "v",
    "variation": {
        "referenceBases": "G",
        "alternateBases": "A",
        "location": {"interval": {"start": {"type": "Number", "value": 43045703}}},
    },
}
UNSET: Any = object()


def read(document: Any, status: int = 200, query: Query = ANY, **headers: str) -> Answer | Failure:
    (part,) = asked(v2.plan(query, V2)).parts
    return v2.read(reply(document, status, **headers), query, V2, part)


def told(document: Any, query: Query = ANY) -> Answer:
    return answer(read(document, query=query))


def one_set(**more: Any) -> Json:
    return {"id": "a", "setType": "dataset", "exists": True, **more}


def said(
    *sets: Json,
    exists: Any = True,
    meta: Json | None = None,
    summary: Json | None = None,
    **rest: Any,
) -> Json:
    """An answer; a summary given replaces the usual one."""
    usual = {"beaconId": "b", "apiVersion": "v2.0.0", "returnedGranularity": "record"}
    return {
        "meta": usual | (meta or {}),
        "responseSummary": {"exists": exists} if summary is None else summary,
        "response": {"resultSets": list(sets)},
        **rest,
    }


@pytest.mark.parametrize(
    ("told_as", "expected"),
    [(None, 0), ([HANDOVER], 1), (HANDOVER, 1)],
    ids=["null", "list", "one"],
)
def test_row_1_results_handover_in_the_singular(told_as, expected):
    (found,) = told(said(one_set(resultsHandover=told_as))).result_sets
    assert [link.url for link in found.handovers] == [HANDOVER["url"]] * expected


def test_row_2_result_sets_without_id_and_type():
    (found,) = told(said(one_set(id="", setType=""))).result_sets
    assert (found.id, found.set_type) == (V2.id, "dataset")


def test_row_3_result_sets_in_an_object_keyed_by_data_set():
    sets = {
        "a": {"setType": "individual", "exists": True, "resultsCount": 2, "results": [RECORD]},
        "b": {"setType": "individual", "exists": False, "resultsCount": 0, "results": []},
    }
    found = told(said() | {"response": {"resultSets": sets}}, RECORDS).result_sets
    assert [(one.id, one.set_type, one.exists) for one in found] == [
        ("a", "individual", Exists.YES),
        ("b", "individual", Exists.NO),
    ]
    assert found[0].count == 2


@pytest.mark.parametrize(
    ("facts", "count", "granularity"),
    [({}, None, "boolean"), ({"resultsCount": 4}, 4, "count")],
    ids=["boolean", "count"],
)
def test_row_4_result_sets_without_results(facts, count, granularity):
    found = told(said(one_set(**facts), meta={"returnedGranularity": granularity}), COUNTS)
    assert (found.exists, found.count, found.granularity) == (Exists.YES, count, granularity)
    assert found.result_sets[0].results == ()


def test_row_5_results_null_in_sets_without_a_hit():
    sets = (
        one_set(results=[RECORD], resultsCount=1),
        one_set(id="b", exists=False, resultsCount=0, results=None),
    )
    found = told(said(*sets), RECORDS)
    assert [one.exists for one in found.result_sets] == [Exists.YES, Exists.NO]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"resultsCount": 3}, Exists.YES),
        ({"resultsCount": 0}, Exists.NO),
        ({"results": [RECORD]}, Exists.YES),
    ],
    ids=["counts", "counts none", "has results"],
)
@pytest.mark.parametrize("missing", [{}, {"exists": None}], ids=["missing", "null"])
def test_row_6_exists_missing_or_null_in_set_and_summary(missing, facts, expected):
    one = {"id": "a", "setType": "dataset", **missing, **facts}
    found = told(said(one, summary=dict(missing)), RECORDS)
    assert found.exists is found.result_sets[0].exists is expected


def test_row_6_exists_missing_everywhere_is_no_verdict():
    assert failure(read(said({"id": "a"}, summary={}))) == "no_verdict"


@pytest.mark.parametrize("counted", [1, 360, 10], ids=["page", "total", "limit"])
def test_row_7_results_count_is_page_total_or_limit(counted):
    document = said(
        one_set(resultsCount=counted, results=[RECORD]),
        summary={"exists": True, "numTotalResults": 360},
    )
    assert told(document, RECORDS).count == 360


def test_row_8_no_total_beside_a_no_at_count():
    found = told(said(exists=False, meta={"returnedGranularity": "count"}), COUNTS)
    assert (found.exists, found.count, found.granularity) == (Exists.NO, 0, Granularity.COUNT)


def test_row_8_no_total_beside_a_no_at_boolean_invents_no_count():
    found = told(said(exists=False, meta={"returnedGranularity": "boolean"}), COUNTS)
    assert (found.exists, found.count) == (Exists.NO, None)


def test_row_9_a_rounded_count_is_told_as_rounded():
    rounded = {"countAdjustedTo": ["immediate ten"], "countPrecision": "rounded"}
    (found,) = told(said(one_set(resultsCount=10, **rounded)), COUNTS).result_sets
    assert rounded.items() <= found.info.items()


def test_row_9_a_rounded_total_is_told_as_rounded():
    summary = {"exists": True, "numTotalResults": 10, "countPrecision": "rounded"}
    found = told(said(summary=summary), COUNTS)
    assert (found.count, found.is_count_exact) == (10, False)
    assert ROUNDED in found.warnings


def test_row_9_a_precise_total_is_exact():
    summary = {"exists": True, "numTotalResults": 10, "countPrecision": "exact"}
    found = told(said(summary=summary), COUNTS)
    assert (found.count, found.is_count_exact, found.warnings) == (10, True, ())


def test_row_9_a_total_of_a_no_is_a_contradiction():
    document = said(summary={"exists": False, "numTotalResults": 15})
    assert failure(read(document)) == "inconsistent"


def test_row_10_a_stale_count_of_none_beside_a_yes_is_left_out():
    found = told(said(one_set(), summary={"exists": True, "numTotalResults": 0}), COUNTS)
    assert (found.exists, found.count) == (Exists.YES, None)
    assert ZERO_TOLD in found.warnings


def test_row_11_a_no_that_may_be_a_censored_small_number():
    document = said(
        meta={"returnedGranularity": "count"},
        summary={"exists": False, "numTotalResults": 0},
        info={"messages": [{"description": "counts of 5 or less are censored", "level": "info"}]},
    )
    found = told(document, COUNTS)
    assert (found.exists, found.count) == (Exists.NO, None)
    assert CENSORED in found.warnings


@pytest.mark.parametrize(
    ("counted", "expected"), [("360", 360), ("1,204", 1204), ("<10", None), ("5-10", None)]
)
def test_row_12_counts_as_text(counted, expected):
    found = told(said(summary={"exists": True, "numTotalResults": counted}), COUNTS)
    assert found.count == expected


@pytest.mark.parametrize(("status", "code"), [(405, "rejected"), (502, "server_error")])
def test_row_13_error_codes_as_text(status, code):
    document = {
        "meta": {"beaconId": "b"},
        "error": {"errorCode": str(status), "errorMessage": "it broke"},
    }
    result = read(document, status)
    assert failure(result) == code
    assert isinstance(result, Failure)
    assert "it broke" in result.message


def test_row_14_an_error_whose_echo_is_an_empty_text():
    error = {"errorCode": 400, "errorMessage": "bad"}
    document = {"meta": {"receivedRequestSummary": ""}, "error": error}
    assert failure(read(document)) == "rejected"
    assert failure(read(document, 400)) == "rejected"
    assert told(said(one_set(), meta={"receivedRequestSummary": ""})).exists is Exists.YES


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, b"500 Internal Server Error\n\nServer got itself in trouble", "server_error"),
        (200, b"<!DOCTYPE html><html><body>Bad request</body></html>", "invalid_body"),
        (404, b"404: Not Found", "rejected"),
        (302, b"302: Found", "redirected"),
    ],
    ids=["400 as 500 in plain text", "a page beside 200", "404 in plain text", "401 as a login"],
)
def test_row_15_the_error_body_thrown_away(status, body, code):
    result = read(body, status, location="/login")
    assert failure(result) == code
    assert isinstance(result, Failure)
    assert result.learned is None, "nothing can be learned from an error that says nothing"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"msg": ["colour", "shape"]}, "colour, shape"),
        (400, {"request_parameters": "start: value is not a valid list"}, "not a valid list"),
        (404, {}, "HTTP 404"),
        (400, {"error": "BadRequest", "message": "range too wide"}, "BadRequest: range too wide"),
    ],
    ids=["msg", "request_parameters", "empty", "error and message"],
)
def test_row_16_bare_error_bodies(status, body, words):
    result = read(body, status)
    assert failure(result) == "rejected"
    assert isinstance(result, Failure)
    assert words in result.message


@pytest.mark.parametrize(
    ("status", "code"), [(400, "rejected"), (401, "forbidden"), (200, "rejected")]
)
def test_row_17_an_error_bare_of_everything(status, code):
    result = read({"errorCode": status, "errorMessage": "Unauthorized"}, status)
    if status == 200:  # an errorCode of 200 alone is no error, a message is one
        result = read({"errorCode": 400, "errorMessage": "Unauthorized"}, status)
    assert failure(result) == code
    assert isinstance(result, Failure)
    assert "Unauthorized" in result.message


def test_row_18_an_error_beside_200_without_a_summary():
    document = {"meta": {}, "error": {"errorCode": 422, "errorMessage": "no query"}}
    assert failure(read(document)) == "rejected"


def test_row_19_an_error_with_a_granularity_of_null():
    document = {"meta": {"returnedGranularity": None}, "error": {"errorCode": 400}}
    assert failure(read(document)) == "rejected"
    assert failure(read(document, 400)) == "rejected"
    assert told(said(one_set(), meta={"returnedGranularity": None})).exists is Exists.YES


@pytest.mark.parametrize("granularity", ["record", "none", None])
def test_row_20_documents_with_the_meta_of_answers(granularity):
    meta = {
        "beaconId": "b",
        "apiVersion": "v2.0.0",
        "returnedGranularity": granularity,
        "receivedRequestSummary": {},
    }
    more = {"meta": meta, "responseSummary": {"exists": True}, "beaconHandovers": []}
    found = read_info(reply(more | {"response": {"id": "b", "name": "B"}}))
    assert isinstance(found, Capabilities)
    assert (found.protocol, found.beacon_id) == (Protocol.V2, "b")
    listed = read_filtering_terms(more | {"response": {"filteringTerms": [{"id": "a:1"}]}})
    assert listed is not None
    assert [term.id for term in listed.terms or ()] == ["a:1"]


@pytest.mark.parametrize(
    "schemas",
    [
        [{"schema": "beacon-g_variant-v2.0.0"}],
        [{"id": "genomicVariant", "name": "Variant", "referenceToSchemaDefinition": "x"}],
        None,
        [],
        ["genomicVariant"],
    ],
    ids=["schema only", "a definition", "null", "empty", "a text"],
)
def test_row_21_returned_schemas_of_other_shapes(schemas):
    assert told(said(one_set(), meta={"returnedSchemas": schemas})).exists is Exists.YES
    info = {"meta": {"beaconId": "b"}, "returnedSchemas": schemas, "response": {"id": "b"}}
    assert isinstance(read_info(reply(info)), Capabilities)


@pytest.mark.parametrize(
    "summary",
    [
        {"req_params": {"start": [43045703], "referenceName": "17"}},
        {"requestParameters": {"start": [43045703], "referenceName": "chr17"}},
        {"requestParameters": {"g_variant": {"start": 43045703}}},
        {"apiVersion": "Not provided", "requestedSchemas": []},
        {},
    ],
    ids=["req_params", "flat", "nested", "no version", "empty"],
)
def test_row_22_echoes_of_other_shapes(summary):
    assert told(said(one_set(), meta={"receivedRequestSummary": summary})).exists is Exists.YES


def test_row_22_filters_as_objects():
    query = replace(ANY, filters=(Filter("HP:1"),))
    for echo, is_same in (({"id": "HP:1", "scope": "individual"}, True), ({"id": "HP:2"}, False)):
        meta = {"receivedRequestSummary": {"filters": [{**echo, "includeDescendantTerms": True}]}}
        result = read(said(one_set(), meta=meta), query=query)
        assert isinstance(result, Failure) is not is_same


@pytest.mark.parametrize("name", ["req_params", "requestParameters"])
def test_row_22_a_wrong_echo_is_seen_in_each_shape(name):
    meta = {"receivedRequestSummary": {name: {"start": [1], "referenceName": "17"}}}
    assert failure(read(said(one_set(), meta=meta))) == "inconsistent"


@pytest.mark.parametrize(
    "entity", ["genomicVariant", "genomicVariation", "g_variant", "g_variants", "genomicVariations"]
)
def test_row_23_names_of_entry_types(entity):
    schema = {"entityType": entity, "schema": f"beacon-{entity}-v2.0.0"}
    assert told(said(one_set(), meta={"returnedSchemas": [schema]})).exists is Exists.YES
    place = {"entryType": entity, "rootUrl": "https://beacon.example.org/api/g_variants"}
    found = read_map({"response": {"endpointSets": {"anything": place}}}, V2.entry.url)
    assert found is not None
    assert found.endpoints == {"genomicVariant": "/g_variants"}


@pytest.mark.parametrize(
    "version",
    ["v2.0.0", "2.0", "v2.1.1", "v2.2.0", "v2.3.0-beaconplus", "string", 2.0, None],
)
def test_row_24_versions(version):
    found = told(said(one_set(), meta={"apiVersion": version}))
    assert found.exists is Exists.YES
    info = read_info(reply({"meta": {"apiVersion": version}, "response": {"id": "b"}}))
    assert isinstance(info, Capabilities)
    assert info.protocol is Protocol.V2


@pytest.mark.parametrize(
    ("term", "kind", "scopes"),
    [
        ({"type": "Human Phenotype Ontology"}, "Human Phenotype Ontology", ()),
        ({}, "", ()),
        ({"type": "ontology", "scopes": ["individuals"]}, "ontology", ("individual",)),
        ({"type": "ontology", "scope": "individuals"}, "ontology", ("individual",)),
        ({"type": "alphanumeric", "values": None}, "alphanumeric", ()),
    ],
    ids=["type in words", "no type", "scopes", "scope", "no values"],
)
def test_row_25_filtering_terms(term, kind, scopes):
    found = read_filtering_terms({"response": {"filteringTerms": [{"id": "HP:1", **term}]}})
    assert found is not None
    assert found.terms is not None
    (read_term,) = found.terms
    assert (read_term.type, read_term.scopes, read_term.values) == (kind, scopes, ())


@pytest.mark.parametrize(
    "url",
    [
        "http://beacon.example.org/api/individuals",
        "https://beacon.example.org/api/individuals",
        "https://beacon.example.org:8443/api/individuals",
        "http://localhost:5050/api/individuals",
        "/api/individuals",
        "/individuals",
    ],
)
def test_row_26_maps_of_another_scheme_or_host(url):
    sets = {"x": {"entryType": "individual", "rootUrl": url}}
    found = read_map({"response": {"endpointSets": sets}}, V2.entry.url)
    assert found is not None
    assert found.endpoints == {"individual": "/individuals"}
    assert bool(found.problems) is ("localhost" in url)


@pytest.mark.parametrize("as_list", [True, False], ids=["a list", "a single object"])
def test_row_27_collections_as_a_single_object(as_list):
    one = {"id": "set-a", "name": "Set A"}
    query = Query(entry_type="dataset", granularity=Granularity.RECORD)
    (part,) = asked(v2.plan(query, V2)).parts
    document = said() | {"response": {"collections": [one] if as_list else one}}
    found = answer(v2.read(reply(document), query, V2, part))
    assert [msgspec.json.decode(each.raw) for each in found.collections] == [one]


@pytest.mark.parametrize(
    "place",
    [
        {"variation": {**RECORD["variation"]}},
        {"position": {"start": [43045703], "refseqId": "17"}, "variantInternalId": "x"},
        {"variantInternalId": "x"},
    ],
    ids=["VRS", "legacy", "neither"],
)
def test_row_28_variant_records_without_an_id(place):
    found = told(said(one_set(results=[place], resultsCount=1)), RECORDS)
    assert found.exists is Exists.YES
    assert [msgspec.json.decode(each) for each in found.result_sets[0].results] == [place]


def test_row_29_one_beacon_id_at_two_installations():
    shared = {"beacon_id": "org.ega-archive.beacon-ri-demo"}
    ends = [
        builders.outcome(name, "found", builders.answer(True, count, **shared))
        for name, count in (("first", 2), ("second", 3))
    ]
    merged = builders.network_answer(ends, builders.query(granularity="count"))
    assert [one.member.id for one in merged.outcomes] == ["first", "second"]
    assert merged.count is not None
    assert (merged.count.value, merged.count.members_counted) == (5, 2)


@pytest.mark.parametrize("entity", ["biosample", "run", "individual", "analysis"])
def test_row_30_the_answer_to_somebody_elses_question(entity):
    meta = {"returnedSchemas": [{"entityType": entity, "schema": f"beacon-{entity}-v2.0.0"}]}
    document = said(one_set(resultsCount=2504), meta=meta)
    assert failure(read(document)) == "inconsistent"


def test_row_31_an_unpaged_body_is_read_whole():
    records = [RECORD | {"variantInternalId": str(number)} for number in range(2_000)]
    found = told(said(one_set(results=records, resultsCount=2_000)), RECORDS)
    assert (found.count, len(found.result_sets[0].results)) == (2_000, 2_000)
