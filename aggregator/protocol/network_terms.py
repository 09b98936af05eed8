"""Joins the filtering terms of the members into one list that says who takes which.

Beacon v2.1.1 framework, responses/sections/beaconFilteringTermsResults.json. A member that lists
no terms at all is "not known": any filter may be asked of it.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aggregator.model.query import Pagination
from aggregator.protocol.network_offer import offers
from aggregator.protocol.surface import DATASET, owner_of
from registry.capabilities import FilteringResource, FilteringTerm
from registry.models import Protocol
from registry.snapshot import RegisteredMember

ONTOLOGY: Final = "ontology"
ALPHANUMERIC: Final = "alphanumeric"
CUSTOM: Final = "custom"

_KINDS: Final = {
    **dict.fromkeys(("ontology", "ontologyterm", "ontologyterms", "curie"), ONTOLOGY),
    **dict.fromkeys(("alphanumeric", "alphanumerical", "numeric", "number"), ALPHANUMERIC),
    "custom": CUSTOM,
}
MAX_LISTED: Final = 10_000
"""The most terms on one page."""
SORTED_AT_ONCE: Final = 10_000
"""How many terms are sorted in one go, which nothing else can interrupt."""

_CURIE: Final = re.compile(r"[A-Za-z][\w.]*:[^\s:].*", re.S)


@dataclass(slots=True)
class _Joined:
    """One term as the members that list it together describe it."""

    guessed_kind: str | None = None
    """As the first member that lists it lets one guess."""
    kind: str | None = None
    """As the first member that names one of the three kinds."""
    label: str = ""
    scopes: set[str] = field(default_factory=set)
    values: dict[str, None] = field(default_factory=dict)
    members: dict[str, None] = field(default_factory=dict)

    def add(self, term: FilteringTerm, member_id: str) -> None:
        self.guessed_kind = self.guessed_kind or kind_of(term)
        self.kind = self.kind or _told_kind(term)
        self.label = self.label or term.label.strip()
        self.scopes.update(term.scopes)
        self.values.update(dict.fromkeys(term.values))
        self.members[member_id] = None

    def written(self, term_id: str) -> dict[str, Any]:
        document: dict[str, Any] = {"id": term_id, "type": self.kind or self.guessed_kind}
        if self.label:
            document["label"] = self.label
        if self.scopes:
            document["scopes"] = sorted(self.scopes)
        if self.values:
            document["values"] = list(self.values)
        return {**document, "members": list(self.members)}


class TermIndex:
    """Every term the members list, sorted by id: what any list of them is picked from.

    Laid out flat, `told[n]` being what `tellers[n]` says, because a network may have a million of
    them. Building it takes seconds then: do so beside the event loop.
    """

    def __init__(self, members: Iterable[RegisteredMember]) -> None:
        self._source = _lists_of(members)
        told = [term for _, terms in self._source for term in terms]
        tellers = [member_id for member_id, terms in self._source for _ in terms]
        order = tuple(_order_of([term.id for term in told]))
        self.told: tuple[FilteringTerm, ...] = tuple(told[position] for position in order)
        self.tellers: tuple[str, ...] = tuple(tellers[position] for position in order)

    def is_of(self, members: Iterable[RegisteredMember]) -> bool:
        """Whether these members list what those listed that it was built of."""
        lists = _lists_of(members)
        return len(lists) == len(self._source) and all(
            ours[0] == theirs[0] and ours[1] is theirs[1]
            for ours, theirs in zip(self._source, lists, strict=True)
        )

    def tellings(self, first: int) -> Iterator[tuple[FilteringTerm, str]]:
        """Give what is told of the term that begins at a position, and by whom."""
        term_id = self.told[first].id
        for position in range(first, len(self.told)):
            if self.told[position].id != term_id:
                return
            yield self.told[position], self.tellers[position]


@dataclass(frozen=True, slots=True)
class JoinedTerms:
    """The terms of some members, sorted by id, with those that do not tell theirs."""

    index: TermIndex
    firsts: "array[int]"
    """Where in the index each of the terms begins."""
    entry_type: str | None
    resources: tuple[dict[str, Any], ...]
    members: tuple[str, ...]
    """Members that tell which filters they take."""
    not_known: tuple[str, ...]

    @property
    def total(self) -> int:
        """How many terms there are."""
        return len(self.firsts)

    def limit_of(self, pagination: Pagination) -> int:
        """Say how many terms a page has: 0, for all of them, where that is not too many."""
        if (pagination.limit or self.total) <= MAX_LISTED:
            return pagination.limit
        return MAX_LISTED

    def page(self, pagination: Pagination) -> tuple[dict[str, Any], ...]:
        """Write one page as the framework does; `skip` counts pages, a limit of 0 means all.

        Each term has `members`, the ids of those that list it. No page has more than `MAX_LISTED`.
        """
        limit = self.limit_of(pagination) or MAX_LISTED
        first = pagination.skip * limit
        members = frozenset(self.members)
        return tuple(self._written(one, members) for one in self.firsts[first : first + limit])

    def _written(self, first: int, members: frozenset[str]) -> dict[str, Any]:
        term = _Joined()
        for told, member_id in self.index.tellings(first):
            if member_id in members and _applies(told, self.entry_type):
                term.add(told, member_id)
        return term.written(self.index.told[first].id)


def join_terms(
    members: Iterable[RegisteredMember],
    *,
    entry_type: str | None = None,
    shared_by_all: bool = False,
    index: TermIndex | None = None,
) -> JoinedTerms:
    """Join the terms of the members that take filters; `index` has at least theirs.

    With an entry type: the terms that apply to it, of members that may offer it; a term without
    scopes applies to all. `shared_by_all` leaves the terms every member that tells its terms has.
    """
    known: dict[str, RegisteredMember] = {}
    not_known: list[str] = []
    for member in members:
        if not _may_take_filters(member, entry_type):
            continue
        if member.capabilities.filtering_terms is None:
            not_known.append(member.id)
        else:
            known[member.id] = member
    index = TermIndex(known.values()) if index is None else index
    firsts, before, first = array("l"), None, 0
    takers: set[str] = set()
    needed = len(known) if shared_by_all else 1
    for position, (told, member_id) in enumerate(zip(index.told, index.tellers, strict=True)):
        if told.id != before:
            before, first = told.id, position
            takers.clear()
        if member_id in takers or member_id not in known or not _applies(told, entry_type):
            continue
        takers.add(member_id)
        if len(takers) == needed:
            firsts.append(first)
    return JoinedTerms(
        index=index,
        firsts=firsts,
        entry_type=entry_type,
        resources=_join_resources(
            resource
            for member in known.values()
            for resource in member.capabilities.filtering_resources
        ),
        members=tuple(known),
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


def _applies(term: FilteringTerm, entry_type: str | None) -> bool:
    return entry_type is None or not term.scopes or entry_type in term.scopes


def _lists_of(
    members: Iterable[RegisteredMember],
) -> tuple[tuple[str, tuple[FilteringTerm, ...]], ...]:
    return tuple((one.id, one.capabilities.filtering_terms or ()) for one in members)


def _order_of(ids: Sequence[str]) -> Iterator[int]:
    """Give the positions of ids in their order, equal ones as they come, sorted in small steps.

    One long sort would not let other threads go on for as long as it takes.
    """
    borders = sorted(set(ids[::SORTED_AT_ONCE]))
    buckets: list[list[int]] = [[] for _ in range(len(borders) + 1)]
    for position, one in enumerate(ids):
        buckets[bisect_right(borders, one)].append(position)
    for bucket in buckets:
        bucket.sort(key=ids.__getitem__)
        yield from bucket


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
