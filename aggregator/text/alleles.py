"""Turn typed positions, bases and variant types into checked Beacon parameters."""

import re
from typing import Final

from aggregator.model.allele import canonical_allele, has_wildcards
from aggregator.model.genome import (
    Assembly,
    beyond_chromosome,
    to_start0,
    x_position_of_y_par,
)
from aggregator.text.reading import Place, Refusal, Understood, shorten, split_advice
from aggregator.text.spelling import spell_allele, spell_bracket, spell_event, spell_region

MAX_DIGITS: Final = 10
_GROUP_MARKS: Final = re.compile(r"[^0-9]")
_BASES: Final = re.compile(r"[ACGTUNRYSWKMBDHV]+")
_EMPTY: Final = {"", "-", "."}

VARIANT_TYPES: Final = "DEL, INS, DUP, INV, CNV, SNP, MNP, BND, DUP:TANDEM, DEL:ME or INS:ME"
_TYPE: Final = re.compile(
    r"DUP:TANDEM|(?:DEL|INS|DUP):ME(?::[A-Z0-9]{1,20})?|CNV:TR|DEL|INS|DUP|INV|CNV|"
    r"SNP|SNV|MNP|MNV|BND|(?:EFO|SO):[0-9]{7}"
)
# Spelled with letters of the base alphabet only, and yet never meant as bases.
_WORDS_NOT_BASES: Final = {"STR", "VNTR"}


def read_position(text: str) -> int:
    """Read a 1-based position, with or without one kind of mark between thousands."""
    marks = set(_GROUP_MARKS.findall(text))
    if len(marks) > 1:
        raise Refusal(f"“{shorten(text)}” is not clear as a position.", "Write it without marks.")
    digits = _GROUP_MARKS.sub("", text).lstrip("0")
    if not digits:
        raise Refusal(
            "There is no position 0: positions are counted from 1 here.",
            "Add 1 to a 0-based start, as BED files and the Beacon API have it.",
        )
    return int(check_digits(digits))


def check_digits(digits: str) -> str:
    """Refuse a number no chromosome is long enough for, before it is computed with."""
    if len(digits.lstrip("0")) > MAX_DIGITS:
        raise Refusal(
            f"Position {shorten(digits, 20)} is beyond the end of every chromosome.",
            "The longest one, chromosome 1, has about 249 million bases.",
        )
    return digits


def read_type(text: str) -> str | None:
    """Read a variant type, with or without angle brackets; None if it is not one.

    Types come before bases: `CNV`, `BND` and `SNV` consist of letters of the base alphabet.
    """
    word = text.upper()
    if word.startswith("<") and word.endswith(">"):
        word = word[1:-1]
    return word if _TYPE.fullmatch(word) else None


def read_bases(text: str) -> str:
    """Read bases in upper case; `-` and `.` are the empty side of an insertion or deletion."""
    if text in _EMPTY:
        return ""
    bases = text.upper()
    if not _BASES.fullmatch(bases) or bases in _WORDS_NOT_BASES:
        raise Refusal(
            f"“{shorten(text)}” is neither bases nor a variant type.",
            f"Use A, C, G, T (N and the other IUPAC letters are wildcards) or {VARIANT_TYPES}.",
        )
    return bases


def read_change(kind: str, place: Place, start0: int, reference: str, changed: str) -> Understood:
    """Read the two sides as typed: bases against bases or against a variant type."""
    if variant_type := read_type(changed):
        return _event(kind, place, start0, read_bases(reference), variant_type)
    if "," in changed:
        first = (start0, shorten(reference, 30), shorten(changed.split(",", maxsplit=1)[0], 30))
        raise Refusal(
            "There are several alternates; one question has one.",
            f"Start with {spell_allele(place.chromosome, first)}",
        )
    return _allele(kind, place, start0, read_bases(reference), read_bases(changed))


def region(place: Place, first: int, last: int, variant_type: str | None) -> Understood:
    """Build a range question from 1-based positions, both included."""
    start0 = to_start0(first)
    if last < first:
        swapped = spell_region(place.chromosome, to_start0(last), first, variant_type)
        raise Refusal("The end of the region is before its start.", f"Did you mean {swapped} ?")
    check_fits(place, last)
    parameters = _position(place, [start0]) | {"end": [last]} | _type(variant_type)
    notes = place.notes
    if (on_x := _on_x(place, start0, last - 1)) is not None:
        notes += _par_note(spell_region("X", on_x, on_x + last - start0, variant_type))
    return Understood("range", parameters, notes)


def bracket(
    place: Place, starts: tuple[int, int], ends: tuple[int, int], variant_type: str | None
) -> Understood:
    """Build a bracket question from 1-based windows, both of their bounds included.

    The 0-based exclusive end of a variant is its 1-based last base; windows are half-open on
    their upper bound (Beacon v2), so the end window is the typed one with 1 added to its bound.
    """
    if starts[0] > starts[1] or ends[0] > ends[1] or starts[0] > ends[1]:
        raise Refusal(
            "The end of the region is before its start.",
            f"Did you mean {_in_order(place, starts, ends, variant_type)} ?",
        )
    check_fits(place, max(starts[1], ends[1]))
    parameters = _position(place, [to_start0(starts[0]), starts[1]])
    parameters |= {"end": [ends[0], ends[1] + 1]} | _type(variant_type)
    return Understood("bracket", parameters, place.notes)


def check_fits(place: Place, end0: int) -> None:
    """Refuse what reaches beyond the chromosome, and say in which assembly it would fit."""
    if beyond := beyond_chromosome(place.chromosome, place.assembly, end0):
        raise Refusal(*split_advice(beyond, "Wrong assembly?"))


def _allele(kind: str, place: Place, start0: int, reference: str, alternate: str) -> Understood:
    if not reference and not alternate:
        raise Refusal(
            "Reference and alternate bases are both empty.",
            "Write the deleted or the inserted bases, e.g. 7-117559591-TCT-- for a deletion.",
        )
    reference, alternate, rna = _as_dna(reference, alternate)
    if reference == alternate:
        raise Refusal("Reference and alternate base are the same.")
    check_fits(place, start0 + max(1, len(reference)))
    notes = (*place.notes, *rna, *_trim_notes(start0, reference, alternate))
    if (on_x := _on_x(place, start0, start0)) is not None:
        notes += _par_note(spell_allele("X", (on_x, reference, alternate)))
    parameters = _position(place, [start0])
    parameters |= {"referenceBases": reference, "alternateBases": alternate}
    return Understood(kind, parameters, notes)


def _event(kind: str, place: Place, start0: int, reference: str, variant_type: str) -> Understood:
    if not reference:
        raise Refusal(
            f"{variant_type} at a single position needs the reference base there.",
            "For example 1 : 104431390 C > INS, or a region: 9:21967753-21995324 DEL",
        )
    check_fits(place, start0 + len(reference))
    notes = place.notes
    if (on_x := _on_x(place, start0, start0)) is not None:
        notes += _par_note(spell_event("X", on_x, reference, variant_type))
    parameters = _position(place, [start0]) | {"referenceBases": reference} | _type(variant_type)
    return Understood(kind, parameters, notes)


def _in_order(
    place: Place, starts: tuple[int, int], ends: tuple[int, int], variant_type: str | None
) -> str:
    (a, b), (c, d) = sorted((sorted(starts), sorted(ends)))
    return spell_bracket(place.chromosome, (to_start0(a), b), (c, d + 1), variant_type)


def _position(place: Place, start: list[int]) -> dict[str, object]:
    return {
        "assemblyId": place.assembly.value,
        "referenceName": place.chromosome,
        "start": start,
    }


def _type(variant_type: str | None) -> dict[str, object]:
    return {"variantType": variant_type} if variant_type else {}


def _as_dna(reference: str, alternate: str) -> tuple[str, str, tuple[str, ...]]:
    """Read RNA letters as DNA; a mixture of U and T is nobody's notation and stays as typed."""
    both = reference + alternate
    if "U" not in both or "T" in both:
        return reference, alternate, ()
    return reference.replace("U", "T"), alternate.replace("U", "T"), ("U was read as T",)


def _trim_notes(start0: int, reference: str, alternate: str) -> tuple[str, ...]:
    if has_wildcards(reference) or has_wildcards(alternate):
        return ()
    allele = canonical_allele(start0, reference, alternate)
    if allele.trimmed == allele.typed:
        return ()
    if not allele.alternate:
        change = f"{_count(allele.reference)} deleted"
    elif not allele.reference:
        change = f"{_count(allele.alternate)} inserted"
    else:
        change = f"{_count(allele.reference)} replaced by {_count(allele.alternate)}"
    return (f"as typed; inside, the allele is trimmed to start {allele.start0}, {change}",)


def _count(bases: str) -> str:
    return bases if len(bases) <= 60 else f"{len(bases)} bases"


def _on_x(place: Place, start0: int, last0: int) -> int | None:
    """Give the 0-based X position of a stretch of Y that is pseudoautosomal as a whole."""
    if place.chromosome != "Y" or place.assembly is Assembly.NCBI36:
        return None
    first = x_position_of_y_par(place.assembly, start0)
    last = x_position_of_y_par(place.assembly, last0)
    if first is None or last is None or last - first != last0 - start0:
        return None
    return to_start0(first)


def _par_note(on_x: str) -> tuple[str]:
    return (f"this part of Y is pseudoautosomal: its variants are called on X, ask {on_x} as well",)
