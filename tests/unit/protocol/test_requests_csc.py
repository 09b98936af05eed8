"""What CSC's page wants to search in and by: entry types by name or path, every problem named."""

import pytest

from aggregator.protocol.entry_types import entry_type_of
from aggregator.protocol.requests_csc import read_csc
from aggregator.protocol.surface import ENTRY_TYPES, nested_key
from tests.builders import SNV, variant

PLAIN = {
    "assemblyId": "GRCh38",
    "referenceName": "17",
    "start": "43045703",
    "referenceBases": "G",
    "alternateBases": "A",
}


def target(parameters, **options):
    read = read_csc(parameters, **options)
    assert read.problems == ()
    return read.query.entry_type, read.query.within, read.query.record_id


def problems(parameters):
    read = read_csc(parameters)
    assert read.problems
    return list(read.problems)


def test_a_question_of_the_page_is_one_of_version_1():
    read = read_csc(PLAIN | {"filters": "filter"})
    assert read.problems == ()
    assert read.query.variant == variant(SNV)
    assert read.query.entry_type == "genomicVariant"


@pytest.mark.parametrize("one", ENTRY_TYPES.values(), ids=lambda one: one.id)
def test_an_entry_type_is_named_by_its_name_or_path(one):
    given = {} if one.id != "genomicVariant" else PLAIN
    for word in (one.id, one.path, one.id.upper()):
        assert entry_type_of(word) == one.id
        assert target({"searchInInput": word, **given}) == (one.id, None, None)
        by = {"searchByInput": word, "id": "X 1"}
        assert target(by | given) == (one.id, None, "X 1")
        assert target(by | given | {"searchInInput": one.path}) == (one.id, None, "X 1")


def test_what_belongs_to_a_record_is_named_by_names_or_paths():
    for parent, below in (("individual", "biosample"), ("individuals", "biosamples")):
        given = {"searchInInput": below, "searchByInput": parent, "id": "X"}
        assert target(given) == ("biosample", "individual", "X")


def test_what_only_some_member_offers_is_known():
    given = {"searchInInput": "run", "searchByInput": "individual", "id": "X"}
    assert target(given, offered={nested_key("individual", "run")}) == ("run", "individual", "X")
    (said,) = problems(given)
    assert said.startswith("searchInInput: No member offers this below one of /individuals.")


def test_a_filter_with_a_mistake_is_the_problem_of_a_list_by_name():
    assert problems({"searchInInput": "individual", "filters": "age:>"}) == [
        "filters: “age” compares with “>”, but with no value"
    ]


def test_every_problem_is_named_with_its_parameter():
    said = problems(
        {
            "searchInInput": "people",
            "searchByInput": "folk",
            "id": "X",
            "filters": "age:>",
            "includeDatasetResponses": "SOME",
        }
    )
    there = "is no entry type, there are g_variants, individuals"
    assert len(said) == 4
    assert said[0].startswith(f"searchInInput: “people” {there}")
    assert said[1].startswith(f"searchByInput: “folk” {there}")
    assert said[2].startswith("filters: ")
    assert said[3].startswith("includeDatasetResponses: ")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"id": "X"}, "id: what it is the id of is missing"),
        ({"id": "..", "searchByInput": "runs"}, "id: “..” is no id"),
        ({"id": "filtering_terms", "searchByInput": "individuals"}, "id: “filtering_terms” is no"),
        ({"id": "filtering_terms", "searchByInput": "g_variants"}, "id: “filtering_terms” is no"),
        (
            {"id": "X", "searchByInput": "cohorts", "searchInInput": "filtering_terms"},
            "searchInInput: “filtering_terms” is no entry type",
        ),
        ({"searchInInput": ["runs", "cohorts"]}, "searchInInput: given 2 times"),
        ({"searchInInput": "runs", "geneId": "TTN"}, "geneId: version 1 has no geneId questions"),
        ({"searchInInput": "runs", "geneid": "TTN"}, "a question for everything is not what"),
        ({**PLAIN, "allele": "x"}, "allele: version 1 has no allele questions"),
    ],
)
def test_what_is_wrong_is_said(given, words):
    assert any(one.startswith(words) or words in one for one in problems(given))


def test_lists_take_the_word_that_is_no_filter():
    read = read_csc({"searchInInput": "individuals", "filters": "filter"})
    assert read.problems == ()
    assert read.warnings == ("filters=filter is no filter and was ignored",)
