"""Decides whom to ask, and what; whoever is not asked has a reason. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.model.genome import Assembly
from aggregator.model.outcome import NoAnswerCode, NotAskedCode
from aggregator.model.query import Granularity, Pagination, Query
from aggregator.protocol.surface import DATASET, owner_of
from aggregator.protocol.translators import translator_for
from aggregator.protocol.wire import Ask, Failure, NotAsked, Part, Request
from registry.snapshot import RegisteredMember, Snapshot


@dataclass(frozen=True, slots=True)
class Selection:
    """Whom the client wants asked: everybody, named members, or a group."""

    members: frozenset[str] | None = None
    group: str | None = None

    def takes(self, member: RegisteredMember) -> bool:
        """Whether the client wants this member asked."""
        if self.members is not None and member.id not in self.members:
            return False
        return self.group is None or self.group in member.entry.groups

    def takes_some_of(self, member: RegisteredMember) -> bool:
        """Whether the client wants some of those inside an opaque group asked, and not all."""
        is_named = self.members is None or member.id in self.members
        return is_named and self.group is not None and self.group in member.groups_of_some

    def problems(self, snapshot: Snapshot) -> list[str]:
        """Name what the selection names and the registry does not have."""
        found = []
        unknown = sorted((self.members or frozenset()) - snapshot.by_id.keys())
        if unknown:
            found.append(f"ask: no member of this network is called {', '.join(unknown)}")
        if self.group is not None and self.group not in snapshot.groups:
            found.append(f"group: no member of this network is in a group “{self.group[:60]}”")
        return found


Decision = Ask | NotAsked | Failure

_NOT_SELECTED = NotAsked(NotAskedCode.NOT_SELECTED, "the question was put to other members only")
_PARTLY_SELECTED = NotAsked(
    NotAskedCode.OPAQUE,
    "some of its beacons belong to the group asked for, and answering would tell which",
)
_OTHERS_DATA_SET = NotAsked(
    NotAskedCode.DATASET, "the data set asked for is not one of this beacon"
)


@dataclass(frozen=True, slots=True)
class Together:
    """An opaque group is to be asked: its members each in their own words, and never named."""

    plans: tuple["Plan", ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens with one member: asked this question (its own view of it), or not."""

    member: RegisteredMember
    query: Query
    decision: Decision | Together
    """A `Failure` is an error of ours in planning this member; no other's plan suffers."""


def plan_member(
    query: Query,
    member: RegisteredMember,
    *,
    selection: Selection,
    now: datetime,
    member_ids: Mapping[str, object],
    holders: Collection[str] = (),
    decide: Callable[[Query, RegisteredMember], Decision] | None = None,
) -> Plan:
    """Plan one member; `member_ids` are all ids of the registry, for `member:dataset` names.

    A record id `member~id` is one member's: the others are not asked, and it is asked for `id`.
    `holders` are the members known to hold the data set the question names in its path
    (`holders_of`).
    """
    decide = decide or _decide
    if query.record_id is not None:
        owner, record_id = owner_of(query.record_id, member_ids)
        if owner is not None and owner != member.id:
            other = NotAsked(NotAskedCode.NOT_SELECTED, f"this id belongs to {owner}")
            return Plan(member, query, other)
        query = replace(query, record_id=record_id)
    if (unwanted := _unwanted(member, selection, now)) is not None:
        return Plan(member, query, unwanted)
    if query.dataset_ids:
        own = _own_data_sets(query, member, member_ids)
        if own == ():
            reason = NotAsked(
                NotAskedCode.DATASET, "none of the data sets asked for belongs to this beacon"
            )
            return Plan(member, query, reason)
        query = replace(query, dataset_ids=own or ())
    if member.id in holders:
        return _plan_holder(query, member, decide)
    if holders and member.capabilities.data_sets:
        return Plan(member, query, _OTHERS_DATA_SET)
    return Plan(member, query, decide(query, member))


def holders_of(query: Query, snapshot: Snapshot) -> frozenset[str]:
    """Name the members known to hold the data set in the path of a question, `/datasets/X…`.

    They list it, or are named with it (`member~X`). Empty where nobody is known to hold it, and
    for questions about anything else.
    """
    if query.record_id is None or (query.within or query.entry_type) != DATASET:
        return frozenset()
    owner, data_set_id = owner_of(query.record_id, snapshot.by_id)
    if owner is not None:
        return frozenset({owner})
    return frozenset(
        member.id
        for member in snapshot.members
        if any(one.id == data_set_id for one in member.capabilities.data_sets)
    )


def _plan_holder(
    query: Query, member: RegisteredMember, decide: Callable[[Query, RegisteredMember], Decision]
) -> Plan:
    """Plan a member that holds the data set: as asked, else as the equal question by its name.

    Of whoever holds it and cannot be asked, a "no" is missing.
    """
    decision = decide(query, member)
    if isinstance(decision, NotAsked) and query.within is not None and query.record_id is not None:
        query = replace(query, within=None, record_id=None, dataset_ids=(query.record_id,))
        decision = decide(query, member)
    if not isinstance(decision, NotAsked) or decision.code is NotAskedCode.REFERENCE_ALLELE:
        return Plan(member, query, decision)
    reason = f"holds this data set, but cannot be asked about it: {decision.message}"
    return Plan(member, query, NotAsked(NotAskedCode.HOLDER, reason))


def _decide(query: Query, member: RegisteredMember) -> Decision:
    try:
        return translator_for(member.protocol).plan(query, member)
    except Exception as error:
        name = type(error).__name__
        return Failure(
            NoAnswerCode.INTERNAL, f"an error of this network, not of the beacon ({name})"
        )


class _PlanningAlike:
    """Plans once what members of one dialect are asked alike; only the address is theirs."""

    def __init__(self) -> None:
        self._planned: dict[Query, dict[str, tuple[Decision, str]]] = {}
        self._query: Query | None = None
        self._of_query: dict[str, tuple[Decision, str]] = {}

    def decide(self, query: Query, member: RegisteredMember) -> Decision:
        """Give the decision for this member."""
        try:
            is_plain = not (query.filters or query.dataset_ids)
            alike = member.plain_planning_key if is_plain else member.planning_key
        except Exception:
            alike = None  # what is wrong with one member is no other's trouble
        if alike is None:
            return _decide(query, member)
        if query is not self._query:
            self._query, self._of_query = query, self._planned.setdefault(query, {})
        known = self._of_query.get(alike)
        if known is None:
            decision = _decide(query, member)
            self._of_query[alike] = (decision, member.entry.url)
            return decision
        decision, url = known
        if not isinstance(decision, Ask):
            return decision
        return replace(
            decision, parts=tuple(_moved(part, url, member.entry.url) for part in decision.parts)
        )


def _moved(part: Part, old_url: str, new_url: str) -> Part:
    request = part.request
    url = new_url + request.url.removeprefix(old_url)
    return Part(Request(request.method, url, request.body), part.match, part.spelled)


def plan_all(
    query: Query, snapshot: Snapshot, *, selection: Selection, now: Callable[[], datetime]
) -> tuple[Plan, ...]:
    """Plan every member, in registry order."""
    at = now()
    alike = _PlanningAlike()
    holders = holders_of(query, snapshot)
    return tuple(
        plan_group(
            query,
            member,
            snapshot,
            selection=selection,
            now=at,
            holders=holders,
            decide=alike.decide,
        )
        if member.inside
        else plan_member(
            query,
            member,
            selection=selection,
            now=at,
            member_ids=snapshot.by_id,
            holders=holders,
            decide=alike.decide,
        )
        for member in snapshot.members
    )


def plan_group(
    query: Query,
    group: RegisteredMember,
    snapshot: Snapshot,
    *,
    selection: Selection,
    now: datetime,
    holders: Collection[str],
    decide: Callable[[Query, RegisteredMember], Decision] | None = None,
) -> Plan:
    """Plan an opaque group: each of its members, for a count at most, unless that singles one out.

    What is refused depends on nothing that only its members know.
    """
    is_partly = selection.takes_some_of(group)
    if not is_partly and not selection.takes(group):
        return Plan(group, query, _NOT_SELECTED)
    if (refused := _points_inside(query, group, snapshot, holders)) is not None:
        return Plan(group, query, refused)
    if is_partly and not group.entry.disabled:
        return Plan(group, query, _PARTLY_SELECTED)
    query = replace(
        query,
        granularity=min(query.granularity, Granularity.COUNT, key=lambda one: one.rank),
        dataset_ids=(),
        pagination=Pagination(),  # it has no records, and so no pages: each is the same answer
    )
    plans = (
        plan_member(query, one, selection=Selection(), now=now, member_ids={}, decide=decide)
        for one in group.inside
    )
    return Plan(group, query, Together(tuple(plans)))


def _points_inside(
    query: Query, group: RegisteredMember, snapshot: Snapshot, holders: Collection[str]
) -> NotAsked | None:
    """Refuse a question that is about one of a group's members, whichever."""
    if query.record_id is not None:
        owner, _ = owner_of(query.record_id, snapshot.by_id)
        if owner not in {None, group.id}:
            return NotAsked(NotAskedCode.NOT_SELECTED, f"this id belongs to {owner}")
        if holders and owner is None:
            return _OTHERS_DATA_SET
        return NotAsked(
            NotAskedCode.OPAQUE,
            "its beacons answer as one, and who has a record would tell which of them it is",
        )
    own = _own_data_sets(query, group, snapshot.by_id) if query.dataset_ids else None
    if own is None:
        return None
    told = {one.id for member in snapshot.members for one in member.capabilities.data_sets}
    if any(name.startswith(f"{group.id}:") for name in query.dataset_ids) or set(own) - told:
        return NotAsked(
            NotAskedCode.OPAQUE,
            "its beacons answer as one, and single data sets would tell which of them it is",
        )
    return _OTHERS_DATA_SET


def _unwanted(member: RegisteredMember, selection: Selection, now: datetime) -> NotAsked | None:
    if not selection.takes(member):
        return _NOT_SELECTED
    if member.entry.disabled:
        return NotAsked(NotAskedCode.DISABLED, "switched off by the operator of this network")
    pause = member.entry.paused
    if pause is not None and not pause.is_over(now):
        until = f" until {pause.until.isoformat()}" if pause.until else ""
        note = f": {pause.note}" if pause.note else ""
        return NotAsked(NotAskedCode.PAUSED, f"paused{until}{note}")
    return None


def _own_data_sets(
    query: Query, member: RegisteredMember, member_ids: Mapping[str, object]
) -> tuple[str, ...] | None:
    """Give the data sets asked for that are, or may be, this member's; None means all it has.

    `member:dataset` names one member's data set; a bare id may be anybody's unless the member has
    told which ones it has. `member` and `member:assembly`, by which the v1 facade lists members
    that told no data sets, mean the member as a whole.
    """
    own: list[str] = []
    told = {data_set.id for data_set in member.capabilities.data_sets}
    for data_set_id in query.dataset_ids:
        owner, _, rest = data_set_id.partition(":")
        if owner not in member_ids:
            if not told or data_set_id in told:
                own.append(data_set_id)
        elif owner == member.id and rest not in told and rest in {"", *Assembly}:
            return None
        elif owner == member.id:
            own.append(rest)
        elif data_set_id in told:
            own.append(data_set_id)
    return tuple(own)
