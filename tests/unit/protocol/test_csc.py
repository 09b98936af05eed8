"""CSC's aggregators: version 1 questions, one list of raw answers."""

from dataclasses import replace
from typing import Any

import pytest

from aggregator.model.answer import Answer, Exists, LeafEnding
from aggregator.model.query import Granularity, Query
from aggregator.protocol import csc
from aggregator.protocol.wire import Failure
from tests.unit.protocol.building import (
    BRCA1,
    answer,
    asked,
    failure,
    member,
    one_request,
    part,
    question,
    refused,
    reply,
    url_parameters,
)

MEMBER = member("csc")
YES = {"beaconId": "org.example.a", "exists": True}
NO = {"beaconId": "org.example.b", "exists": False}
BROKEN = {
    "service": "https://c.example.org:8080/beacon/query",
    "queryParams": "referenceName=17",
    "responseStatus": 500,
    "exists": None,
}


def row(name: str, exists: bool, count: int | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"datasetId": name, "exists": exists}
    return told if count is None else {**told, "variantCount": count}


def told(*items: Any, query: Query | None = None, status: int = 200) -> Answer | Failure:
    return csc.read(reply(list(items), status), query or question(**BRCA1), MEMBER, part())


def endings(result: Answer | Failure) -> dict[str, str]:
    return {one.beacon_id: one.ending.value for one in result.leaves}


class TestAsking:
    def test_a_question_is_one_get_in_words_of_version_1(self) -> None:
        request = one_request(csc.plan(question(**BRCA1), MEMBER))
        assert request.url.startswith("https://beacon.example.org/api/query?")
        assert url_parameters(request) == {
            "assemblyId": "GRCh38",
            "referenceName": "17",
            "start": "43045703",
            "referenceBases": "G",
            "alternateBases": "A",
            "includeDatasetResponses": "ALL",
        }

    def test_post_is_never_used_whatever_the_dialect_says(self) -> None:
        assert one_request(csc.plan(question(**BRCA1), member("csc", method="POST"))).body is None

    def test_data_sets_are_one_parameter_as_of_repeated_ones_the_last_is_kept(self) -> None:
        query = replace(question(**BRCA1), dataset_ids=("one", "12"))
        request = one_request(csc.plan(query, MEMBER))
        assert url_parameters(request)["datasetIds"] == "one,12"

    @pytest.mark.parametrize("names", [("123",), ("a,b",), ("one", "a,b")])
    def test_data_sets_whose_names_it_would_break_are_not_asked_for(
        self, names: tuple[str, ...]
    ) -> None:
        query = replace(question(**BRCA1), dataset_ids=names)
        assert refused(csc.plan(query, MEMBER)) == "dataset"

    def test_a_mate_that_it_would_turn_into_a_number_is_not_asked_for(self) -> None:
        fields = {
            "assembly": "GRCh38",
            "chromosome": "17",
            "start": (43045703,),
            "reference": "G",
            "variant_type": "BND",
        }
        able = member("csc", capabilities={"api_version": "1.1.0"})
        to_13, to_x = question(**fields, mate="13"), question(**fields, mate="X")
        assert refused(csc.plan(to_13, able)) == "parameter"
        assert url_parameters(one_request(csc.plan(to_x, able)))["mateName"] == "X"

    def test_renamed_and_dropped_parameters_are_minded(self) -> None:
        mine = member("csc", rename={"start": "pos"}, drop=["includeDatasetResponses"])
        parameters = url_parameters(one_request(csc.plan(question(**BRCA1), mine)))
        assert parameters["pos"] == "43045703"
        assert "includeDatasetResponses" not in parameters

    def test_what_version_1_cannot_say_is_not_asked(self) -> None:
        assert refused(csc.plan(Query(), MEMBER)) == "query_kind"
        gene = question(gene="BRCA1")
        assert refused(csc.plan(gene, MEMBER)) == "query_kind"

    def test_indels_are_asked_with_their_anchor(self) -> None:
        fields = {
            "assembly": "GRCh38",
            "chromosome": "7",
            "start": (117559589,),
            "reference": "ATCT",
            "alternate": "A",
        }
        (one,) = asked(csc.plan(question(**fields), MEMBER)).parts
        assert "referenceBases=ATCT&alternateBases=A" in one.request.url


class TestVerdict:
    def test_any_yes_is_a_yes(self) -> None:
        result = answer(told(NO, YES))
        assert result.exists is Exists.YES
        assert result.is_partial is False
        assert endings(result) == {"org.example.b": "not_found", "org.example.a": "found"}

    def test_a_no_of_every_beacon_is_a_no(self) -> None:
        result = answer(told(NO, NO | {"beaconId": "org.example.d"}))
        assert result.exists is Exists.NO
        assert result.is_partial is False

    @pytest.mark.parametrize(
        ("silent", "name", "reason"),
        [
            (None, "beacon-1", "did not answer"),
            (BROKEN, "org:8080.example.c", "HTTP 500"),
            ({"beaconId": "org.example.e", "exists": None}, "org.example.e", "yes nor no"),
            (
                {"beaconId": "org.example.e", "error": {"errorCode": 400, "errorMessage": "bad"}},
                "org.example.e",
                "bad",
            ),
            ("sorry", "beacon-1", "no object"),
            (
                NO | {"datasetAlleleResponses": [row("x", True)]},
                "org.example.b",
                "one of its data sets says yes",
            ),
        ],
    )
    def test_a_silent_beacon_makes_a_no_none_and_a_yes_partial(
        self, silent: Any, name: str, reason: str
    ) -> None:
        no = told(NO | {"beaconId": "org.example.d"}, silent)
        assert failure(no) == "no_verdict"
        assert isinstance(no, Failure)
        assert "1 beacon of it said no, but 1 beacon did not answer" in no.message
        assert name in no.message
        assert endings(no) == {"org.example.d": "not_found", name: "no_answer"}
        (leaf,) = [one for one in no.leaves if one.beacon_id == name]
        assert reason in (leaf.reason or "")

        yes = answer(told(YES, silent))
        assert yes.exists is Exists.YES
        assert yes.is_partial is True
        assert endings(yes) == {"org.example.a": "found", name: "no_answer"}

    def test_an_empty_list_is_no_verdict(self) -> None:
        assert failure(told()) == "no_verdict"

    def test_nobody_answering_is_no_verdict(self) -> None:
        result = told(None, BROKEN)
        assert failure(result) == "no_verdict"
        assert isinstance(result, Failure)
        assert "none of its beacons answered" in result.message

    def test_lists_of_aggregators_behind_it_are_flattened(self) -> None:
        result = answer(told([[NO], [[YES]]], NO | {"beaconId": "org.example.d"}))
        assert result.exists is Exists.YES
        assert list(endings(result)) == ["org.example.b", "org.example.a", "org.example.d"]

    @pytest.mark.parametrize(
        ("status", "code"),
        [(401, "forbidden"), (429, "rate_limited"), (503, "server_error"), (400, "rejected")],
    )
    def test_the_status_of_a_beacon_gives_its_reason(self, status: int, code: str) -> None:
        result = told(BROKEN | {"responseStatus": status})
        assert [one.code for one in result.leaves] == [code]

    def test_a_network_of_networks_that_lacks_beacons_is_partial(self) -> None:
        inner = {"beaconId": "net", "exists": True, "info": {"network": {"complete": False}}}
        assert answer(told(inner)).is_partial is True


class TestBodies:
    @pytest.mark.parametrize("document", [{"exists": True}, "yes", 1])
    def test_anything_but_a_list_is_no_answer(self, document: Any) -> None:
        result = csc.read(reply(document), question(**BRCA1), MEMBER, part())
        assert failure(result) == "invalid_body"

    def test_an_error_beside_status_200_is_said(self) -> None:
        document = {"error": {"errorCode": 500, "errorMessage": "no registry"}}
        result = csc.read(reply(document), question(**BRCA1), MEMBER, part())
        assert failure(result) == "rejected"

    def test_an_error_status_is_one(self) -> None:
        assert failure(told(YES, status=500)) == "server_error"


class TestResultSets:
    def test_each_carries_its_beacon(self) -> None:
        result = answer(told(YES | {"datasetAlleleResponses": [row("x", True, 2)]}, NO))
        sets = [(one.beacon_id, one.id, one.set_type, one.exists) for one in result.result_sets]
        assert sets == [
            ("org.example.a", "x", "dataset", Exists.YES),
            ("org.example.b", "org.example.b", "beacon", Exists.NO),
        ]

    def test_rows_without_a_name_are_their_beacons(self) -> None:
        nameless = {"exists": True, "variantCount": 1}
        (one,) = answer(told(YES | {"datasetAlleleResponses": [nameless]})).result_sets
        assert one.id == "org.example.a"

    def test_counts_of_one_unit_are_added(self) -> None:
        one = YES | {"apiVersion": "1.0.1", "datasetAlleleResponses": [row("x", True, 2)]}
        other = one | {"beaconId": "d", "datasetAlleleResponses": [row("y", True, 3)]}
        result = answer(told(one, other, NO))
        assert (result.count, result.unit) == (5, "variants")
        assert result.granularity is Granularity.COUNT

    def test_counts_of_two_units_are_not(self) -> None:
        one = YES | {"apiVersion": "1.0.1", "datasetAlleleResponses": [row("x", True, 2)]}
        other = one | {"beaconId": "d", "apiVersion": "1.1.0"}
        assert answer(told(one, other)).count is None

    def test_a_hit_without_a_count_leaves_the_sum_untold(self) -> None:
        one = YES | {"apiVersion": "1.0.1", "datasetAlleleResponses": [row("x", True, 2)]}
        assert answer(told(one, YES)).count is None

    def test_only_data_sets_asked_for_count(self) -> None:
        query = replace(question(**BRCA1), dataset_ids=("x",))
        elsewhere = YES | {"datasetAlleleResponses": [row("y", True)]}
        missing = told(elsewhere, NO, query=query)
        assert failure(missing) == "no_verdict"
        assert endings(missing)["org.example.a"] == LeafEnding.NO_ANSWER.value
        found = YES | {"datasetAlleleResponses": [row("x", True), row("y", True)]}
        assert [one.id for one in answer(told(found, query=query)).result_sets] == ["x"]


class TestLargeAnswers:
    def test_deep_lists_are_read_in_order(self) -> None:
        value: list[Any] = [YES]
        for n in range(90):
            value = [{"beaconId": f"b{n}", "exists": False}, [], value]
        result = answer(told(*value))
        assert result.exists is Exists.YES
        assert [one.beacon_id for one in result.leaves][:2] == ["b89", "b88"]
        assert result.leaves[-1].beacon_id == YES["beaconId"]

    @pytest.mark.parametrize("element", [None, []])
    def test_too_many_elements_are_no_answer(self, element: Any) -> None:
        within = [YES, [element] * (csc.MAX_ELEMENTS - 2)]
        assert answer(told(*within)).exists is Exists.YES
        assert failure(told(*within, element)) == "invalid_body"


def test_a_beacon_has_one_name_whether_it_answered_or_not() -> None:
    silent = BROKEN | {"beaconId": YES["beaconId"]}
    assert endings(told(silent)) == {YES["beaconId"]: "no_answer"}
    assert endings(told(YES)) == {YES["beaconId"]: "found"}
