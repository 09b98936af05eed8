"""Which variant questions are legal, what is said of the others, and when two are one."""

from dataclasses import fields

import pytest

from aggregator.model.fields import VariantFields
from aggregator.model.genome import WRONG_MITOCHONDRION, Assembly
from aggregator.model.query import QuestionKind, VariantQuestion
from aggregator.model.question import check
from tests.builders import F508DEL, SNV, variant

PLACE = {"assembly": "GRCh38", "chromosome": "17"}
AT = {**PLACE, "start": (43045703,)}
RANGE = {**AT, "end": (43045800,)}
BRACKET = {**PLACE, "start": (43045000, 43046000), "end": (43047000, 43048000)}
MITO = {"chromosome": "MT", "start": (3242,), "reference": "A", "alternate": "G"}


def problems(given=None, /, **changes):
    checked = check(VariantFields(**{**(given or {}), **changes}))
    assert checked.problems
    assert checked.question is None
    return checked.problems


def problem(given=None, /, **changes):
    (only,) = problems(given, **changes)
    return only


def warnings(given=None, /, **changes):
    checked = check(VariantFields(**{**(given or {}), **changes}))
    assert not checked.problems
    return checked.warnings


# --- legal questions (Beacon v2 documentation, variant queries) ---


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        pytest.param(SNV, QuestionKind.SEQUENCE, id="start and both bases"),
        pytest.param({**AT, "alternate": "A"}, QuestionKind.SEQUENCE, id="start, alternate"),
        pytest.param({**AT, "reference": "N", "alternate": "A"}, QuestionKind.SEQUENCE, id="N"),
        pytest.param({**AT, "variant_type": "DEL"}, QuestionKind.SEQUENCE, id="start, type"),
        pytest.param(
            {**AT, "reference": "G", "alternate": ""}, QuestionKind.SEQUENCE, id="deletion"
        ),
        pytest.param(
            {**AT, "reference": "", "alternate": "GT"}, QuestionKind.SEQUENCE, id="insertion"
        ),
        pytest.param(RANGE, QuestionKind.RANGE, id="range"),
        pytest.param({**RANGE, "variant_type": "DEL"}, QuestionKind.RANGE, id="range, type"),
        pytest.param({**RANGE, "alternate": "A"}, QuestionKind.RANGE, id="range, alternate"),
        pytest.param({**RANGE, "min_length": 3}, QuestionKind.RANGE, id="range, length"),
        pytest.param(BRACKET, QuestionKind.BRACKET, id="bracket"),
        pytest.param(
            {**BRACKET, "variant_type": "EFO:0030067"}, QuestionKind.BRACKET, id="bracket, term"
        ),
        pytest.param({**BRACKET, "mate": "chr8"}, QuestionKind.BRACKET, id="bracket, mate"),
        pytest.param({"gene": "BRCA1"}, QuestionKind.GENE, id="gene"),
        pytest.param({"gene": "BRCA1", "variant_type": "DEL"}, QuestionKind.GENE, id="gene, type"),
        pytest.param({"gene": "BRCA1", "max_length": 50}, QuestionKind.GENE, id="gene, length"),
        pytest.param({"gene": "BRCA1", "alternate": "T"}, QuestionKind.GENE, id="gene, alternate"),
        pytest.param(
            {"gene": "BRAF", "amino_acid_change": "V600E"},
            QuestionKind.AMINO_ACID,
            id="amino acid change",
        ),
        pytest.param(
            {"short_form": "NM_004006.2:c.4375C>T"}, QuestionKind.SHORT_FORM, id="short form"
        ),
    ],
)
def test_a_legal_combination_is_a_question_of_its_kind(given, kind):
    assert variant(given).kind is kind


def test_nothing_asked_about_a_variant_is_no_question_and_no_problem():
    checked = check(VariantFields())
    assert (checked.question, checked.problems, checked.warnings) == (None, [], [])


def test_an_assembly_alone_asks_nothing_and_says_so():
    checked = check(VariantFields(assembly="hg38"))
    assert checked.question is None
    assert checked.warnings == ["assemblyId without a position has no effect"]


def test_an_unknown_assembly_alone_is_a_problem():
    assert "not a human assembly" in problem(assembly="hg20")


@pytest.mark.parametrize("name", [field.name for field in fields(VariantFields)])
def test_any_field_but_the_assembly_asks_something(name):
    value = (5,) if name in {"start", "end"} else 5 if name.endswith("length") else "x"
    assert VariantFields(**{name: value}).is_empty is (name == "assembly")


# --- the canonical form ---


@pytest.mark.parametrize(
    "spelled",
    [
        pytest.param({"chromosome": "chr17"}, id="chr17"),
        pytest.param({"chromosome": "NC_000017.11"}, id="accession"),
        pytest.param({"chromosome": "NC_000017.11", "assembly": None}, id="accession alone"),
        pytest.param({"assembly": "hg38"}, id="hg38"),
        pytest.param({"assembly": "GRCh38.p13"}, id="patch"),
        pytest.param({"reference": "g"}, id="lower-case reference"),
        pytest.param({"alternate": "a"}, id="lower-case alternate"),
        pytest.param({"end": (43045704,)}, id="end of the reference bases"),
        pytest.param({"variant_type": "SNP"}, id="type that says the same"),
        pytest.param({"start": (43045702,), "reference": "TG", "alternate": "TA"}, id="padded"),
    ],
)
def test_two_spellings_of_one_question_are_equal(spelled):
    assert variant({**SNV, **spelled}) == variant(SNV)
    assert hash(variant({**SNV, **spelled})) == hash(variant(SNV))


@pytest.mark.parametrize(
    "changed",
    [
        {"chromosome": "16"},
        {"assembly": "GRCh37"},
        {"start": (43045704,)},
        {"reference": "T"},
        {"alternate": "C"},
        {"reference": None},
    ],
)
def test_another_question_is_not_equal(changed):
    assert variant({**SNV, **changed}) != variant(SNV)


def test_spellings_of_one_deletion_are_one_question():
    trimmed = variant({**F508DEL, "start": (117559590,), "reference": "TCT", "alternate": ""})
    assert trimmed == variant(F508DEL)


def test_a_question_with_bases_holds_the_canonical_allele():
    asked = variant(F508DEL)
    assert asked.allele is not None
    assert (asked.start0, asked.reference, asked.alternate) == ((117559590,), "TCT", "")


def test_the_reference_sequence_is_asked_for_the_right_chromosome():
    seen = set()

    def reference(assembly, chromosome, start0, end0):
        seen.add((assembly, chromosome))

    variant({**F508DEL, "start": (117559590,), "reference": "TCT", "alternate": ""}, reference)
    assert seen == {(Assembly.GRCH38, "7")}


def test_an_allele_that_is_the_reference_is_known_with_a_reference_sequence():
    # F5 Leiden in GRCh37
    leiden = {"assembly": "GRCh37", "chromosome": "1", "start": (169519048,)}
    asked = variant({**leiden, "reference": "C", "alternate": "T"}, lambda *where: "T")
    assert asked.allele is not None
    assert asked.allele.is_reference


@pytest.mark.parametrize("bases", [{"reference": "N"}, {"alternate": "R"}, {"alternate": "N"}])
def test_wildcards_make_no_allele(bases):
    assert variant({**SNV, **bases}).allele is None


def test_a_type_beside_the_bases_it_repeats_is_left_out():
    assert variant({**SNV, "variant_type": "SNV"}).variant_type is None


@pytest.mark.parametrize(("typed", "canonical"), [("del", "DEL"), ("dup:tandem", "DUP:TANDEM")])
def test_vcf_types_are_written_in_capitals(typed, canonical):
    assert variant({**RANGE, "variant_type": typed}).variant_type == canonical


@pytest.mark.parametrize("term", ["EFO:0030067", "SO:0001743", "efo:0030067"])
def test_ontology_terms_keep_their_spelling(term):
    assert variant({**RANGE, "variant_type": term}).variant_type == term


def test_bases_beside_a_gene_are_written_in_capitals():
    spelled = [variant({"gene": "BRCA1", "alternate": bases}) for bases in ("t", "T")]
    assert spelled[0] == spelled[1]


def test_the_mate_is_a_canonical_chromosome():
    assert variant({**BRACKET, "mate": "chr8"}).mate == "8"


# --- brackets and ranges ---


def test_start_end_and_bases_of_that_length_are_the_allele_itself():
    asked = variant({**F508DEL, "end": (117559593,)})
    assert asked == variant(F508DEL)
    assert asked.end0 == ()


def test_start_and_end_of_another_length_are_a_range():
    asked = variant({**SNV, "end": (43045710,)})
    assert (asked.kind, asked.end0) == (QuestionKind.RANGE, (43045710,))


def test_an_insertion_between_two_bases_may_state_its_empty_span():
    asked = variant({**AT, "end": (43045703,), "reference": "", "alternate": "GT"})
    assert asked == variant({**AT, "reference": "", "alternate": "GT"})


def test_a_bracket_of_single_positions_is_legal():
    assert variant({**PLACE, "start": (5, 6), "end": (9, 10)}).start0 == (5, 6)


# --- empty bases ---


def test_an_empty_alternate_beside_reference_bases_is_a_deletion():
    asked = variant({**AT, "reference": "G", "alternate": ""})
    assert (asked.reference, asked.alternate) == ("G", "")
    assert asked.allele is not None


def test_an_empty_reference_beside_alternate_bases_is_an_insertion():
    asked = variant({**AT, "reference": "", "alternate": "GT"})
    assert (asked.reference, asked.alternate) == ("", "GT")


def test_absent_reference_bases_are_not_an_insertion():
    asked = variant({**AT, "alternate": "GT"})
    assert (asked.reference, asked.allele) == (None, None)


@pytest.mark.parametrize(("reference", "alternate"), [("G", ""), ("", "")])
def test_with_a_variant_type_empty_bases_were_not_filled_in(reference, alternate):
    asked = variant({**AT, "reference": reference, "alternate": alternate, "variant_type": "DEL"})
    assert asked.alternate is None
    assert asked.variant_type == "DEL"


@pytest.mark.parametrize("place", [RANGE, BRACKET], ids=["range", "bracket"])
@pytest.mark.parametrize(("reference", "alternate"), [("G", ""), ("", "T")])
def test_an_empty_side_of_a_region_never_means_any(place, reference, alternate):
    checked = check(VariantFields(**{**place, "reference": reference, "alternate": alternate}))
    assert checked.question is None
    assert "is empty" in " ".join(checked.problems)


@pytest.mark.parametrize("reference", [None, ""])
def test_a_deletion_needs_its_bases(reference):
    told = problem({**AT, "reference": reference, "alternate": ""})
    assert told == "which bases are deleted? referenceBases is missing"


# --- the mitochondrion ---


@pytest.mark.parametrize(
    "spelled",
    [
        {"assembly": "GRCh37"},
        {"assembly": "hg19"},
        {"assembly": "hg38", "chromosome": "chrM"},
        {"assembly": "GRCh37", "chromosome": "M"},
        {"chromosome": "NC_012920.1"},
        {"assembly": "GRCh38", "chromosome": "NC_012920.1"},
    ],
)
def test_the_mitochondrion_is_one_sequence_in_both_assemblies(spelled):
    assert variant({**MITO, **spelled}) == variant({**MITO, "assembly": "GRCh38"})


def test_the_assembly_typed_for_the_mitochondrion_is_remembered():
    assert variant({**MITO, "assembly": "hg19"}).typed_assembly is Assembly.GRCH37


@pytest.mark.parametrize(
    "spelled",
    [
        {"chromosome": "M", "assembly": "hg19"},
        {"chromosome": "chrM", "assembly": "hg18"},
        {"chromosome": "MT", "assembly": "NCBI36"},
    ],
)
def test_the_other_mitochondrial_sequence_is_refused(spelled):
    assert problem({**MITO, **spelled}) == WRONG_MITOCHONDRION


# --- wrong place ---


def test_a_position_of_another_assembly_asks_for_the_assembly():
    told = problem({**SNV, "assembly": "GRCh37", "start": (83_000_000,)})
    assert told.endswith("Wrong assembly? It fits in GRCh38.")


def test_reference_bases_must_end_on_the_chromosome():
    last = {"assembly": "GRCh38", "chromosome": "MT", "start": (16568,)}
    assert variant({**last, "reference": "G", "alternate": "A"})
    assert "16,570" in problem({**last, "reference": "GG", "alternate": "A"})


def test_a_range_must_end_on_the_chromosome():
    assert "beyond the end" in problem({**RANGE, "end": (90_000_000,)})


def test_a_window_may_reach_past_the_chromosome():
    assert variant({**BRACKET, "end": (43047000, 90_000_000)})


def test_a_pseudoautosomal_position_of_y_is_offered_on_x():
    (told,) = warnings({**SNV, "chromosome": "Y", "start": (56887902,)})
    assert "X:155,701,383" in told


def test_other_positions_of_y_warn_of_nothing():
    assert warnings({**SNV, "chromosome": "Y", "start": (20577480,)}) == []


def test_the_same_position_of_x_warns_of_nothing():
    assert warnings({**SNV, "chromosome": "X", "start": (10000,)}) == []


# --- problems ---


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({**SNV, "assembly": None}, "assemblyId is missing", id="no assembly"),
        pytest.param({**SNV, "assembly": "hg20"}, "assemblyId: “hg20”", id="unknown assembly"),
        pytest.param({**SNV, "chromosome": None}, "referenceName is missing", id="no chromosome"),
        pytest.param({**SNV, "chromosome": "33"}, "referenceName: “33”", id="no such chromosome"),
        pytest.param(
            {**SNV, "chromosome": "NC_000017.11", "assembly": "GRCh37"},
            "NC_000017.11 belongs to GRCh38, but assemblyId says GRCh37",
            id="accession of another assembly",
        ),
        pytest.param({**SNV, "start": ()}, "start is missing", id="no start"),
        pytest.param({**SNV, "start": (-1,)}, "start: -1 is negative", id="negative start"),
        pytest.param({**RANGE, "end": (-5,)}, "end: -5 is negative", id="negative end"),
        pytest.param({**AT, "start": (5, 9)}, "2 start and 0 end positions", id="half a bracket"),
        pytest.param({**AT, "end": (5, 9)}, "1 start and 2 end positions", id="mixed"),
        pytest.param(
            {**RANGE, "end": (43045000,)},
            "did you mean start=43045000 and end=43045703?",
            id="end before start",
        ),
        pytest.param(
            {**RANGE, "end": (43045703,)},
            "the range is empty: end is exclusive",
            id="empty range",
        ),
        pytest.param({**BRACKET, "start": (9, 9)}, "start=9,9: a window", id="empty start window"),
        pytest.param(
            {**BRACKET, "end": (43048000, 43047000)}, "end=43048000,43047000", id="end window"
        ),
        pytest.param(
            {**BRACKET, "end": (5, 43045000)},
            "the window of the end lies before the window of the start",
            id="windows the wrong way round",
        ),
        pytest.param({**AT}, "asks nothing: add one of them", id="start alone"),
        pytest.param({**AT, "reference": "G"}, "asks nothing: add one of them", id="no alternate"),
        pytest.param({**SNV, "alternate": "g"}, "are the same", id="reference equals alternate"),
        pytest.param({**SNV, "alternate": "<DEL>"}, "alternateBases: “<DEL>”", id="symbolic"),
        pytest.param({**SNV, "reference": "J"}, "referenceBases: “J”", id="no base"),
        pytest.param(
            {**SNV, "variant_type": "DEL"}, "variantType DEL contradict", id="type and bases"
        ),
        pytest.param(
            {**AT, "alternate": "AT", "variant_type": "SNP"}, "contradict", id="type, alternate"
        ),
        pytest.param(
            {**AT, "alternate": "A", "variant_type": "DUP"}, "contradict", id="type of no bases"
        ),
        pytest.param({**BRACKET, "mate": "chr99"}, "mateName: “chr99”", id="mate"),
        pytest.param({**RANGE, "min_length": -1}, "variantMinLength: -1 is", id="negative length"),
        pytest.param({**RANGE, "max_length": -1}, "variantMaxLength: -1 is", id="negative maximum"),
        pytest.param(
            {**RANGE, "min_length": 9, "max_length": 5},
            "variantMinLength 9 is above variantMaxLength 5",
            id="lengths the wrong way round",
        ),
        pytest.param({"gene": "B" * 201}, "geneId: at most 200", id="long gene"),
        pytest.param({"gene": "BR\nCA"}, "geneId: at most 200 printable", id="control character"),
        pytest.param({"short_form": "x" * 201}, "genomicAlleleShortForm: at most", id="long form"),
        pytest.param({"gene": "BRCA1", "start": (5,)}, "two questions", id="gene and place"),
        pytest.param({"gene": "BRCA1", "reference": "A"}, "two questions", id="gene and bases"),
        pytest.param(
            {"amino_acid_change": "V600E", "chromosome": "7"}, "two questions", id="change, place"
        ),
        pytest.param(
            {"short_form": "NM_1:c.1A>T", "gene": "BRCA1"}, "leave out geneId", id="form and gene"
        ),
        pytest.param(
            {"short_form": "NM_1:c.1A>T", "variant_type": "DEL", "start": (5,)},
            "leave out variantType, a position",
            id="form, type and place",
        ),
    ],
)
def test_what_is_wrong_is_said(given, words):
    assert any(words in told for told in problems(given))


def test_three_positions_make_no_sense():
    assert "start: 3 values, at most 2 make sense" in problems({**AT, "start": (1, 2, 3)})


def test_every_problem_is_named_at_once():
    told = problems(
        assembly="hg20", chromosome="33", start=(-1,), reference="J", min_length=3, max_length=1
    )
    named = ("assemblyId", "referenceName", "start", "referenceBases", "variantMinLength")
    assert all(any(name in one for one in told) for name in named)


def test_a_problem_of_the_bases_is_named_beside_one_of_the_place():
    told = problems({**SNV, "assembly": None, "alternate": "G"})
    assert len(told) == 2


def test_a_long_text_is_shortened_in_the_message():
    assert len(problem({**SNV, "alternate": "<" + "A" * 1000})) < 200


@pytest.mark.parametrize(
    ("reference", "alternate", "kind"),
    [
        *(("G", "A", "SNP"), ("G", "A", "snv"), ("GA", "TC", "MNP"), ("GA", "TC", "MNV")),
        *(("GA", "G", "DEL"), ("G", "GA", "INS"), ("GA", "TCC", "DELINS"), (None, "A", "SNP")),
    ],
)
def test_a_type_that_fits_the_bases_is_no_contradiction(reference, alternate, kind):
    assert variant({**AT, "reference": reference, "alternate": alternate, "variant_type": kind})


@pytest.mark.parametrize(
    ("reference", "alternate", "kind"),
    [
        *(("GA", "T", "SNP"), ("GA", "T", "MNP"), ("G", "GA", "DEL"), ("GA", "G", "INS")),
        *(("G", "A", "INV"), (None, "AT", "INS"), ("G", "A", "EFO:0030067")),
    ],
)
def test_a_type_that_does_not_fit_the_bases_is_a_contradiction(reference, alternate, kind):
    bases = {"reference": reference, "alternate": alternate, "variant_type": kind}
    assert "contradict each other" in problem({**AT, **bases})


def test_a_variant_question_knows_whether_it_has_a_place():
    assert variant(SNV).has_position
    assert not VariantQuestion(kind=QuestionKind.GENE, gene="BRCA1").has_position
