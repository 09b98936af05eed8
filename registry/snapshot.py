"""The registry as the engine reads it: immutable, replaced whole, with a revision.

A running question keeps the snapshot it started with. Each member carries a revision of its own,
a digest of everything that changes what it is asked, which is part of every cache key.
"""

import hashlib
import operator
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter

from aggregator.model.genome import Assembly, GenomeError, parse_assembly
from registry.capabilities import Capabilities, DataSet, FilteringTerm
from registry.controls import NO_FAILURES, Controls
from registry.groups import capabilities_of, entry_of, opaque_groups
from registry.models import Dialect, Group, MemberEntry, Protocol


@dataclass(frozen=True)
class RegisteredMember:
    """A member: what was declared, joined with what was learned."""

    entry: MemberEntry
    capabilities: Capabilities = field(default_factory=Capabilities)
    learned: Dialect = field(default_factory=Dialect)
    probes: tuple[str, ...] = ()
    """The test questions of the last probing and what they showed, one sentence each."""
    controls: Controls = NO_FAILURES
    """The questions with a known answer that it fails, as of when this was published."""
    inside: tuple["RegisteredMember", ...] = field(default=(), repr=False)
    """The members of the opaque group this stands for; empty: it is a member itself."""

    def with_facts(self, **facts: Any) -> "RegisteredMember":
        """Give the member with other facts; what was worked out of the same ones stays."""
        made = replace(self, **facts)
        told, known = made.capabilities, self.capabilities
        if made.entry == self.entry and made.learned == self.learned and _is_same(told, known):
            kept: Iterable[str] = self.__dict__.keys() - {one.name for one in fields(self)}
        elif told.filtering_terms is known.filtering_terms:
            kept = _OF_TERMS & self.__dict__.keys()
        else:
            kept = ()
        made.__dict__.update({name: self.__dict__[name] for name in kept})
        return made

    def work_out(self) -> None:
        """Work out now what every question needs, so that none waits for it."""
        _ = self.revision, self.planning_key, self.filter_prefixes

    @property
    def is_worked_out(self) -> bool:
        """Whether `work_out` has nothing to do."""
        return {"revision", "planning_key", "filter_prefixes"} <= self.__dict__.keys()

    @property
    def id(self) -> str:
        """Our key for the member; a member's own beaconId is data, often shared or wrong."""
        return self.entry.id

    @cached_property
    def protocol(self) -> Protocol | None:
        """The protocol spoken: declared, else found; None while neither is known."""
        if self.entry.protocol is not Protocol.AUTO:
            return self.entry.protocol
        return self.capabilities.protocol

    @cached_property
    def dialect(self) -> Dialect:
        """What its software is known to need, overridden by what was learned, then declared."""
        guessed = self.capabilities.software_dialect
        return guessed.merged(self.learned).merged(self.entry.dialect)

    @cached_property
    def dialect_sources(self) -> Mapping[str, str]:
        """Who states each key of the dialect: `software`, `learned` or `operator`."""
        stated = (
            ("software", self.capabilities.software_dialect),
            ("learned", self.learned),
            ("operator", self.entry.dialect),
        )
        return {
            key: source
            for source, dialect in stated
            for key in dialect.model_dump(exclude_defaults=True)
        }

    @cached_property
    def assemblies(self) -> tuple[Assembly, ...]:
        """The assemblies declared by the operator, else by v1 data sets; empty: not known.

        One data set whose assembly is not told, or not understood, leaves the member's unknown.
        """
        if self.entry.assemblies:
            return self.entry.assemblies
        if any(_assembly_of(data_set) is None for data_set in self.capabilities.data_sets):
            return ()
        return tuple(self.assembly_spellings)

    @cached_property
    def assembly_spellings(self) -> Mapping[Assembly, str]:
        """How the member's own data sets spell each assembly they hold."""
        spellings: dict[Assembly, str] = {}
        for data_set in self.capabilities.data_sets:
            assembly = _assembly_of(data_set)
            if assembly is not None and data_set.assembly:
                spellings.setdefault(assembly, data_set.assembly)
        return spellings

    @cached_property
    def name(self) -> str:
        """The name to show."""
        return self.entry.name or self.capabilities.name or self.entry.id

    @cached_property
    def planning_key(self) -> str | None:
        """Equal for members that are asked alike but for their address; None for one of a kind."""
        if self.plain_planning_key is None:
            return None
        told = self.capabilities.model_dump_json(include={"data_sets"})
        return _digest(self.plain_planning_key, told, self._terms_digest)

    @cached_property
    def plain_planning_key(self) -> str | None:
        """The same for questions without filters that name no data set."""
        if self.capabilities.query_url is not None or self.dialect.paths:
            return None
        templates = (self.capabilities.endpoints or {}).values()
        if any(not template.startswith("/") for template in templates):
            return None  # its addresses are not below the one that is exchanged
        told = self.capabilities.model_dump_json(
            include={
                *("protocol", "api_version", "entry_types", "granularities"),
                *("endpoints", "is_network"),
            }
        )
        assemblies = dict.fromkeys(one.assembly for one in self.capabilities.data_sets)
        held = self.entry.model_dump_json(include={"assemblies"})
        dialect = self.dialect.model_dump_json()
        return _digest(str(self.protocol), held, told, repr([*assemblies]), dialect)

    @cached_property
    def _terms_digest(self) -> str:
        """A digest of the filtering terms, by far the largest of what members tell."""
        return _digest(_TERMS.dump_json(self.capabilities.filtering_terms).decode())

    @cached_property
    def filter_ids(self) -> frozenset[str] | None:
        """The filters it says it takes; None: it does not say."""
        terms = self.capabilities.filtering_terms
        return None if terms is None else frozenset(term.id for term in terms)

    @cached_property
    def filter_prefixes(self) -> frozenset[str]:
        """The ontologies of those filters, in lower case: `hp` of `HP:0001250`."""
        return frozenset(
            prefix.lower()
            for prefix, colon, _ in (name.partition(":") for name in self.filter_ids or ())
            if colon
        )

    @cached_property
    def groups_of_some(self) -> frozenset[str]:
        """The groups that some of those inside belong to, and not all.

        They are named to nobody: the name alone could tell which beacon is meant.
        """
        named = {group for one in self.inside for group in one.entry.groups}
        return frozenset(named - {*self.entry.groups})

    @cached_property
    def max_concurrency(self) -> int | None:
        """How many questions it is asked at once; None: as the settings say."""
        if self.entry.max_concurrency is not None:
            return self.entry.max_concurrency
        return 1 if self.dialect.concurrent is False else None

    @cached_property
    def revision(self) -> str:
        """A digest of all that decides how the member is asked and read."""
        parts = (
            self.entry.model_dump_json(exclude={"controls"}),
            self.capabilities.model_dump_json(exclude={*_NOT_FOR_ASKING, "filtering_terms"}),
            self.learned.model_dump_json(),
            self._terms_digest,
        )
        return _digest(*parts)


@dataclass(frozen=True)
class Snapshot:
    """All members in registry order, as they are shown and named to everybody.

    An opaque group is one of them, at the place of its first member, and hides its own in
    `inside`; `everyone` are the beacons there really are, for whoever looks after them.
    """

    revision: int = 0
    members: tuple[RegisteredMember, ...] = ()
    described: Mapping[str, Group] = field(default_factory=dict, repr=False)
    """What is known of groups, by id."""
    by_id: Mapping[str, RegisteredMember] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {member.id: member for member in self.members})

    def work_out(self) -> None:
        """Work out now what looks at all members, so that no question waits for it."""
        _ = self.groups, self.everyone_by_id, self.shown_as, self.overlapping

    @cached_property
    def groups(self) -> frozenset[str]:
        """Every group some member belongs to: of those inside an opaque one, what all share."""
        return frozenset(group for member in self.members for group in member.entry.groups)

    def name_of(self, group_id: str) -> str:
        """Give the name of a group: as described, else its id."""
        group = self.described.get(group_id)
        return (group.name if group else "") or group_id

    @cached_property
    def everyone(self) -> tuple[RegisteredMember, ...]:
        """Every real member; those of an opaque group one after the other."""
        return tuple(one for member in self.members for one in member.inside or (member,))

    @cached_property
    def everyone_by_id(self) -> Mapping[str, RegisteredMember]:
        """Every real member by its id."""
        return {member.id: member for member in self.everyone}

    @cached_property
    def shown_as(self) -> Mapping[str, str]:
        """The group that stands for each hidden member, by id; others stand for themselves."""
        return {one.id: member.id for member in self.members for one in member.inside}

    @cached_property
    def overlapping(self) -> frozenset[str]:
        """The opaque groups of which a member is declared to be the same as one outside."""
        pairs = [(one.id, _bare(other)) for one in self.everyone for other in one.entry.same_as]
        groups = [(self.shown_as.get(one), self.shown_as.get(other)) for one, other in pairs]
        return frozenset(
            group for pair in groups if pair[0] != pair[1] for group in pair if group is not None
        )

    def with_members(
        self, members: Iterable[RegisteredMember], groups: Iterable[Group] = ()
    ) -> "Snapshot":
        """Give the next snapshot with these members; opaque groups stand for theirs."""
        described = {group.id: group for group in groups}
        real = tuple(members)
        standing: dict[str, RegisteredMember] = {}
        for name, inside in opaque_groups(real, described.values()).items():
            taken = {*(one.id for one in real), *(described.keys() - {name})}
            standing |= dict.fromkeys(
                (one.id for one in inside), self._standing(described[name], inside, taken)
            )
        shown = {one.id: one for one in (standing.get(member.id, member) for member in real)}
        return Snapshot(self.revision + 1, tuple(shown.values()), described)

    def _standing(
        self, group: Group, inside: tuple[RegisteredMember, ...], taken: Collection[str]
    ) -> RegisteredMember:
        """Give what stands for a group: as before, if nothing about it changed."""
        entry = entry_of(group, inside, taken)
        known = self.by_id.get(entry.id)
        before = () if known is None else known.inside
        if known is None or not _are_same(inside, before):
            terms = [one.capabilities.filtering_terms for one in inside]
            keeps = _are_same(terms, [one.capabilities.filtering_terms for one in before])
            kept = known.capabilities if known is not None and keeps else None
            return RegisteredMember(entry, capabilities_of(inside, kept), inside=inside)
        return known if entry == known.entry else replace(known, entry=entry)


_OF_A_LOOK: Final = ("fetched_at", "problems", "missing", "updated_at")
"""Facts that nothing is worked out of."""
_NOT_FOR_ASKING: Final = {
    *_OF_A_LOOK,
    *("description", "organization", "environment", "name", "service_version", "samples"),
}
"""Facts of a member that decide neither how it is asked nor how it is read."""
_OF_TERMS: Final = {"_terms_digest", "filter_ids", "filter_prefixes"}
"""What is worked out of the filtering terms alone."""
_TERMS: Final = TypeAdapter(tuple[FilteringTerm, ...] | None)


class SnapshotHolder:
    """The one place the current snapshot is read from and replaced in."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._current = snapshot or Snapshot()

    @property
    def current(self) -> Snapshot:
        """The snapshot to start a question with."""
        return self._current

    def publish(
        self, members: Iterable[RegisteredMember], groups: Iterable[Group] = ()
    ) -> Snapshot:
        """Replace the snapshot; running questions keep theirs."""
        return self.put(self._current.with_members(members, groups))

    def put(self, snapshot: Snapshot) -> Snapshot:
        """Replace the snapshot by one that is made already."""
        self._current = snapshot
        return snapshot


def _are_same(ones: Sequence[object], others: Sequence[object]) -> bool:
    """Whether these are the very same objects."""
    return len(ones) == len(others) and all(map(operator.is_, ones, others))


def _bare(name: str) -> str:
    """Give the member in `member~beaconId`."""
    return name.partition("~")[0]


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _is_same(told: Capabilities, known: Capabilities) -> bool:
    """Whether these differ in nothing that anything is worked out of."""
    return told is known or told == known.model_copy(
        update={name: getattr(told, name) for name in _OF_A_LOOK}
    )


def _assembly_of(data_set: DataSet) -> Assembly | None:
    try:
        return parse_assembly(data_set.assembly).assembly if data_set.assembly else None
    except GenomeError:
        return None
