"""Beacon v1: what members are asked, and how their answers are read."""

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from aggregator.model.answer import Exists, Match
from aggregator.model.query import Filter, Granularity, Query
from aggregator.protocol import v1
from aggregator.protocol.wire import Failure
from registry.models import Dialect
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
    variant,
)

V1 = member("v1")
GET = member("v1", method="GET")
ANY = question(**BRCA1)


def told(document, status=200, *, of=V1, by="POST", **headers):
    return v1.read(reply(document, status, **headers), ANY, of, part(method=by))


def row(data_set="a", *, exists=True, **facts):
    return {"datasetId": data_set, "exists": exists, **facts}


def rows(*rows, exists=True, **facts):
    return {"beaconId": "b", "apiVersion": "1.0.1", "exists": exists, **facts} | {
        "datasetAlleleResponses": list(rows)
    }


class TestPlan:
    def test_an_allele_is_posted_as_json_to_query(self):
        request = one_request(v1.plan(ANY, V1))
        assert request.url == "https://beacon.example.org/api/query"
        assert body(request) == {
            "assemblyId": "GRCh38",
            "referenceName": "17",
            "start": 43045703,
            "referenceBases": "G",
            "alternateBases": "A",
            "includeDatasetResponses": "ALL",
        }

    def test_a_get_server_is_asked_the_same_in_the_address(self):
        parameters = url_parameters(one_request(v1.plan(ANY, GET)))
        assert parameters == {k: str(v) for k, v in body(one_request(v1.plan(ANY, V1))).items()}

    def test_start_zero_is_sent(self):
        query = question(**BRCA1 | {"start": (0,)})
        assert body(one_request(v1.plan(query, V1)))["start"] == 0

    def test_data_sets_are_an_array_or_a_repeated_parameter(self):
        query = replace(ANY, dataset_ids=("a:1", "b&c"))
        assert body(one_request(v1.plan(query, V1)))["datasetIds"] == ["a:1", "b&c"]
        pairs = parse_qsl(urlsplit(one_request(v1.plan(query, GET)).url).query)
        assert [value for name, value in pairs if name == "datasetIds"] == ["a:1", "b&c"]

    def test_only_data_sets_the_member_has_are_named(self):
        having = member("v1", data_sets={"a": "GRCh38", "b": "GRCh38"})
        query = replace(ANY, dataset_ids=("a", "z"))
        assert body(one_request(v1.plan(query, having)))["datasetIds"] == ["a"]
        assert refused(v1.plan(replace(ANY, dataset_ids=("z",)), having)) == "dataset"

    def test_unknown_reference_bases_are_n(self):
        query = question(**BRCA1 | {"reference": None})
        assert body(one_request(v1.plan(query, V1)))["referenceBases"] == "N"

    def test_the_assembly_is_spelled_as_the_members_data_set_does(self):
        for spelled in ("GRCh38.p13", "hg38", "grch38"):
            having = member("v1", data_sets={"a": spelled})
            assert body(one_request(v1.plan(ANY, having)))["assemblyId"] == spelled
        ucsc = member("v1", assembly="ucsc", chromosome="chr")
        sent = body(one_request(v1.plan(ANY, ucsc)))
        assert (sent["assemblyId"], sent["referenceName"]) == ("hg38", "chr17")

    def test_a_member_without_the_assembly_is_not_asked(self):
        decision = v1.plan(ANY, member("v1", data_sets={"a": "GRCh37"}))
        assert refused(decision) == "assembly"
        assert "holds only GRCh37" in decision.message
        assert refused(v1.plan(ANY, member("v1", assemblies=("NCBI36", "GRCh37")))) == "assembly"

    def test_a_member_of_unknown_assemblies_is_asked(self):
        assert asked(v1.plan(ANY, member("v1", data_sets={"a": None, "b": "mm10"})))

    def test_data_sets_of_another_assembly_are_not_named(self):
        both = member("v1", data_sets={"a": "GRCh37", "b": "GRCh38", "c": None})
        query = replace(ANY, dataset_ids=("a", "b", "c"))
        assert body(one_request(v1.plan(query, both)))["datasetIds"] == ["b", "c"]
        assert refused(v1.plan(replace(ANY, dataset_ids=("a",)), both)) == "assembly"

    def test_a_member_of_two_assemblies_is_asked_about_the_mitochondrion_in_one(self):
        both = member("v1", data_sets={"a": "GRCh37", "b": "GRCh38"})
        query = question(
            assembly="GRCh38", chromosome="MT", start=(9,), reference="T", alternate="C"
        )
        plan = asked(v1.plan(query, both))
        assert body(plan.parts[0].request)["assemblyId"] == "GRCh37"
        assert plan.warnings == ("asked in GRCh37 only; it holds GRCh38 as well",)
        named = asked(v1.plan(replace(query, dataset_ids=("b",)), both))
        assert body(named.parts[0].request)["assemblyId"] == "GRCh38"
        assert named.warnings == ()

    def test_a_question_without_an_assembly_is_not_guessed_at(self):
        query = Query(variant=replace(ANY.variant, assembly=None))
        assert refused(v1.plan(query, V1)) == "assembly"

    @pytest.mark.parametrize(
        ("of", "assembly", "chromosome"),
        [
            (member("v1"), "GRCh37", "MT"),
            (member("v1", assemblies=("GRCh38",)), "GRCh38", "MT"),
            (member("v1", assemblies=("NCBI36", "GRCh37")), "GRCh37", "MT"),
            (member("v1", assemblies=("GRCh38",), chromosome="chr"), "GRCh38", "chrM"),
            (member("v1", assemblies=("GRCh38",), chromosome="numeric"), "GRCh38", "25"),
            (member("v1", assemblies=("GRCh37",), chromosome="refseq"), "GRCh37", "NC_012920.1"),
            (member("v1", data_sets={"a": "hg19", "b": "hg38"}), "hg38", "MT"),
        ],
    )
    def test_everybody_is_asked_about_the_mitochondrion(self, of, assembly, chromosome):
        query = question(
            assembly="GRCh37", chromosome="MT", start=(9,), reference="T", alternate="C"
        )
        sent = body(one_request(v1.plan(query, of)))
        assert (sent["assemblyId"], sent["referenceName"]) == (assembly, chromosome)

    @pytest.mark.parametrize(
        "of",
        [
            member("v1", data_sets={"a": "hg19"}),
            member("v1", assemblies=("GRCh37",), chromosome="chr"),
            member("v1", assemblies=("GRCh37",), assembly="ucsc"),
            member("v1", assemblies=("NCBI36",)),
        ],
    )
    def test_chrm_of_hg19_is_another_sequence(self, of):
        query = question(
            assembly="GRCh38", chromosome="MT", start=(9,), reference="T", alternate="C"
        )
        decision = v1.plan(query, of)
        assert refused(decision) == "assembly"
        assert "NC_001807" in decision.message

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({**BRCA1, "alternate": None, "reference": None, "end": (43045800,)}, "query_kind"),
            ({"gene": "BRCA1"}, "query_kind"),
            ({"gene": "BRAF", "amino_acid_change": "V600E"}, "query_kind"),
            ({"short_form": "NM_007294.4:c.5266dup"}, "query_kind"),
            ({**BRCA1, "alternate": "N"}, "parameter"),
            ({**BRCA1, "alternate": "R"}, "parameter"),
            ({**BRCA1, "min_length": 5}, "parameter"),
            ({**BRCA1, "mate": "13"}, "parameter"),
            ({**BRCA1, "alternate": None, "variant_type": "SO:0001784"}, "parameter"),
        ],
    )
    def test_what_v1_cannot_express_is_not_asked(self, fields, code):
        assert refused(v1.plan(question(**fields), V1)) == code

    def test_lists_filters_and_other_entry_types_are_not_asked(self):
        assert refused(v1.plan(Query(), V1)) == "query_kind"
        assert refused(v1.plan(replace(ANY, filters=(Filter("HP:0001250"),)), V1)) == "filter"
        assert refused(v1.plan(replace(ANY, entry_type="individual"), V1)) == "entry_type"

    def test_wildcards_are_sent_where_the_dialect_understands_them(self):
        query = question(**BRCA1 | {"alternate": "N"})
        knowing = member("v1", wildcards=True)
        assert body(one_request(v1.plan(query, knowing)))["alternateBases"] == "N"
        assert refused(v1.plan(question(**BRCA1 | {"alternate": "R"}), knowing)) == "parameter"

    def test_the_mate_is_sent_to_servers_of_version_1_1(self):
        newer = member("v1", capabilities={"api_version": "1.1.0"})
        query = question(**BRCA1 | {"mate": "chr13"})
        assert body(one_request(v1.plan(query, newer)))["mateName"] == "13"

    def test_the_reference_allele_is_not_asked(self):
        query = Query(
            variant=replace(ANY.variant, allele=replace(ANY.variant.allele, is_reference=True))
        )
        assert refused(v1.plan(query, V1)) == "reference_allele"

    def test_an_indel_is_anchored(self):
        (sent,) = asked(v1.plan(question(**CFTR), V1)).parts
        assert (sent.match, sent.spelled) == (Match.EXACT, None)
        parameters = body(sent.request)
        assert parameters["start"] == 117559589
        assert (parameters["referenceBases"], parameters["alternateBases"]) == ("ATCT", "A")

    def test_other_spellings_of_an_indel_are_asked_in_one_form(self):
        # The spelling that starts a base later shows no base before the deletion.
        later = question(**CFTR | {"start": (117559590,), "reference": "TCTT", "alternate": "T"})
        plan = asked(v1.plan(later, V1))
        assert body(plan.parts[0].request)["referenceBases"] == "TCTT"
        assert plan.warnings == ("other spellings of this indel were not tried",)

    def test_with_a_reference_the_anchor_is_added_and_named(self):
        bases, first0 = "ATCATCTTTGGT", 117559586  # GRCh38, chromosome 7

        def reference(_assembly, _chromosome, start0, end0):
            inside = first0 <= start0 and end0 <= first0 + len(bases)
            return bases[start0 - first0 : end0 - first0] if inside else None

        later = CFTR | {"start": (117559591,), "reference": "CTT", "alternate": ""}
        query = Query(variant=variant(reference, **later))
        (sent,) = asked(v1.plan(query, V1)).parts
        assert sent.match is Match.EQUIVALENT
        assert sent.spelled == "7-117559590-ATCT-A"

    def test_an_empty_side_without_an_anchor_cannot_be_asked(self):
        query = question(**CFTR | {"start": (117559590,), "reference": "TCT", "alternate": ""})
        decision = v1.plan(query, V1)
        assert refused(decision) == "parameter"
        assert "base before the deletion" in decision.message
        assert refused(v1.plan(question(**CFTR), member("v1", indels="trimmed"))) == "parameter"

    def test_a_member_that_needs_both_styles_gets_one_and_a_warning(self):
        plan = asked(v1.plan(question(**CFTR), member("v1", indels="both")))
        assert len(plan.parts) == 1
        assert plan.warnings

    def test_a_bracket_becomes_inclusive_windows(self):
        query = question(
            assembly="GRCh38",
            chromosome="9",
            start=(21000000, 21975098),
            end=(21967753, 23000001),
            variant_type="DEL",
        )
        sent = body(one_request(v1.plan(query, V1)))
        names = ("startMin", "startMax", "endMin", "endMax")
        assert [sent[name] for name in names] == [21000000, 21975097, 21967753, 23000000]
        assert (sent["variantType"], sent["referenceBases"]) == ("DEL", "N")
        assert "start" not in sent

    def test_windows_of_one_base_are_an_exact_variant(self):
        query = question(
            assembly="GRCh38",
            chromosome="9",
            start=(100, 101),
            end=(200, 201),
            variant_type="DUP",
        )
        sent = body(one_request(v1.plan(query, V1)))
        assert (sent["start"], sent["end"]) == (100, 200)
        assert "startMin" not in sent

    def test_a_bracket_without_a_type_cannot_be_asked(self):
        query = question(assembly="GRCh38", chromosome="9", start=(1, 5), end=(7, 9))
        assert refused(v1.plan(query, V1)) == "parameter"

    def test_a_bracket_with_bases_needs_no_type(self):
        query = question(assembly="GRCh38", chromosome="9", start=(1, 5), end=(7, 9), alternate="T")
        sent = body(one_request(v1.plan(query, V1)))
        assert (sent["alternateBases"], sent["referenceBases"]) == ("T", "N")
        assert "variantType" not in sent

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("DEL", [("DEL", Match.EXACT)]),
            ("<dup>", [("DUP", Match.EXACT)]),
            ("CNV", [("DEL", Match.EXACT), ("DUP", Match.EXACT)]),
            ("SO:0001019", [("DEL", Match.EXACT), ("DUP", Match.EXACT)]),
            ("EFO:0030067", [("DEL", Match.EXACT)]),
            ("EFO:0030069", [("DEL", Match.BROADER)]),
            ("EFO:0030073", [("DUP", Match.BROADER)]),
            ("SNV", [("SNP", Match.EXACT)]),
        ],
    )
    def test_variant_types_are_said_in_vcf(self, typed, expected):
        query = question(
            assembly="GRCh38", chromosome="9", start=(1, 5), end=(7, 9), variant_type=typed
        )
        parts = asked(v1.plan(query, V1)).parts
        assert [(body(p.request)["variantType"], p.match) for p in parts] == expected

    def test_a_type_at_one_base_is_asked_with_its_start(self):
        query = question(
            assembly="GRCh38", chromosome="1", start=(5,), reference="C", variant_type="INS"
        )
        sent = body(one_request(v1.plan(query, V1)))
        assert (sent["start"], sent["referenceBases"], sent["variantType"]) == (5, "C", "INS")
        assert "alternateBases" not in sent

    def test_names_and_paths_follow_the_dialect(self):
        other = member(
            "v1",
            method="GET",
            rename={"referenceName": "chrom"},
            drop=("includeDatasetResponses",),
            paths={"query": "beacon/search?src=all"},
        )
        request = one_request(v1.plan(ANY, other))
        assert request.url.startswith("https://beacon.example.org/api/beacon/search?src=all&")
        assert url_parameters(request)["chrom"] == "17"
        assert "includeDatasetResponses" not in request.url

    @pytest.mark.parametrize(
        ("dropped", "fields", "code"),
        [
            ("alternateBases", BRCA1, "parameter"),
            ("start", BRCA1, "parameter"),
            ("referenceBases", CFTR, "parameter"),
            ("assemblyId", BRCA1, "assembly"),
        ],
    )
    def test_nothing_is_dropped_that_would_make_it_another_question(self, dropped, fields, code):
        assert refused(v1.plan(question(**fields), member("v1", drop=(dropped,)))) == code

    def test_what_goes_without_saying_is_dropped(self):
        of = member("v1", drop=("referenceBases", "assemblyId"), assemblies=("GRCh38",))
        sent = body(one_request(v1.plan(ANY, of)))
        assert "referenceBases" not in sent
        assert "assemblyId" not in sent

    def test_single_data_sets_cannot_be_asked_where_the_parameter_is_dropped(self):
        of = member("v1", drop=("datasetIds",))
        assert refused(v1.plan(replace(ANY, dataset_ids=("a",)), of)) == "dataset"


class TestRead:
    def test_a_yes_with_its_data_set(self):
        said = answer(
            told(
                rows(
                    row(variantCount=3, callCount=5068, sampleCount=7, frequency=0.5, note="n"),
                    beaconHandover=[{"handoverType": "X", "url": "https://e.org/x"}],
                ),
                of=member("v1", data_sets={"a": "GRCh38"}),
            )
        )
        assert said.exists is Exists.YES
        assert (said.count, said.unit, said.granularity) == (3, "variants", Granularity.COUNT)
        assert (said.beacon_id, said.api_version) == ("b", "1.0.1")
        assert [one.url for one in said.handovers] == ["https://e.org/x"]
        (found,) = said.result_sets
        assert (found.id, found.name, found.set_type) == ("a", "a in full", "dataset")
        assert (found.exists, found.count, found.frequency) == (Exists.YES, 3, 0.5)
        assert found.info["callCount"] == 5068
        assert found.info["note"] == "n"

    def test_rows_of_one_data_set_are_merged(self):
        said = answer(
            told(
                rows(
                    row(variantCount=3, start=9, callCount=10, frequency=0.3),
                    row("b", exists=False, variantCount=0),
                    row(variantCount=4, start=11, callCount=10, frequency=0.4),
                    row(exists=False, variantCount=0, start=0, callCount=0),
                )
            )
        )
        merged, other = said.result_sets
        assert (merged.id, merged.exists, merged.count) == ("a", Exists.YES, 7)
        assert merged.frequency is None
        assert merged.info["callCount"] == 10
        assert [one["start"] for one in merged.info["rows"]] == [9, 11]
        assert (other.id, other.exists, other.count) == ("b", Exists.NO, 0)
        assert said.count == 7

    def test_a_data_set_that_answered_no_stays_without_its_zeros(self):
        zeros = {"start": 0, "end": 0, "referenceBases": "", "variantType": "", "frequency": 0}
        zeros |= {"callCount": 0, "sampleCount": 0, "variantCount": 0}
        link = {"handoverType": {"id": "CUSTOM"}, "url": "https://e.org/variant/MT-1--"}
        said = answer(
            told(rows(row(exists=False, note="n", datasetHandover=[link], **zeros), exists=False))
        )
        (one,) = said.result_sets
        assert said.exists is Exists.NO
        assert one.exists is Exists.NO
        assert one.info == {"note": "n"}
        assert one.handovers == ()
        assert (one.count, said.count) == (0, 0)

    def test_no_count_is_invented(self):
        assert answer(told({"exists": True})).count is None
        assert answer(told({"exists": False})).count is None
        assert answer(told({"exists": False})).granularity is Granularity.BOOLEAN
        half = answer(told(rows(row(variantCount=3), row("b"))))
        assert (half.count, half.unit) == (None, None)
        assert answer(told(rows(row(variantCount=0)))).count is None
        assert answer(told(rows(row(exists=False, variantCount=9), exists=False))).count is None

    def test_frequency_zero_on_a_hit_is_not_told(self):
        (one,) = answer(told(rows(row(frequency=0)))).result_sets
        assert one.frequency is None
        assert "frequency" not in one.info

    @pytest.mark.parametrize(
        ("version", "unit"),
        [
            ("0.4.0", "variants"),
            ("v1.0.1", "variants"),
            (1.0, "variants"),
            ("1.1.0-rc0", "observations"),
            (None, None),
        ],
    )
    def test_the_unit_of_counts_depends_on_the_version(self, version, unit):
        said = answer(told(rows(row(variantCount=1)) | {"apiVersion": version}))
        assert said.unit == unit

    def test_the_unit_of_a_known_software_wins(self):
        of = member("v1", capabilities={"count_unit": "alleles"})
        assert answer(told(rows(row(variantCount=1)), of=of)).unit == "alleles"

    @pytest.mark.parametrize(
        ("told_exists", "exists"),
        [("true", Exists.YES), ("No", Exists.NO), (1, Exists.YES), ("FALSE", Exists.NO)],
    )
    def test_verdicts_come_in_many_forms(self, told_exists, exists):
        assert answer(told({"exists": told_exists})).exists is exists

    def test_a_missing_verdict_is_derived_from_the_rows(self):
        assert answer(told(rows(row(), exists=None))).exists is Exists.YES
        assert (
            answer(told(rows(row(exists=None, variantCount=2), exists=None))).exists is Exists.YES
        )
        assert answer(told(rows(row(exists=False), exists=None))).exists is Exists.NO

    def test_nothing_to_derive_from_is_no_verdict(self):
        assert failure(told(rows(exists=None))) == "no_verdict"
        assert failure(told({})) == "no_verdict"
        unsure = rows(row(exists=False), row("b", exists=None, error={"errorCode": 5}), exists=None)
        assert failure(told(unsure)) == "no_verdict"

    def test_a_no_that_its_own_data_set_denies_is_no_answer(self):
        assert failure(told(rows(row(), exists=False))) == "no_verdict"

    def test_a_yes_that_no_data_set_confirms_is_believed_with_a_warning(self):
        said = answer(told(rows(row(exists=False))))
        assert said.exists is Exists.YES
        assert said.warnings

    def test_a_list_of_one_answer_is_read(self):
        assert answer(told([{"exists": True}])).exists is Exists.YES

    @pytest.mark.parametrize(
        "document",
        [[{"exists": True}, {"exists": False}], [], 7, "yes", None, [3], b"", b"<html>", b"{"],
    )
    def test_what_is_no_answer_is_invalid(self, document):
        document = b"null" if document is None else document
        assert failure(told(document)) == "invalid_body"

    def test_the_content_type_does_not_matter(self):
        said = told(b'\xef\xbb\xbf {"exists": true}', content_type="text/html")
        assert answer(said).exists is Exists.YES

    @pytest.mark.parametrize(
        "document",
        [
            {"error": {"errorCode": 400, "errorMessage": "bad base"}},
            {"exists": None, "error": {"errorCode": 400, "message": "bad base"}},
            {"exists": False, "error": {"errorMessage": "bad base"}},
            {"errorCode": 401, "errorMessage": "bad base"},
            {"message": {"error": {"errorCode": 400, "errorMessage": "bad base"}}},
            {"error": "bad base"},
            {"err": {"name": "E", "description": "bad base"}},
            {"message": "bad base"},
        ],
    )
    def test_an_error_under_a_status_of_success_is_a_refusal(self, document):
        result = told(document)
        assert failure(result) == "rejected"
        assert "bad base" in result.message

    @pytest.mark.parametrize("error", [None, {}, "", {"errorCode": None, "errorMessage": ""}])
    def test_an_empty_error_beside_an_answer_is_none(self, error):
        assert answer(told({"exists": True, "error": error})).exists is Exists.YES

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (301, "redirected"),
            (400, "rejected"),
            (401, "forbidden"),
            (403, "forbidden"),
            (404, "rejected"),
            (429, "rate_limited"),
            (500, "server_error"),
            (501, "server_error"),
            (503, "server_error"),
            (508, "loop"),
        ],
    )
    def test_statuses(self, status, code):
        document = {"exists": True, "error": {"errorCode": status, "errorMessage": "why"}}
        result = told(document, status)
        assert failure(result) == code
        assert result.status == status

    def test_the_members_reason_is_passed_on_shortened_and_clean(self):
        long = "no\x1b[31m such\u202e data set " + "x" * 1000
        result = told({"error": {"errorCode": 400, "errorMessage": long}}, 400)
        assert isinstance(result, Failure)
        assert "no[31m such data set x" in result.message
        assert len(result.message) < 350

    def test_plain_text_and_pages_as_errors(self):
        assert "Not Found" in told(b"404: Not Found", 404).message
        page = told(b"<html><h1>secret path</h1>", 500)
        assert page.message == "failed with an error of its own (HTTP 500)"

    def test_retry_after(self):
        assert told({}, 429, retry_after="7").retry_after_s == 7
        assert told({}, 503, retry_after="120").retry_after_s == 120
        assert told({}, 503, retry_after="Fri, 20 Nov 2026 22:03:16 GMT").retry_after_s is None

    @pytest.mark.parametrize("status", [404, 405, 415])
    def test_a_refused_post_teaches_get(self, status):
        assert told({}, status).learned == Dialect(method="GET")
        assert told({}, status, by="GET").learned is None

    def test_what_the_operator_declared_is_not_relearned(self):
        assert told({}, 405, of=member("v1", method="POST")).learned is None

    def test_a_nested_networks_own_error_is_known(self):
        assert told({"info": {"network": {}}}, 504).is_networks_own
        assert not told({"info": {}}, 504).is_networks_own

    def test_info_as_pairs_becomes_an_object(self):
        pairs = [{"key": "k", "value": 1}, {"key": "k", "value": 2}, {"key": "j", "value": 3}]
        (one,) = answer(told(rows(row(info=pairs)))).result_sets
        assert one.info == {"k": [1, 2], "j": 3}

    def test_handovers_keep_web_addresses_only(self):
        links = [
            {"handoverType": {"id": "CUSTOM", "label": "L"}, "description": "d", "url": url}
            for url in ("https://e.org/a", "javascript:alert(1)", "ftp://e.org", "//e.org", 7)
        ]
        (one,) = answer(told(rows(row(datasetHandover=links)))).result_sets
        (link,) = one.handovers
        assert (link.url, link.label, link.note) == ("https://e.org/a", "L", "d")

    def test_a_row_without_a_data_set_is_the_members(self):
        (one,) = answer(told(rows({"exists": True}))).result_sets
        assert one.id == "one"

    def test_the_echo_is_ignored(self):
        nonsense = {"alleleRequest": {"start": 0, "referenceName": "0"}, "exists": True}
        assert answer(told(json.dumps(nonsense).encode())).exists is Exists.YES
