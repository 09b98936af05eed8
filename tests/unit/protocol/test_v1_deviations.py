"""Pitfalls of version 1 and older servers: a test for each row of the list, by its number.

What needs a socket (rows 25, 26, 28, 29) is in `integration/test_deviations_on_the_wire.py`.
"""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from aggregator.model.answer import Answer, Exists
from aggregator.model.genome import GenomeError, parse_assembly, parse_chromosome
from aggregator.model.query import Pagination, Query
from aggregator.protocol import v0, v1
from aggregator.protocol.info import read_info
from aggregator.protocol.requests_v1 import read_v1
from aggregator.protocol.tolerant import exists_of, info_of
from aggregator.protocol.v1_reading import ROWS_DISAGREE
from aggregator.protocol.wire import Failure
from registry.capabilities import Capabilities
from registry.models import AnswerShape, Dialect
from tests import builders
from tests.unit.protocol.building import (
    BRCA1,
    CFTR,
    answer,
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

Json = dict[str, Any]
V1 = member("v1")
GET = member("v1", method="GET")
ANY = question(**BRCA1)


def read(document: Any, status: int = 200, *, method: str = "POST", **headers: str) -> Any:
    return v1.read(reply(document, status, **headers), ANY, V1, part(method=method))


def told(document: Any, **headers: str) -> Answer:
    return answer(read(document, **headers))


def sent(query: Query = ANY, of: Any = V1) -> Json:
    document = body(one_request(v1.plan(query, of)))
    assert isinstance(document, dict)
    return document


def rows(*given: Json, exists: Any = True, **rest: Any) -> Json:
    return {"beaconId": "b", "exists": exists, "datasetAlleleResponses": list(given), **rest}


def row(exists: Any = True, data_set: str = "a", **more: Any) -> Json:
    return {"datasetId": data_set, "exists": exists, **more}


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("chr1", "1"), ("chrom1", "1"), ("Chr01", "1"), ("NC_000017.10", "17"), ("chrX", "X")],
)
def test_row_1_prefixes_of_chromosomes(spelled, name):
    assert parse_chromosome(spelled).name == name


@pytest.mark.parametrize("spelled", ["chrUn_GL000220v1", "33", "1p36.3", "x1", "1x"])
def test_row_1_no_chromosome_is_read_from_the_end_of_a_text(spelled):
    with pytest.raises(GenomeError):
        parse_chromosome(spelled)


@pytest.mark.parametrize("spelled", ["MT", "M", "chrM", "chrMT", "m"])
def test_row_2_names_of_the_mitochondrion(spelled):
    assert parse_chromosome(spelled).name == "MT"


def test_row_2_the_mitochondrion_of_hg19_is_another_sequence():
    mt = question(assembly="GRCh37", chromosome="MT", start=(9,), reference="T", alternate="C")
    assert sent(mt)["referenceName"] == "MT"
    ucsc = member("v1", data_sets={"a": "hg19"}, chromosome="chr")
    assert refused(v1.plan(mt, ucsc)) == "assembly"


def test_row_3_upper_case_bases_and_grc_spelling_are_sent():
    lower = question(**BRCA1 | {"assembly": "grch38", "reference": "g", "alternate": "a"})
    document = sent(lower)
    assert (document["referenceBases"], document["alternateBases"]) == ("G", "A")
    assert document["assemblyId"] == "GRCh38"


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("hg38", "GRCh38"),
        ("hg38.p12", "GRCh38"),
        ("GRCh38.p13", "GRCh38"),
        ("GRCh37.p13", "GRCh37"),
        ("b37", "GRCh37"),
        ("hs37d5", "GRCh37"),
        ("hg18", "NCBI36"),
    ],
)
def test_row_4_assembly_synonyms(spelled, name):
    assert parse_assembly(spelled).assembly == name
    if name == "GRCh38":
        assert sent(question(**BRCA1 | {"assembly": spelled}))["assemblyId"] == "GRCh38"


def test_row_4_the_spelling_of_the_members_own_data_set_wins():
    assert sent(of=member("v1", data_sets={"a": "hg38"}))["assemblyId"] == "hg38"


def test_row_5_an_assembly_the_member_does_not_hold_is_no_no():
    assert refused(v1.plan(ANY, member("v1", data_sets={"a": "GRCh37"}))) == "assembly"


@pytest.mark.parametrize(("base", "start"), [(0, "43045703"), (1, "43045704")])
def test_row_6_coordinates_from_0_or_1(base, start):
    request = one_request(v0.plan(ANY, member("v0", coordinates=base)))
    assert url_parameters(request)["start"] == start
    assert sent()["start"] == 43045703


def test_row_7_start_0_is_a_position():
    first = question(**BRCA1 | {"start": (0,)})
    assert sent(first)["start"] == 0
    assert url_parameters(one_request(v1.plan(first, GET)))["start"] == "0"


def test_row_7_an_echo_of_zeros_means_nothing():
    echo = {"start": 0, "end": 0, "mateName": "0"}
    assert told(rows(row(), alleleRequest=echo)).exists is Exists.YES


def test_row_8_indels_go_as_anchored_alleles_and_types_as_types():
    assert (sent(question(**CFTR))["referenceBases"], sent(question(**CFTR))["alternateBases"]) == (
        "ATCT",
        "A",
    )
    bare = question(**CFTR | {"start": (117559590,), "reference": "TCT", "alternate": ""})
    assert refused(v1.plan(bare, V1)) == "parameter"
    windows = {"start": (10, 20), "end": (30, 40), "reference": None, "alternate": None}
    typed = sent(question(**CFTR | windows | {"variant_type": "DEL"}))
    assert typed["variantType"] == "DEL"
    assert "alternateBases" not in typed


@pytest.mark.parametrize("alternate", ["N", "ANNT", "R"])
def test_row_9_wildcards_go_only_to_members_known_to_take_them(alternate):
    asks = question(**BRCA1 | {"alternate": alternate})
    assert refused(v1.plan(asks, V1)) == "parameter"
    if set(alternate) <= set("ACGTN"):
        assert sent(asks, member("v1", wildcards=True))["alternateBases"] == alternate


def test_row_10_reference_bases_are_sent_known_or_not():
    assert sent()["referenceBases"] == "G"
    assert sent(question(**BRCA1 | {"reference": None}))["referenceBases"] == "N"
    before = member("v0", drop=("referenceBases",))
    assert "referenceBases" not in url_parameters(one_request(v0.plan(ANY, before)))


def test_row_11_data_sets_are_an_array_in_a_post_and_repeated_in_a_get():
    named = replace(ANY, dataset_ids=("1", "b"))
    assert sent(named)["datasetIds"] == ["1", "b"]
    pairs = parse_qsl(urlsplit(one_request(v1.plan(named, GET)).url).query)
    assert [value for name, value in pairs if name == "datasetIds"] == ["1", "b"]


def test_row_11_a_hit_in_another_data_set_is_no_yes():
    named = replace(ANY, dataset_ids=("b",))
    document = rows(row(data_set="a"), row(exists=False, data_set="b"))
    assert answer(v1.read(reply(document), named, V1, part())).exists is Exists.NO


@pytest.mark.parametrize("status", [405, 404, 415])
def test_row_12_a_member_that_takes_no_post_is_asked_by_get(status):
    result = read({}, status)
    assert isinstance(result, Failure)
    assert result.learned == Dialect(method="GET")
    by_get = read({}, status, method="GET")
    assert isinstance(by_get, Failure)
    assert by_get.learned is None


def test_row_12_a_redirected_post_is_not_followed_as_a_get():
    assert failure(read(b"", 302, location="https://beacon.example.org/query/")) == "redirected"


def test_row_13_nothing_unknown_to_version_1_is_sent():
    known = {
        *("assemblyId", "referenceName", "start", "referenceBases", "alternateBases"),
        "includeDatasetResponses",
    }
    assert sent(replace(ANY, pagination=Pagination(2, 5))).keys() == known


def test_row_13_a_test_is_not_asked_as_if_it_were_none():
    assert refused(v1.plan(replace(ANY, test_mode=True), member("v1"))) == "parameter"


def test_row_13_a_parameter_of_1_1_does_not_go_to_1_0():
    windows = {"start": (10, 20), "end": (30, 40), "reference": None, "alternate": None}
    mate = question(**BRCA1 | windows | {"variant_type": "BND", "mate": "13"})
    assert refused(v1.plan(mate, member("v1", capabilities={"api_version": "1.0.1"}))) in {
        "parameter",
        "query_kind",
    }


@pytest.mark.parametrize("start", ["43045703", 43045703])
def test_row_14_numbers_as_texts(start):
    asked_as = {**_V1_QUESTION, "start": start}
    read_as = read_v1(asked_as)
    assert read_as.problems == ()
    assert read_as.query.variant is not None
    assert read_as.query.variant.start0 == (43045703,)
    assert told(rows(row(variantCount="3"), alleleRequest={"start": "1"})).count == 3


_V1_QUESTION = {
    "assemblyId": "GRCh38",
    "referenceName": "17",
    "referenceBases": "G",
    "alternateBases": "A",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        ("true", "yes"),
        ("TRUE", "yes"),
        ("Yes", "yes"),
        (1, "yes"),
        (False, "no"),
        ("false", "no"),
        (0, "no"),
        ("overlap", "no"),
        ("null", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        (2, "unknown"),
    ],
)
def test_row_15_verdicts(value, expected):
    assert exists_of(value).value == expected


@pytest.mark.parametrize(
    "document", [{"exist": True}, {"response": {"exists": "true"}}, {"response": {"exist": 1}}]
)
def test_row_15_verdicts_elsewhere(document):
    assert answer(v0.read(reply(document), ANY, member("v0"), part())).exists is Exists.YES


@pytest.mark.parametrize(("text", "expected"), [(b"YES", "yes"), (b"No.", "no")])
def test_row_15_verdicts_in_plain_text(text, expected):
    of = member("v0", answer=AnswerShape(text="yes/no"))
    assert answer(v0.read(reply(text), ANY, of, part())).exists.value == expected
    assert failure(v0.read(reply(b"REF"), ANY, of, part())) in {"no_verdict", "invalid_body"}


def test_row_15_a_list_of_one_answer():
    assert told([rows(row())]).exists is Exists.YES
    assert failure(read([])) == "invalid_body"


def test_row_16_a_verdict_that_is_null_or_missing():
    assert failure(read({"beaconId": "b", "exists": None})) == "no_verdict"
    assert told(rows(row(), row(exists=False, data_set="b"), exists=None)).exists is Exists.YES
    silent = {"exists": None}
    means_no = member("v0", null_means="no")
    assert answer(v0.read(reply(silent), ANY, means_no, part())).exists is Exists.NO
    assert failure(v0.read(reply(silent), ANY, member("v0"), part())) == "no_verdict"


def test_row_16_contradictions_between_verdict_and_rows():
    assert ROWS_DISAGREE in told(rows(row(exists=False))).warnings
    assert failure(read(rows(row(), exists=False))) == "no_verdict"
    assert told(rows(exists=True)).exists is Exists.YES


@pytest.mark.parametrize(
    "document",
    [
        {"error": {"errorCode": 400, "errorMessage": "broken"}},
        {"errorCode": 400, "errorMessage": "broken"},
        {"message": {"error": {"errorCode": 400, "errorMessage": "broken"}}},
        {"err": {"name": "broken", "description": "broken"}},
        {"error": {"errorCode": 400, "message": "broken"}},
    ],
    ids=["error", "bare", "under message", "err", "error.message"],
)
def test_row_17_errors_beside_200_and_below_it(document):
    for result in (read(document), read(document, 400)):
        assert failure(result) == "rejected"
        assert isinstance(result, Failure)
        assert "broken" in result.message


def test_row_17_error_null_beside_an_answer_is_none():
    assert told(rows(row(), error=None)).exists is Exists.YES


def test_row_17_a_good_body_under_a_bad_status_is_not_believed():
    assert failure(read(rows(row()), 500)) == "server_error"


def test_row_18_keys_misspelt():
    assert told(rows(row(), allelRequest={"start": 5})).exists is Exists.YES
    info = {
        "apiVersion": "1.0.1",
        "organisation": {"id": "o", "name": "Org"},
        "organization": None,
        "dataset": [{"id": "a", "assembly_id": "grch37", "created": "2015"}],
    }
    found = read_info(reply(info))
    assert isinstance(found, Capabilities)
    assert [(one.id, one.assembly) for one in found.data_sets] == [("a", "grch37")]
    assert found.organization is not None
    assert found.organization.name == "Org"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ([{"key": "a", "value": 1}, {"key": "a", "value": 2}], {"a": [1, 2]}),
        ([{"a": 1}], {"a": 1}),
        ("text", {"note": "text"}),
        ([], {}),
        (None, {}),
    ],
    ids=["object", "pairs", "objects", "text", "empty", "null"],
)
def test_row_19_info(value, expected):
    assert info_of(value) == expected
    assert told(rows(row(info=value))).result_sets[0].info == expected


def test_row_20_several_rows_of_one_data_set():
    document = rows(row(variantCount=2), row(variantCount=3, start=9), row(False, "b"))
    found = told(document).result_sets
    assert [(one.id, one.exists, one.count) for one in found] == [
        ("a", Exists.YES, 5),
        ("b", Exists.NO, None),
    ]
    assert len(found[0].info["rows"]) == 2


def test_row_21_zeros_and_links_to_nowhere_of_rows_without_a_hit():
    link = {"handoverType": {"id": "CUSTOM"}, "url": "https://b.example.org/variant/MT-1--"}
    zeros = {"start": 0, "end": 0, "referenceBases": "", "frequency": 0, "sampleCount": 0}
    (found,) = told(rows(row(False, datasetHandover=[link], **zeros), exists=False)).result_sets
    assert (found.handovers, dict(found.info)) == ((), {})


@pytest.mark.parametrize(
    ("version", "dated"),
    [
        ("0.3", "Fri, 20 Nov 2026 22:03:16 GMT"),
        ("v1.0.1", "2015-06-15"),
        ("1.1.0-rc0", "2015-06-15T00:00.000Z"),
        (1.0, "2026-11-20T22:03:16Z"),
    ],
)
def test_row_22_dates_and_versions(version, dated):
    info = {"id": "b", "apiVersion": version, "datasets": [], "updateDateTime": dated}
    found = read_info(reply(info))
    assert isinstance(found, Capabilities)
    assert (found.api_version, found.updated_at) == (str(version), dated)
    assert told(rows(row(variantCount=1), apiVersion=version)).unit in {"variants", "observations"}


def test_row_23_a_beacon_id_made_of_the_host_header_is_no_key():
    ends = [
        builders.outcome(name, "found", builders.answer(True, beacon_id="1:28050.0.0.127"))
        for name in ("first", "second")
    ]
    merged = builders.network_answer(ends)
    assert [one.member.id for one in merged.outcomes] == ["first", "second"]


@pytest.mark.parametrize(
    ("raw", "content_type", "code"),
    [
        (b'{"exists": true}', "text/plain", None),
        (b'{"exists": true}', "text/html; charset=utf-8", None),
        (b'\xef\xbb\xbf{"exists": true}', "application/json", None),
        (b'{"exists": true, "beaconId": "caf\xe9"}', "text/plain; charset=latin-1", None),
        (b'{"exists": true, "beaconId": "caf\xe9"}', "application/json", "invalid_body"),
        (b'{"exists": true, "frequency": NaN}', "application/json", "invalid_body"),
        (b"<html></html>", "application/json", "invalid_body"),
    ],
    ids=["text", "html", "BOM", "latin-1", "undeclared latin-1", "NaN", "a page"],
)
def test_row_24_content_types_and_encodings(raw, content_type, code):
    result = read(raw, content_type=content_type)
    if code is None:
        assert answer(result).exists is Exists.YES
    else:
        assert failure(result) == code


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (None, "https://beacon.example.org/api/query"),
        ("query/", "https://beacon.example.org/api/query/"),
        ("beacon.cgi?src=all", "https://beacon.example.org/api/beacon.cgi?src=all"),
        ("https://old.example.org/q", "https://old.example.org/q"),
    ],
)
def test_row_27_base_paths_and_templates(path, address):
    of = member("v1", paths={"query": path} if path else {})
    assert one_request(v1.plan(ANY, of)).url == address


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ((row(False), row(None, "b", error={"errorCode": 403})), "no_verdict"),
        ((row(False), row(None, "b")), "no_verdict"),
    ],
    ids=["a data set not open", "a data set that does not say"],
)
def test_row_30_a_no_for_part_of_the_data_sets_is_none(rest, code):
    assert failure(read(rows(*rest, exists=False))) == code


def test_row_30_not_searched_for_want_of_a_permission():
    assert failure(read({"error": {"errorCode": 401, "errorMessage": "sign in"}}, 401)) == (
        "forbidden"
    )
