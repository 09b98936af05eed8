"""The variants of the demo network and who holds them, read from `data/`.

`data/variants.csv` has one line per variant: where it is in both assemblies as VCF writes it
(`chromosome-position-REF-ALT`, 1-based), what it is called, and one column `beacon:data set`
per holder. A cell reads `observed alleles/allele number/carriers`; a server family that does
not tell a number leaves it out, and the oldest one says `yes`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Self

DATA: Traversable = files(__package__ or __name__.rpartition(".")[0]) / "data"
"""The folder of data files, in a checkout or inside a wheel."""

REFERENCE: Mapping[str, Traversable] = {
    assembly: DATA / "reference" / f"{assembly}.fa" for assembly in ("GRCh37", "GRCh38")
}
"""Small reference windows per assembly, in the form `samtools faidx` prints them."""

_DESCRIPTIVE_COLUMNS = frozenset(
    {"name", "gene", "aminoacid", "rsid", "grch37", "grch38", "hgvs", "transcript"}
)
"""All other columns are holders."""


@dataclass(frozen=True, slots=True)
class Allele:
    """A change at one place of one assembly; `start0` is 0-based, `end0` exclusive."""

    chromosome: str
    start0: int
    reference: str
    alternate: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `7-140753336-A-T`, whose position is 1-based."""
        chromosome, position, reference, alternate = text.split("-")
        return cls(chromosome, int(position) - 1, reference, alternate)

    @property
    def end0(self) -> int:
        """Where the replaced bases end; `start0` itself for a trimmed insertion."""
        return self.start0 + len(self.reference)

    @property
    def kind(self) -> str:
        """The word these servers use for the type of change."""
        if len(self.reference) == len(self.alternate):
            return "SNP" if len(self.reference) == 1 else "MNP"
        return "DEL" if len(self.reference) > len(self.alternate) else "INS"

    @property
    def length(self) -> int:
        """How many bases the change itself spans, without a shared anchor."""
        bare = self.trimmed()
        return max(len(bare.reference), len(bare.alternate))

    def trimmed(self) -> Self:
        """The same change without shared bases: first those at the end, then those at the start."""
        reference, alternate, start0 = self.reference, self.alternate, self.start0
        while reference and alternate and reference[-1] == alternate[-1]:
            reference, alternate = reference[:-1], alternate[:-1]
        while reference and alternate and reference[0] == alternate[0]:
            reference, alternate, start0 = reference[1:], alternate[1:], start0 + 1
        return type(self)(self.chromosome, start0, reference, alternate)


@dataclass(frozen=True, slots=True)
class Variant:
    """A well-known variant; `grch37` is None where its allele is the reference base there."""

    name: str
    gene: str | None
    aminoacid: str | None
    rsid: str | None
    grch37: Allele | None
    grch38: Allele
    hgvs: str
    transcript: str | None
    held_by: Mapping[str, str]

    def allele(self, assembly: str) -> Allele | None:
        """Where it is in `GRCh37` or `GRCh38`."""
        return self.grch37 if assembly == "GRCh37" else self.grch38


@dataclass(frozen=True, slots=True)
class Holding:
    """One variant in one data set of one beacon, with what that server family counts."""

    variant: Variant
    allele: Allele
    dataset: str
    observed: int
    number: int | None
    """Alleles genotyped at the site."""
    carriers: int | None

    @property
    def frequency(self) -> float:
        """0 where the allele number is not told."""
        return self.observed / self.number if self.number else 0.0


@cache
def variants() -> tuple[Variant, ...]:
    """All variants, in the order of the file."""
    with (DATA / "variants.csv").open(encoding="utf-8") as file:
        return tuple(_variant(row) for row in csv.DictReader(file))


def holdings(beacon_id: str, assembly: str) -> tuple[Holding, ...]:
    """What a beacon holds, by variant and then data set."""
    return tuple(
        _holding(variant, allele, column.partition(":")[2], cell)
        for variant in variants()
        for column, cell in variant.held_by.items()
        if column.partition(":")[0] == beacon_id
        and (allele := variant.allele(assembly)) is not None
    )


def _variant(row: dict[str, str]) -> Variant:
    return Variant(
        name=row["name"],
        gene=row["gene"] or None,
        aminoacid=row["aminoacid"] or None,
        rsid=row["rsid"] or None,
        grch37=Allele.parse(row["grch37"]) if row["grch37"] else None,
        grch38=Allele.parse(row["grch38"]),
        hgvs=row["hgvs"],
        transcript=row["transcript"] or None,
        held_by={
            column: cell
            for column, cell in row.items()
            if cell and column not in _DESCRIPTIVE_COLUMNS
        },
    )


def _holding(variant: Variant, allele: Allele, dataset: str, cell: str) -> Holding:
    observed, number, carriers = (
        int(part) if part.isdecimal() else None for part in f"{cell}//".split("/")[:3]
    )
    at_least_one = 1 if observed is None else observed  # all that `yes` says
    return Holding(variant, allele, dataset, at_least_one, number, carriers)
