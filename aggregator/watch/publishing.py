"""Works out the next snapshot: in slices or beside the event loop, for questions run meanwhile."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from registry.controls import Controls
from registry.models import Group
from registry.places import place_of
from registry.slices import Slices
from registry.snapshot import RegisteredMember, Snapshot

MANY_TERMS: Final = 500
"""Filters above this many take long enough to work through to be felt by questions."""
MANY_MEMBERS: Final = 250
"""So do members above this many to be joined."""


async def work_out(members: Iterable[RegisteredMember]) -> None:
    """Work out what questions need: in slices, and of members with many filters in a thread."""
    slices = Slices()
    for member in members:
        await slices.pause()
        if member.is_worked_out:
            continue
        if len(member.capabilities.filtering_terms or ()) > MANY_TERMS:
            await asyncio.to_thread(member.work_out)
        else:
            member.work_out()


async def places_of(members: Iterable[RegisteredMember]) -> dict[str, str]:
    """Name the place of each member, by its id."""
    places, slices = {}, Slices()
    for member in members:
        places[member.id] = place_of(member.entry)
        await slices.pause()
    return places


class Joiner:
    """Joins members with the controls they fail; what did not change stays the very same."""

    def __init__(self) -> None:
        self._joined: dict[str, tuple[RegisteredMember, RegisteredMember]] = {}

    def joined(
        self, members: Iterable[RegisteredMember], controls: Mapping[str, Controls]
    ) -> tuple[RegisteredMember, ...]:
        """Give the members as they are to be published."""
        made: dict[str, tuple[RegisteredMember, RegisteredMember]] = {}
        found = []
        for member in members:
            told = controls.get(member.id)
            if not told:
                found.append(member)
                continue
            base, known = self._joined.get(member.id, (None, member))
            if base is not member or known.controls != told:
                known = member.with_facts(controls=told)
            made[member.id] = (member, known)
            found.append(known)
        self._joined = made
        return tuple(found)


async def next_snapshot(
    current: Snapshot, members: Sequence[RegisteredMember], groups: Sequence[Group]
) -> Snapshot:
    """Make the snapshot after the current one; see `Snapshot.with_members`."""
    # joining the filters of an opaque group may take long
    if len(members) > MANY_MEMBERS or any(group.opaque for group in groups):
        return await asyncio.to_thread(_made, current, members, groups)
    return _made(current, members, groups)


def _made(
    current: Snapshot, members: Sequence[RegisteredMember], groups: Sequence[Group]
) -> Snapshot:
    made = current.with_members(members, groups)
    made.work_out()
    return made
