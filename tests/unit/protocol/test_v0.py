"""Beacon v0: declarative dialects of servers from before the versions agreed."""

from dataclasses import replace

import pytest

from aggregator.model.answer import Exists, Match
from aggregator.model.query import Filter, Granularity, Query
from aggregator.protocol import v0
from registry.models import AnswerShape
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

ANY = question(**BRCA1)
YES_NO = member("v0", answer=AnswerShape(text="yes/no"))


def told(document, status=200, *, of=None, **headers):
    of = of or member("v0")
    return v0.read(reply(document, status, **headers), ANY, of, part())


def path(where, **dialect) -> RegisteredMember:
    return member("v0", answer=AnswerShape(exists=where), **dialect)


class TestPlan:
    def test_an_allele_is_a_get_of_query(self):
        request = one_request(v0.plan(ANY, member("v0")))
        assert request.url.startswith("https://beacon.example.org/api/query?")
        assert url_parameters(request) == {
            "assemblyId": "GRCh38",
            "referenceName": "17",
            "start": "43045703",
            "referenceBases": "G",
            "alternateBases": "A",
        }

    def test_positions_count_from_one_where_the_dialect_says_so(self):
        request = one_request(v0.plan(ANY, member("v0", coordinates=1)))
        assert url_parameters(request)["start"] == "43045704"

    def test_without_knowing_the_coordinates_nobody_is_asked(self):
        found = member("auto", capabilities={"protocol": "v0"})
        decision = v0.plan(ANY, found)
        assert refused(decision) == "parameter"
        assert "0 or 1" in decision.message

    def test_names_spellings_and_case_are_data(self):
        of = member(
            "v0",
            coordinates=1,
            chromosome="chr",
            case="lower",
            assembly="ucsc",
            drop=("referenceBases",),
            rename={
                "referenceName": "chrom",
                "start": "pos",
                "alternateBases": "allele",
                "assemblyId": "ref",
            },
            paths={"query": "beacon.cgi"},
        )
        query = question(**BRCA1 | {"chromosome": "X", "start": (9,)})
        assert one_request(v0.plan(query, of)).url == (
            "https://beacon.example.org/api/beacon.cgi?ref=hg38&chrom=chrx&pos=10&allele=A"
        )

    def test_a_template_is_filled_in(self):
        of = member(
            "v0",
            paths={
                "query": "https://old.example.org/cgi?src=all&chr={referenceName}&pos={start}"
                "&all={alternateBases}"
            },
            assemblies=("GRCh38",),
            chromosome="numeric",
        )
        query = question(**BRCA1 | {"chromosome": "X", "start": (9,)})
        assert one_request(v0.plan(query, of)).url == (
            "https://old.example.org/cgi?src=all&chr=23&pos=9&all=A"
        )

    def test_a_template_without_the_alternate_asks_another_question(self):
        of = member("v0", paths={"query": "q?c={referenceName}&p={start}"}, assemblies=("GRCh38",))
        assert refused(v0.plan(ANY, of)) == "parameter"

    def test_an_untold_assembly_must_be_known(self):
        assert refused(v0.plan(ANY, member("v0", drop=("assemblyId",)))) == "assembly"
        both = member("v0", drop=("assemblyId",), assemblies=("GRCh37", "GRCh38"))
        assert refused(v0.plan(ANY, both)) == "assembly"
        assert asked(v0.plan(ANY, member("v0", drop=("assemblyId",), assemblies=("GRCh38",))))
        other = member("v0", drop=("assemblyId",), assemblies=("GRCh37",))
        assert refused(v0.plan(ANY, other)) == "assembly"

    def test_an_indel_is_anchored_and_needs_its_reference_bases(self):
        query = question(**CFTR)
        parameters = url_parameters(one_request(v0.plan(query, member("v0"))))
        assert (parameters["referenceBases"], parameters["alternateBases"]) == ("ATCT", "A")
        assert refused(v0.plan(query, member("v0", drop=("referenceBases",)))) == "parameter"

    def test_an_indel_without_its_anchor_cannot_be_asked(self):
        query = question(**CFTR | {"start": (117559590,), "reference": "TCT", "alternate": ""})
        assert refused(v0.plan(query, member("v0"))) == "parameter"

    def test_a_member_of_another_assembly_is_not_asked(self):
        assert refused(v0.plan(ANY, member("v0", assemblies=("GRCh37",)))) == "assembly"

    def test_both_styles_are_two_parts(self):
        first, second = asked(v0.plan(question(**CFTR), member("v0", indels="both"))).parts
        assert (first.match, second.match) == (Match.EXACT, Match.EQUIVALENT)
        assert second.spelled == "7-117559591-TCT-"
        assert url_parameters(second.request)["alternateBases"] == ""

    def test_some_take_a_post(self):
        sent = body(one_request(v0.plan(ANY, member("v0", method="POST"))))
        assert sent["alternateBases"] == "A"

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({**BRCA1, "alternate": "N"}, "parameter"),
            ({**BRCA1, "reference": None}, "parameter"),
            ({**BRCA1, "alternate": None, "variant_type": "DEL"}, "parameter"),
            ({**BRCA1, "alternate": None, "end": (43045800,)}, "query_kind"),
            ({**BRCA1, "max_length": 3}, "parameter"),
            ({"gene": "BRCA1"}, "query_kind"),
        ],
    )
    def test_only_alleles_can_be_asked(self, fields, code):
        assert refused(v0.plan(question(**fields), member("v0"))) == code

    def test_lists_filters_data_sets_and_other_entry_types_cannot(self):
        of = member("v0")
        assert refused(v0.plan(Query(), of)) == "query_kind"
        assert refused(v0.plan(replace(ANY, filters=(Filter("x"),)), of)) == "filter"
        assert refused(v0.plan(replace(ANY, dataset_ids=("x",)), of)) == "dataset"
        assert refused(v0.plan(replace(ANY, entry_type="run"), of)) == "entry_type"


class TestRead:
    @pytest.mark.parametrize(
        ("where", "document", "exists"),
        [
            ("response.exist", {"response": {"exist": "Yes"}}, Exists.YES),
            ("response.exist", {"response": [{"exist": False}]}, Exists.NO),
            ("exist_gt", {"exist_gt": "true"}, Exists.YES),
            ("response", {"response": "overlap"}, Exists.NO),
            ("a.b.c", {"a": {"b": {"c": 0}}}, Exists.NO),
        ],
    )
    def test_the_verdict_is_where_the_dialect_says(self, where, document, exists):
        assert answer(told(document, of=path(where))).exists is exists

    def test_versions_0_2_and_0_3_need_no_path(self):
        assert answer(told({"beacon": "b", "response": {"exists": True}})).exists is Exists.YES
        said = answer(
            told(
                {
                    "beaconId": "b",
                    "exists": True,
                    "error": None,
                    "datasetAlleleResponses": [
                        {"datasetId": "a", "exists": True, "variantCount": 2, "info": {"k": "v"}}
                    ],
                    "apiVersion": "0.3",
                }
            )
        )
        assert (said.count, said.unit, said.granularity) == (2, "variants", Granularity.COUNT)
        assert said.result_sets[0].info == {"k": "v"}

    def test_null_is_no_verdict_unless_it_means_no(self):
        document = {"response": {"exists": None}}
        where = "response.exists"
        assert failure(told(document, of=path(where))) == "no_verdict"
        assert failure(told(document, of=path(where, null_means="unknown"))) == "no_verdict"
        assert answer(told(document, of=path(where, null_means="no"))).exists is Exists.NO

    def test_an_absent_verdict_is_never_a_no(self):
        for document in ({}, {"response": {}}, {"response": 3}):
            of = path("response.exists", null_means="no")
            assert failure(told(document, of=of)) == "no_verdict"

    @pytest.mark.parametrize(
        "document",
        [
            {"response": {"exists": None, "err": {"name": "E", "description": "bad base"}}},
            {"exists": None, "error": {"errorCode": 1, "message": "bad base"}},
        ],
    )
    def test_an_error_beside_null_is_a_refusal_even_where_null_means_no(self, document):
        result = told(document, of=member("v0", null_means="no"))
        assert failure(result) == "rejected"
        assert "bad base" in result.message

    @pytest.mark.parametrize("text", ["YES", "yes\n", ' "Yes"', "Yes, in 3 of them", "true"])
    def test_text_that_says_yes(self, text):
        assert answer(told(text.encode(), of=YES_NO)).exists is Exists.YES

    @pytest.mark.parametrize("text", ["NO", "no.\r\n", '"No"', "No\nbeacon 0.2", "false"])
    def test_text_that_says_no(self, text):
        assert answer(told(text.encode(), of=YES_NO)).exists is Exists.NO

    @pytest.mark.parametrize(
        "text", ["REF", "Not found", "No such chromosome", "no, database down", "yesterday", "?"]
    )
    def test_text_that_says_neither(self, text):
        assert failure(told(text.encode(), of=YES_NO)) == "no_verdict"

    def test_pages_and_nothing_are_no_text_answer(self):
        assert failure(told(b"<html>true</html>", of=YES_NO)) == "invalid_body"
        assert failure(told(b"  ", of=YES_NO)) == "invalid_body"
        assert failure(told(b"yes \xff", of=YES_NO)) == "invalid_body"
        latin = told(b"yes \xe9", of=YES_NO, content_type="text/plain; charset=ISO-8859-1")
        assert answer(latin).exists is Exists.YES

    def test_text_counts_only_where_the_dialect_says_so(self):
        assert failure(told(b"YES")) == "invalid_body"
        assert failure(told(b'"YES"')) == "invalid_body"

    def test_statuses_are_looked_at(self):
        assert failure(told(b"YES", 500, of=YES_NO)) == "server_error"
        assert failure(told({"exists": True}, 403)) == "forbidden"
        assert failure(told({"exists": True}, 302, location="https://e.org/x?secret=1")) == (
            "redirected"
        )

    def test_a_redirect_names_where_to_but_not_the_question(self):
        result = told({}, 301, location="https://user:pw@e.org:8443/query/?start=5")
        assert result.message == "redirects elsewhere to https://e.org:8443/query/ (HTTP 301)"
        assert told({}, 301, location="/query/").message.endswith("to /query/ (HTTP 301)")
        assert told({}, 301, location="http://[").message == "redirects elsewhere (HTTP 301)"
