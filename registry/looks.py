"""What a look at a registry that is followed changes: who comes, who is missed, who leaves.

A list is a stranger's word, and one that is being rebuilt may lack some for a while. So a member
that was asked leaves only when two looks in a row have missed it, and nobody leaves by a list that
was not read as a whole or has lost more than half of them.
"""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change
from registry.followed import Followed, followed_now
from registry.intake import Placed, place
from registry.models import MemberEntry
from registry.records import Changes, MemberRecord, MemberState
from registry.seeding import take_list
from registry.tables import FACTS


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a look at a registry that is followed."""

    changes: Changes
    known: tuple[str, ...]
    """Members that do not come from it, and are in its list."""
    stayed: int
    """How many are listed no more and stay, because the list is not to be believed in that."""
    back: tuple[str, ...] = ()
    """Those of `changes.added` that left with the list and are again what they were."""
    missed: tuple[str, ...] = ()
    """Who leaves if the next look does not find them either."""
    problems: tuple[str, ...] = ()
    waits: bool = False
    """Whether who is new waits for an operator."""


async def take_look(
    change: Change,
    looked: Followed,
    listed: Sequence[MemberEntry],
    *,
    is_whole: bool,
    reserved: AbstractSet[str],
    now: datetime,
) -> Taken | None:
    """Take in what was listed; `looked` is how the registry was followed when it was read.

    None: it is followed no more, or in another way, and nothing is changed.
    """
    source = await followed_now(change.connection, looked.id)
    if source is None or not source.reads_as(looked):
        return None
    before = await _missed(change.connection, source.origin)
    look = _Look(source.origin, listed, is_whole, reserved, before)
    changes = await take_list(
        change, look.decide, origin=source.origin, waits=not source.is_trusted, now=now
    )
    if look.missed != before:
        await forget_missed(change, source.origin)
        value = json.dumps(sorted(look.missed))
        if look.missed:
            await change.connection.execute(
                insert(FACTS).values(name=_fact(source.origin), value=value)
            )
    return Taken(
        changes,
        known=tuple(look.placed.known),
        stayed=look.stayed,
        back=tuple(one for one in changes.added if one in look.back),
        missed=tuple(sorted(look.missed)) if not look.stayed else (),
        problems=tuple(look.placed.problems),
        waits=not source.is_trusted,
    )


async def forget_missed(change: Change, origin: str) -> None:
    """Forget whom the last look at a registry missed."""
    await change.connection.execute(delete(FACTS).where(FACTS.c.name == _fact(origin)))


@dataclass(slots=True)
class _Look:
    """One look being taken in."""

    origin: str
    listed: Sequence[MemberEntry]
    is_whole: bool
    reserved: AbstractSet[str]
    missed: frozenset[str]
    """Whom the last look missed, and then this one."""
    placed: Placed = field(default_factory=Placed)
    stayed: int = 0
    back: AbstractSet[str] = frozenset()

    def decide(self, held: Mapping[str, MemberRecord]) -> tuple[Sequence[MemberEntry], bool]:
        """Say what is declared, and whether members leave that are not."""
        self.placed = place(self.listed, held, origin=self.origin, reserved=self.reserved)
        entries = self.placed.entries
        self.back = {one.id for one in entries if self._is_back(held.get(one.id), one)}
        named = {entry.id for entry in entries}
        mine = [
            record
            for record in held.values()
            if record.origin == self.origin and record.declared is not None
        ]
        lost = [record for record in mine if record.id not in named]
        if not self.is_whole or 2 * len(lost) > len(mine):
            self.stayed = len(lost)
            return entries, False
        spared = [
            record
            for record in lost
            if record.state is MemberState.ACTIVE
            and not record.differences
            and record.id not in self.missed
        ]
        self.missed = frozenset(record.id for record in spared)
        again = [record.declared for record in spared if record.declared is not None]
        return [*entries, *again], True

    def _is_back(self, record: MemberRecord | None, entry: MemberEntry) -> bool:
        return (
            record is not None
            and record.left_by == self.origin
            and record.left_as is MemberState.ACTIVE
            and record.entry.url == entry.url
        )


async def _missed(connection: AsyncConnection, origin: str) -> frozenset[str]:
    query = select(FACTS.c.value).where(FACTS.c.name == _fact(origin))
    value = (await connection.execute(query)).scalar_one_or_none()
    return frozenset() if value is None else frozenset(json.loads(value))


def _fact(origin: str) -> str:
    return f"missed by {origin}"
