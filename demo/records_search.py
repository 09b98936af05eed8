"""Finding what is asked for in `demo-records`: variants, people, and what is linked to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .catalogue import Allele, Holding
from .mistakes import as_stored, ignores_alternate, says_yes
from .population import Person
from .records_model import COHORTS, DATASETS, internal_id
from .records_request import Asked, chromosome, numbers

_ASSEMBLY = "GRCh38"


@dataclass(frozen=True, slots=True)
class Record:
    """The record in the path of a request, by its entry type."""

    entry_type: str
    id: str

    def is_of(self, person: Person) -> bool:
        """Whether it is this person, theirs, or a group they are in."""
        theirs: Mapping[str, tuple[str, ...]] = {
            "individual": (person.id,),
            "biosample": (person.sample_id,),
            "run": (person.run_id,),
            "analysis": (person.analysis_id,),
            "dataset": (person.dataset,),
            "cohort": person.cohorts,
        }
        return self.id in theirs.get(self.entry_type, ())


@dataclass(frozen=True)
class Archive:
    """All that a beacon holds."""

    held: tuple[Holding, ...]
    people: tuple[Person, ...]

    def variants(self, asked: Asked, within: Record | None) -> list[Holding]:
        """The variants asked for.

        Where people are asked about as well, only the variants somebody described carries.
        """
        found = [one for one in self._matching(asked) if _has(within, one)]
        if within is not None and within.entry_type not in ("genomicVariant", "dataset"):
            return self._carried(found, [one for one in self._fitting(asked) if within.is_of(one)])
        return self._carried(found, self._fitting(asked)) if _asks_people(asked) else found

    def persons(self, asked: Asked, within: Record | None) -> list[Person]:
        """The people asked for; where variants are asked about as well, their carriers."""
        found = self._fitting(asked)
        is_in_variant = within is not None and within.entry_type == "genomicVariant"
        if within is not None and not is_in_variant:
            found = [one for one in found if within.is_of(one)]
        if not is_in_variant and not _asks_variants(asked):
            return found
        held = [one for one in self._matching(asked) if _has(within, one)]
        return [person for person in found if any(_carries(person, one) for one in held)]

    def datasets(self, asked: Asked, within: Record | None) -> list[str]:
        """The data sets asked for, by what is in them where more than their ids is asked."""
        if within is not None and within.entry_type == "dataset" and not _asks_more(asked):
            return [one for one in DATASETS if one == within.id]
        if within is None and not _asks_more(asked):
            return list(DATASETS)
        found = {person.dataset for person in self.persons(asked, within)}
        found |= {held.dataset for held in self.variants(asked, within)}
        return [one for one in DATASETS if one in found]

    def cohorts(self, asked: Asked, within: Record | None) -> list[str]:
        """The cohorts asked for, by who is in them."""
        if within is not None and within.entry_type == "cohort":
            return [one for one in COHORTS if one == within.id and self._is_met(asked, within)]
        found = {one for person in self.persons(asked, within) for one in person.cohorts}
        return [one for one in COHORTS if one in found]

    def carriers(self, held: Holding) -> list[Person]:
        """Those described who carry a variant."""
        return [person for person in self.people if _carries(person, held)]

    def members(self, cohort: str) -> list[Person]:
        """Those in a cohort."""
        return [person for person in self.people if cohort in person.cohorts]

    def _is_met(self, asked: Asked, within: Record) -> bool:
        return not _asks_more(asked) or bool(self.persons(asked, within))

    def _matching(self, asked: Asked) -> list[Holding]:
        return [
            one for one in self.held if _is_searched(asked, one.dataset) and _is_match(asked, one)
        ]

    def _fitting(self, asked: Asked) -> list[Person]:
        wanted = [one for one in asked.filters if not one.is_about_variants]
        return [
            person
            for person in self.people
            if _is_searched(asked, person.dataset)
            and all(one.finds_person(person) for one in wanted)
        ]

    def _carried(self, held: Sequence[Holding], by: Sequence[Person]) -> list[Holding]:
        return [one for one in held if any(_carries(person, one) for person in by)]


def _carries(person: Person, held: Holding) -> bool:
    return held.dataset == person.dataset and held.variant.name in person.carries


def _has(within: Record | None, held: Holding) -> bool:
    """Whether a record leaves room for a variant; those about people do not say."""
    if within is None or within.entry_type not in ("genomicVariant", "dataset"):
        return True
    return within.id == (held.dataset if within.entry_type == "dataset" else internal_id(held))


def _asks_people(asked: Asked) -> bool:
    return any(not one.is_about_variants for one in asked.filters)


def _asks_variants(asked: Asked) -> bool:
    return bool(asked.parameters) or any(one.is_about_variants for one in asked.filters)


def _asks_more(asked: Asked) -> bool:
    return _asks_people(asked) or _asks_variants(asked) or asked.is_test or bool(asked.datasets)


def _is_searched(asked: Asked, dataset: str) -> bool:
    return (
        not asked.is_test  # no data set is marked as one for tests
        and (asked.datasets is None or dataset in asked.datasets)
    )


def _is_match(asked: Asked, held: Holding) -> bool:
    wanted, allele = asked.parameters, as_stored(held, _ASSEMBLY)
    exact = {
        "referenceBases": allele.reference,
        "alternateBases": allele.alternate,
        "variantType": allele.kind,
        "geneId": held.variant.gene,
        "aminoacidChange": held.variant.aminoacid,
    }
    if ignores_alternate():
        del exact["alternateBases"]
    names = (held.variant.hgvs, held.variant.transcript)
    return says_yes() or (
        wanted.get("assemblyId", _ASSEMBLY) == _ASSEMBLY
        and "mateName" not in wanted  # nothing held has a mate
        and chromosome(wanted) in (None, allele.chromosome)
        and all(wanted.get(name, value) == value for name, value in exact.items())
        and wanted.get("genomicAlleleShortForm", names[0]) in names
        and _is_in_place(numbers(wanted, "start"), numbers(wanted, "end"), allele)
        and _is_long(wanted, allele)
        and all(one.finds_variant(held) for one in asked.filters if one.is_about_variants)
    )


def _is_in_place(start: Sequence[int], end: Sequence[int], allele: Allele) -> bool:
    match start, end:
        case [], []:
            return True
        case [position], []:
            return position == allele.start0
        case [first], [last]:
            return allele.start0 < last and allele.end0 > first
        case [first, second], [third, fourth]:
            return first <= allele.start0 <= second and third <= allele.end0 <= fourth
    return False


def _is_long(wanted: Mapping[str, object], allele: Allele) -> bool:
    shortest, longest = wanted.get("variantMinLength"), wanted.get("variantMaxLength")
    return not (isinstance(shortest, int) and allele.length < shortest) and not (
        isinstance(longest, int) and allele.length > longest
    )
