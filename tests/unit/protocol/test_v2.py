"""Beacon v2: what members are asked in which form, and how their answers are read."""

import json
from dataclasses import replace

import pytest

from aggregator.model.answer import Exists, Match
from aggregator.model.query import Filter, Granularity, Pagination, Query
from aggregator.protocol import v2
from aggregator.protocol.requests import read_v2
from aggregator.protocol.translators import translator_for
from aggregator.protocol.v2_reading import CENSORED
from aggregator.protocol.wire import Ask, Failure
from registry.models import Dialect, MemberEntry, Protocol
from registry.snapshot import RegisteredMember
from tests.unit.protocol.building import (
    BRCA1,
    CFTR,
    answer,
    asked,
    body,
    failure,
    member,
    one_request,
    part,
    question,
    refused,
    reply,
    url_parameters,
)

V2 = member("v2")
ANY = question(**BRCA1)
RECORDS = replace(ANY, granularity=Granularity.RECORD)
BRACKET = {
    "assembly": "GRCh38",
    "chromosome": "9",
    "start": (21000000, 21975098),
    "end": (21967753, 23000001),
    "variant_type": "DEL",
}
OPTIONS = {"requestedGranularity": "boolean", "includeResultsetResponses": "ALL"}


class TestPlan:
    def test_the_default_form_is_a_flat_get_with_one_start(self):
        request = one_request(v2.plan(ANY, V2))
        assert request.url.startswith("https://beacon.example.org/api/g_variants?")
        assert url_parameters(request) == OPTIONS | {
            "referenceName": "17",
            "assemblyId": "GRCh38",
            "start": "43045703",
            "referenceBases": "G",
            "alternateBases": "A",
        }

    def test_a_member_of_unknown_protocol_is_asked_as_v2(self):
        for protocol in (None, Protocol.AUTO, Protocol.V2):
            assert translator_for(protocol) is translator_for(Protocol.V2)
        assert len({id(translator_for(one)) for one in (Protocol.V0, Protocol.V1, None)}) == 3
        assert asked(translator_for(None).plan(ANY, member("auto")))

    def test_a_nested_post_is_valid_by_the_schema(self):
        of = member("v2", method="POST", parameters="nested", start="list")
        query = replace(RECORDS, dataset_ids=("a", "b"), pagination=Pagination(2, 5))
        assert body(one_request(v2.plan(query, of))) == {
            "meta": {"apiVersion": "2.0"},
            "query": {
                "requestParameters": {
                    "g_variant": {
                        "referenceName": "17",
                        "assemblyId": "GRCh38",
                        "start": [43045703],
                        "referenceBases": "G",
                        "alternateBases": "A",
                    },
                    "datasets": {"datasetIds": ["a", "b"]},
                },
                "requestedGranularity": "record",
                "includeResultsetResponses": "ALL",
                "pagination": {"skip": 2, "limit": 5},
            },
        }

    def test_a_flat_post_with_a_number_or_a_list(self):
        scalar = body(one_request(v2.plan(ANY, member("v2", method="POST"))))
        assert scalar["query"]["requestParameters"]["start"] == 43045703
        of = member("v2", method="POST", start="list")
        query = replace(ANY, dataset_ids=("a",))
        listed = body(one_request(v2.plan(query, of)))["query"]["requestParameters"]
        assert listed["start"] == [43045703]
        assert listed["datasets"] == ["a"]

    def test_a_nested_get_has_flat_names(self):
        nested = one_request(v2.plan(ANY, member("v2", parameters="nested")))
        assert nested == one_request(v2.plan(ANY, V2))

    def test_everything_can_be_browsed(self):
        assert url_parameters(one_request(v2.plan(Query(), V2))) == OPTIONS
        post = one_request(v2.plan(Query(), member("v2", method="POST", parameters="nested")))
        assert "requestParameters" not in body(post)["query"]

    def test_only_records_are_paged(self):
        counts = replace(ANY, granularity=Granularity.COUNT, pagination=Pagination(3, 7))
        assert "limit" not in url_parameters(one_request(v2.plan(counts, V2)))
        first = url_parameters(one_request(v2.plan(RECORDS, V2)))
        assert first["limit"] == "10"
        assert "skip" not in first

    @pytest.mark.parametrize(("paging", "skip"), [(None, "3"), ("pages", "3"), ("records", "21")])
    def test_pages_are_counted_as_the_member_counts(self, paging, skip):
        query = replace(RECORDS, pagination=Pagination(3, 7))
        parameters = url_parameters(one_request(v2.plan(query, member("v2", paging=paging))))
        assert (parameters["skip"], parameters["limit"]) == (skip, "7")

    def test_a_member_without_pages_is_asked_for_the_first_without_any(self):
        parameters = url_parameters(one_request(v2.plan(RECORDS, member("v2", paging="none"))))
        assert not {"skip", "limit"} & parameters.keys()

    def test_a_bracket_is_two_lists(self):
        parameters = url_parameters(one_request(v2.plan(question(**BRACKET), V2)))
        assert parameters["start"] == "21000000,21975098"
        assert parameters["end"] == "21967753,23000001"
        of = member("v2", method="POST", start="scalar")
        sent = body(one_request(v2.plan(question(**BRACKET), of)))["query"]["requestParameters"]
        assert sent["start"] == [21000000, 21975098]

    def test_inclusive_windows_end_one_base_earlier(self):
        of = member("v2", windows="inclusive")
        parameters = url_parameters(one_request(v2.plan(question(**BRACKET), of)))
        assert parameters["start"] == "21000000,21975097"
        assert parameters["end"] == "21967753,23000000"

    def test_a_range_is_a_start_and_an_end_whatever_the_windows(self):
        query = question(assembly="GRCh38", chromosome="17", start=(5,), end=(9,))
        for of in (V2, member("v2", windows="inclusive")):
            parameters = url_parameters(one_request(v2.plan(query, of)))
            assert (parameters["start"], parameters["end"]) == ("5", "9")

    def test_a_type_at_one_base_becomes_a_bracket_open_to_the_end(self):
        query = question(assembly="GRCh38", chromosome="22", start=(0,), variant_type="DEL")
        parameters = url_parameters(one_request(v2.plan(query, V2)))
        assert parameters["start"] == "0,1"
        assert parameters["end"] == "1,50818469"
        rcrs = question(assembly="GRCh38", chromosome="MT", start=(7,), variant_type="DEL")
        inclusive = member("v2", windows="inclusive")
        parameters = url_parameters(one_request(v2.plan(rcrs, inclusive)))
        assert (parameters["start"], parameters["end"]) == ("7,7", "7,16569")

    def test_one_reference_base_beside_a_type_says_nothing_and_is_not_sent(self):
        fields = {"assembly": "GRCh38", "chromosome": "1", "start": (9,), "variant_type": "INS"}
        one = url_parameters(one_request(v2.plan(question(**fields, reference="C"), V2)))
        assert "referenceBases" not in one
        more = url_parameters(one_request(v2.plan(question(**fields, reference="CA"), V2)))
        assert more["referenceBases"] == "CA"

    def test_types_keep_their_own_vocabulary(self):
        query = question(**BRACKET | {"variant_type": "EFO:0030069"})
        sent = asked(v2.plan(query, V2)).parts[0]
        assert url_parameters(sent.request)["variantType"] == "EFO:0030069"
        assert sent.match is Match.EXACT

    @pytest.mark.parametrize(
        ("fields", "expected", "match"),
        [
            ({"gene": "BRCA1", "min_length": 5}, {"geneId": "BRCA1", "variantMinLength": "5"}, 0),
            (
                {"gene": "BRAF", "amino_acid_change": "V600E"},
                {"geneId": "BRAF", "aminoacidChange": "V600E"},
                0,
            ),
            (
                {"short_form": "NM_007294.4:c.5266dup"},
                {"genomicAlleleShortForm": "NM_007294.4:c.5266dup"},
                Match.TEXT,
            ),
        ],
    )
    def test_questions_without_a_place_name_no_assembly(self, fields, expected, match):
        of = member("v2", assemblies=("GRCh37",))
        (sent,) = asked(v2.plan(question(**fields), of)).parts
        assert url_parameters(sent.request) == OPTIONS | expected
        assert sent.match is (match or Match.EXACT)

    def test_an_alternate_without_a_reference_is_asked_alone(self):
        for reference in (None, "N"):
            query = question(**BRCA1 | {"reference": reference})
            assert "referenceBases" not in url_parameters(one_request(v2.plan(query, V2)))

    def test_wildcards_are_sent_where_the_dialect_understands_them(self):
        query = question(**BRCA1 | {"alternate": "R"})
        assert refused(v2.plan(query, V2)) == "parameter"
        request = one_request(v2.plan(query, member("v2", wildcards=True)))
        assert url_parameters(request)["alternateBases"] == "R"
        ranged = question(**BRCA1 | {"reference": None, "alternate": "NN", "end": (43045800,)})
        assert refused(v2.plan(ranged, V2)) == "parameter"

    def test_empty_bases_go_only_to_members_known_to_read_them(self):
        (anchored,) = asked(v2.plan(question(**CFTR), V2)).parts
        assert url_parameters(anchored.request)["alternateBases"] == "A"
        (trimmed,) = asked(v2.plan(question(**CFTR), member("v2", indels="trimmed"))).parts
        parameters = url_parameters(trimmed.request)
        assert (parameters["start"], parameters["alternateBases"]) == ("117559590", "")
        assert (trimmed.match, trimmed.spelled) == (Match.EQUIVALENT, "7-117559591-TCT-")
        plan = asked(v2.plan(question(**CFTR), member("v2", indels="both")))
        assert len(plan.parts) == 2
        # What stands right of the deletion was not shown, but left of it the anchor settles it.
        assert plan.warnings == ()

    @pytest.mark.parametrize(
        ("dialect", "chromosome", "assembly"),
        [
            ({"chromosome": "chr"}, "chr17", "GRCh38"),
            ({"chromosome": "refseq"}, "NC_000017.11", "GRCh38"),
            ({"chromosome": "numeric"}, "17", "GRCh38"),
            ({"assembly": "ucsc"}, "17", "hg38"),
        ],
    )
    def test_places_are_spelled_as_the_dialect_says(self, dialect, chromosome, assembly):
        parameters = url_parameters(one_request(v2.plan(ANY, member("v2", **dialect))))
        assert (parameters["referenceName"], parameters["assemblyId"]) == (chromosome, assembly)

    def test_addresses(self):
        told = member("v2", capabilities={"query_url": "https://e.org/v2/variants"})
        assert one_request(v2.plan(ANY, told)).url.startswith("https://e.org/v2/variants?")
        for key in ("query", "g_variants"):
            of = member("v2", paths={key: "/beacon/gv"})
            url = one_request(v2.plan(ANY, of)).url
            assert url.startswith("https://beacon.example.org/api/beacon/gv?")

    def test_dropped_and_renamed_parameters(self):
        of = member(
            "v2",
            drop=("requestedGranularity", "includeResultsetResponses"),
            rename={"start": "pos", "datasets": "datasetIds"},
        )
        parameters = url_parameters(one_request(v2.plan(replace(ANY, dataset_ids=("a",)), of)))
        assert not OPTIONS.keys() & parameters.keys()
        assert (parameters["pos"], parameters["datasetIds"]) == ("43045703", "a")

    @pytest.mark.parametrize(
        ("dropped", "fields"),
        [("variantType", BRACKET), ("geneId", {"gene": "BRCA1"}), ("alternateBases", BRCA1)],
    )
    def test_what_carries_the_question_is_not_dropped(self, dropped, fields):
        assert refused(v2.plan(question(**fields), member("v2", drop=(dropped,)))) == "parameter"

    def test_test_mode_is_sent_only_when_asked_for(self):
        of = member("v2", method="POST")
        assert "testMode" not in body(one_request(v2.plan(ANY, of)))["query"]
        tested = replace(ANY, test_mode=True)
        assert body(one_request(v2.plan(tested, of)))["query"]["testMode"] is True
        assert url_parameters(one_request(v2.plan(tested, V2)))["testMode"] == "true"

    def test_reasons_not_to_ask(self):
        filtered = replace(ANY, filters=(Filter("HP:0001250"),))
        assert refused(v2.plan(filtered, member("v2", drop=("filters",)))) == "filter"
        without = member("v2", capabilities={"entry_types": ("individual", "biosample")})
        assert refused(v2.plan(ANY, without)) == "entry_type"
        assert asked(v2.plan(ANY, member("v2", capabilities={"entry_types": ("g_variant",)})))
        assert refused(v2.plan(ANY, member("v2", assemblies=("GRCh37",)))) == "assembly"
        own = member("v2", data_sets={"a": None})
        assert refused(v2.plan(replace(ANY, dataset_ids=("b",)), own)) == "dataset"
        dropping = member("v2", drop=("datasets",))
        assert refused(v2.plan(replace(ANY, dataset_ids=("b",)), dropping)) == "dataset"
        allele = replace(ANY.variant.allele, is_reference=True)
        reference = Query(variant=replace(ANY.variant, allele=allele))
        assert refused(v2.plan(reference, V2)) == "reference_allele"

    def test_a_coarser_member_is_still_asked(self):
        of = member("v2", capabilities={"granularities": ("boolean",)})
        assert asked(v2.plan(RECORDS, of))


def told(document, status=200, *, query=ANY, of=V2, sent=None, **headers):
    sent = sent or asked(v2.plan(ANY, V2)).parts[0]
    return v2.read(reply(document, status, **headers), query, of, sent)


def said(exists=True, *, total=None, sets=None, granularity="boolean", echo=None, **others):
    document = {
        "meta": {
            "beaconId": "org.example",
            "apiVersion": "v2.0.0",
            "returnedGranularity": granularity,
            "receivedRequestSummary": {"requestParameters": echo or {}},
            "returnedSchemas": [{"entityType": "genomicVariation", "schema": "s"}],
        },
        "responseSummary": {"exists": exists},
        **others,
    }
    if total is not None:
        document["responseSummary"]["numTotalResults"] = total
    if sets is not None:
        document["response"] = {"resultSets": sets}
    return document


def data_set(name="a", *, exists=True, **facts):
    return {"id": name, "setType": "dataset", "exists": exists, **facts}


class TestRead:
    def test_a_boolean_answer(self):
        found = answer(told(said()))
        assert (found.exists, found.count, found.unit) == (Exists.YES, None, None)
        assert (found.granularity, found.result_sets) == (Granularity.BOOLEAN, ())
        assert (found.beacon_id, found.api_version) == ("org.example", "v2.0.0")
        assert answer(told(said(False))).exists is Exists.NO

    def test_a_count_answer(self):
        found = answer(told(said(total=7)))
        assert (found.count, found.granularity) == (7, Granularity.COUNT)
        assert found.unit == "genomicVariant records"

    def test_records_stay_the_members_own_bytes(self):
        raw = b'{"a": 1e0,  "b":"\\u00fc"}'
        document = json.dumps(said(total=1, sets=[data_set(results="HERE")])).encode()
        found = answer(told(document.replace(b'"HERE"', b"[ " + raw + b" ]")))
        assert found.granularity is Granularity.RECORD
        assert [bytes(one) for one in found.result_sets[0].results] == [raw]

    def test_a_data_set_with_all_it_may_tell(self):
        link = {"handoverType": {"id": "EDAM:1", "label": "L"}, "url": "https://e.org/"}
        one = data_set(resultsCount="12", resultsHandover=link, countPrecision="rounded")
        one |= {"info": {"k": 1}, "results": None, "beaconId": "leaf", "datasetName": "A"}
        (found,) = answer(told(said(sets=[one], total="12"))).result_sets
        assert (found.count, found.exists, found.beacon_id) == (12, Exists.YES, "leaf")
        assert (found.name, found.results) == ("A", ())
        assert found.info == {"k": 1, "countPrecision": "rounded"}
        assert [one.url for one in found.handovers] == ["https://e.org/"]

    def test_a_member_is_not_a_beacon_inside_itself(self):
        one = data_set(beaconId="org.example")
        assert answer(told(said(sets=[one]))).result_sets[0].beacon_id is None

    def test_result_sets_by_name_null_and_nothing(self):
        by_name = {"x": {"exists": True, "resultsCount": 3, "results": []}, "y": {"exists": False}}
        found = answer(told(said(sets=by_name)))
        assert [(one.id, one.exists) for one in found.result_sets] == [
            ("x", Exists.YES),
            ("y", Exists.NO),
        ]
        assert answer(told(said() | {"response": {"resultSets": None}})).result_sets == ()
        for odd in (None, [], [1], "x", 7, True):
            assert answer(told(said() | {"response": odd})).result_sets == ()
        assert answer(told(said(sets=[None, 3, [], data_set()]))).result_sets[0].id == "a"

    def test_missing_names_of_data_sets(self):
        of = member("v2", data_sets={"a": None})
        blank, known = {"id": "", "setType": "", "exists": True}, {"id": "a", "exists": True}
        first, second = answer(told(said(sets=[blank, known]), of=of)).result_sets
        assert (first.id, first.set_type) == ("one", "dataset")
        assert second.name == "a in full"

    @pytest.mark.parametrize(
        ("document", "exists"),
        [
            (said(None, total=3), Exists.YES),
            (said(None, total="0"), Exists.NO),
            (said(None, sets=[data_set(), data_set("b", exists=False)]), Exists.YES),
            (said(None, sets=[data_set(exists=None, resultsCount=2)]), Exists.YES),
            (said(None, sets=[data_set(exists=None, results=[{}])]), Exists.YES),
            (said(None, sets=[data_set(exists=None, resultsCount=0)]), Exists.NO),
            (said(None, sets=[data_set(exists=False)]), Exists.NO),
            ({"response": {"resultSets": [data_set()]}}, Exists.YES),
            (said("true"), Exists.YES),
            (said(0), Exists.NO),
        ],
    )
    def test_the_verdict_is_derived_where_it_is_missing(self, document, exists):
        assert answer(told(document)).exists is exists

    @pytest.mark.parametrize(
        "document",
        [
            {},
            said(None),
            said(None, sets=[]),
            said(None, sets=[data_set(exists=False), data_set("b", exists=None)]),
            said("maybe"),
            {"responseSummary": [], "meta": []},
        ],
    )
    def test_nothing_to_derive_from_is_no_verdict(self, document):
        assert failure(told(document)) == "no_verdict"

    @pytest.mark.parametrize(
        ("granularity", "asked_for", "count", "real"),
        [
            ("boolean", "record", None, "boolean"),
            ("count", "record", 0, "count"),
            ("record", "record", 0, "record"),
            ("record", "count", 0, "count"),
            ("record", "boolean", None, "boolean"),
            (None, "record", None, "boolean"),
            ("none", "record", None, "boolean"),
        ],
    )
    def test_a_no_counts_zero_only_where_counts_are_told(self, granularity, asked_for, count, real):
        query = replace(ANY, granularity=Granularity(asked_for))
        found = answer(told(said(False, granularity=granularity), query=query))
        assert (found.count, found.granularity.value) == (count, real)

    def test_a_told_zero_is_a_count(self):
        query = replace(ANY, granularity=Granularity.COUNT)
        found = answer(told(said(False, total=0, granularity=None), query=query))
        assert (found.count, found.granularity) == (0, Granularity.COUNT)

    def test_the_granularity_is_what_is_really_there(self):
        assert answer(told(said(granularity="record"))).granularity is Granularity.BOOLEAN
        empty = said(granularity="record", sets=[data_set(resultsCount=3, results=[])])
        found = answer(told(empty))
        assert (found.count, found.granularity) == (3, Granularity.COUNT)
        half = said(sets=[data_set(resultsCount=3), data_set("b")])
        assert answer(told(half)).count is None

    def test_a_yes_with_count_zero_keeps_the_yes(self):
        found = answer(told(said(total=0)))
        assert (found.exists, found.count) == (Exists.YES, None)
        assert found.warnings

    def test_a_yes_without_a_data_set_that_says_so_is_believed_with_a_warning(self):
        found = answer(told(said(sets=[data_set(exists=False, resultsCount=0)])))
        assert found.exists is Exists.YES
        assert found.warnings

    @pytest.mark.parametrize(
        "document",
        [
            said(False, total=3),
            said(False, sets=[data_set()]),
            said(False, sets=[data_set(exists=None, resultsCount=4)]),
        ],
    )
    def test_a_no_that_its_own_counts_deny_is_inconsistent(self, document):
        assert failure(told(document)) == "inconsistent"

    def test_failed_beacons_of_a_network_are_not_a_no(self):
        silent = {"beaconId": "x", "exists": False, "info": {"error": {"errorCode": 408}}}
        result = told(said(False, sets=[data_set(exists=False), silent]))
        assert failure(result) == "no_verdict"
        assert "1 beacon of this network did not answer" in result.message
        found = answer(told(said(sets=[data_set(), silent])))
        assert [one.exists for one in found.result_sets] == [Exists.YES, Exists.UNKNOWN]

    def test_an_unsure_no_of_a_network_like_this_one_is_not_a_no(self):
        unsure = said(False, info={"network": {"verdict": "unknown"}})
        assert failure(told(unsure)) == "no_verdict"
        sure = said(False, info={"network": {"verdict": "not_found"}})
        assert answer(told(sure)).exists is Exists.NO

    @pytest.mark.parametrize(
        "info",
        [
            {"messages": [{"level": "warning", "description": "below the threshold"}]},
            {"messages": ["below the threshold"]},
            {"message": "below the threshold"},
        ],
    )
    def test_a_no_may_be_a_censored_small_number(self, info):
        found = answer(told(said(False, info=info)))
        assert found.exists is Exists.NO
        assert found.warnings == (CENSORED, "it says: below the threshold")

    def test_warnings_of_the_member_are_passed_on(self):
        document = said()
        document["meta"]["warnings"] = ["parameter x was ignored", {"message": "y"}]
        found = answer(told(document))
        assert found.warnings == ("it warns: parameter x was ignored", "it warns: y")

    @pytest.mark.parametrize("results", [[1], [None], ["x"], [{}, []], "x", {"a": 1}, 5])
    def test_records_that_are_no_objects_make_the_body_invalid(self, results):
        assert failure(told(said(sets=[data_set(results=results)]))) == "invalid_body"

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<!DOCTYPE html><title>Hi</title>",
            b"null",
            b"true",
            b"[]",
            b'[{"responseSummary": {"exists": true}}]',
            b'{"responseSummary": {"exists": true}',
            b'{"responseSummary": {"exists": true}, "x": NaN}',
            b'{"responseSummary": {"exists": true}, "response": {"resultSets": [{"results": '
            b'[{"x": Infinity}]}]}}',
            b'{"responseSummary": {"exists": true}, "response": {"resultSets": [{"results": '
            b'[{"x": "\xff"}]}]}}',
            b'{"responseSummary": {"exists": true}, "response": {"resultSets": [{"results": '
            b'[{"x": "\\ud800 and some more text"}]}]}}',
            b'{"responseSummary": {"exists": true}, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"responseSummary": {"exists": true}, "x": ' + b"[" * 300 + b"]" * 300 + b"}",
        ],
    )
    def test_what_is_no_answer_is_invalid(self, body):
        assert failure(told(body)) == "invalid_body"

    def test_latin_1_records_are_transcoded_where_the_header_says_so(self):
        document = json.dumps(said(sets=[data_set(results=[{"a": "X"}])])).encode()
        document = document.replace(b'"X"', b'"\xe9"')
        header = {"content_type": "application/json; charset=ISO-8859-1"}
        (one,) = answer(told(document, **header)).result_sets
        assert json.loads(bytes(one.results[0])) == {"a": "é"}
        assert failure(told(document)) == "invalid_body"

    @pytest.mark.parametrize(
        "document",
        [
            {"error": {"errorCode": 400, "errorMessage": "bad base"}, "meta": {}},
            said() | {"error": {"errorCode": "400", "errorMessage": "bad base"}},
            {"errorCode": 401, "errorMessage": "bad base"},
            {"msg": ["start", "bad base"]},
            {"message": "bad base"},
        ],
    )
    def test_an_error_under_a_status_of_success_is_a_refusal(self, document):
        result = told(document)
        assert failure(result) == "rejected"
        assert "bad base" in result.message

    def test_an_error_of_null_is_none(self):
        assert answer(told(said() | {"error": None})).exists is Exists.YES

    @pytest.mark.parametrize(
        "document",
        [
            {"error": {"errorCode": "500", "errorMessage": "why"}, "meta": {"x": None}},
            {"msg": ["why"]},
            {"request_parameters": "why"},
            {"error": "code", "message": "why"},
            {"detail": [{"msg": "why"}]},
        ],
    )
    def test_refusals_in_many_shapes(self, document):
        result = told(document, 400)
        assert failure(result) == "rejected"
        assert "why" in result.message

    def test_an_empty_refusal_has_a_sentence_of_its_own(self):
        assert told({}, 404).message == "refused the question (HTTP 404)"

    def test_a_wrong_method_teaches_the_other(self):
        assert told({}, 405).learned == Dialect(method="POST")
        assert told({}, 405, sent=part(method="POST")).learned == Dialect(method="GET")
        assert told({}, 400).learned is None
        assert told({}, 405, of=member("v2", method="GET")).learned is None


class TestEcho:
    @pytest.mark.parametrize(
        "echo",
        [
            {},
            {"start": [43045703], "referenceName": "chr17", "assemblyId": "hg38"},
            {"start": "43045703", "referenceName": "NC_000017.11", "referenceBases": "g"},
            {"g_variant": {"start": 43045703, "alternateBases": "a"}},
            {"start": [], "referenceName": "", "assemblyId": None, "alternateBases": ""},
            {"start": [0], "end": 0, "variantMinLength": 5},
            {"start": "[43045703]", "assemblyId": "string", "referenceName": "scaffold_1"},
            {"start": {"value": 3}, "referenceBases": None},
            {"start": "43045703.0", "assemblyId": "T2T-CHM13v2.0"},
            {"start": [43045703, 43045704], "end": [43045704]},
            "",
            [1],
        ],
    )
    def test_the_members_own_spelling_is_not_another_question(self, echo):
        assert answer(told(said(echo=echo))).exists is Exists.YES

    @pytest.mark.parametrize(
        ("echo", "name"),
        [
            ({"start": [43045704]}, "start"),
            ({"start": "43045704"}, "start"),
            ({"g_variant": {"referenceName": "chr7"}}, "referenceName"),
            ({"assemblyId": "hg19"}, "assemblyId"),
            ({"alternateBases": "T"}, "alternateBases"),
            ({"referenceBases": "C"}, "referenceBases"),
        ],
    )
    def test_another_question_is_inconsistent_and_stays_private(self, echo, name):
        result = told(said(echo=echo))
        assert failure(result) == "inconsistent"
        assert name in result.message
        assert "43045704" not in result.message

    @pytest.mark.parametrize(
        ("fields", "echo", "is_same"),
        [
            (BRACKET, {"variantType": "EFO:0030067"}, True),
            (BRACKET, {"variantType": "DUP"}, False),
            (BRACKET, {"variantType": "private term"}, True),
            (BRACKET, {"end": [21967753, 23000001]}, True),
            (BRACKET, {"end": "21967753,5"}, False),
            ({"gene": "BRCA1"}, {"geneId": "brca1"}, True),
            ({"gene": "BRCA1"}, {"geneId": "HGNC:1100"}, True),
            ({"gene": "BRCA1"}, {"geneId": "TP53"}, False),
            ({"gene": "BRAF", "amino_acid_change": "V600E"}, {"aminoacidChange": "p.Val600Glu"}, 1),
            ({"gene": "BRAF", "amino_acid_change": "V600E"}, {"aminoacidChange": "K601E"}, 0),
            ({"short_form": "NM_1.4:c.5dup"}, {"genomicAlleleShortForm": "nm_1.4:c.5DUP"}, True),
            ({"short_form": "NM_1.4:c.5dup"}, {"genomicAlleleShortForm": "NM_1.4:c.6dup"}, False),
        ],
    )
    def test_other_parameters(self, fields, echo, is_same):
        for of in (V2, member("v2", method="POST", parameters="nested", start="list")):
            (sent,) = asked(v2.plan(question(**fields), of)).parts
            result = told(said(echo=echo), sent=sent, of=of)
            assert isinstance(result, Failure) is not bool(is_same)

    @pytest.mark.parametrize(
        ("fields", "echo", "is_same"),
        [
            ({"gene": "BRAF"}, {"referenceName": "17", "start": [4], "alternateBases": "A"}, False),
            ({"gene": "BRAF"}, {"start": [4], "assemblyId": "GRCh38"}, False),
            (BRCA1, {"start": [0], "end": 0, "geneId": "BRCA1"}, False),
            (BRCA1, {"assemblyId": "GRCh38", "geneId": "TP53"}, False),
            (BRCA1, {"geneId": "BRCA1", "referenceName": "17"}, True),
            ({"gene": "BRAF"}, {"assemblyId": "GRCh38"}, True),
            ({"gene": "BRAF"}, {"start": [0], "alternateBases": "N", "variantMinLength": 0}, True),
            ({"gene": "BRAF"}, {"gene": "TP53", "projectId": "x"}, True),
            ({"short_form": "NM_1.4:c.5dup"}, {"referenceName": "7", "start": [5]}, True),
            ({"short_form": "NM_1.4:c.5dup"}, {"geneId": "TP53"}, False),
            (
                {"short_form": "NC_000007.14:g.500del"},
                {"referenceName": "chr7", "start": 498},
                True,
            ),
            ({"short_form": "NC_000007.14:g.500del"}, {"start": [498]}, True),
            ({"short_form": "NC_000007.14:g.500del"}, {"start": [9000]}, False),
            ({"short_form": "NC_000007.14:g.500del"}, {"referenceName": "8", "start": 498}, False),
            ({"short_form": "NC_000007.99:g.500del"}, {"referenceName": "8", "start": 9}, True),
        ],
    )
    @pytest.mark.parametrize("exists", [True, False])
    def test_an_echo_of_nothing_but_what_was_not_sent(self, fields, echo, is_same, exists):
        (sent,) = asked(v2.plan(question(**fields), V2)).parts
        for nested in (echo, {"g_variant": echo}):
            result = told(said(exists, echo=nested), sent=sent)
            if is_same:
                assert answer(result).exists is Exists.of(exists)
            else:
                assert failure(result) == "inconsistent"
                assert "TP53" not in result.message

    def test_a_renamed_parameter_is_compared_under_its_own_name(self):
        of = member("v2", rename={"start": "pos"})
        (sent,) = asked(v2.plan(ANY, of)).parts
        assert failure(told(said(echo={"pos": 5}), sent=sent, of=of)) == "inconsistent"
        assert answer(told(said(echo={"pos": 43045703}), sent=sent, of=of))

    @pytest.mark.parametrize(
        ("schemas", "is_same"),
        [
            ([{"entityType": "genomicVariant"}], True),
            ([{"entityType": "g_variant"}], True),
            ([{"schema": "beacon-g_variant-v2.0.0"}], True),
            ([{"entityType": "private"}], True),
            ([{"schema": "error-v2.2.0"}], True),
            ([], True),
            (None, True),
            ("x", True),
            ([{"entityType": "biosample"}], False),
            ({"id": "runs"}, False),
            ([{"schema": "beacon-individual-v2.0.0"}], False),
            ([{"entityType": "individual"}, {"entityType": "genomicVariation"}], True),
        ],
    )
    def test_an_answer_about_another_entry_type_is_inconsistent(self, schemas, is_same):
        document = said()
        document["meta"]["returnedSchemas"] = schemas
        result = told(document)
        assert isinstance(result, Failure) is not is_same
        if not is_same:
            assert failure(result) == "inconsistent"

    def test_another_granularity_is_not_inconsistent(self):
        assert answer(told(said(granularity="record"))).exists is Exists.YES

    def test_without_meta_there_is_no_echo(self):
        for meta in (None, [], "x", {"receivedRequestSummary": ""}):
            assert answer(told(said() | {"meta": meta})).exists is Exists.YES


class TestVariantTypes:
    @staticmethod
    def ask(variant_type: str) -> Ask:
        read = read_v2(
            {
                "assemblyId": "GRCh38",
                "referenceName": "9",
                "start": 21000000,
                "end": 22000000,
                "variantType": variant_type,
            }
        )
        entry = MemberEntry(id="one", url="https://one.example.org", protocol="v2")
        planned = v2.plan(read.query, RegisteredMember(entry))
        assert isinstance(planned, Ask)
        return planned

    def test_cnv_is_asked_as_deletion_and_as_duplication(self) -> None:
        urls = [part.request.url for part in self.ask("CNV").parts]
        assert ["variantType=DEL" in urls[0], "variantType=DUP" in urls[1]] == [True, True]
        assert len(urls) == 2

    def test_an_ontology_term_is_asked_in_both_vocabularies(self) -> None:
        asked = self.ask("SO:0000159").parts
        assert ["variantType=SO:0000159" in asked[0].request.url] == [True]
        assert "variantType=DEL&" in asked[1].request.url
        assert [part.match for part in asked] == [Match.EXACT, Match.EXACT]

    def test_the_parent_of_a_finer_term_is_a_broader_question(self) -> None:
        asked = self.ask("EFO:0030069").parts
        assert [part.match for part in asked] == [Match.EXACT, Match.BROADER]
        assert asked[1].spelled == "variant type DEL"

    def test_a_vcf_type_is_asked_once(self) -> None:
        assert len(self.ask("DEL").parts) == len(self.ask("DUP:TANDEM").parts) == 1
