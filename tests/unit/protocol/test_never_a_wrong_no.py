"""Answers and questions that look like a "no", or a "yes", and are none."""

import json

import pytest

from aggregator.model.answer import Answer, Exists
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.protocol.failures import failure_of
from aggregator.protocol.requests import read_v2
from aggregator.protocol.requests_body import spread_body
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, NotAsked, Reply
from tests.builders import member

SNV = {
    "assemblyId": "GRCh38",
    "referenceName": "7",
    "start": 140753335,
    "referenceBases": "A",
    "alternateBases": "T",
}
REGION = {"assemblyId": "GRCh38", "referenceName": "7", "start": 100000, "end": 100200}


def read(document, protocol="v2", **parameters):
    query = read_v2({**SNV, **parameters}).query
    asked = member(protocol=protocol)
    translator = translator_for(asked.protocol)
    plan = translator.plan(query, asked)
    assert isinstance(plan, Ask), plan
    reply = Reply(200, json.dumps(document).encode())
    return translator.read(reply, query, asked, plan.parts[0])


def v1_answer(*rows, **beside):
    return {"beaconId": "b", "exists": False, "datasetAlleleResponses": list(rows), **beside}


MISS = {"datasetId": "a", "exists": False}


@pytest.mark.parametrize(
    "document",
    [
        v1_answer(MISS, {"datasetId": "b", "error": {"errorCode": 500, "errorMessage": "down"}}),
        v1_answer(MISS, {"datasetId": "b", "exists": None}),
        v1_answer(MISS, info={"network": {"verdict": "unknown"}}),
    ],
)
def test_a_v1_no_that_is_not_everybodys_is_none(document):
    told = read(document, "v1")
    assert isinstance(told, Failure)
    assert told.code is NoAnswerCode.NO_VERDICT


def test_a_complete_no_of_a_v1_network_stays_a_no_beside_beacons_it_could_not_ask():
    unasked = {"datasetId": "b", "error": {"errorCode": 501, "errorMessage": "assembly"}}
    told = read(v1_answer(MISS, unasked, info={"network": {"verdict": "not_found"}}), "v1")
    assert isinstance(told, Answer)
    assert told.exists is Exists.NO


@pytest.mark.parametrize(
    "beside",
    [
        {"response": {"resultSets": [{"id": "a", "exists": None}, {"id": "b", "exists": False}]}},
        {"info": {"network": {"verdict": "unknown"}}},
        {"info": [{"key": "network", "value": {"verdict": "unknown"}}]},
    ],
)
def test_a_v2_no_that_is_not_everybodys_is_none(beside):
    told = read({"meta": {}, "responseSummary": {"exists": False}, **beside})
    assert isinstance(told, Failure)
    assert told.code is NoAnswerCode.NO_VERDICT


def test_a_no_that_may_hide_a_small_number_tells_no_count():
    told = read(
        {
            "meta": {"returnedGranularity": "count"},
            "responseSummary": {"exists": False},
            "info": {"messages": ["below the threshold"]},
        },
        requestedGranularity="count",
    )
    assert isinstance(told, Answer)
    assert (told.exists, told.count) == (Exists.NO, None)


def test_an_empty_later_page_is_no_no():
    told = read(
        {"meta": {}, "responseSummary": {"exists": False}, "response": {"resultSets": []}},
        requestedGranularity="record",
        skip=3,
    )
    assert isinstance(told, Failure)
    assert told.code is NoAnswerCode.NO_VERDICT
    assert "earlier page" in told.message


def test_a_yes_to_named_data_sets_without_any_listed_is_none():
    told = read({"meta": {}, "responseSummary": {"exists": True}}, datasetIds="a,b")
    assert isinstance(told, Failure)
    assert told.code is NoAnswerCode.NO_VERDICT


def test_a_no_of_one_data_set_is_none_of_another():
    sets = [{"id": "a", "exists": False}, {"id": "c", "exists": False}]
    told = read(
        {"meta": {}, "responseSummary": {"exists": False}, "response": {"resultSets": sets}},
        datasetIds="a,b",
    )
    assert isinstance(told, Failure)


def test_the_reference_base_of_a_region_is_asked():
    query = read_v2({**REGION, "referenceBases": "A", "alternateBases": "T"}).query
    plan = translator_for(None).plan(query, member())
    assert isinstance(plan, Ask)
    assert "referenceBases=A" in plan.parts[0].request.url


def test_a_region_is_not_asked_without_its_reference_bases():
    query = read_v2({**REGION, "referenceBases": "AC", "alternateBases": "TG"}).query
    plan = translator_for(None).plan(query, member(dialect={"drop": ["referenceBases"]}))
    assert isinstance(plan, NotAsked)
    assert plan.code is NotAskedCode.PARAMETER


@pytest.mark.parametrize(
    "parameters",
    [
        {"chrom": "7", "pos": 140753336, "ref": "A", "alt": "T", "assemblyId": "GRCh38"},
        {"assemblyId": "GRCh38"},
    ],
)
def test_a_question_that_was_not_understood_is_not_a_question_for_everything(parameters):
    assert any("no variant was understood" in said for said in read_v2(parameters).problems)


def test_a_question_for_everything_may_be_asked():
    assert read_v2({"requestedGranularity": "count"}).problems == ()


def test_a_filter_without_an_id_is_said_and_not_dropped():
    said = read_v2({**SNV, "filters": [{"id": ""}, {"term": "HP:1"}]}).problems
    assert any("without an id" in problem for problem in said)


def test_a_variant_directly_below_query_is_understood():
    flat = spread_body({"query": {"g_variant": {**SNV}}})
    assert read_v2(flat).query == read_v2(SNV).query


def test_a_v1_member_is_not_asked_for_all_it_has_when_no_data_set_asked_for_fits():
    asked = member(
        protocol="v1", assemblies=["GRCh37", "GRCh38"], data_sets={"d37": "GRCh37", "d38": "GRCh38"}
    )
    plan = translator_for(asked.protocol).plan(read_v2({**SNV, "datasetIds": "d37"}).query, asked)
    assert isinstance(plan, NotAsked)
    assert plan.code is NotAskedCode.DATASET


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_as_a_date_counts_from_the_answers_own_date(status):
    headers = {
        "retry-after": "Sat, 21 Nov 2026 04:01:30 GMT",
        "date": "Sat, 21 Nov 2026 04:00:00 GMT",
    }
    failure = failure_of(Reply(status, b"", headers))
    assert failure is not None
    assert failure.retry_after_s == 90
