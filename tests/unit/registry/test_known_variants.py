"""Variants operators name as known: how they may be written, and what is refused."""

import pytest
from pydantic import ValidationError

from aggregator.model.genome import Assembly
from registry.known_variants import KnownVariant, SampleAllele
from registry.models import OPERATOR_ONLY, MemberEntry
from registry.snapshot import RegisteredMember


@pytest.mark.parametrize(
    "typed",
    ["7-140753336-A-T", "7:140753336 A>T", "chr7:140753336:a>t", " 7 : 140753336 A > T "],
)
def test_a_variant_is_written_as_in_the_search_box(typed: str) -> None:
    known = KnownVariant(variant=typed, assembly=Assembly.GRCH38)
    question = known.question
    assert (question.chromosome, question.start0) == ("7", (140753335,))
    assert question.allele is not None
    assert (question.allele.reference, question.allele.alternate) == ("A", "T")


def test_one_text_names_variant_assembly_and_data_set() -> None:
    known = KnownVariant.model_validate("7-140453136-A-T hg19 Clinical exomes")
    assert known.assembly is Assembly.GRCH37
    assert known.dataset == "Clinical exomes"
    assert KnownVariant.model_validate(str(known)) == known


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("7-140753336-A-T", "its assembly"),
        ("BRAF GRCh38", "no variant with its place"),
        ("7-140753336-A-A GRCh38", "the same"),
        ("7-940753336-A-T GRCh38", "beyond the end"),
        ("99-1000-A-T GRCh38", "referenceName"),
        ("7-140753336-A-T hg99", "hg99"),
        ("7-0-A-T GRCh38", "negative"),
        ({"variant": "7-140753336-A-T"}, "Field required"),
        ({"variant": "7-140753336-A-T", "assembly": "GRCh38", "datasets": []}, "Extra inputs"),
        (7, "valid dictionary"),
    ],
)
def test_what_is_no_variant_is_refused_with_the_way_out(given: object, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        KnownVariant.model_validate(given)


def test_the_operators_controls_are_no_part_of_how_a_member_is_asked() -> None:
    assert "controls" in OPERATOR_ONLY
    plain = MemberEntry(id="one", url="https://one.example")
    known = KnownVariant.model_validate("7-140753336-A-T GRCh38")
    named = plain.model_copy(update={"controls": (known,)})
    assert RegisteredMember(plain).revision == RegisteredMember(named).revision


def test_a_sample_that_asks_for_no_exact_allele_is_none() -> None:
    sample = SampleAllele(
        chromosome="7", start0=140753335, reference="N", alternate="T", assembly="GRCh38"
    )
    assert sample.question is None
    assert SampleAllele(
        chromosome="7", start0=140753335, reference="A", alternate="T", assembly="hg38"
    ).question
