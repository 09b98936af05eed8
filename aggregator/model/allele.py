"""Alleles: one canonical form for many spellings, and the spellings a member may need.

CFTR F508del is `7-117559590-ATCT-A` in VCF, `7-117559591-TCTT-T` elsewhere and a deletion of
`TCT` at 0-based 117559590 when trimmed. Members compare strings at an exact start, so each must
be asked in its own spelling; inside, an allele is trimmed (shared suffix, then shared prefix) and
moved left as far as the known reference bases prove.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

BASES: Final = re.compile(r"[ACGT]*")
IUPAC: Final = re.compile(r"[ACGTUNRYSWKMBDHV.\-]*")
"""The alphabet of the Beacon v2 model (genomicVariations/requestParameters.json)."""

ReferenceBases = Callable[[int, int], str | None]
"""The reference bases of a half-open 0-based interval, or None where they are not known."""

MAX_SHIFT: Final = 10_000
"""How far an indel is moved left at most, in bases: a bound for repeats, never reached in genes."""


class IndelStyle(StrEnum):
    """The spelling of insertions and deletions a member compares with."""

    ANCHORED = "anchored"
    TRIMMED = "trimmed"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write an allele: 0-based start, reference and alternate bases (may be empty)."""

    start0: int
    reference: str
    alternate: str

    @property
    def end0(self) -> int:
        """The exclusive 0-based end of the reference bases."""
        return self.start0 + len(self.reference)


@dataclass(frozen=True, slots=True)
class Allele:
    """An allele in canonical form: fully trimmed and, as far as is known, left-aligned.

    Equal for all spellings of one change. What is remembered of the spelling (`typed`, `anchor`)
    and of the proof (`is_aligned`) takes no part in equality.
    """

    start0: int
    reference: str
    alternate: str
    typed: Spelling = field(compare=False)
    anchor: str | None = field(default=None, compare=False)
    """The reference base before `start0`; None where nobody told it."""
    is_aligned: bool = field(default=True, compare=False)
    """False where other, equally good positions of the indel could not be ruled out."""
    is_reference: bool = field(default=False, compare=False)
    """Whether the alternate is what the configured reference sequence has here."""

    @property
    def is_indel(self) -> bool:
        """Whether one side is empty: the only alleles with several spellings."""
        return not self.reference or not self.alternate

    @property
    def end0(self) -> int:
        """The exclusive 0-based end of the reference bases."""
        return self.start0 + len(self.reference)

    @property
    def trimmed(self) -> Spelling:
        """The shortest spelling; one side is empty for insertions and deletions."""
        return Spelling(self.start0, self.reference, self.alternate)

    @property
    def anchored(self) -> Spelling | None:
        """The VCF spelling, with the base before an indel; None where that base is not known."""
        if not self.is_indel:
            return self.trimmed
        if self.anchor is None:
            return None
        return Spelling(self.start0 - 1, self.anchor + self.reference, self.anchor + self.alternate)

    def spellings(self, style: IndelStyle) -> tuple[Spelling, ...]:
        """Give the spellings a member of this style has to be asked, best first.

        Empty if the style needs a base nobody told: then the member cannot be asked.
        """
        if not self.is_indel:
            return (self.trimmed,)
        found: list[Spelling] = []
        if style in {IndelStyle.ANCHORED, IndelStyle.BOTH}:
            anchored = self.anchored
            if anchored is None and self.typed.reference and self.typed.alternate:
                anchored = self.typed
            if anchored is not None:
                found.append(anchored)
        if style in {IndelStyle.TRIMMED, IndelStyle.BOTH}:
            found.append(self.trimmed)
        return tuple(found)


def canonical_allele(
    start0: int, reference: str, alternate: str, bases: ReferenceBases | None = None
) -> Allele:
    """Build the canonical allele of one spelling.

    `reference` and `alternate` consist of A, C, G and T and differ. `bases`, where given, tells
    reference bases around the allele; what the spelling itself shows of them is used as well.
    """
    typed = Spelling(start0, reference, alternate)
    lookup = _known_bases(typed, bases)
    at, ref, alt = _trim(start0, reference, alternate)
    is_aligned = True
    if not ref or not alt:
        at, ref, alt, is_aligned = _shift_left(at, ref, alt, lookup)
    anchor = lookup(at - 1, at) if at > 0 else None
    here = bases(at, at + len(alt)) if bases and alt and ref else None
    return Allele(
        start0=at,
        reference=ref,
        alternate=alt,
        typed=typed,
        anchor=anchor,
        is_aligned=is_aligned,
        is_reference=here is not None and here == alt,
    )


def has_wildcards(bases: str) -> bool:
    """Say whether the bases hold anything but A, C, G and T (wildcards, gaps, U)."""
    return BASES.fullmatch(bases) is None


def _trim(start0: int, reference: str, alternate: str) -> tuple[int, str, str]:
    suffix = _shared(reversed(reference), reversed(alternate))
    reference = reference[: len(reference) - suffix]
    alternate = alternate[: len(alternate) - suffix]
    prefix = _shared(iter(reference), iter(alternate))
    return start0 + prefix, reference[prefix:], alternate[prefix:]


def _shared(one: Iterator[str], other: Iterator[str]) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _shift_left(
    start0: int, reference: str, alternate: str, lookup: ReferenceBases
) -> tuple[int, str, str, bool]:
    """Move an indel left while the base before it equals its last base."""
    moved = reference or alternate
    for _ in range(MAX_SHIFT):
        if start0 == 0:
            break
        before = lookup(start0 - 1, start0)
        if before is None:
            return *_indel(start0, moved, reference), False
        if before != moved[-1]:
            return *_indel(start0, moved, reference), True
        moved = before + moved[:-1]
        start0 -= 1
    return *_indel(start0, moved, reference), start0 == 0


def _indel(start0: int, moved: str, reference: str) -> tuple[int, str, str]:
    return (start0, moved, "") if reference else (start0, "", moved)


def _known_bases(typed: Spelling, bases: ReferenceBases | None) -> ReferenceBases:
    def lookup(start0: int, end0: int) -> str | None:
        if typed.start0 <= start0 and end0 <= typed.end0:
            return typed.reference[start0 - typed.start0 : end0 - typed.start0]
        return bases(start0, end0) if bases else None

    return lookup
