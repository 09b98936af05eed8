"""Chromosomes, assemblies and RefSeq accessions of the human reference genomes.

Matching is anchored: `chrUn_GL000220v1` is not chromosome 1 and `1p36` is not a chromosome. The
only conversion between the 1-based positions people write and the 0-based half-open positions of
the Beacon wire lives here (`to_start0`, `to_position`).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Assembly(StrEnum):
    """A human reference assembly, spelled as the Genome Reference Consortium does."""

    NCBI36 = "NCBI36"
    GRCH37 = "GRCh37"
    GRCH38 = "GRCh38"

    @property
    def ucsc(self) -> str:
        """The UCSC name of the assembly."""
        return _UCSC[self]


class NamedAssembly(NamedTuple):
    """An assembly with the naming tradition it was written in.

    The tradition matters once: `chrM` of hg18 and hg19 is NC_001807, not the revised Cambridge
    sequence (NC_012920) that `MT` means in GRCh37.
    """

    assembly: Assembly
    is_ucsc: bool


class NamedChromosome(NamedTuple):
    """A chromosome as somebody spelled it: canonical name, and what the spelling gives away."""

    name: str
    """`1` to `22`, `X`, `Y` or `MT`."""
    assembly: Assembly | None
    """The assembly an accession version belongs to; None for a bare name and for the rCRS."""
    is_ucsc_mitochondrion: bool
    """Whether it was written `M`, which in hg18 and hg19 is another sequence than `MT`."""


class GenomeError(ValueError):
    """A name that is no human chromosome or assembly; says so and how to write it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


CHROMOSOMES: Final = (*(str(n) for n in range(1, 23)), "X", "Y", "MT")
MITOCHONDRION: Final = "MT"
RCRS: Final = "NC_012920.1"
"""The revised Cambridge Reference Sequence: the mitochondrion of GRCh37 and GRCh38 alike."""

WRONG_MITOCHONDRION: Final = (
    "chrM of hg18 and hg19 is NC_001807, another sequence than the rCRS (NC_012920) that beacons "
    "hold: the same number is another base. Use MT with GRCh37 or GRCh38."
)

_UCSC: Final = {Assembly.NCBI36: "hg18", Assembly.GRCH37: "hg19", Assembly.GRCH38: "hg38"}

# RefSeq versions of chromosomes 1..22, X (23), Y (24).
_VERSIONS: Final[Mapping[Assembly, tuple[int, ...]]] = {
    Assembly.NCBI36: (
        *(9, 10, 10, 10, 8, 10, 12, 9, 10, 9, 8, 10),
        *(9, 7, 8, 8, 9, 8, 8, 9, 7, 9, 9, 8),
    ),
    Assembly.GRCH37: (
        *(10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11),
        *(10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9),
    ),
    Assembly.GRCH38: (
        *(11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12),
        *(11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10),
    ),
}

_LENGTHS: Final[Mapping[Assembly, tuple[int, ...]]] = {
    Assembly.NCBI36: (
        *(247249719, 242951149, 199501827, 191273063, 180857866, 170899992, 158821424, 146274826),
        *(140273252, 135374737, 134452384, 132349534, 114142980, 106368585, 100338915, 88827254),
        *(78774742, 76117153, 63811651, 62435964, 46944323, 49691432, 154913754, 57772954),
    ),
    Assembly.GRCH37: (
        *(249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022),
        *(141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753),
        *(81195210, 78077248, 59128983, 63025520, 48129895, 51304566, 155270560, 59373566),
    ),
    Assembly.GRCH38: (
        *(248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636),
        *(138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345),
        *(83257441, 80373285, 58617616, 64444167, 46709983, 50818468, 156040895, 57227415),
    ),
}
_RCRS_LENGTH: Final = 16569

_ASSEMBLY_FORMS: Final = (
    (re.compile(r"(?:grch38(?:\.p\d+)?|b38|hs38(?:d1|dh)?)", re.I | re.A), Assembly.GRCH38, False),
    (re.compile(r"hg38(?:\.p\d+)?", re.I | re.A), Assembly.GRCH38, True),
    (
        re.compile(r"(?:grch37(?:\.p\d+)?|b37|hs37(?:d5)?|g1k_v37)", re.I | re.A),
        Assembly.GRCH37,
        False,
    ),
    (re.compile(r"hg19(?:\.p\d+)?", re.I | re.A), Assembly.GRCH37, True),
    (re.compile(r"(?:ncbi36(?:\.\d+)?|b36)", re.I | re.A), Assembly.NCBI36, False),
    (re.compile(r"hg18", re.I | re.A), Assembly.NCBI36, True),
)
_GENBANK_ASSEMBLY: Final = re.compile(r"GC[FA]_0*1405\.(\d+)", re.I | re.A)
_CHROMOSOME: Final = re.compile(
    r"(?:chr(?:omosome|om)?[ _]?)?(0?[1-9]|1\d|2[0-4]|x|y|mt|m)", re.I | re.A
)
_ACCESSION: Final = re.compile(r"(?:refseq:)?(NC_0*(\d{1,6}))\.(\d+)", re.I | re.A)


def parse_assembly(text: str) -> NamedAssembly:
    """Read an assembly name in any common spelling.

    `hg38`, `GRCh38.p13`, `hs37d5`, `b37` and the GenBank and RefSeq assembly accessions are known
    (GCF_000001405.13 to .25 are GRCh37, .26 to .40 are GRCh38). Raises `GenomeError`.
    """
    name = text.strip()
    for form, assembly, is_ucsc in _ASSEMBLY_FORMS:
        if form.fullmatch(name):
            return NamedAssembly(assembly, is_ucsc)
    if accession := _GENBANK_ASSEMBLY.fullmatch(name):
        version = int(accession[1])
        # GenBank (GCA) counts the same patches from 1 (GRCh37) and 15 (GRCh38).
        first_38 = 15 if name[:3].upper() == "GCA" else 26
        first_37 = 1 if name[:3].upper() == "GCA" else 13
        if first_37 <= version < first_38:
            return NamedAssembly(Assembly.GRCH37, False)
        if first_38 <= version <= 40:
            return NamedAssembly(Assembly.GRCH38, False)
    shown = name if len(name) <= 40 else name[:40] + "…"
    raise GenomeError(
        f"“{shown}” is not a human assembly known here.",
        "Use GRCh38 (hg38), GRCh37 (hg19) or NCBI36 (hg18).",
    )


def parse_chromosome(text: str) -> NamedChromosome:
    """Read a chromosome name, with or without `chr`, or a RefSeq accession with its version.

    Raises `GenomeError` for anything else, including accessions that belong to no assembly.
    """
    name = text.strip()
    if plain := _CHROMOSOME.fullmatch(name):
        canonical = plain[1].upper().lstrip("0")
        canonical = {"23": "X", "24": "Y"}.get(canonical, canonical)
        if canonical == "M":
            return NamedChromosome(MITOCHONDRION, None, is_ucsc_mitochondrion=True)
        return NamedChromosome(canonical, None, is_ucsc_mitochondrion=False)
    if accession := _ACCESSION.fullmatch(name):
        return _from_accession(int(accession[2]), int(accession[3]))
    shown = name if len(name) <= 40 else name[:40] + "…"
    raise GenomeError(
        f"“{shown}” is not a human chromosome.",
        "Use 1–22, X, Y or MT; a “chr” prefix is fine.",
    )


def refseq_accession(chromosome: str, assembly: Assembly) -> str | None:
    """Give the RefSeq accession with version; None for the mitochondrion of NCBI36."""
    if chromosome == MITOCHONDRION:
        return None if assembly is Assembly.NCBI36 else RCRS
    number = _number(chromosome)
    return f"NC_{number:06d}.{_VERSIONS[assembly][number - 1]}"


def numeric_name(chromosome: str) -> str:
    """Give the name of servers that count on: X is 23, Y is 24, MT is 25."""
    return {"X": "23", "Y": "24", MITOCHONDRION: "25"}.get(chromosome, chromosome)


def chromosome_length(chromosome: str, assembly: Assembly) -> int:
    """Give the number of bases of a chromosome in an assembly."""
    if chromosome == MITOCHONDRION:
        return _RCRS_LENGTH
    return _LENGTHS[assembly][_number(chromosome) - 1]


def check_mitochondrion(chromosome: NamedChromosome, assembly: NamedAssembly) -> str | None:
    """Say why a mitochondrial position means another sequence in this assembly, if it does."""
    if chromosome.name != MITOCHONDRION:
        return None
    if assembly.assembly is Assembly.NCBI36:
        return WRONG_MITOCHONDRION
    if (
        assembly.is_ucsc
        and assembly.assembly is Assembly.GRCH37
        and chromosome.is_ucsc_mitochondrion
    ):
        return WRONG_MITOCHONDRION
    return None


def beyond_chromosome(chromosome: str, assembly: Assembly, end0: int) -> str | None:
    """Say that a position lies beyond the chromosome, and in which assembly it would not.

    `end0` is the exclusive 0-based end of what was asked.
    """
    length = chromosome_length(chromosome, assembly)
    if end0 <= length:
        return None
    others = [
        other.value
        for other in (Assembly.GRCH38, Assembly.GRCH37, Assembly.NCBI36)
        if other is not assembly and end0 <= chromosome_length(chromosome, other)
    ]
    question = f" Wrong assembly? It fits in {' and '.join(others)}." if others else ""
    return (
        f"Position {end0:,} is beyond the end of chromosome {chromosome} in {assembly} "
        f"({length:,} bases).{question}"
    )


_Y_PAR: Final[Mapping[Assembly, tuple[tuple[int, int, int], ...]]] = {
    # (first Y position, last Y position, first X position), all 1-based
    Assembly.GRCH38: ((10001, 2781479, 10001), (56887903, 57217415, 155701383)),
    Assembly.GRCH37: ((10001, 2649520, 60001), (59034050, 59363566, 154931044)),
}


def x_position_of_y_par(assembly: Assembly, start0: int) -> int | None:
    """Give the 1-based X position of a Y position in a pseudoautosomal region.

    Variants there are called on X, so a question about Y finds nothing although the allele is
    known.
    """
    position = to_position(start0)
    for first, last, first_x in _Y_PAR.get(assembly, ()):
        if first <= position <= last:
            return first_x + position - first
    return None


def to_start0(position: int) -> int:
    """Turn a 1-based position, as people write it, into a 0-based start."""
    return position - 1


def to_position(start0: int) -> int:
    """Turn a 0-based start into the 1-based position people write."""
    return start0 + 1


def _number(chromosome: str) -> int:
    return int(numeric_name(chromosome))


def _from_accession(number: int, version: int) -> NamedChromosome:
    if number == 12920 and version == 1:
        return NamedChromosome(MITOCHONDRION, None, is_ucsc_mitochondrion=False)
    if number == 1807:
        raise GenomeError(
            f"NC_001807.{version} is not the mitochondrial sequence that beacons hold.",
            "Use MT (NC_012920.1, the rCRS).",
        )
    accession = f"NC_{number:06d}.{version}"
    if not 1 <= number <= 24:
        raise GenomeError(
            f"{accession} is not the accession of a human chromosome.",
            "Use 1–22, X, Y or MT; a “chr” prefix is fine.",
        )
    for assembly, versions in _VERSIONS.items():
        if versions[number - 1] == version:
            return NamedChromosome(CHROMOSOMES[number - 1], assembly, is_ucsc_mitochondrion=False)
    of_37 = _VERSIONS[Assembly.GRCH37][number - 1]
    of_38 = _VERSIONS[Assembly.GRCH38][number - 1]
    raise GenomeError(
        f"{accession} belongs to neither GRCh37 (.{of_37}) nor GRCh38 (.{of_38}).",
    )
