"""Joins the filtering terms of the members into one list that says who takes which.

Beacon v2.1.1 framework, responses/sections/beaconFilteringTermsResults.json. A member that lists
no terms at all is "not known": any filter may be asked of it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aggregator.model.query import Pagination
from aggregator.protocol.network_offer import offers
from aggregator.protocol.surface import DATASET, owner_of
from registry.models import FilteringResource, FilteringTerm, Protocol
from registry.snapshot import RegisteredMember

ONTOLOGY: Final = "ontology"
ALPHANUMERIC: Final = "alphanumeric"
CUSTOM: Final = "custom"

_KINDS: Final = {
    **dict.fromkeys(("ontology", "ontologyterm", "ontologyterms", "curie"), ONTOLOGY),
    **dict.fromkeys(("alphanumeric", "alphanumerical", "numeric", "number"), ALPHANUMERIC),
    "custom": CUSTOM,
}
_CURIE: Final = re.compile(r"[A-Za-z][\w.]*:[^\s:].*", re.S)


@dataclass(slots=True)
class _Joined:
    """One term as the members that list it together describe it."""

    guessed_kind: str
    kind: str | None = None
    """As the first member that names one of the three kinds."""
    label: str = ""
    scopes: set[str] = field(default_factory=set)
    values: dict[str, None] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)

    def add(self, term: FilteringTerm, member_id: str) -> None:
        self.kind = self.kind or _told_kind(term)
        self.label = self.label or term.label.strip()
        self.scopes.update(term.scopes)
        self.values.update(dict.fromkeys(term.values))
        if member_id not in self.members:
            self.members.append(member_id)

    def written(self, term_id: str) -> dict[str, Any]:
        document: dict[str, Any] = {"id": term_id, "type": self.kind or self.guessed_kind}
        if self.label:
            document["label"] = self.label
        if self.scopes:
            document["scopes"] = sorted(self.scopes)
        if self.values:
            document["values"] = list(self.values)
        return {**document, "members": self.members}


@dataclass(frozen=True, slots=True)
class JoinedTerms:
    """The terms of some members, sorted by id, with those that do not tell theirs."""

    terms: tuple[dict[str, Any], ...]
    """As the framework writes them, with `members`: the ids of those that list the term."""
    resources: tuple[dict[str, Any], ...]
    members: tuple[str, ...]
    """Members that tell which filters they take."""
    not_known: tuple[str, ...]

    def page(self, pagination: Pagination) -> tuple[dict[str, Any], ...]:
        """Give one page; `skip` counts pages and a limit of 0 means all on one page."""
        if pagination.limit == 0:
            return () if pagination.skip else self.terms
        first = pagination.skip * pagination.limit
        return self.terms[first : first + pagination.limit]


def join_terms(
    members: Iterable[RegisteredMember],
    *,
    entry_type: str | None = None,
    shared_by_all: bool = False,
) -> JoinedTerms:
    """Join the terms of the members that take filters.

    With an entry type: the terms that apply to it, of members that may offer it; a term without
    scopes applies to all. `shared_by_all` leaves the terms every member that tells its terms has.
    """
    known: list[RegisteredMember] = []
    not_known: list[str] = []
    for member in members:
        if not _may_take_filters(member, entry_type):
            continue
        if member.capabilities.filtering_terms is None:
            not_known.append(member.id)
        else:
            known.append(member)
    joined: dict[str, _Joined] = {}
    for member in known:
        for term in member.capabilities.filtering_terms or ():
            if term.scopes and entry_type is not None and entry_type not in term.scopes:
                continue
            found = joined.setdefault(term.id, _Joined(kind_of(term)))
            found.add(term, member.id)
    return JoinedTerms(
        terms=tuple(
            term.written(term_id)
            for term_id, term in sorted(joined.items())
            if not shared_by_all or len(term.members) == len(known)
        ),
        resources=_join_resources(
            resource for member in known for resource in member.capabilities.filtering_resources
        ),
        members=tuple(member.id for member in known),
        not_known=tuple(not_known),
    )


def holders_of(
    members: Sequence[RegisteredMember], entry_type: str, record_id: str
) -> tuple[RegisteredMember, ...]:
    """Give the members that have a data set or cohort, or may have it; empty: nobody has.

    `member~id` names the member. A bare id of a data set belongs to those that list it; if nobody
    does, to those that tell no data sets.
    """
    by_id = {member.id: member for member in members}
    owner, _ = owner_of(record_id, by_id)
    candidates = members if owner is None else (by_id[owner],)
    able = tuple(one for one in candidates if _may_take_filters(one, entry_type))
    if owner is not None or entry_type != DATASET:
        return able
    listing = tuple(
        one for one in able if any(each.id == record_id for each in one.capabilities.data_sets)
    )
    return listing or tuple(one for one in able if not one.capabilities.data_sets)


def kind_of(term: FilteringTerm) -> str:
    """Name the kind of a term as one of three; servers write the name of the ontology and more."""
    if (told := _told_kind(term)) is not None:
        return told
    if _CURIE.fullmatch(term.id):
        return ONTOLOGY
    return ALPHANUMERIC if term.values else CUSTOM


def _told_kind(term: FilteringTerm) -> str | None:
    return _KINDS.get(re.sub(r"[\s_-]", "", term.type).lower())


def _may_take_filters(member: RegisteredMember, entry_type: str | None) -> bool:
    if member.entry.disabled or member.protocol not in {Protocol.V2, None}:
        return False
    return entry_type is None or offers(member, entry_type) is not False


def _join_resources(told: Iterable[FilteringResource]) -> tuple[dict[str, Any], ...]:
    """Join descriptions of ontologies by id; what the first leaves out, a later one may tell."""
    joined: dict[str, dict[str, Any]] = {}
    for resource in told:
        described = {
            "id": resource.id,
            "name": resource.name,
            "url": resource.url,
            "version": resource.version,
            "nameSpacePrefix": resource.namespace_prefix,
            "iriPrefix": resource.iri_prefix,
        }
        written = joined.setdefault(resource.id.lower(), {})
        for name, value in described.items():
            if value:
                written.setdefault(name, value)
    return tuple(joined[key] for key in sorted(joined))
