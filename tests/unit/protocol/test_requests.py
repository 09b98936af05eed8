"""Beacon v2 questions put to us: tolerant of form, strict about meaning."""

from functools import partial

import pytest

from aggregator.model.query import (
    Filter,
    Granularity,
    Include,
    Pagination,
    QuestionKind,
    RequestedSchema,
)
from aggregator.protocol.parameters import MAX_VALUES
from aggregator.protocol.requests import MAX_SHORT_FORM_BASES, read_v2, request_parameters
from aggregator.protocol.requests_body import (
    MAX_PARAMETERS,
    VARIANT_NESTS,
    BodyError,
    join_parameters,
    spread_body,
)
from aggregator.protocol.surface import ENTRY_TYPES, Target
from tests.builders import F508DEL, SNV, query, variant
from tests.official import official
from tests.speed import growth

PLAIN = {
    "assemblyId": "GRCh38",
    "referenceName": "17",
    "start": "43045703",
    "referenceBases": "G",
    "alternateBases": "A",
}
NUMERIC = {**PLAIN, "start": 43045703}


def asked(parameters, **options):
    read = read_v2(parameters, **options)
    assert read.problems == ()
    return read.query


def posted(body, **options):
    return asked(spread_body(body), **options)


def problems(parameters, **options):
    read = read_v2(parameters, **options)
    assert read.problems
    return read.problems


def warnings(parameters, **options):
    read = read_v2(parameters, **options)
    assert not read.problems
    return read.warnings


# --- forms of one question ---


def test_plain_parameters_are_the_question():
    assert asked(PLAIN) == query(SNV)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"start": 43045703}, id="number"),
        pytest.param({"start": ["43045703"]}, id="list of text"),
        pytest.param({"start": [43045703]}, id="list of number"),
        pytest.param({"start": 43045703.0}, id="float"),
        pytest.param({"start": " 43045703 "}, id="spaces"),
        pytest.param({"start": "+43045703"}, id="sign"),
        pytest.param({"referenceName": ["chr17"]}, id="name as list"),
        pytest.param({"referenceName": 17}, id="name as number"),
        pytest.param({"end": ""}, id="empty end"),
        pytest.param({"end": []}, id="no end"),
        pytest.param({"end": None}, id="null end"),
        pytest.param({"variantType": ""}, id="empty type"),
        pytest.param({"geneId": " "}, id="blank gene"),
        pytest.param({"variantMinLength": ""}, id="empty length"),
        pytest.param({"mateName": None}, id="null mate"),
    ],
)
def test_other_forms_of_a_value_are_the_same_question(changed):
    assert asked({**PLAIN, **changed}) == query(SNV)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"query": {"requestParameters": {"g_variant": NUMERIC}}}, id="nested"),
        pytest.param({"query": {"requestParameters": NUMERIC}}, id="flat"),
        pytest.param({"requestParameters": NUMERIC}, id="outside query"),
        pytest.param({"query": NUMERIC}, id="in query itself"),
        pytest.param(NUMERIC, id="bare"),
        pytest.param(
            {
                "$schema": "x",
                "meta": {"apiVersion": "2.0", "requestedSchemas": []},
                "query": {"requestParameters": {"g_variant": NUMERIC}},
            },
            id="with meta",
        ),
        pytest.param(
            {"query": {"requestParameters": {"g_variant": {**NUMERIC, "end": None}}}}, id="null"
        ),
    ],
)
def test_a_body_of_any_form_is_the_same_question(body):
    assert posted(body) == query(SNV)


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_options_of_a_body_may_stand_inside_or_outside_of_query(where):
    options = {
        "requestedGranularity": "record",
        "includeResultsetResponses": "ALL",
        "pagination": {"skip": 2, "limit": 5},
        "testMode": True,
    }
    parameters = {"requestParameters": NUMERIC}
    body = (
        {"query": {**parameters, **options}}
        if where == "inside"
        else {
            "query": parameters,
            **options,
        }
    )
    assert posted(body) == query(
        SNV, granularity="record", include="ALL", pagination=Pagination(2, 5), test_mode=True
    )


def test_what_stands_deeper_wins():
    body = {
        "includeResultsetResponses": "MISS",
        "start": 5,
        "query": {
            "includeResultsetResponses": "ALL",
            "requestParameters": {"start": 6, "g_variant": NUMERIC},
        },
    }
    read = posted(body)
    assert read.include is Include.ALL
    assert read.variant == variant(SNV)


@pytest.mark.parametrize(
    "told",
    [
        spread_body({"requestedGranularity": "record", "query": {"requestedGranularity": "count"}}),
        spread_body({"query": {"requestedGranularity": "record", "requestParameters": {
            "g_variant": {"requestedGranularity": "count"}}}}),
        join_parameters({"requestedGranularity": "record"}, {"requestedGranularity": "count"}),
        {"requestedGranularity": ["record", "count"]},
    ],
)  # fmt: skip
def test_two_granularities_contradict_each_other(told):
    (said,) = problems({**PLAIN, **told})
    assert said == "requestedGranularity: “record” and “count” contradict each other, give one"


@pytest.mark.parametrize(
    "told",
    [
        spread_body({"requestedGranularity": "count", "query": {"requestedGranularity": "COUNT"}}),
        join_parameters({"requestedGranularity": "count"}, {"requestedGranularity": "count"}),
        join_parameters({"requestedGranularity": "count"}, {"requestedGranularity": ""}),
        join_parameters({"requestedGranularity": "count"}, {}),
        {"requestedGranularity": ["count", "count"]},
    ],
)
def test_one_granularity_may_be_said_twice(told):
    assert asked({**PLAIN, **told}).granularity is Granularity.COUNT


def test_an_empty_body_asks_nothing():
    read = posted({})
    assert read.variant is None
    assert read.granularity is Granularity.BOOLEAN


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"query": []}, "query: expected an object"),
        ({"query": "x"}, "query: expected an object"),
        ({"query": {"requestParameters": [1]}}, "query.requestParameters: expected an object"),
        ({"query": {"pagination": 5}}, "query.pagination: expected an object"),
        ({"query": {"requestParameters": []}}, "query.requestParameters: expected an object"),
        ({"requestParameters": ""}, "query.requestParameters: expected an object"),
        ({"query": {"requestParameters": False}}, "query.requestParameters: expected an object"),
        ({"query": {"pagination": []}}, "query.pagination: expected an object"),
        ({"query": ""}, "query: expected an object"),
    ],
)
def test_a_part_of_the_wrong_shape_is_named(body, words):
    with pytest.raises(BodyError, match=words):
        spread_body(body)


def test_every_part_of_the_wrong_shape_is_named_and_the_others_are_read():
    body = {"query": {"requestParameters": [1], "pagination": 5, "testMode": "maybe"}}
    with pytest.raises(BodyError) as raised:
        spread_body(body)
    assert len(raised.value.problems) == 2
    assert raised.value.parameters == {"testMode": "maybe"}


@pytest.mark.parametrize("nest", VARIANT_NESTS)
@pytest.mark.parametrize("wrong", [[{"geneId": "TTN"}], [], "TTN", 5, {"g_variant": []}])
@pytest.mark.parametrize(
    "place",
    [
        lambda variant: {"query": {"requestParameters": variant, "filters": ["HP:0001250"]}},
        lambda variant: {"query": variant, "filters": ["HP:0001250"]},
    ],
    ids=["inside", "beside"],
)
def test_a_variant_of_the_wrong_shape_is_never_left_out(nest, wrong, place):
    with pytest.raises(BodyError, match=r"query\.requestParameters\.\w+: expected an object"):
        spread_body(place({nest: wrong}))


def test_a_variant_in_a_nest_within_a_nest_is_read():
    for outer in VARIANT_NESTS:
        for inner in VARIANT_NESTS:
            body = {"query": {"requestParameters": {outer: {inner: NUMERIC}}}}
            assert posted(body) == query(SNV), (outer, inner)


@pytest.mark.parametrize("empty", [None, "", "  ", ","])
def test_an_empty_filter_in_a_list_is_a_mistake_and_not_left_out(empty):
    for told in ([empty], ["HP:0001250", empty]):
        with pytest.raises(BodyError, match=f"query.filters: element {len(told) - 1} is empty"):
            spread_body({"query": {"filters": told}})


@pytest.mark.parametrize("none", [None, "", []])
def test_no_filters_in_a_body_are_none(none):
    assert posted({"query": {"requestParameters": NUMERIC, "filters": none}}) == query(SNV)


@pytest.mark.parametrize(
    "place",
    [
        lambda many: many,
        lambda many: {"query": many},
        lambda many: {"query": {"requestParameters": many}},
        lambda many: {"query": {"requestParameters": {"g_variant": many}}},
        lambda many: {"query": {"requestParameters": {name: {name: 1} for name in many}}},
    ],
)
def test_a_body_of_very_many_parameters_is_refused_at_once(place):
    def refused(many: int) -> BodyError:
        with pytest.raises(BodyError, match=f"more than {MAX_PARAMETERS} parameters") as raised:
            spread_body(bodies[many])
        return raised.value

    bodies = {
        many: place({f"p{number}": number for number in range(many)}) for many in (3_000, 30_000)
    }
    assert refused(30_000).parameters == {}
    # ten times as much takes about ten times as long, and never its square
    assert growth(lambda many: partial(refused, many), *bodies) < 40


def test_as_many_parameters_as_there_may_be_are_read():
    names = [f"p{number}" for number in range(MAX_PARAMETERS)]
    assert list(spread_body(dict.fromkeys(names, 1))) == names


# --- positions ---


@pytest.mark.parametrize(
    "positions",
    [
        {"start": "5,10", "end": "20,30"},
        {"start": ["5", "10"], "end": ["20", "30"]},
        {"start": [5, 10], "end": [20, 30]},
        {"start": "5, 10", "end": ["20,30"]},
    ],
)
def test_windows_may_be_lists_or_comma_lists(positions):
    read = asked({"assemblyId": "GRCh38", "referenceName": "17", **positions})
    assert read.variant is not None
    assert read.variant.kind is QuestionKind.BRACKET
    assert (read.variant.start0, read.variant.end0) == ((5, 10), (20, 30))


@pytest.mark.parametrize("value", ["five", "5.5", 5.5, True, "0x10", "٣", "9" * 16, 2**53, "5 6"])
def test_a_position_that_is_no_number_is_named(value):
    assert any(
        "start: “" in told and "whole number" in told
        for told in problems({**PLAIN, "start": value})
    )


# --- empty bases ---


def test_an_empty_alternate_is_a_deletion():
    given = {**PLAIN, "referenceName": "7", "start": 117559590, "referenceBases": "TCT"}
    assert asked({**given, "alternateBases": ""}).variant == variant(F508DEL)


def test_a_form_with_both_bases_left_empty_did_not_ask_for_any():
    read = asked({**PLAIN, "referenceBases": "", "alternateBases": "", "variantType": "DEL"})
    assert read.variant is not None
    assert (read.variant.reference, read.variant.alternate) == (None, None)


# --- options ---


def test_without_options_the_defaults_of_the_specification_hold():
    read = asked(PLAIN)
    assert read.granularity is Granularity.BOOLEAN
    assert read.include is Include.HIT
    assert read.pagination == Pagination(0, 10)
    assert read.filters == ()
    assert read.dataset_ids == ()
    assert read.test_mode is False


@pytest.mark.parametrize("granularity", ["record", "RECORD", ["record"]])
def test_words_are_read_in_any_case(granularity):
    assert asked({**PLAIN, "requestedGranularity": granularity}).granularity is Granularity.RECORD


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("requestedGranularity", "aggregated", "is none of boolean, count, record"),
        ("includeResultsetResponses", "SOME", "is none of ALL, HIT, MISS, NONE"),
        ("testMode", "maybe", "neither true nor false"),
        ("skip", "-1", "skip: -1 is negative"),
        ("limit", "-1", "limit: -1 is negative"),
        ("limit", "ten", "“ten” is not a whole number"),
        ("variantMinLength", "long", "“long” is not a whole number"),
        ("referenceName", ["1", "2"], "given 2 times, once is meant"),
        ("referenceName", {"a": 1}, "expected text"),
        ("referenceName", True, "expected text"),
        ("datasetIds", [{"id": 1}], "expected texts"),
        ("datasetIds", [f"{n}" for n in range(MAX_VALUES + 1)], "more than 1000 values"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(name, value, words):
    assert any(
        told.startswith(f"{name}: ") and words in told for told in problems({**PLAIN, name: value})
    )


@pytest.mark.parametrize(
    ("value", "mode"), [("true", True), ("1", True), (True, True), ("false", False), ("no", False)]
)
def test_the_test_mode_is_read(value, mode):
    assert asked({**PLAIN, "testMode": value}).test_mode is mode


def test_pages_are_read():
    assert asked({**PLAIN, "skip": "3", "limit": "20"}).pagination == Pagination(3, 20)


def test_a_limit_of_zero_asks_for_as_many_as_there_may_be():
    read = read_v2({**PLAIN, "limit": 0}, max_limit=50)
    assert read.query.pagination.limit == 50
    assert read.warnings == ("limit: at most 50 records a page",)


def test_a_limit_above_the_greatest_is_cut_with_a_warning():
    read = read_v2({**PLAIN, "limit": 51}, max_limit=50)
    assert read.query.pagination.limit == 50
    assert read.warnings == ("limit: at most 50 records a page",)


def test_the_greatest_limit_itself_is_no_reason_for_a_warning():
    assert warnings({**PLAIN, "limit": 50}, max_limit=50) == ()


@pytest.mark.parametrize(
    "given",
    [
        {"datasetIds": "b,a"},
        {"datasetIds": ["b", "a", "b"]},
        {"datasets": "b,a"},
        {"datasets": ["b,a"]},
    ],
)
def test_data_sets_are_read_from_a_list_or_comma_list(given):
    assert asked({**PLAIN, **given}).dataset_ids == ("a", "b")


@pytest.mark.parametrize(
    "requested",
    [
        {"datasets": {"datasetIds": ["a", "b"]}},
        {"datasets": ["a", "b"]},
        {"datasetIds": ["a", "b"]},
    ],
)
def test_data_sets_are_read_from_a_body(requested):
    body = {"query": {"requestParameters": {"g_variant": NUMERIC, **requested}}}
    assert posted(body).dataset_ids == ("a", "b")


@pytest.mark.parametrize(
    "filters",
    [
        [{"id": "HP:0001250"}, {"id": "NCIT:C16576"}],
        ["NCIT:C16576", "HP:0001250"],
        "HP:0001250,NCIT:C16576",
        ["HP:0001250,NCIT:C16576", "HP:0001250", ""],
    ],
)
def test_filters_are_read_in_every_form(filters):
    assert asked({**PLAIN, "filters": filters}).filters == (
        Filter("HP:0001250"),
        Filter("NCIT:C16576"),
    )


def test_a_word_that_is_no_filter_is_ignored_with_a_warning():
    read = read_v2({**PLAIN, "filters": "filter"})
    assert read.query.filters == ()
    assert read.warnings == ("filters=filter is no filter and was ignored",)


@pytest.mark.parametrize("entry_type", ["genomicVariant", "individual", "biosample", "run"])
@pytest.mark.parametrize("told", ["filter", ["filter", ""], [{"id": "filter"}]])
def test_a_word_that_is_no_filter_is_no_question_alone(entry_type, told):
    said = problems({"filters": told}, target=Target(entry_type))
    assert any(one.startswith("no question: filters=filter") for one in said)


@pytest.mark.parametrize("target", [Target("dataset"), Target("individual", record_id="X")])
def test_a_word_that_is_no_filter_is_ignored_where_the_path_is_the_question(target):
    assert warnings({"filters": "filter"}, target=target) == (
        "filters=filter is no filter and was ignored",
    )


def test_a_word_that_is_no_filter_is_ignored_beside_one_that_is():
    assert asked({"filters": "filter,HP:0001250"}, target=INDIVIDUALS).filters


@pytest.mark.parametrize(
    ("name", "standard"),
    [("geneid", "geneId"), ("aminoAcidChange", "aminoacidChange")],
)
def test_names_servers_misspell_are_known(name, standard):
    given = {"geneId": "BRAF", standard: "V600E" if "mino" in name else "BRAF"}
    misspelt = {name if key == standard else key: value for key, value in given.items()}
    assert read_v2(misspelt) == read_v2(given)


# --- unknown parameters ---


def test_unknown_parameters_are_named_in_a_warning():
    assert warnings({**PLAIN, "colour": "red", "assembyId": "x"}) == (
        "unknown parameters were ignored: assembyId, colour",
    )


@pytest.mark.parametrize("name", ["wait", "partial", "ask", "group", "$schema"])
def test_parameters_read_elsewhere_are_not_unknown(name):
    assert warnings({**PLAIN, name: "x"}) == ()


def test_many_unknown_parameters_are_counted():
    (told,) = warnings({**PLAIN, **{f"p{n:02}": "x" for n in range(12)}})
    assert told.endswith("p08, p09 and 2 more")


def test_a_name_with_controls_in_it_is_shown_without_them():
    (told,) = warnings({**PLAIN, "a\n\x1b[1m": "x"})
    assert told.isprintable()


# --- what is asked for ---


INDIVIDUALS = Target("individual")
RECORD = Target("genomicVariant", within="individual", record_id="X")


def test_the_path_says_what_is_asked_for():
    read = asked(PLAIN, target=RECORD)
    assert (read.entry_type, read.within, read.record_id) == ("genomicVariant", "individual", "X")
    assert read.variant == variant(SNV)


@pytest.mark.parametrize("entry_type", ENTRY_TYPES)
def test_everything_of_an_entry_type_may_be_asked_for(entry_type):
    read = asked({}, target=Target(entry_type))
    assert (read.entry_type, read.variant, read.filters) == (entry_type, None, ())


@pytest.mark.parametrize("entry_type", ["genomicVariant", "individual", "biosample", "run"])
@pytest.mark.parametrize("given", [{"colour": "red"}, {"assemblyId": "GRCh38"}])
def test_a_question_nothing_was_understood_of_is_not_one_for_everything(entry_type, given):
    assert any("everything" in one for one in problems(given, target=Target(entry_type)))


@pytest.mark.parametrize(
    "target", [Target("dataset"), Target("cohort"), RECORD, Target("individual", record_id="X")]
)
def test_where_the_path_says_it_all_what_nobody_reads_is_ignored(target):
    assert warnings({"colour": "red"}, target=target) == (
        "unknown parameters were ignored: colour",
    )


def test_a_filter_is_a_question():
    assert asked({"filters": "HP:0001250", "colour": "red"}, target=INDIVIDUALS).filters


@pytest.mark.parametrize(
    "given",
    [
        {"requestedSchemas": [{"entityType": "individual", "schema": "phenopacket"}]},
        {"requestedSchemas": {"entityType": "individual", "schema": "phenopacket"}},
        {"requestedSchemas": ["phenopacket", 5, {"schema": 5}, {"entityType": "x"}, None, " "]},
        {"requestedSchema": "phenopacket"},
        {"requestedSchema": ["phenopacket", "phenopacket"]},
    ],
)
def test_a_requested_schema_is_noted_and_said_to_have_no_effect(given):
    read = read_v2(given, target=INDIVIDUALS)
    assert read.query.requested_schemas == (RequestedSchema("individual", "phenopacket"),)
    (told,) = read.warnings
    assert "phenopacket" in told
    assert not read.problems


@pytest.mark.parametrize("schema", [ENTRY_TYPES["run"].schema, ENTRY_TYPES["run"].schema_id])
def test_the_schema_of_the_model_is_no_reason_for_a_warning(schema):
    given = spread_body({"meta": {"requestedSchemas": [{"entityType": "runs", "schema": schema}]}})
    assert warnings(given, target=Target("run")) == ()
    assert asked(given, target=Target("run")).requested_schemas == (
        RequestedSchema("runs", schema),
    )


# --- every problem at once ---


def test_problems_of_form_and_meaning_are_named_together():
    told = problems(
        {**PLAIN, "start": "five", "referenceName": "33", "limit": "-2", "testMode": "perhaps"}
    )
    for name in ("start", "referenceName", "limit", "testMode"):
        assert any(one.startswith(name) for one in told)


def test_a_bare_chromosome_without_an_assembly_is_a_problem():
    (told,) = problems({**PLAIN, "assemblyId": ""})
    assert told.startswith("assemblyId is missing")


# --- HGVS ---


def test_a_genomic_short_form_is_the_allele_it_names():
    read = asked({"genomicAlleleShortForm": "NC_000017.11:g.43045704G>A"})
    assert read.variant == variant(SNV)


def test_the_short_form_is_known_by_its_other_name_too():
    assert asked({"allele": "NC_000017.11:g.43045704G>A"}).variant == variant(SNV)


def test_a_short_form_without_assembly_takes_the_one_given_in_any_spelling():
    read = asked({"genomicAlleleShortForm": "chr17:g.43045704G>A", "assemblyId": "hg38"})
    assert read.variant == variant(SNV)


def test_a_short_form_without_any_assembly_stays_text():
    read = asked({"genomicAlleleShortForm": "chr17:g.43045704G>A"})
    assert read.variant is not None
    assert read.variant.kind is QuestionKind.SHORT_FORM


def test_an_accession_of_another_assembly_than_stated_is_a_problem():
    given = {"genomicAlleleShortForm": "NC_000017.11:g.43045704G>A", "assemblyId": "GRCh37"}
    (told,) = problems(given)
    assert "NC_000017.11 belongs to GRCh38, but assemblyId says GRCh37" in told


@pytest.mark.parametrize(
    "form", ["chr17:g.43045704G>A", "NC_000017.11:g.43045704G>A", "NM_1:c.1A>T"]
)
def test_an_assembly_that_is_none_is_a_problem_beside_a_short_form(form):
    (told,) = problems({"genomicAlleleShortForm": form, "assemblyId": "hg20"})
    assert told.startswith("assemblyId: “hg20”")


def test_an_assembly_that_is_none_is_a_problem_beside_a_gene():
    (told,) = problems({"geneId": "BRCA1", "assemblyId": "hg20"})
    assert told.startswith("assemblyId: “hg20”")


@pytest.mark.parametrize("form", ["m.3243A>G", "NC_012920.1:m.3243A>G", "MT:m.3243A>G"])
def test_a_mitochondrial_short_form_needs_no_assembly(form):
    read = asked({"genomicAlleleShortForm": form})
    assert read.variant is not None
    assert (read.variant.chromosome, read.variant.start0) == ("MT", (3242,))


def test_the_other_mitochondrial_sequence_is_refused_in_a_short_form():
    (told,) = problems({"genomicAlleleShortForm": "chrM:m.3243A>G", "assemblyId": "hg19"})
    assert "NC_001807" in told


def test_a_deletion_that_tells_its_bases_is_an_allele():
    read = asked({"genomicAlleleShortForm": "NC_000007.14:g.117559591_117559593delTCT"})
    assert read.variant == variant(F508DEL)


def test_a_deletion_without_bases_stays_text_without_a_reference():
    read = asked({"genomicAlleleShortForm": "NC_000007.14:g.117559592_117559594del"})
    assert read.variant is not None
    assert read.variant.kind is QuestionKind.SHORT_FORM


def cftr(assembly, chromosome, start0, end0):
    bases, first = "GAAAATATCATCTTTGGTGTTTCC", 117559580
    known = chromosome == "7" and start0 >= first and end0 <= first + len(bases)
    return bases[start0 - first : end0 - first] if known else None


@pytest.mark.parametrize(
    "given",
    [
        {"genomicAlleleShortForm": "NC_000007.14:g.117559592_117559594del"},
        {"genomicAlleleShortForm": "chr7:g.117559592_117559594del", "assemblyId": "hg38"},
    ],
)
def test_a_deletion_without_bases_is_an_allele_with_a_reference(given):
    assert asked(given, reference=cftr).variant == variant(F508DEL)


def test_a_duplication_without_bases_is_an_allele_with_a_reference():
    form = "NC_000007.14:g.117559591_117559593dup"
    read = asked({"genomicAlleleShortForm": form}, reference=cftr)
    inserted = {"start": (117559590,), "reference": "", "alternate": "TCT"}
    assert read.variant == variant({**F508DEL, **inserted}, cftr)


def test_a_short_form_that_contradicts_itself_stays_text():
    read = asked({"genomicAlleleShortForm": "NC_000007.14:g.20_10del"})
    assert read.variant is not None
    assert read.variant.kind is QuestionKind.SHORT_FORM


def test_an_endless_deletion_is_not_looked_up():
    def reference(assembly, chromosome, start0, end0):
        raise AssertionError

    form = f"NC_000007.14:g.1_{MAX_SHORT_FORM_BASES + 1}del"
    read = asked({"genomicAlleleShortForm": form}, reference=reference)
    assert read.variant is not None
    assert read.variant.kind is QuestionKind.SHORT_FORM


def test_a_coding_short_form_stays_text():
    read = asked({"genomicAlleleShortForm": "NM_004006.2:c.4375C>T"})
    assert read.variant is not None
    assert read.variant.short_form == "NM_004006.2:c.4375C>T"


def test_a_short_form_beside_a_position_is_a_problem():
    given = {**PLAIN, "genomicAlleleShortForm": "NC_000017.11:g.43045704G>A"}
    assert any("leave out" in told for told in problems(given))


# --- written back ---


@pytest.mark.parametrize(
    "asking",
    [
        query(SNV),
        query(F508DEL),
        query({"assembly": "GRCh38", "chromosome": "17", "start": (5, 6), "end": (9, 20)}),
        query({"assembly": "GRCh37", "chromosome": "X", "start": (5,), "end": (9,)}),
        query({"assembly": "GRCh37", "chromosome": "MT", "start": (3242,), "alternate": "G"}),
        query({"gene": "BRAF", "amino_acid_change": "V600E"}, dataset_ids=("a", "b")),
        query({"short_form": "NM_004006.2:c.4375C>T"}),
    ],
    ids=lambda asking: str(asking.variant.kind),
)
def test_a_question_written_back_is_read_as_the_same_and_is_valid(asking):
    written = request_parameters(asking)
    official.validate_g_variant(written["g_variant"])
    again = posted({"query": {"requestParameters": written}})
    assert (again.variant, again.dataset_ids) == (asking.variant, asking.dataset_ids)


def test_no_question_is_written_as_none():
    assert request_parameters(read_v2({}).query) == {}
