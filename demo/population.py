"""The people behind the v2 demo beacons, who do not exist, read from `data/individuals.csv`.

They are the part of each data set that is described one by one: the allele counts of
`variants.csv` are of the whole data set. Everybody gave one sample, which was sequenced once and
analysed once; the ids of those are made from the person's. `diseases` reads
`term@age of onset in years`, lists are joined by `;`.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from .catalogue import DATA
from .ontology import with_ancestors

FEMALE, MALE = "NCIT:C16576", "NCIT:C20197"
BLOOD = "UBERON:0000178"
REFERENCE_SAMPLE, NEOPLASTIC_SAMPLE = "EFO:0009654", "EFO:0009656"
SEXES: Mapping[str, str] = {"female": FEMALE, "male": MALE}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in one data set; ages are in years."""

    id: str
    dataset: str
    sex: str
    """`female` or `male`."""
    ethnicity: str
    age: int
    diseases: tuple[tuple[str, int], ...]
    """Term and age of onset."""
    features: tuple[str, ...]
    tissue: str
    """Where the sample was taken from."""
    cohorts: tuple[str, ...]
    is_followed_up: bool
    carries: frozenset[str]
    """Names of variants."""

    @property
    def sample_id(self) -> str:
        """The id of the one sample."""
        return f"{self.id}-S1"

    @property
    def run_id(self) -> str:
        """The id of the one sequencing run."""
        return f"{self.id}-R1"

    @property
    def analysis_id(self) -> str:
        """The id of the one analysis."""
        return f"{self.id}-A1"

    @property
    def sample_status(self) -> str:
        """Samples other than blood are of tumours."""
        return REFERENCE_SAMPLE if self.tissue == BLOOD else NEOPLASTIC_SAMPLE

    @property
    def findings(self) -> tuple[str, ...]:
        """The terms of what is the matter with the person."""
        return (*(disease for disease, _ in self.diseases), *self.features)

    @property
    def traits(self) -> tuple[str, ...]:
        """The terms that describe the person."""
        return (SEXES[self.sex], self.ethnicity, *self.findings)

    @property
    def sample_terms(self) -> tuple[str, ...]:
        """The terms that describe the sample."""
        return (self.sample_status, self.tissue)


def is_described(by: Iterable[str], wanted: str, *, with_descendants: bool = True) -> bool:
    """Whether one of the terms is the wanted one, or a kind of it."""
    return any(
        wanted in (with_ancestors(term_id) if with_descendants else (term_id,)) for term_id in by
    )


@cache
def people(beacon_id: str) -> tuple[Person, ...]:
    """Everybody described in a beacon, in the order of the file."""
    with (DATA / "individuals.csv").open(encoding="utf-8") as file:
        return tuple(
            _person(dataset, row)
            for row in csv.DictReader(file)
            for holder, _, dataset in [row["holder"].partition(":")]
            if holder == beacon_id
        )


def _person(dataset: str, row: Mapping[str, str]) -> Person:
    def several(column: str) -> tuple[str, ...]:
        return tuple(row[column].split(";")) if row[column] else ()

    diseases = (one.partition("@") for one in several("diseases"))
    return Person(
        id=row["id"],
        dataset=dataset,
        sex=row["sex"],
        ethnicity=row["ethnicity"],
        age=int(row["age"]),
        diseases=tuple((disease, int(onset)) for disease, _, onset in diseases),
        features=several("features"),
        tissue=row["tissue"],
        cohorts=several("cohorts"),
        is_followed_up=row["followed_up"] == "yes",
        carries=frozenset(several("carries")),
    )
