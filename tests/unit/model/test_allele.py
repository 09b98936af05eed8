"""One allele, many spellings: the canonical form, and the forms members are asked in."""

import pytest

from aggregator.model.allele import (
    MAX_SHIFT,
    Allele,
    IndelStyle,
    Spelling,
    canonical_allele,
    has_wildcards,
)

CFTR = "GAAAATATCATCTTTGGTGTTTCC"
"""GRCh38 7:117559581-117559604, the codons around F508."""
CFTR_START0 = 117559580

F508DEL = canonical_allele(117559589, "ATCT", "A")
"""7-117559590-ATCT-A, the VCF spelling."""

SHOWING_ITS_PLACE = [
    pytest.param(117559589, "ATCT", "A", id="anchored"),
    pytest.param(117559590, "TCT", "", id="trimmed"),
    pytest.param(117559590, "TCTT", "T", id="padded right"),
    pytest.param(117559588, "CATCT", "CA", id="padded left"),
    pytest.param(117559589, "ATCTT", "AT", id="padded on both sides"),
]
NEEDING_A_REFERENCE = [
    pytest.param(117559591, "CTT", "", id="as HGVS has it"),
    pytest.param(117559591, "CTTT", "T", id="right of its place"),
]


def cftr(start0: int, end0: int) -> str | None:
    if start0 < CFTR_START0 or end0 > CFTR_START0 + len(CFTR):
        return None
    return CFTR[start0 - CFTR_START0 : end0 - CFTR_START0]


@pytest.mark.parametrize(("start0", "reference", "alternate"), SHOWING_ITS_PLACE)
def test_spellings_of_one_deletion_are_one_allele(start0, reference, alternate):
    assert canonical_allele(start0, reference, alternate) == F508DEL


@pytest.mark.parametrize(
    ("start0", "reference", "alternate"), SHOWING_ITS_PLACE + NEEDING_A_REFERENCE
)
def test_with_a_reference_every_spelling_of_a_deletion_is_one_aligned_allele(
    start0, reference, alternate
):
    allele = canonical_allele(start0, reference, alternate, cftr)
    assert allele == F508DEL
    assert allele.is_aligned


def test_equal_alleles_are_one_key():
    assert hash(canonical_allele(117559590, "TCTT", "T")) == hash(F508DEL)


def test_a_deletion_is_trimmed_to_its_first_base():
    assert F508DEL.trimmed == Spelling(117559590, "TCT", "")
    assert F508DEL.end0 == 117559593


def test_an_insertion_is_aligned_to_the_left():
    # inserting T anywhere into the run of Ts after the C is one change
    inserted = [canonical_allele(at, "", "T", cftr) for at in (117559592, 117559593, 117559595)]
    assert {allele.trimmed for allele in inserted} == {Spelling(117559592, "", "T")}


def test_an_insertion_and_the_deletion_of_the_same_bases_are_two_alleles():
    assert canonical_allele(10, "", "T") != canonical_allele(10, "T", "")


def test_alignment_does_not_go_on_where_the_reference_ends():
    allele = canonical_allele(4, "A", "", lambda start0, end0: "A" if start0 >= 2 else None)
    assert (allele.start0, allele.is_aligned) == (2, False)


def test_alignment_ends_at_the_first_base_of_a_chromosome():
    allele = canonical_allele(3, "A", "", lambda start0, end0: "A" * (end0 - start0))
    assert (allele.start0, allele.is_aligned, allele.anchor) == (0, True, None)


def test_alignment_gives_up_in_an_endless_repeat():
    allele = canonical_allele(10**6, "A", "", lambda start0, end0: "A" * (end0 - start0))
    assert (allele.start0, allele.is_aligned) == (10**6 - MAX_SHIFT, False)


@pytest.mark.parametrize(
    ("start0", "reference", "alternate"), [(9, "G", "A"), (8, "CG", "CA"), (8, "CGT", "CAT")]
)
def test_a_substitution_has_one_form(start0, reference, alternate):
    allele = canonical_allele(start0, reference, alternate)
    assert allele.trimmed == Spelling(9, "G", "A")
    assert allele.anchored == Spelling(9, "G", "A")
    assert not allele.is_indel


def test_bases_replaced_by_others_are_no_indel():
    assert canonical_allele(9, "GA", "TCC").is_indel is False


@pytest.mark.parametrize("style", list(IndelStyle))
def test_a_substitution_is_asked_once_in_every_style(style):
    allele = canonical_allele(8, "CG", "CA")
    assert allele.spellings(style) == (Spelling(9, "G", "A"),)


def test_a_member_that_compares_anchored_spellings_is_asked_the_anchored_one():
    assert F508DEL.spellings(IndelStyle.ANCHORED) == (Spelling(117559589, "ATCT", "A"),)


def test_a_member_that_compares_trimmed_spellings_is_asked_the_trimmed_one():
    assert F508DEL.spellings(IndelStyle.TRIMMED) == (Spelling(117559590, "TCT", ""),)


def test_a_member_that_may_hold_either_is_asked_both():
    assert F508DEL.spellings(IndelStyle.BOTH) == (
        Spelling(117559589, "ATCT", "A"),
        Spelling(117559590, "TCT", ""),
    )


def test_an_insertion_is_anchored_by_the_base_before_it():
    allele = canonical_allele(99, "G", "GTT")
    assert allele.anchored == Spelling(99, "G", "GTT")


def test_the_anchor_comes_from_the_reference_where_the_spelling_has_none():
    assert canonical_allele(117559590, "TCT", "", cftr).anchored == F508DEL.anchored


def test_an_indel_whose_anchor_nobody_told_has_no_anchored_spelling():
    allele = canonical_allele(117559590, "TCT", "")
    assert allele.anchor is None
    assert allele.anchored is None
    assert allele.spellings(IndelStyle.ANCHORED) == ()


def test_without_an_anchor_both_styles_are_only_the_trimmed_one():
    allele = canonical_allele(117559590, "TCT", "")
    assert allele.spellings(IndelStyle.BOTH) == (Spelling(117559590, "TCT", ""),)


def test_a_padded_spelling_stands_in_for_the_anchored_one_that_is_not_known():
    typed = Spelling(117559590, "TCTT", "T")
    allele = canonical_allele(typed.start0, typed.reference, typed.alternate)
    assert allele.spellings(IndelStyle.ANCHORED) == (typed,)


def test_an_indel_at_the_first_base_has_no_anchor():
    assert canonical_allele(0, "A", "").anchored is None


def test_without_the_base_before_it_an_indel_is_not_called_aligned():
    assert canonical_allele(117559590, "TCT", "").is_aligned is False


def test_the_typed_anchor_can_prove_the_alignment():
    assert F508DEL.is_aligned is True


def test_a_typed_anchor_that_repeats_the_indel_proves_nothing():
    # the T before may have another T before it
    allele = canonical_allele(117559590, "TCTT", "T")
    assert allele == F508DEL
    assert allele.is_aligned is False


def test_a_substitution_is_always_aligned():
    assert canonical_allele(9, "G", "A").is_aligned is True


def test_the_spelling_that_was_typed_is_remembered():
    assert canonical_allele(117559590, "TCTT", "T").typed == Spelling(117559590, "TCTT", "T")


def test_an_allele_that_is_the_reference_is_known_as_such():
    # F5 Leiden in GRCh37: 1:169519049 is T, so C>T names what is there already.
    leiden = canonical_allele(169519048, "C", "T", lambda start0, end0: "T")
    assert leiden.is_reference is True


def test_an_allele_that_differs_from_the_reference_is_not_called_it():
    assert canonical_allele(169549810, "C", "T", lambda start0, end0: "C").is_reference is False


def test_without_a_reference_nothing_is_called_it():
    assert canonical_allele(169519048, "C", "T").is_reference is False


def test_a_deletion_is_not_taken_for_the_reference():
    assert canonical_allele(117559590, "TCT", "", cftr).is_reference is False


def test_a_repeat_of_the_bases_that_follow_is_not_taken_for_the_reference():
    assert canonical_allele(117559590, "", "TCT", cftr).is_reference is False


@pytest.mark.parametrize("bases", ["", "ACGT"])
def test_plain_bases_are_no_wildcards(bases):
    assert has_wildcards(bases) is False


@pytest.mark.parametrize("bases", ["N", "ACGTR", "AU", "A-", "."])
def test_anything_else_is_a_wildcard(bases):
    assert has_wildcards(bases) is True


def test_a_spelling_ends_where_its_reference_bases_end():
    assert Spelling(10, "ACG", "T").end0 == 13
    assert Spelling(10, "", "T").end0 == 10


def test_how_it_was_spelled_takes_no_part_in_equality():
    one = Allele(5, "", "A", typed=Spelling(5, "", "A"), anchor="C", is_aligned=True)
    other = Allele(5, "", "A", typed=Spelling(4, "G", "GA"), is_aligned=False)
    assert one == other
