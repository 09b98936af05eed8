"""Finds data sets that two ways lead to, so that what they count is counted once. Pure.

Two ways lead to one data set where a beacon is a member itself and inside a member network, or
inside two: the beaconId and the data set's id are equal. Two members that merely share both are
two beacons, as servers are shipped with equal defaults, unless the operator declares them the
same. What is found twice is marked; it never changes whether something exists.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from aggregator.model.answer import DUPLICATE_OF, Exists, ResultSet
from aggregator.model.outcome import MemberOutcome

WHOLE: Final = -1
"""The place of the answer of a member that lists no data sets."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a result set stands: which outcome, and which of its sets (or `WHOLE`)."""

    outcome: int
    index: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A result set that repeats another one."""

    place: Place
    original: Place
    is_same_set: bool = True
    """False where only the beacon is known to be the same, not the data set."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One result set as it reached us."""

    place: Place
    member_id: str
    data_set: str
    leaf: str | None
    is_nested: bool
    exists: Exists
    count: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which the operator may declare its beacon, the most precise first."""
        inner = (f"{self.member_id}~{self.leaf}",) if self.is_nested else ()
        return (*inner, self.member_id)

    @property
    def worth(self) -> tuple[bool, bool, bool, int, Place]:
        """What makes it the original, best first: a yes, a told count, a member's own word."""
        return (
            self.exists is not Exists.YES,
            self.count is None,
            self.is_nested,
            -(self.count or 0),
            self.place,
        )


def find_duplicates(outcomes: Sequence[MemberOutcome]) -> tuple[Duplicate, ...]:
    """Find the result sets that repeat others, whichever way round the members are listed."""
    has_networks = any(
        one.beacon_id for o in outcomes if o.answer is not None for one in o.answer.result_sets
    )
    declared = _declared(outcomes)
    if not has_networks and not declared:
        return ()
    seen = list(_seen(outcomes))
    found = {one.place: one for one in _declared_duplicates(seen, declared)}
    left = [one for one in seen if one.place not in found]
    found |= {one.place: one for one in _equal_names(left)}
    return tuple(found.values())


def counted_twice(
    outcomes: Sequence[MemberOutcome], duplicates: Iterable[Duplicate]
) -> tuple[int, bool]:
    """Say how much of the sum of these outcomes' counts is in it twice, and whether that is exact.

    It is not where a repeated data set has no count of its own, or stands for another one.
    """
    total, is_exact = 0, True
    for one in duplicates:
        exists, count = _told(outcomes, one.place)
        if Exists.NO in {exists, _told(outcomes, one.original)[0]}:
            continue
        total += count or 0
        is_exact = is_exact and count is not None and one.is_same_set
    return total, is_exact


def marked(
    outcomes: Sequence[MemberOutcome], duplicates: Iterable[Duplicate]
) -> tuple[MemberOutcome, ...]:
    """Write into each repeated result set which one it repeats."""
    originals: dict[int, dict[int, str]] = {}
    for one in duplicates:
        if one.place.index != WHOLE:
            named = _named(outcomes, one)
            originals.setdefault(one.place.outcome, {})[one.place.index] = named
    return tuple(
        _marked(outcome, originals[number]) if number in originals else outcome
        for number, outcome in enumerate(outcomes)
    )


def _marked(outcome: MemberOutcome, originals: Mapping[int, str]) -> MemberOutcome:
    answer = outcome.answer
    if answer is None:
        return outcome
    sets = tuple(
        msgspec.structs.replace(one, info={**one.info, DUPLICATE_OF: originals[index]})
        if index in originals
        else one
        for index, one in enumerate(answer.result_sets)
    )
    return replace(outcome, answer=msgspec.structs.replace(answer, result_sets=sets))


def _named(outcomes: Sequence[MemberOutcome], duplicate: Duplicate) -> str:
    """Name the original: `member:dataset`, or `member` where no data set corresponds."""
    original = outcomes[duplicate.original.outcome]
    if not duplicate.is_same_set or original.answer is None:
        return original.member.id
    data_set = original.answer.result_sets[duplicate.original.index]
    return f"{original.member.id}:{data_set.id}"


def _told(outcomes: Sequence[MemberOutcome], place: Place) -> tuple[Exists, int | None]:
    answer = outcomes[place.outcome].answer
    if answer is None:
        return Exists.UNKNOWN, None
    if place.index == WHOLE:
        return answer.exists, answer.count
    one = answer.result_sets[place.index]
    if one.info.get("countUnit", answer.unit) != answer.unit:
        return one.exists, 0  # counted in another unit, so not in its network's total
    return one.exists, one.count


def _seen(outcomes: Sequence[MemberOutcome]) -> Iterable[_Seen]:
    for number, outcome in enumerate(outcomes):
        answer = outcome.answer
        if answer is None:
            continue
        for index, one in enumerate(answer.result_sets):
            if DUPLICATE_OF not in one.info:  # its own network has seen to that one
                yield _set(number, index, outcome, one)
        if not answer.result_sets:
            yield _Seen(
                Place(number, WHOLE),
                outcome.member.id,
                "",
                None,
                is_nested=False,
                exists=answer.exists,
                count=answer.count,
            )


def _set(number: int, index: int, outcome: MemberOutcome, one: ResultSet) -> _Seen:
    return _Seen(
        Place(number, index),
        outcome.member.id,
        one.id,
        one.beacon_id or outcome.member.beacon_id,
        is_nested=one.beacon_id is not None,
        exists=one.exists,
        count=one.count,
    )


def _declared(outcomes: Sequence[MemberOutcome]) -> Mapping[str, str]:
    """Give each name that was declared the same as another one name for all of them."""
    chosen: dict[str, str] = {}

    def root(name: str) -> str:
        while chosen.get(name, name) != name:
            name = chosen[name]
        return name

    for outcome in outcomes:
        for other in outcome.member.same_as:
            first, second = sorted((root(outcome.member.id), root(other)))
            chosen[first] = chosen[second] = first
    return {name: root(name) for name in chosen}


def _declared_duplicates(seen: Sequence[_Seen], declared: Mapping[str, str]) -> Iterable[Duplicate]:
    """Keep one way to each declared beacon; all that came by the others is repeated."""
    ways: dict[str, dict[str, list[_Seen]]] = {}
    for one in seen:
        name = next((name for name in one.names if name in declared), None)
        if name is not None:
            ways.setdefault(declared[name], {}).setdefault(name, []).append(one)
    for by_name in ways.values():
        best_first = sorted(by_name.values(), key=lambda sets: min(one.worth for one in sets))
        originals = {one.data_set: one for one in best_first[0]}
        somewhere = best_first[0][0]
        for sets in best_first[1:]:
            for one in sets:
                original = originals.get(one.data_set) if one.data_set else None
                if original is None:
                    yield Duplicate(one.place, somewhere.place, is_same_set=False)
                else:
                    yield Duplicate(one.place, original.place)


def _equal_names(seen: Sequence[_Seen]) -> Iterable[Duplicate]:
    """Find equal names of beacon and data set of which at least one came through a network."""
    groups: dict[tuple[str, str], list[_Seen]] = {}
    for one in seen:
        # readers give a set without a name the id of its member, which two sets may share
        is_named = one.data_set not in {"", one.member_id} or not one.is_nested
        if one.leaf is not None and is_named:
            groups.setdefault((one.leaf, one.data_set), []).append(one)
    for group in groups.values():
        nested = [one for one in group if one.is_nested]
        direct = [one for one in group if not one.is_nested]
        original = min(direct or nested, key=lambda one: one.worth)
        for one in nested:
            if one is not original:
                yield Duplicate(one.place, original.place)
