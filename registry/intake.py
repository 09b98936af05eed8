"""Whether beacons of a list are members already, and by which ids those that are not become some.

Pure. A beacon is the same if it is at the same address and may speak the same protocol; an id says
nothing, for lists of others give ids as they like.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from registry.models import MemberEntry, Protocol
from registry.places import free_id, may_be_one, place_of_url
from registry.records import MemberRecord, MemberState

_GONE: Final = {
    MemberState.REJECTED: "was turned away by an operator; approve it instead",
    MemberState.REMOVED: "was removed from this network; restore it instead",
}


@dataclass
class Placed:
    """What of a list is new and what is not."""

    entries: list[MemberEntry] = field(default_factory=list)
    """Beacons to take in, or to declare again, with the ids they have here."""
    known: list[str] = field(default_factory=list)
    """Ids of members that are somebody else's to declare."""
    problems: list[str] = field(default_factory=list)


def place(
    listed: Sequence[MemberEntry],
    held: Mapping[str, MemberRecord],
    *,
    origin: str | None = None,
    reserved: AbstractSet[str] = frozenset(),
    keeps_ids: bool = False,
) -> Placed:
    """Find every beacon of a list among the members.

    Those that came from `origin` are declared again, whatever ids the list gives them now.
    `reserved` ids are nobody's to take. With `keeps_ids` an id that is taken is a problem, not a
    reason for another one.
    """
    placed = Placed()
    at = _by_place(held.values(), origin)
    new: list[MemberEntry] = []
    claimed: set[str] = set()
    met: dict[str, list[MemberEntry]] = {}
    for entry in listed:
        alike = [
            record
            for record in at.get(place_of_url(entry.url), ())
            if may_be_one(record.entry.protocol, entry.protocol)
        ]
        ours = (one for one in alike if one.origin == origin and one.id not in claimed)
        mine = next(ours, None)
        if mine is not None:
            claimed.add(mine.id)
            placed.entries.append(_called(entry, mine.id))
        elif not alike:
            new.append(entry)
            continue
        elif alike[0].state in _GONE and origin is None:
            placed.problems.append(f"{alike[0].id}: {_GONE[alike[0].state]}")
            continue
        else:
            placed.known.append(alike[0].id)
        here = mine or alike[0]
        others = met.setdefault(here.id, [])
        placed.problems += (
            _two_in_one(here, other, entry)
            for other in others[:1]
            if not may_be_one(other.protocol, entry.protocol)
        )
        if entry.protocol is not Protocol.AUTO:
            others.append(entry)
    taken = {*held, *reserved, *claimed}
    for entry in new:
        record = held.get(entry.id)
        has_moved = record is not None and record.origin == origin and entry.id not in claimed
        if entry.id in taken and not has_moved:
            if keeps_ids:
                placed.problems.append(_taken(entry, record))
                continue
            entry = _called(entry, free_id(entry.id, taken))  # noqa: PLW2901
        claimed.add(entry.id)
        taken.add(entry.id)
        placed.entries.append(entry)
    return placed


def _by_place(records: Iterable[MemberRecord], origin: str | None) -> dict[str, list[MemberRecord]]:
    """Find members by every address they have here, and those of `origin` by the list's too."""
    found: dict[str, list[MemberRecord]] = {}
    for record in records:
        urls = {record.entry.url}
        if record.origin == origin and record.declared is not None:
            urls.add(record.declared.url)
        for where in {place_of_url(url) for url in urls}:
            found.setdefault(where, []).append(record)
    return found


def _called(entry: MemberEntry, member_id: str) -> MemberEntry:
    return entry if entry.id == member_id else entry.model_copy(update={"id": member_id})


def _two_in_one(here: MemberRecord, one: MemberEntry, other: MemberEntry) -> str:
    return (
        f"{other.url}: listed in {one.protocol} and in {other.protocol}, and here as {here.id}, "
        f"whose protocol is found out: it is one member; give {here.id} its protocol to take the "
        "other in"
    )


def _taken(entry: MemberEntry, record: MemberRecord | None) -> str:
    if record is None:
        return f"{entry.id}: this id is an opaque group's; give the member another one"
    if record.state in _GONE:
        return f"{entry.id}: a member of this id {_GONE[record.state]}"
    return (
        f"{entry.id}: a member of this id is here already, at {record.entry.url}; if it has moved, "
        "edit its url"
    )
