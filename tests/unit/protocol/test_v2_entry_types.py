"""Beacon v2 beyond variants: where each entry type is asked, and how those answers are read."""

import json
from dataclasses import replace

import pytest

from aggregator.model.answer import Exists
from aggregator.model.query import Filter, Granularity, Pagination, Query
from aggregator.protocol import v0, v1, v2
from aggregator.protocol.filters import read_filters
from aggregator.protocol.parameters import ParameterReader
from tests.unit.protocol.building import (
    BRCA1,
    answer,
    asked,
    body,
    failure,
    member,
    one_request,
    question,
    refused,
    reply,
)

BASE = "https://beacon.example.org/api"
V2 = member("v2")
INDIVIDUALS = Query(entry_type="individual", granularity=Granularity.RECORD)
ONE = replace(INDIVIDUALS, record_id="I 1/x")
BELOW = Query(within="individual", record_id="I1", granularity=Granularity.RECORD)
DATASETS = Query(entry_type="dataset", granularity=Granularity.RECORD)
MAP = {
    "individual": "/people",
    "biosample": "/samples/",
    "biosample/{id}": "/sample?id={id}",
    "individual/{id}/genomicVariant": "https://beacon.example.org/other/{id}/v",
}


def place(query, of=V2):
    return one_request(v2.plan(query, of)).url.partition("?requestedGranularity")[0]


def mapped(endpoints=MAP, **more):
    return member("v2", capabilities={"endpoints": endpoints, **more})


class TestAddress:
    @pytest.mark.parametrize(
        ("query", "path"),
        [
            (INDIVIDUALS, "/individuals"),
            (ONE, "/individuals/I%201%2Fx"),
            (BELOW, "/individuals/I1/g_variants"),
            (Query(entry_type="analysis"), "/analyses"),
            (Query(record_id="v"), "/g_variants/v"),
            (Query(entry_type="individual", within="cohort", record_id="é"), "/cohorts/%C3%A9/"),
        ],
    )
    def test_the_paths_of_the_model_are_asked_where_nothing_else_is_known(self, query, path):
        assert place(query).startswith(BASE + path)

    @pytest.mark.parametrize(
        ("query", "url"),
        [
            (INDIVIDUALS, f"{BASE}/people"),
            (ONE, f"{BASE}/people/I%201%2Fx"),
            (Query(entry_type="biosample", record_id="a&b"), f"{BASE}/sample?id=a%26b"),
            (BELOW, "https://beacon.example.org/other/I1/v"),
        ],
    )
    def test_the_members_own_map_says_where_to_ask(self, query, url):
        assert place(query, mapped()).startswith(url)

    def test_what_the_map_does_not_offer_is_not_asked(self):
        for query in (Query(), Query(entry_type="run"), replace(BELOW, entry_type="biosample")):
            decision = v2.plan(query, mapped())
            assert refused(decision) == "entry_type"
        assert "/individuals/{id}/biosamples" in decision.message

    def test_a_parameter_after_a_template_with_a_question_mark_is_added_to_it(self):
        url = one_request(v2.plan(Query(entry_type="biosample", record_id="a"), mapped())).url
        assert url.startswith(f"{BASE}/sample?id=a&requestedGranularity=")

    def test_the_dialects_paths_come_first(self):
        of = member(
            "v2",
            paths={
                "individuals": "own/people",
                "individuals/{id}/g_variants": "https://x.example.org/{id}",
            },
            capabilities={"endpoints": MAP},
        )
        assert place(INDIVIDUALS, of) == f"{BASE}/own/people"
        assert place(ONE, of) == f"{BASE}/own/people/I%201%2Fx"
        assert place(BELOW, of) == "https://x.example.org/I1"

    def test_a_type_the_member_says_it_lacks_is_not_asked_unless_its_map_has_it(self):
        told = {"entry_types": ("genomicVariation", "biosample")}
        of = member("v2", capabilities=told)
        assert refused(v2.plan(INDIVIDUALS, of)) == "entry_type"
        assert refused(v2.plan(BELOW, of)) == "entry_type"
        assert asked(v2.plan(Query(entry_type="biosample"), of))
        assert asked(v2.plan(INDIVIDUALS, mapped(**told)))

    @pytest.mark.parametrize("record_id", ["", ".", ".."])
    def test_an_id_that_would_name_another_path_is_not_asked(self, record_id):
        assert refused(v2.plan(replace(ONE, record_id=record_id), V2)) == "query_kind"

    @pytest.mark.parametrize("protocol", ["v0", "v1"])
    def test_older_protocols_know_lists_of_variants_only(self, protocol):
        plan = {"v0": v0, "v1": v1}[protocol].plan
        variant = question(**BRCA1)
        of = member(protocol)
        assert asked(plan(variant, of))
        assert refused(plan(replace(variant, entry_type="individual"), of)) == "entry_type"
        below = replace(variant, within="individual", record_id="x")
        assert refused(plan(below, of)) == "entry_type"
        assert refused(plan(replace(variant, record_id="x"), of)) == "query_kind"


def told(document, query, of=V2, status=200):
    (sent,) = asked(v2.plan(query, of)).parts
    return v2.read(reply(document, status), query, of, sent)


def said(entity=None, *, exists=True, echo=None, **response):
    return {
        "meta": {
            "beaconId": "org.example",
            "returnedSchemas": [{"entityType": entity}] if entity else [],
            "receivedRequestSummary": {"requestParameters": echo or {}},
            "returnedGranularity": "record",
        },
        "responseSummary": {"exists": exists} if exists is not None else {},
        "response": response,
    }


class TestRead:
    def test_counts_are_of_the_records_that_were_asked_for(self):
        document = said("individual", resultSets=[{"id": "d", "exists": True, "resultsCount": 3}])
        of = member("v2", capabilities={"count_unit": "variants"})
        found = answer(told(document, INDIVIDUALS, of))
        assert (found.count, found.unit) == (3, "individual records")

    @pytest.mark.parametrize("entity", ["individual", "genomicVariation", None])
    def test_below_a_record_the_answer_may_name_either_type(self, entity):
        assert answer(told(said(entity), BELOW)).exists is Exists.YES

    def test_an_answer_about_a_third_type_is_inconsistent(self):
        result = told(said("biosample"), BELOW)
        assert failure(result) == "inconsistent"
        assert "biosamples" in result.message
        assert "genomic variants" in result.message

    @pytest.mark.parametrize(
        ("filters", "echo", "is_same"),
        [
            ("HP:1 age:>3", ["HP:1", "age:>3"], True),
            ("HP:1 age:>3", ["age", "hp_1"], True),
            ("HP:1 age:>3", [{"id": "hp_1", "scope": "individual"}, {"id": "age"}], True),
            ("HP:1 age:>3", "age:>3,HP:1", True),
            ("HP:1 age:>3", ["HP:1,age:>3"], True),
            ("HP:1 age:>3", ["HP:1", "age:>3", "HP:2"], True),
            ("HP:1 age:>3", [], True),
            ("HP:1 age:>3", None, True),
            ("HP:1 age:>3", ["string"], True),
            ("HP:1 age:>3", [{"name": "HP:1"}, 7], True),
            ("HP:1 age:>3", ["HP:1"], False),
            ("HP:1 age:>3", [{"id": "age"}], False),
            ("HP:1 age:>3", ["HP:1", "age:>3", "sex:=f"], False),
            ("HP:1 age:>3", ["HP:1", "age:>3", "MONDO:5"], False),
            ("HP:1 age:>3", ["MONDO:5"], False),
            ("HP:1", [{"id": "HP:1", "operator": "=", "value": ""}], True),
            ("age:>P70Y", [{"id": "age", "operator": ">", "value": "p70y"}], True),
            ("age:>P70Y", [{"id": "age", "operator": ">", "value": 25567}], True),
            ("age:>P70Y", [{"id": "age", "operator": "<", "value": "P10Y"}], False),
            ("age:>P70Y", [{"id": "age", "operator": "<"}], False),
            ("age:>P70Y", [{"id": "age", "value": "P10Y"}], False),
            ("age:>P70Y", ["age:>P10Y"], False),
            ("n:>=3", [{"id": "n", "operator": "=>", "value": 3.0}], True),
            ("n:>=3", [{"id": "n", "operator": ">=", "value": 30}], False),
            ("n:>3 n:<9", ["n:<9", "n:>3"], True),
            ("n:>3 n:<9", ["n:<9", "n:<9"], False),
            ("sex:!NCIT:C16576", ["sex:!=NCIT_C16576"], True),
            ("", ["HP:1"], False),
            ("", [{"id": "HP:1"}], False),
            ("", "", True),
            ("", [""], True),
        ],
    )
    @pytest.mark.parametrize("exists", [True, False])
    def test_the_filters_of_the_echo_are_those_that_were_sent(self, filters, echo, is_same, exists):
        read = read_filters(ParameterReader({"filters": filters.split()}))
        document = said("individual", exists=exists)
        document["meta"]["receivedRequestSummary"]["filters"] = echo
        for of in (V2, member("v2", method="GET")):
            result = told(document, replace(INDIVIDUALS, filters=read), of)
            if is_same:
                assert answer(result).exists is Exists.of(exists)
            else:
                assert failure(result) == "inconsistent"

    def test_a_variant_nobody_asked_for_is_another_question(self):
        for exists in (True, False):
            result = told(said("individual", exists=exists, echo={"geneId": "TP53"}), INDIVIDUALS)
            assert failure(result) == "inconsistent"
            assert "TP53" not in result.message
        plain = {"assemblyId": "GRCh38", "start": [0], "individualId": "x"}
        assert answer(told(said("individual", echo=plain), INDIVIDUALS)).exists is Exists.YES

    @pytest.mark.parametrize("exists", [True, False])
    def test_individuals_with_a_variant_need_an_echo_of_it(self, exists):
        query = replace(question(**BRCA1), entry_type="individual")
        for echo in ({}, {"assemblyId": "GRCh38"}, {"start": [0]}, {"limit": 3}):
            result = told(said("individual", exists=exists, echo=echo), query)
            assert failure(result) == "no_verdict"
            assert "used the variant" in result.message
        for echo in ({"start": [43045703]}, {"g_variant": {"alternateBases": "a"}}):
            found = answer(told(said("individual", exists=exists, echo=echo), query))
            assert found.exists is Exists.of(exists)

    def test_an_unknown_filter_that_gives_an_empty_result_proves_nothing(self):
        query = replace(INDIVIDUALS, filters=(Filter("HP:1"),))
        terms = [{"id": "HP:2"}]
        for capabilities in ({}, {"filtering_terms": terms}):
            of = member("v2", unknown_filters="empty", capabilities=capabilities)
            result = told(said(exists=False), query, of)
            assert failure(result) == "no_verdict"
            assert "HP:1" in result.message
        listed = [*terms, {"id": "HP:1"}]
        of = member("v2", unknown_filters="empty", capabilities={"filtering_terms": listed})
        assert answer(told(said(exists=False), query, of)).exists is Exists.NO
        refusing = member("v2", unknown_filters="refused", capabilities={"filtering_terms": terms})
        assert answer(told(said(exists=False), query, refusing)).exists is Exists.NO
        empty = member("v2", unknown_filters="empty")
        assert answer(told(said(exists=True), query, empty)).exists is Exists.YES

    @pytest.mark.parametrize("exists", [True, False])
    def test_a_yes_with_a_warning_about_a_filter_is_one_to_a_broader_question(self, exists):
        query = replace(INDIVIDUALS, filters=(Filter("HP:1"), Filter("HP_2")))
        document = said("individual", exists=exists)
        document["meta"]["warnings"] = ["The filter `HP:2` does not match any pattern."]
        result = told(document, query)
        if not exists:
            assert answer(result).exists is Exists.NO
            return
        assert failure(result) == "no_verdict"
        assert "HP_2" in result.message
        assert "HP:1" not in result.message
        document["meta"]["warnings"] = ["this beacon is slow today"]
        assert answer(told(document, query)).exists is Exists.YES


class TestCollections:
    @pytest.mark.parametrize(
        "response",
        [
            {"collections": [{"id": "a", "n": 1.50}]},
            {"collections": {"id": "a", "n": 1.50}},
            {"resultSets": [{"id": "x", "exists": True, "results": [{"id": "a", "n": 1.50}]}]},
        ],
    )
    def test_lists_of_data_sets_are_collections_in_whatever_shape(self, response):
        found = answer(told(said("dataset", **response), DATASETS))
        assert [json.loads(bytes(one.raw)) for one in found.collections] == [{"id": "a", "n": 1.5}]
        assert (found.exists, found.granularity) == (Exists.YES, Granularity.RECORD)
        assert found.result_sets == ()
        assert (found.count, found.unit) == (1, "dataset records")

    def test_the_verdict_follows_from_what_is_listed(self):
        listed = said(exists=None, collections=[{"id": "a"}])
        assert answer(told(listed, DATASETS)).exists is Exists.YES
        assert failure(told(said(exists=None, collections=[]), DATASETS)) == "no_verdict"
        assert failure(told(said(exists=False, collections=[{}]), DATASETS)) == "inconsistent"
        assert answer(told(said(exists=False, collections=None), DATASETS)).exists is Exists.NO

    @pytest.mark.parametrize("collections", ["x", 3, [1], [[]], True])
    def test_what_is_no_list_of_objects_is_invalid(self, collections):
        assert failure(told(said(collections=collections), DATASETS)) == "invalid_body"

    def test_a_full_page_tells_no_total(self):
        query = replace(DATASETS, pagination=Pagination(0, 2))
        page = said(collections=[{"id": "a"}, {"id": "b"}])
        assert answer(told(page, query)).count is None
        page["responseSummary"]["numTotalResults"] = 7
        assert answer(told(page, query)).count == 7

    def test_a_collection_of_a_beacon_inside_names_it(self):
        listed = [{"id": "a", "beaconId": "inner"}, {"id": "b", "beaconId": "org.example"}]
        found = answer(told(said(collections=listed), DATASETS))
        assert [one.beacon_id for one in found.collections] == ["inner", None]

    def test_one_data_set_sent_as_a_collection_is_a_record(self):
        query = replace(DATASETS, record_id="a")
        for collections in ([{"id": "a"}], {"id": "a"}):
            found = answer(told(said(exists=None, collections=collections), query))
            assert (found.exists, found.collections) == (Exists.YES, ())
            (one,) = found.result_sets
            assert (one.id, one.set_type) == ("a", "dataset")
            assert [json.loads(bytes(record)) for record in one.results] == [{"id": "a"}]

    def test_only_the_data_sets_asked_for_are_listed(self):
        query = replace(DATASETS, dataset_ids=("b",))
        listed = said(collections=[{"id": "a"}, {"id": "b"}])
        found = answer(told(listed, query))
        assert [json.loads(bytes(one.raw))["id"] for one in found.collections] == ["b"]
        others = said(collections=[{"id": "a"}])
        assert failure(told(others, query)) == "no_verdict"


BEACON_ERROR = {"meta": {"beaconId": "b"}, "error": {"errorCode": 404, "errorMessage": "no"}}


class TestAbsence:
    @pytest.mark.parametrize("query", [ONE, BELOW])
    def test_a_beacons_404_for_a_record_is_a_no(self, query):
        found = answer(told(BEACON_ERROR, query, status=404))
        assert (found.exists, found.count, found.beacon_id) == (Exists.NO, None, "b")

    def test_a_bare_404_is_a_no_where_the_member_says_it_serves_the_path(self):
        serving = mapped({"individual": "/individuals"})
        for document in ({}, {"error": "gone"}, {"detail": "Not found"}):
            assert answer(told(document, ONE, serving, status=404)).exists is Exists.NO
            assert failure(told(document, ONE, status=404)) == "rejected"
        listed = member("v2", capabilities={"entry_types": ("individual",)})
        assert answer(told({}, ONE, listed, status=404)).exists is Exists.NO
        assert answer(told(BEACON_ERROR, ONE, serving, status=404)).exists is Exists.NO

    def test_a_404_below_a_record_that_the_model_lacks_proves_nothing(self):
        query = replace(BELOW, entry_type="run")
        assert failure(told(BEACON_ERROR, query, status=404)) == "rejected"

    @pytest.mark.parametrize("document", [b"<h1>Not found</h1>", b"404: Not Found", b"[]", b""])
    def test_a_404_without_an_object_is_a_refusal(self, document):
        serving = mapped({"individual": "/individuals"})
        assert failure(told(document, ONE, serving, status=404)) == "rejected"

    def test_a_404_for_a_list_is_a_refusal(self):
        serving = mapped({"individual": "/individuals"})
        assert failure(told(BEACON_ERROR, INDIVIDUALS, serving, status=404)) == "rejected"

    @pytest.mark.parametrize("status", [400, 410, 500])
    def test_another_status_is_never_a_no(self, status):
        assert failure(told(BEACON_ERROR, ONE, status=status)) in {"rejected", "server_error"}


def test_a_post_below_a_record_nests_the_variant_like_any_other():
    of = member("v2", method="POST", parameters="nested", start="list")
    query = replace(question(**BRCA1), within="individual", record_id="x")
    sent = one_request(v2.plan(query, of))
    assert sent.url == f"{BASE}/individuals/x/g_variants"
    assert body(sent)["query"]["requestParameters"]["g_variant"]["start"] == [43045703]


def test_individuals_with_a_loss_or_a_gain_may_be_the_same():
    fields = {**BRCA1, "reference": None, "alternate": None, "variant_type": "CNV"}
    query = question(**{**fields, "end": (43045900,)})
    assert asked(v2.plan(query, V2)).are_disjoint
    assert not asked(v2.plan(replace(query, entry_type="individual"), V2)).are_disjoint
