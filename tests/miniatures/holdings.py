"""The one small set of variants, people and filtering terms every miniature server holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

ASSEMBLY = "GRCh38"


@dataclass(frozen=True)
class Held:
    """A variant as servers keep it: 0-based, half-open, with its VCF anchor."""

    chromosome: str
    start0: int
    reference: str
    alternate: str
    kind: str
    gene: str
    dataset: str
    carriers: tuple[str, ...]
    residue: str = ""
    short_form: str = ""

    @property
    def end0(self) -> int:
        return self.start0 + len(self.reference)

    @property
    def id(self) -> str:
        return f"{self.chromosome}:{self.start0}:{self.reference}:{self.alternate}"

    def record(self) -> dict[str, Any]:
        interval = {
            "type": "SequenceInterval",
            "start": {"type": "Number", "value": self.start0},
            "end": {"type": "Number", "value": self.end0},
        }
        return {
            "variantInternalId": self.id,
            "identifiers": {"genomicHGVSId": self.short_form},
            "variation": {
                "variantType": self.kind,
                "referenceBases": self.reference,
                "alternateBases": self.alternate,
                "location": {
                    "type": "SequenceLocation",
                    "sequence_id": f"HGVSid:{self.chromosome}",
                    "interval": interval,
                },
            },
        }


@dataclass(frozen=True)
class Person:
    """An individual."""

    id: str
    sex: str
    disease: str
    age: int
    dataset: str

    def record(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "sex": {"id": self.sex, "label": "female"},
            "diseases": [
                {
                    "diseaseCode": {"id": self.disease},
                    "ageOfOnset": {"iso8601duration": f"P{self.age}Y"},
                }
            ],
        }

    def has(self, term: str, operator: str, value: str) -> bool:
        """Whether a filter this server knows holds."""
        if term != "age":
            return term in (self.sex, self.disease)
        years = int(value.strip("PY") or 0)
        tests = {">": self.age > years, "<": self.age < years, "=": self.age == years}
        return tests.get(operator, False)


VARIANTS = (
    Held(
        "7", 140753335, "A", "T", "SNP", "BRAF", "tumours", ("P1",), "V600E",
        "NC_000007.14:g.140753336A>T",
    ),
    Held("7", 117559589, "ATCT", "A", "DEL", "CFTR", "families", ("P2",)),
    Held("MT", 3242, "A", "G", "SNP", "MT-TL1", "families", ("P2",), "", "NC_012920.1:m.3243A>G"),
)  # fmt: skip
PEOPLE = (
    Person("P1", "NCIT:C16576", "NCIT:C3224", 71, "tumours"),
    Person("P2", "NCIT:C16576", "ORDO:586", 12, "families"),
)
DATASETS = ("tumours", "families")
TERMS = {
    "NCIT:C3224": "ontology",
    "NCIT:C16576": "ontology",
    "ORDO:586": "ontology",
    "age": "alphanumeric",
}
"""The filtering terms and their types."""


def carried(parameters: Mapping[str, Any], **habits: bool) -> tuple[Held, ...]:
    """The variants these parameters describe; positions are lists of numbers."""
    return tuple(one for one in VARIANTS if _describes(parameters, one, **habits))


def people(filters: Iterable[tuple[str, str, str]]) -> tuple[Person, ...]:
    """The people for whom every filter holds."""
    wanted = list(filters)
    return tuple(one for one in PEOPLE if all(one.has(*each) for each in wanted))


def _describes(
    asked: Mapping[str, Any],
    held: Held,
    *,
    is_inclusive: bool = False,
    is_empty_any: bool = False,
) -> bool:
    same = {
        "referenceName": held.chromosome,
        "referenceBases": held.reference,
        "alternateBases": held.alternate,
        "variantType": held.kind,
        "geneId": held.gene,
        "aminoacidChange": held.residue,
        "genomicAlleleShortForm": held.short_form,
        "assemblyId": ASSEMBLY,
    }
    for name, value in same.items():
        told = asked.get(name)
        if told is None or (name == "alternateBases" and not told and is_empty_any):
            continue
        if told != value:
            return False
    return _is_there(asked.get("start") or [], asked.get("end") or [], held, int(is_inclusive))


def _is_there(start: list[int], end: list[int], held: Held, more: int) -> bool:
    if len(start) == 2:
        in_start = start[0] <= held.start0 < start[1] + more
        return in_start and (not end or end[0] <= held.end0 < end[1] + more)
    if start and end:
        return held.start0 < end[0] and held.end0 > start[0]
    return not start or held.start0 == start[0]
