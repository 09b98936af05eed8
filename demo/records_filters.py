"""The filters of `demo-records`: which there are, and what each finds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from . import ages
from .catalogue import Holding
from .ontology import label, with_ancestors
from .population import Person, is_described, people
from .records_model import STRATEGIES

GENE, STRATEGY = "molecularAttributes.geneIds", "libraryStrategy"
ONSET, AGE = "diseases.ageOfOnset.iso8601duration", "age"
FOLLOWED_UP = "followed-up"


@dataclass(frozen=True, slots=True)
class FilteringTerm:
    """Something to filter by; `scopes` are entry types."""

    id: str
    type: str
    scopes: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a request."""

    id: str
    operator: str = ""
    value: str = ""
    scope: str | None = None
    include_descendants: bool = True

    @property
    def is_about_variants(self) -> bool:
        """Whether it is about variants; all others are about people and what is theirs."""
        return self.id == GENE

    @property
    def problem(self) -> str | None:
        """Why this beacon refuses it; None where it does not."""
        known = TERMS.get(self.id)
        if known is None or (self.scope is not None and self.scope not in known.scopes):
            return f"{self.id} is not a valid filtering term"
        if known.type != "alphanumeric":
            return None
        if self.id in (AGE, ONSET):
            is_understood = ages.is_condition(self.operator, self.value)
        else:
            is_understood = self.operator in ("=", "!") and bool(self.value)
        return None if is_understood else f"{self.id} {self.operator} {self.value} not understood"

    def finds_variant(self, held: Holding) -> bool:
        """Whether a variant is what it looks for."""
        return _is_text(self, held.variant.gene)

    def finds_person(self, person: Person) -> bool:
        """Whether somebody, or what is theirs, is what it looks for."""
        if self.id == AGE:
            return ages.meets(person.age, self.operator, self.value)
        if self.id == ONSET:
            return any(ages.meets(onset, self.operator, self.value) for _, onset in person.diseases)
        if self.id == STRATEGY:
            return _is_text(self, STRATEGIES[person.dataset])
        if self.id == FOLLOWED_UP:
            return person.is_followed_up
        return is_described(
            (*person.traits, *person.sample_terms),
            self.id,
            with_descendants=self.include_descendants,
        )


def _is_text(asked: Filter, told: str | None) -> bool:
    return (told == asked.value) != (asked.operator == "!")


def _ontology(term_ids: Iterable[str], scope: str) -> list[FilteringTerm]:
    found = {above for term_id in term_ids for above in with_ancestors(term_id)}
    return [FilteringTerm(one, "ontology", (scope,), label(one)) for one in sorted(found)]


def _terms() -> Mapping[str, FilteringTerm]:
    described = people("demo-records")
    traits = (one for person in described for one in person.traits)
    of_samples = (one for person in described for one in person.sample_terms)
    return {
        one.id: one
        for one in (
            FilteringTerm(STRATEGY, "alphanumeric", ("run",)),
            FilteringTerm(GENE, "alphanumeric", ("genomicVariant",)),
            FilteringTerm(ONSET, "alphanumeric", ("individual",)),
            FilteringTerm(AGE, "alphanumeric", ("individual",), "Age in years"),
            FilteringTerm(FOLLOWED_UP, "custom", ("individual",), "Seen again after a year"),
            *_ontology(traits, "individual"),
            *_ontology(of_samples, "biosample"),
        )
    }


TERMS: Mapping[str, FilteringTerm] = _terms()
"""By id, in the order they are told."""
