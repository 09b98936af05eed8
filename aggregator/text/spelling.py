"""Write alleles and questions the way people type them, counted from 1.

What is written here, `variant_text` reads back as the same question, with two exceptions that the
text box has no notation for: lengths, and alternate bases without reference bases.
"""

from aggregator.model.allele import Spelling
from aggregator.model.genome import to_position
from aggregator.model.query import QuestionKind, VariantQuestion


def spell_allele(chromosome: str, allele: Spelling | tuple[int, str, str]) -> str:
    """Write an allele as `7-140753336-A-T`; an empty side stays empty (`7-117559591-TCT-`)."""
    if isinstance(allele, Spelling):
        start0, reference, alternate = allele.start0, allele.reference, allele.alternate
    else:
        start0, reference, alternate = allele
    return f"{chromosome}-{to_position(start0)}-{reference}-{alternate}"


def spell_region(chromosome: str, start0: int, end0: int, variant_type: str | None = None) -> str:
    """Write a half-open region as `17:43044295-43125483`, its last base included."""
    return f"{chromosome}:{to_position(start0)}-{end0}" + (
        f" {variant_type}" if variant_type else ""
    )


def spell_bracket(
    chromosome: str,
    start0: tuple[int, int],
    end0: tuple[int, int],
    variant_type: str | None = None,
) -> str:
    """Write a bracket as `9:21000001-21975098--21967753-23000000:DEL`.

    The windows hold the first base of the variant and its last one. A 0-based exclusive end is
    the 1-based last base, so only the half-open upper bound of the end window is shifted.
    """
    windows = f"{to_position(start0[0])}-{start0[1]}--{end0[0]}-{end0[1] - 1}"
    return f"{chromosome}:{windows}" + (f":{variant_type}" if variant_type else "")


def spell_event(chromosome: str, start0: int, reference: str, variant_type: str) -> str:
    """Write an event at one base as `1 : 104431390 C > INS`."""
    return f"{chromosome} : {to_position(start0)} {reference} > {variant_type}"


def spell_question(variant: VariantQuestion) -> str:
    """Write a question of any kind; filters and data sets are not part of it."""
    return _spell_kind(variant) + _spell_lengths(variant)


def _spell_kind(variant: VariantQuestion) -> str:
    match variant.kind:
        case QuestionKind.SEQUENCE:
            return _spell_sequence(variant)
        case QuestionKind.RANGE:
            region = spell_region(
                variant.chromosome or "", variant.start0[0], variant.end0[0], variant.variant_type
            )
            return region + _spell_bases(variant)
        case QuestionKind.BRACKET:
            return spell_bracket(
                variant.chromosome or "",
                (variant.start0[0], variant.start0[1]),
                (variant.end0[0], variant.end0[1]),
                variant.variant_type,
            )
        case QuestionKind.GENE:
            return " ".join(filter(None, (variant.gene, variant.variant_type)))
        case QuestionKind.AMINO_ACID:
            return " ".join(filter(None, (variant.gene, variant.amino_acid_change)))
        case QuestionKind.SHORT_FORM:
            return variant.short_form or ""


def _spell_sequence(variant: VariantQuestion) -> str:
    chromosome, start0 = variant.chromosome or "", variant.start0[0]
    if variant.reference is not None and variant.alternate is not None:
        return spell_allele(chromosome, (start0, variant.reference, variant.alternate))
    changed = variant.alternate if variant.variant_type is None else variant.variant_type
    return spell_event(chromosome, start0, variant.reference or "", changed or "").replace(
        "  ", " "
    )


def _spell_bases(variant: VariantQuestion) -> str:
    if variant.reference is None and variant.alternate is None:
        return ""
    return f" {variant.reference or ''}>{variant.alternate or ''}"


def _spell_lengths(variant: VariantQuestion) -> str:
    shortest, longest = variant.min_length, variant.max_length
    if shortest is not None and longest is not None:
        return f", {shortest} to {longest} bases long"
    if shortest is not None:
        return f", at least {shortest} bases long"
    if longest is not None:
        return f", at most {longest} bases long"
    return ""
