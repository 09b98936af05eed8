"""The list of members as somebody wants it: found, filtered, in groups, sorted, in pages.

A member that does not say what is filtered by neither fits nor fails: such members are counted
apart, and shown on request.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from multidict import MultiMapping

from aggregator.api.member_facts import STANDINGS, MemberFacts, facts_of, standing_of
from aggregator.base.errors import BadQuery
from aggregator.base.i18n import N_
from aggregator.model.genome import GenomeError, parse_assembly
from registry.records import MemberRecord
from registry.snapshot import RegisteredMember, Snapshot

PAGE: Final = 100
"""How many members a page shows."""
MAX_PAGE: Final = 10_000
MAX_FIELD: Final = 200
STATES: Final = tuple(one.value for one in STANDINGS)
SORTS: Final = {
    "listed": N_("as listed"),
    "name": N_("name"),
    "organization": N_("organization"),
    "state": N_("state"),
    "datasets": N_("data sets"),
}
GROUPINGS: Final = {"none": N_("none"), "organization": N_("organization"), "group": N_("group")}
_ORDER: Final = {standing: index for index, standing in enumerate(STANDINGS)}


@dataclass(frozen=True, slots=True)
class ListForm:
    """What was asked of the list; empty fields ask for nothing."""

    q: str = ""
    state: str = ""
    group: str = ""
    assembly: str = ""
    type: str = ""
    environment: str = ""
    unsaid: str = ""
    """Anything: members that do not say what is filtered by are shown too."""
    by: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: MultiMapping[str]) -> "ListForm":
        """Read the parameters of an address; raises `BadQuery` with everything that is wrong."""
        told = {
            one.name: " ".join(query.get(one.name, "").split())[:MAX_FIELD] for one in fields(cls)
        }
        problems = [
            f"{name}: “{told[name]}” is none of {', '.join(known)}."
            for name, known in (("state", STATES), ("by", GROUPINGS), ("sort", SORTS))
            if told[name] and told[name] not in known
        ]
        if told["assembly"]:
            try:
                told["assembly"] = parse_assembly(told["assembly"]).assembly.value
            except GenomeError as error:
                problems.append(f"assembly: {error}")
        page = told.pop("page") or "1"
        if not (page.isascii() and page.isdigit() and 1 <= int(page) <= MAX_PAGE):
            problems.append(f"page: expected a number from 1 to {MAX_PAGE:,}.")
        if problems:
            raise BadQuery(problems)
        return cls(**told, page=int(page))

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list."""
        return any((self.q, self.state, self.group, self.assembly, self.type, self.environment))

    def address(self, path: str = "/members", **changes: str | int) -> str:
        """Give the address of this list, or of one that differs in some fields."""
        told = {one.name: getattr(self, one.name) for one in fields(self)} | {"page": 1} | changes
        kept = {name: value for name, value in told.items() if value and (name, value) != _FIRST}
        return f"{path}?{urlencode(kept)}" if kept else path


_FIRST: Final = ("page", 1)


@dataclass(frozen=True, slots=True)
class Listed:
    """A member in the list."""

    member: RegisteredMember
    facts: MemberFacts
    words: str
    """Everything it can be found by, in small letters."""


@dataclass(frozen=True, slots=True)
class Section:
    """Members under one heading; without grouping there is one, without a heading."""

    heading: str
    members: tuple[MemberFacts, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What of the list fits."""

    fit: tuple[Listed, ...]
    unsaid: tuple[Listed, ...]
    """Fit in everything they say, and do not say the rest."""


class Directory:
    """Keeps what was worked out of each member until the member changes."""

    def __init__(self) -> None:
        self._known: dict[str, Listed] = {}

    def listed(
        self,
        snapshot: Snapshot,
        records: Mapping[str, MemberRecord],
        *,
        now: datetime,
        suspended: frozenset[str],
        down: frozenset[str] = frozenset(),
    ) -> list[Listed]:
        """Give every member of a snapshot in registry order, as it is now.

        `suspended` are not asked now, checks of those in `down` fail.
        """
        self._known = {
            member.id: self._of(
                member,
                None if member.inside else records.get(member.id),
                now=now,
                is_suspended=all(one.id in suspended for one in member.inside or (member,)),
                is_down=member.id in down,
            )
            for member in snapshot.members
        }
        return list(self._known.values())

    def _of(
        self,
        member: RegisteredMember,
        record: MemberRecord | None,
        *,
        now: datetime,
        is_suspended: bool,
        is_down: bool,
    ) -> Listed:
        known = self._known.get(member.id)
        since = record.created_at if record else None
        if known is not None and known.member is member and known.facts.since == since:
            standing = standing_of(member, now, is_suspended=is_suspended, is_down=is_down)
            if known.facts.standing is standing:
                return known
        facts = facts_of(member, now=now, is_suspended=is_suspended, is_down=is_down, since=since)
        return Listed(member, facts, _words(member, facts))


def find(listed: Iterable[Listed], form: ListForm) -> Found:
    """Choose what fits a form; what a member does not say is kept apart, or taken in."""
    words = form.q.casefold().split()
    fit: list[Listed] = []
    unsaid: list[Listed] = []
    for one in listed:
        says = _says(one, form, words)
        if says or (says is None and form.unsaid):
            fit.append(one)
        elif says is None:
            unsaid.append(one)
    return Found(tuple(fit), tuple(unsaid))


def in_order(found: Sequence[Listed], sort: str) -> list[Listed]:
    """Sort; what is not told comes last, and equals stay in registry order."""
    key = _KEYS.get(sort)
    return sorted(found, key=key) if key else list(found)


def sections_of(found: Sequence[Listed], form: ListForm) -> tuple[list[Section], int]:
    """Give one page of a sorted list under its headings, and how many pages there are."""
    placed = _placed(found, form)
    pages = max(1, -(-len(placed) // PAGE))
    sections: dict[str, list[MemberFacts]] = {}
    for heading, one in placed[(form.page - 1) * PAGE : form.page * PAGE]:
        sections.setdefault(heading, []).append(one.facts)
    return [Section(heading, tuple(members)) for heading, members in sections.items()], pages


@dataclass(frozen=True, slots=True)
class Choices:
    """What the list can be narrowed to: values some member has."""

    groups: tuple[str, ...] = ()
    assemblies: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)
    """How many members are in each state, those without any left out."""


def choices_of(listed: Iterable[Listed]) -> Choices:
    """Gather what members say."""
    groups: set[str] = set()
    assemblies: set[str] = set()
    types: dict[str, None] = {}
    environments: set[str] = set()
    states = dict.fromkeys(STATES, 0)
    for one in listed:
        facts = one.facts
        groups.update(facts.groups)
        assemblies.update(facts.assemblies)
        types |= dict.fromkeys(facts.entry_types or ())
        if facts.environment:
            environments.add(facts.environment)
        states[facts.standing.value] += 1
    return Choices(
        tuple(sorted(groups)),
        tuple(sorted(assemblies, reverse=True)),
        tuple(types),
        tuple(sorted(environments)),
        {state: number for state, number in states.items() if number},
    )


def _words(member: RegisteredMember, facts: MemberFacts) -> str:
    sets = (word for one in member.capabilities.data_sets for word in (one.id, one.name))
    told = (facts.name, facts.organization, facts.id, facts.beacon_id or "", *sets)
    return "\n".join(told).casefold()


def _says(one: Listed, form: ListForm, words: Sequence[str]) -> bool | None:
    """Whether a member fits; None if it does not say."""
    facts = one.facts
    if not all(word in one.words for word in words):
        return False
    if form.state and facts.standing.value != form.state:
        return False
    if form.group and form.group not in facts.groups:
        return False
    is_said = True
    for wanted, told in (
        (form.assembly, facts.assemblies),
        (form.type, facts.entry_types),
        (form.environment, (facts.environment,) if facts.environment else ()),
    ):
        if wanted and not told:
            is_said = False
        elif wanted and wanted not in (told or ()):
            return False
    return True if is_said else None


def _placed(found: Sequence[Listed], form: ListForm) -> list[tuple[str, Listed]]:
    """Put each member under its headings; those without one come last."""
    if form.by == "organization":
        placed = [(one.facts.organization, one) for one in found]
    elif form.by == "group":
        placed = [(group, one) for one in found for group in one.facts.groups or ("",)]
    else:
        return [("", one) for one in found]
    return sorted(placed, key=lambda each: (not each[0], each[0].casefold(), each[0]))


_KEYS: Final[Mapping[str, Callable[[Listed], tuple[int, str]]]] = {
    "name": lambda one: (0, one.facts.name.casefold()),
    "organization": lambda one: (
        int(not one.facts.organization),
        one.facts.organization.casefold(),
    ),
    "state": lambda one: (_ORDER[one.facts.standing], ""),
    "datasets": lambda one: (-(one.facts.data_sets or 0), ""),
}
