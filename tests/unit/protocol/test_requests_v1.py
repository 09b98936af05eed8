"""Beacon v1.1 questions put to us: its inclusive windows and exact events in our words."""

import pytest

from aggregator.model.query import Granularity, Include, QuestionKind
from aggregator.protocol.requests_v1 import read_v1
from tests.builders import F508DEL, SNV, variant

PLAIN = {
    "assemblyId": "GRCh38",
    "referenceName": "17",
    "start": "43045703",
    "referenceBases": "G",
    "alternateBases": "A",
}
PLACE = {"assemblyId": "GRCh38", "referenceName": "17", "referenceBases": "N"}
WINDOWS = {"startMin": "5", "startMax": "5", "endMin": "20", "endMax": "29"}


def asked(parameters):
    read = read_v1(parameters)
    assert read.problems == ()
    assert read.query.variant is not None
    return read.query.variant


def problems(parameters):
    read = read_v1(parameters)
    assert read.problems
    return read.problems


def test_plain_parameters_are_the_question():
    assert asked(PLAIN) == variant(SNV)


def test_numbers_are_read_as_numbers_or_text():
    assert asked({**PLAIN, "start": 43045703}) == variant(SNV)


def test_version_1_asks_for_counts():
    assert read_v1(PLAIN).query.granularity is Granularity.COUNT


def test_data_sets_are_listed_only_when_asked_for():
    assert read_v1(PLAIN).query.include is Include.NONE
    assert read_v1({**PLAIN, "includeDatasetResponses": "all"}).query.include is Include.ALL


def test_data_sets_may_be_named():
    assert read_v1({**PLAIN, "datasetIds": ["b,a", "b"]}).query.dataset_ids == ("a", "b")


@pytest.mark.parametrize("bases", ["N", "n", "NNN"])
def test_unknown_reference_bases_are_not_asked(bases):
    assert asked({**PLAIN, "referenceBases": bases}).reference is None


def test_windows_are_made_half_open():
    bracket = asked({**PLACE, **WINDOWS, "variantType": "DEL"})
    assert bracket.kind is QuestionKind.BRACKET
    assert (bracket.start0, bracket.end0) == ((5, 6), (20, 30))


def test_start_and_end_with_a_type_are_exact():
    bracket = asked({**PLACE, "start": "5", "end": "20", "variantType": "DEL"})
    assert bracket.kind is QuestionKind.BRACKET
    assert (bracket.start0, bracket.end0) == ((5, 6), (20, 21))


def test_start_and_end_with_bases_are_the_allele():
    assert asked({**PLAIN, "end": "43045704"}) == variant(SNV)


def test_empty_alternate_bases_with_start_and_end_are_a_deletion():
    deletion = {"referenceBases": "TCT", "alternateBases": "", "referenceName": "7"}
    given = {**PLAIN, **deletion, "start": "117559590", "end": "117559593"}
    assert asked(given) == variant(F508DEL)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"start": "5", "end": "20"}, id="start and end"),
        pytest.param(WINDOWS, id="windows"),
        pytest.param({"start": "5", "end": "20", "alternateBases": ""}, id="empty alternate"),
    ],
)
def test_start_and_end_are_never_read_as_an_overlap(given):
    assert problems({**PLACE, **given}) == ("alternateBases or variantType is missing",)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**PLAIN, "referenceBases": ""}, "referenceBases is missing"),
        ({**PLAIN, "assemblyId": ""}, "assemblyId is missing"),
        ({}, "referenceName, assemblyId and a position are missing"),
        ({**PLAIN, "end": "43045703"}, "end 43045703 is not after start 43045703"),
        ({**PLAIN, "end": "43045709"}, "is not as long as referenceBases G"),
        ({**PLACE, "start": "5", "end": "5", "variantType": "DEL"}, "end 5 is not after start 5"),
        ({**PLACE, **WINDOWS, "start": "5", "variantType": "DEL"}, "either start and end, or"),
        ({**PLACE, **WINDOWS, "startMin": "6", "variantType": "DEL"}, "startMin 6 is above"),
        ({**PLACE, **WINDOWS, "endMin": "30", "variantType": "DEL"}, "endMin 30 is above"),
        (
            {**PLACE, "startMin": "5", "endMax": "9", "variantType": "DEL"},
            "a window needs startMax, endMin as well",
        ),
        ({**PLACE, **WINDOWS, "startMin": "x", "variantType": "DEL"}, "“x” is not a whole number"),
        ({**PLAIN, "includeDatasetResponses": "SOME"}, "is none of ALL"),
        ({**PLAIN, "start": ""}, "start is missing"),
        ({**PLAIN, "start": "5,6"}, "start: 2 numbers, where version 1 has one"),
        ({**PLACE, "start": [5, 6], "end": [8, 9], "variantType": "DEL"}, "end: 2 numbers"),
        ({**PLAIN, "variantType": "DEL"}, "contradict"),
    ],
)
def test_what_is_wrong_is_said(given, words):
    assert any(words in told for told in problems(given))


@pytest.mark.parametrize("name", ["requestedGranularity", "testMode", "colour"])
def test_parameters_nobody_reads_are_named(name):
    read = read_v1({**PLAIN, name: "x"})
    assert read.problems == ()
    assert read.warnings == (f"unknown parameters were ignored: {name}",)
    assert read.query.variant == variant(SNV)


@pytest.mark.parametrize(
    "name",
    [
        *("geneId", "aminoacidChange", "genomicAlleleShortForm"),
        *("geneid", "aminoAcidChange", "allele"),
    ],
)
def test_what_version_1_cannot_ask_is_never_left_out(name):
    said = f"{name}: version 1 has no {name} questions, ask under /api"
    assert problems({**PLAIN, name: "x"}) == (said,)
    assert read_v1({**PLAIN, name: ""}).problems == ()


def test_a_filter_is_never_left_out():
    assert problems({**PLAIN, "filters": "HP:0001250"}) == (
        "filters: version 1 has no filters, ask under /api",
    )
    for none in ("", "filter", []):
        assert read_v1({**PLAIN, "filters": none}).problems == ()


def test_lengths_are_read_and_not_called_unknown():
    given = {**PLACE, **WINDOWS, "variantType": "DEL", "variantMinLength": "5"}
    read = read_v1(given)
    assert (read.problems, read.warnings) == ((), ())
    assert asked(given).min_length == 5


def test_the_mate_of_a_breakend_is_read():
    given = {**PLACE, **WINDOWS, "variantType": "BND", "mateName": "chr8"}
    assert asked(given).mate == "8"
