"""Alleles and questions as people type them."""

import pytest

from aggregator.model.allele import Spelling
from aggregator.model.genome import Assembly
from aggregator.model.query import QuestionKind, VariantQuestion
from aggregator.text.spelling import spell_allele, spell_question


@pytest.mark.parametrize(
    ("allele", "text"),
    [
        ((140753335, "A", "T"), "7-140753336-A-T"),
        (Spelling(140753335, "A", "T"), "7-140753336-A-T"),
        (Spelling(117559590, "TCT", ""), "7-117559591-TCT-"),
        (Spelling(117559590, "", "TCT"), "7-117559591--TCT"),
    ],
)
def test_alleles_are_counted_from_one(allele, text):
    assert spell_allele("7", allele) == text


def question(kind, start0=(), end0=(), chromosome=None, **more):
    return VariantQuestion(
        kind=kind,
        assembly=Assembly.GRCH38 if chromosome else None,
        chromosome=chromosome,
        start0=start0,
        end0=end0,
        **more,
    )


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            question(QuestionKind.SEQUENCE, (140753335,), (), "7", reference="A", alternate="T"),
            "7-140753336-A-T",
        ),
        (
            question(QuestionKind.SEQUENCE, (117559590,), (), "7", reference="TCT", alternate=""),
            "7-117559591-TCT-",
        ),
        (
            question(
                QuestionKind.SEQUENCE, (104431389,), (), "1", reference="C", variant_type="INS"
            ),
            "1 : 104431390 C > INS",
        ),
        (question(QuestionKind.SEQUENCE, (99,), (), "1", alternate="T"), "1 : 100 > T"),
        (
            question(QuestionKind.RANGE, (43044294,), (43125483,), "17"),
            "17:43044295-43125483",
        ),
        (
            question(QuestionKind.RANGE, (99,), (200,), "17", variant_type="DEL", min_length=50),
            "17:100-200 DEL, at least 50 bases long",
        ),
        (
            question(QuestionKind.RANGE, (99,), (200,), "17", alternate="T", max_length=9),
            "17:100-200 >T, at most 9 bases long",
        ),
        (
            question(
                QuestionKind.BRACKET,
                (21000000, 21975098),
                (21967753, 23000001),
                "9",
                variant_type="DEL",
            ),
            "9:21000001-21975098--21967753-23000000:DEL",
        ),
        (
            question(
                QuestionKind.BRACKET, (99, 100), (200, 201), "9", min_length=1, max_length=500
            ),
            "9:100-100--200-200, 1 to 500 bases long",
        ),
        (question(QuestionKind.GENE, gene="BRCA1"), "BRCA1"),
        (question(QuestionKind.GENE, gene="BRCA1", variant_type="DEL"), "BRCA1 DEL"),
        (
            question(QuestionKind.AMINO_ACID, gene="BRAF", amino_acid_change="V600E"),
            "BRAF V600E",
        ),
        (question(QuestionKind.AMINO_ACID, amino_acid_change="V600E"), "V600E"),
        (
            question(QuestionKind.SHORT_FORM, short_form="NM_007294.4:c.5266dup"),
            "NM_007294.4:c.5266dup",
        ),
    ],
)
def test_every_kind_of_question_has_a_text(asked, text):
    assert spell_question(asked) == text
