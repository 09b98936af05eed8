"""The filters of `demo-counts`, which are all about people: which there are, and what each finds.

The numbers and categories a search form would offer are alphanumeric, and categories tell their
`values`; the diseases and findings of the people described are ontology terms and tell none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from . import ages
from .ontology import label, with_ancestors
from .population import Person, is_described, people

SEX, TISSUE, AGE = "sex", "tissue", "age"


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a request."""

    id: str
    operator: str = "="
    value: str = ""
    include_descendants: bool = True

    @property
    def problem(self) -> str | None:
        """Why this beacon refuses it; None where it does not."""
        known = TERMS.get(self.id)
        if known is None:
            return f"unknown filter: {self.id}"
        if self.id == AGE:
            is_understood = ages.is_condition(self.operator, self.value)
        elif known["type"] == "alphanumeric":
            is_understood = self.operator == "=" and self.value in _VALUES[self.id]
        else:
            is_understood = not self.value
        return None if is_understood else f"filter {self.id}: bad value or operator"

    def finds(self, person: Person) -> bool:
        """Whether somebody is who it looks for."""
        if self.id == AGE:
            return ages.meets(person.age, self.operator, self.value)
        if self.id == SEX:
            return person.sex.upper() == self.value
        if self.id == TISSUE:
            return label(person.tissue) == self.value
        return is_described(person.findings, self.id, with_descendants=self.include_descendants)


_VALUES: Mapping[str, tuple[str, ...]] = {
    SEX: ("FEMALE", "MALE"),
    TISSUE: tuple(dict.fromkeys(label(one.tissue) for one in people("demo-counts"))),
}


def _alphanumeric(term_id: str, name: str, scope: str) -> dict[str, object]:
    term: dict[str, object] = {
        "id": term_id,
        "label": name,
        "type": "alphanumeric",
        "scopes": [scope],
    }
    return {**term, "values": list(_VALUES[term_id])} if term_id in _VALUES else term


def _ontology() -> list[dict[str, object]]:
    findings = (finding for person in people("demo-counts") for finding in person.findings)
    found = {above for finding in findings for above in with_ancestors(finding)}
    return [
        {"id": one, "label": label(one), "type": "ontology", "scopes": ["individual"]}
        for one in sorted(found)
    ]


TERMS: Mapping[str, Mapping[str, object]] = {
    str(term["id"]): term
    for term in (
        _alphanumeric(SEX, "Sex", "individual"),
        _alphanumeric(AGE, "Age in years", "individual"),
        _alphanumeric(TISSUE, "Sampled tissue", "biosample"),
        *_ontology(),
    )
}
"""As the beacon tells them, by id."""
