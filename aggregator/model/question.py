"""Checks the variant part of a question and puts it in canonical form.

Whatever wire or text it came from, a question is first spread into `VariantFields`; `check` then
names every problem at once, or gives the one canonical `VariantQuestion`. The legal combinations
are those of the Beacon v2 documentation (variant queries): the schemas themselves allow all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aggregator.model.allele import IUPAC, ReferenceBases, canonical_allele, has_wildcards
from aggregator.model.fields import VariantFields
from aggregator.model.genome import (
    MITOCHONDRION,
    Assembly,
    GenomeError,
    NamedAssembly,
    NamedChromosome,
    beyond_chromosome,
    check_mitochondrion,
    parse_assembly,
    parse_chromosome,
    x_position_of_y_par,
)
from aggregator.model.query import QuestionKind, VariantQuestion

ReferenceSequence = Callable[[Assembly, str, int, int], str | None]
"""Reference bases of an assembly, chromosome and half-open interval; None where not known."""

_SHORT_TEXT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_SMALL_TYPES = {"SNP", "SNV", "MNP", "MNV", "INDEL", "DELINS", "DEL", "INS"}


@dataclass(slots=True)
class Checked:
    """A question in canonical form, or the problems that keep it from being one."""

    question: VariantQuestion | None = None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check(fields: VariantFields, reference: ReferenceSequence | None = None) -> Checked:
    """Check a variant question; `question` is None if nothing was asked or anything is wrong."""
    result = Checked()
    if fields.is_empty:
        if fields.assembly:
            _named_assembly(fields, result)
            result.warnings.append("assemblyId without a position has no effect")
        return result
    _check_texts(fields, result)
    if fields.short_form is not None:
        _check_short_form(fields, result)
    elif fields.gene is not None or fields.amino_acid_change is not None:
        _check_gene(fields, result)
    else:
        _check_position(fields, result, reference)
    if result.problems:
        result.question = None
    return result


def _check_texts(fields: VariantFields, result: Checked) -> None:
    named = {
        "geneId": fields.gene,
        "aminoacidChange": fields.amino_acid_change,
        "genomicAlleleShortForm": fields.short_form,
        "variantType": fields.variant_type,
    }
    for name, value in named.items():
        if value is not None and not _SHORT_TEXT.fullmatch(value):
            result.problems.append(f"{name}: at most 200 printable characters")
    for name, bases in (
        ("referenceBases", fields.reference),
        ("alternateBases", fields.alternate),
    ):
        if bases and not (bases.isascii() and IUPAC.fullmatch(bases.upper())):
            result.problems.append(
                f"{name}: “{_shown(bases)}” holds more than bases (A, C, G, T or IUPAC codes)"
            )
    low, high = fields.min_length, fields.max_length
    for name, length in (("variantMinLength", low), ("variantMaxLength", high)):
        if length is not None and length < 0:
            result.problems.append(f"{name}: {length} is negative")
    if low is not None and high is not None and low > high:
        result.problems.append(f"variantMinLength {low} is above variantMaxLength {high}")


def _check_short_form(fields: VariantFields, result: Checked) -> None:
    others = [
        name
        for name, value in (
            ("geneId", fields.gene),
            ("aminoacidChange", fields.amino_acid_change),
            ("variantType", fields.variant_type),
            ("alternateBases", fields.alternate or None),
        )
        if value is not None
    ]
    if fields.has_position:
        others.append("a position")
    if others:
        result.problems.append(
            f"genomicAlleleShortForm names the variant by itself: leave out {', '.join(others)}"
        )
    _named_assembly(fields, result)
    result.question = VariantQuestion(kind=QuestionKind.SHORT_FORM, short_form=fields.short_form)


def _check_gene(fields: VariantFields, result: Checked) -> None:
    if fields.has_position:
        result.problems.append(
            "a gene or amino acid change and a position are two questions: ask one of them"
        )
    _named_assembly(fields, result)
    kind = QuestionKind.GENE if fields.amino_acid_change is None else QuestionKind.AMINO_ACID
    result.question = VariantQuestion(
        kind=kind,
        gene=fields.gene,
        amino_acid_change=fields.amino_acid_change,
        alternate=fields.alternate.upper() if fields.alternate else None,
        variant_type=_vcf_type(fields.variant_type),
        min_length=fields.min_length,
        max_length=fields.max_length,
    )


def _check_position(
    fields: VariantFields, result: Checked, reference: ReferenceSequence | None
) -> None:
    chromosome = _named_chromosome(fields, result)
    assembly = _named_assembly(fields, result)
    _check_coordinates(fields, result)
    if chromosome is not None and chromosome.assembly is not None:
        if assembly is None and not fields.assembly:
            assembly = NamedAssembly(chromosome.assembly, is_ucsc=False)
        elif assembly is not None and assembly.assembly is not chromosome.assembly:
            result.problems.append(
                f"referenceName {fields.chromosome} belongs to {chromosome.assembly}, "
                f"but assemblyId says {fields.assembly}"
            )
    is_rcrs = (
        chromosome is not None
        and chromosome.name == MITOCHONDRION
        and "." in (fields.chromosome or "")
    )
    if not fields.assembly and assembly is None and chromosome is not None and not is_rcrs:
        result.problems.append(
            "assemblyId is missing: a position means nothing without it (GRCh38, GRCh37 …)"
        )
    if chromosome is None or (assembly is None and not is_rcrs) or result.problems:
        _check_bases(fields, result)
        return
    if assembly is not None and (wrong := check_mitochondrion(chromosome, assembly)):
        result.problems.append(wrong)
    known = assembly.assembly if assembly is not None else Assembly.GRCH38
    _check_bases(fields, result)
    _check_extent(fields, result, chromosome.name, known)
    if not result.problems:
        _build(fields, result, chromosome.name, known, reference)


def _named_chromosome(fields: VariantFields, result: Checked) -> NamedChromosome | None:
    if not fields.chromosome:
        result.problems.append("referenceName is missing: which chromosome?")
        return None
    try:
        return parse_chromosome(fields.chromosome)
    except GenomeError as error:
        result.problems.append(f"referenceName: {error.message} {error.hint}".strip())
        return None


def _named_assembly(fields: VariantFields, result: Checked) -> NamedAssembly | None:
    if not fields.assembly:
        return None
    try:
        return parse_assembly(fields.assembly)
    except GenomeError as error:
        result.problems.append(f"assemblyId: {error.message} {error.hint}".strip())
        return None


def _check_coordinates(fields: VariantFields, result: Checked) -> None:
    start, end = fields.start, fields.end
    for name, values in (("start", start), ("end", end)):
        for value in values:
            if value < 0:
                result.problems.append(f"{name}: {value} is negative; positions count from 0")
        if len(values) > 2:
            result.problems.append(f"{name}: {len(values)} values, at most 2 make sense")
    if not start:
        result.problems.append("start is missing (0-based)")
        return
    if (len(start), len(end)) not in {(1, 0), (1, 1), (2, 2)}:
        result.problems.append(
            f"{len(start)} start and {len(end)} end positions: a sequence question has one start, "
            "a range one start and one end, a bracket two and two"
        )
        return
    _check_order(start, end, result)


def _check_order(start: tuple[int, ...], end: tuple[int, ...], result: Checked) -> None:
    if len(start) == 1 and end and end[0] < start[0]:
        result.problems.append(
            f"end {end[0]} is before start {start[0]}: did you mean "
            f"start={end[0]} and end={start[0]}?"
        )
    if len(start) == 2:
        for name, (low, high) in (("start", start[:2]), ("end", end[:2])):
            if low >= high:
                result.problems.append(
                    f"{name}={low},{high}: a window is half-open and needs its first value "
                    "below its second"
                )
        if end[1] <= start[0]:
            result.problems.append("the window of the end lies before the window of the start")


def _check_bases(fields: VariantFields, result: Checked) -> None:
    ref, alt, kind = fields.reference, fields.alternate, fields.variant_type
    if ref is not None and alt is not None and ref.upper() == alt.upper() and ref:
        result.problems.append("referenceBases and alternateBases are the same")
    if alt and kind and not _agree(ref, alt, kind):
        result.problems.append(
            f"alternateBases {_shown(alt)} and variantType {kind} contradict each other: "
            "give one of them"
        )
    if (
        len(fields.start) == 1
        and not fields.end
        and not alt
        and not kind
        and not (alt is not None and ref)
    ):
        if alt == "" and not ref:
            result.problems.append("which bases are deleted? referenceBases is missing")
        else:
            result.problems.append(
                "a start without alternateBases, variantType or end asks nothing: add one of them"
            )


def _agree(ref: str | None, alt: str, kind: str) -> bool:
    """Whether a variant type says the same as the bases, and so adds nothing."""
    kind = kind.upper()
    if kind not in _SMALL_TYPES:
        return False
    if ref is None:
        return kind in {"SNP", "SNV"} and len(alt) == 1
    lengths = (len(ref), len(alt))
    if kind in {"SNP", "SNV"}:
        return lengths == (1, 1)
    if kind in {"MNP", "MNV"}:
        return lengths[0] == lengths[1]
    if kind == "DEL":
        return lengths[0] > lengths[1]
    if kind == "INS":
        return lengths[0] < lengths[1]
    return True


def _check_extent(
    fields: VariantFields, result: Checked, chromosome: str, assembly: Assembly
) -> None:
    start0 = fields.start[0]
    # A bracket's windows may reach past the end; what they must not do is begin there.
    last = start0 + max(1, len(fields.reference or ""))
    if len(fields.start) == 1 and fields.end:
        last = max(last, fields.end[0])
    if beyond := beyond_chromosome(chromosome, assembly, last):
        result.problems.append(beyond)
    elif chromosome == "Y" and (x := x_position_of_y_par(assembly, start0)):
        result.warnings.append(
            f"this position of Y is in a pseudoautosomal region, where variants are called on X: "
            f"ask X:{x:,} as well"
        )


def _build(
    fields: VariantFields,
    result: Checked,
    chromosome: str,
    assembly: Assembly,
    reference: ReferenceSequence | None,
) -> None:
    ref, alt = _absent_or_upper(fields)
    _check_empty_side(fields, result)
    start, end, kind = fields.start, fields.end, _vcf_type(fields.variant_type)
    if kind and alt is not None:
        kind = None  # the bases say it more precisely
    question = QuestionKind.SEQUENCE
    if len(start) == 2:
        question = QuestionKind.BRACKET
    elif end:
        question = QuestionKind.RANGE
        if ref is not None and alt is not None and end[0] - start[0] == len(ref):
            # start, end and both bases of exactly that length: the allele itself
            question, end = QuestionKind.SEQUENCE, ()
        elif end == start:
            result.problems.append("the range is empty: end is exclusive, so end > start")
    variant = VariantQuestion(
        kind=question,
        assembly=None if chromosome == MITOCHONDRION else assembly,
        chromosome=chromosome,
        start0=start,
        end0=end,
        reference=ref,
        alternate=alt,
        variant_type=kind,
        min_length=fields.min_length,
        max_length=fields.max_length,
        mate=_mate(fields, result),
        typed_assembly=assembly,
    )
    if question is QuestionKind.SEQUENCE and ref is not None and alt is not None:
        variant = _with_allele(variant, ref, alt, _bases_of(reference, assembly, chromosome))
    result.question = variant


def _with_allele(
    variant: VariantQuestion, ref: str, alt: str, bases: ReferenceBases | None
) -> VariantQuestion:
    if has_wildcards(ref) or has_wildcards(alt):
        return variant
    allele = canonical_allele(variant.start0[0], ref, alt, bases)
    return replace(
        variant,
        allele=allele,
        start0=(allele.start0,),
        reference=allele.reference,
        alternate=allele.alternate,
    )


def _check_empty_side(fields: VariantFields, result: Checked) -> None:
    """Refuse an empty side where it cannot mean an insertion or deletion: it never means "any"."""
    ref, alt = fields.reference, fields.alternate
    if ref is None or alt is None or bool(ref) == bool(alt) or fields.variant_type:
        return
    is_exact = len(fields.start) == 1 and (
        not fields.end or fields.end[0] - fields.start[0] == len(ref)
    )
    if not is_exact:
        result.problems.append(
            "one of referenceBases and alternateBases is empty, which names one insertion or "
            "deletion: leave out end, or leave out the empty one and give a variantType"
        )


def _absent_or_upper(fields: VariantFields) -> tuple[str | None, str | None]:
    """Read empty bases as an insertion or deletion only where it can mean one.

    One side empty and present, the other not empty, no variant type, and one start: then the
    empty side means "nothing here". Otherwise an empty parameter was not filled in.
    """
    ref = None if fields.reference is None else fields.reference.upper()
    alt = None if fields.alternate is None else fields.alternate.upper()
    is_allele = (
        ref is not None
        and alt is not None
        and bool(ref) != bool(alt)
        and not fields.variant_type
        and len(fields.start) == 1
    )
    if is_allele:
        return ref, alt
    return ref or None, alt or None


def _mate(fields: VariantFields, result: Checked) -> str | None:
    if not fields.mate:
        return None
    try:
        return parse_chromosome(fields.mate).name
    except GenomeError as error:
        result.problems.append(f"mateName: {error.message} {error.hint}".strip())
        return None


def _bases_of(
    reference: ReferenceSequence | None, assembly: Assembly, chromosome: str
) -> ReferenceBases | None:
    if reference is None:
        return None
    return lambda start0, end0: reference(assembly, chromosome, start0, end0)


def _vcf_type(kind: str | None) -> str | None:
    """Write VCF types in capitals; ontology terms keep their own spelling."""
    if not kind:
        return None
    return kind if re.match(r"(?i)(efo|so):", kind) else kind.upper()


def _shown(text: str) -> str:
    clean = "".join(c for c in text if c.isprintable())
    return clean if len(clean) <= 40 else clean[:40] + "…"
