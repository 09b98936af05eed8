"""Read genomic HGVS descriptions (`g.` and `m.`), for alleles and for text comparisons.

Only changes of a chromosome are read: `NC_000017.11:g.43057063G>A`, `m.3243A>G`, and the common
`chr7:g.140753336A>T`, which leaves the assembly open.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aggregator.model.genome import (
    CHROMOSOMES,
    MITOCHONDRION,
    RCRS,
    Assembly,
    GenomeError,
    NamedChromosome,
    parse_chromosome,
    refseq_accession,
    to_start0,
)

_FLAGS: Final = re.IGNORECASE | re.ASCII
_BASES: Final = r"[ACGTUNRYSWKMBDHV]"
_MAX_DIGITS: Final = 10
_WHOLE: Final = re.compile(r"(?:([A-Z0-9_.:]+):)?([gm])\.([0-9].*)", _FLAGS)
_ON_CHROMOSOME: Final = re.compile(
    r"(?:refseq:)?nc_[0-9]{1,9}(?:\.[0-9]{1,3})?|chr[A-Z0-9_.]{1,30}|[0-9]{1,3}|[xym]|mt", _FLAGS
)
_VERSIONLESS: Final = re.compile(r"(?:refseq:)?NC_0*([0-9]{1,6})", _FLAGS)
_SUBSTITUTION: Final = re.compile(rf"([0-9]+)({_BASES}+)>({_BASES}+)", _FLAGS)
_SPAN: Final = r"([0-9]+)(?:_([0-9]+))?"
_TOLD: Final = rf"({_BASES}*|[0-9]+)"
_DELINS: Final = re.compile(rf"{_SPAN}del{_TOLD}ins({_BASES}+)", _FLAGS)
_INSERTION: Final = re.compile(rf"{_SPAN}ins({_BASES}+)", _FLAGS)
_SPANNING: Final = re.compile(rf"{_SPAN}(del|dup|inv){_TOLD}", _FLAGS)
_KEYWORDS: Final = re.compile(r"DEL|INS|DUP|INV|CON")
_LOOSE_SPACE: Final = re.compile(
    rf"\s(?=[:>])|(?<=[:>])\s|(?<=:[gmcnrp]\.)\s|(?<=[0-9])\s(?={_BASES}+\s?>)|"
    r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))",
    _FLAGS,
)


class GenomicKind(StrEnum):
    """What a genomic description does to the reference."""

    SUBSTITUTION = "substitution"
    DELETION = "deletion"
    DUPLICATION = "duplication"
    INSERTION = "insertion"
    DELINS = "delins"
    INVERSION = "inversion"


@dataclass(frozen=True, slots=True)
class GenomicChange:
    """A genomic description; positions are 0-based and half-open."""

    chromosome: str
    """Canonical name, as in `model.genome`."""
    assembly: Assembly | None
    """None for a plain chromosome name and for the rCRS."""
    start0: int
    """Start of what is deleted, duplicated or inverted; for an insertion the base after it."""
    end0: int
    kind: GenomicKind
    deleted: str | None
    """The reference bases that go (or are inverted); None where the text does not tell them, empty
    for insertions and duplications."""
    inserted: str | None
    """The bases that come; None for inversions, and for duplications that do not tell them."""
    is_ucsc_mitochondrion: bool = False
    """Whether the chromosome was written `M`, which in hg18 and hg19 is another sequence."""


class HgvsError(GenomeError):
    """A description that contradicts itself; says how."""


def parse_genomic(text: str) -> GenomicChange | None:
    """Read a genomic description; None if the text is none, or tells no definite bases.

    Raises `GenomeError` for an accession that is no human chromosome of a known assembly, and
    its subclass `HgvsError` for positions that cannot be.
    """
    whole = _WHOLE.fullmatch(squeeze(text))
    if whole is None:
        return None
    where, letter, change = whole.groups()
    if where is None and letter.lower() == "g":
        return None
    if where is not None and not _ON_CHROMOSOME.fullmatch(where):
        return None
    chromosome = parse_accession(where) if where else parse_chromosome(RCRS)
    if letter.lower() == "m" and chromosome.name != MITOCHONDRION:
        raise HgvsError(
            f"“m.” counts on the mitochondrion, not on chromosome {chromosome.name}.",
            "Write g. for this chromosome.",
        )
    return _read_change(chromosome, change)


def parse_accession(text: str) -> NamedChromosome:
    """Read a chromosome or accession, and ask for the version where that is missing."""
    if versionless := _VERSIONLESS.fullmatch(text):
        raise lacks_version(int(versionless[1]))
    return parse_chromosome(text)


def lacks_version(number: int) -> GenomeError:
    """Say that an accession needs its version, and which versions there are."""
    accession = f"NC_{number:06d}"
    if accession == RCRS.partition(".")[0]:
        return GenomeError(f"{accession} lacks its version.", f"Write {RCRS}.")
    if not 1 <= number <= 24:
        return GenomeError(
            f"{accession} is not the accession of a human chromosome.",
            "Use 1–22, X, Y or MT; a “chr” prefix is fine.",
        )
    name = CHROMOSOMES[number - 1]
    return GenomeError(
        f"{accession} lacks its version, which tells the assembly.",
        f"Write {refseq_accession(name, Assembly.GRCH38)} for GRCh38 or "
        f"{refseq_accession(name, Assembly.GRCH37)} for GRCh37.",
    )


def squeeze(text: str) -> str:
    """Take out the spaces people put around the signs of a description, and no others."""
    return _LOOSE_SPACE.sub("", text.strip())


def normalise(text: str) -> str:
    """Write a description as HGVS does: accession and bases upper case, keywords lower case.

    Protein and RNA descriptions keep their case, which carries meaning there.
    """
    head, _, change = squeeze(text).partition(":")
    head = head.upper()
    if head.startswith("LRG_"):
        head = "LRG_" + head.removeprefix("LRG_").lower()
    letter, dot, rest = change.partition(".")
    letter = letter.lower()
    if letter not in {"p", "r"}:
        rest = _KEYWORDS.sub(lambda keyword: keyword[0].lower(), rest.upper())
    return f"{head}:{letter}{dot}{rest}"


def _read_change(chromosome: NamedChromosome, text: str) -> GenomicChange | None:
    if found := _SUBSTITUTION.fullmatch(text):
        return _substitution(chromosome, found)
    if found := _DELINS.fullmatch(text):
        start0, end0 = _span(found[1], found[2])
        deleted = _told(found[3], end0 - start0)
        return _change(chromosome, (start0, end0), GenomicKind.DELINS, deleted, found[4].upper())
    if found := _INSERTION.fullmatch(text):
        return _insertion(chromosome, found)
    found = _SPANNING.fullmatch(text)
    return _spanning(chromosome, found) if found else None


def _substitution(chromosome: NamedChromosome, found: re.Match[str]) -> GenomicChange:
    start0, _ = _span(found[1], None)
    deleted, inserted = found[2].upper(), found[3].upper()
    span = (start0, start0 + len(deleted))
    return _change(chromosome, span, GenomicKind.SUBSTITUTION, deleted, inserted)


def _insertion(chromosome: NamedChromosome, found: re.Match[str]) -> GenomicChange:
    """An insertion names the two neighbours it goes between."""
    start0, end0 = _span(found[1], found[2])
    if end0 - start0 != 2:
        raise HgvsError(
            "An insertion is written between two neighbouring positions.",
            f"For example g.{start0 + 1}_{start0 + 2}ins{found[3].upper()[:20]}",
        )
    between = (start0 + 1, start0 + 1)
    return _change(chromosome, between, GenomicKind.INSERTION, "", found[3].upper())


def _spanning(chromosome: NamedChromosome, found: re.Match[str]) -> GenomicChange:
    span = _span(found[1], found[2])
    told = _told(found[4], span[1] - span[0])
    match found[3].lower():
        case "del":
            return _change(chromosome, span, GenomicKind.DELETION, told, "")
        case "dup":
            return _change(chromosome, span, GenomicKind.DUPLICATION, "", told)
        case _:
            return _change(chromosome, span, GenomicKind.INVERSION, told, None)


def _change(
    chromosome: NamedChromosome,
    span: tuple[int, int],
    kind: GenomicKind,
    deleted: str | None,
    inserted: str | None,
) -> GenomicChange:
    return GenomicChange(
        chromosome=chromosome.name,
        assembly=chromosome.assembly,
        start0=span[0],
        end0=span[1],
        kind=kind,
        deleted=deleted,
        inserted=inserted,
        is_ucsc_mitochondrion=chromosome.is_ucsc_mitochondrion,
    )


def _span(first: str, last: str | None) -> tuple[int, int]:
    """Read positions as a half-open interval."""
    digits = [number.lstrip("0") for number in (first, last or first)]
    if not all(digits):
        raise HgvsError(
            "There is no position 0: positions are counted from 1 here.",
            "The first base of a chromosome is g.1.",
        )
    if max(map(len, digits)) > _MAX_DIGITS:
        raise HgvsError("The position is beyond the end of every chromosome.")
    start0, end0 = to_start0(int(digits[0])), int(digits[1])
    if end0 <= start0:
        raise HgvsError(
            "The end of the region is before its start.",
            f"Did you mean {digits[1]}_{digits[0]} ?",
        )
    return start0, end0


def _told(text: str, length: int) -> str | None:
    """Check the bases, or their number, that a description repeats; None without bases."""
    if not text:
        return None
    count = int(text[:_MAX_DIGITS]) if text[0].isdigit() else len(text)
    if count != length:
        raise HgvsError(
            f"The positions span {length:,} bases, the description says {count:,}.",
            "Leave the bases out, or correct the positions.",
        )
    return None if text[0].isdigit() else text.upper()
