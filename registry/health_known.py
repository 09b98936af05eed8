"""What one process has in memory of members' health: how they stand, and the last facts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Row, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.health import Standing
from registry.health_batch import Fact
from registry.health_rows import log, moment, standing_of
from registry.health_tables import FACTS_OF_MEMBERS, STANDINGS
from registry.slices import Slices

T = TypeVar("T")

Placed = tuple[str, T]
"""What was found out, after the place it was found at."""


class AtPlaces(Mapping[str, T]):
    """A view of what was found out, without what was found at a place the member left."""

    def __init__(self, found: Mapping[str, Placed[T]], placed: Callable[[str], str | None]) -> None:
        self._found = found
        self._placed = placed

    def __getitem__(self, member_id: str) -> T:
        place, value = self._found[member_id]
        if self._placed(member_id) not in {None, place}:
            raise KeyError(member_id)
        return value

    def __iter__(self) -> Iterator[str]:
        return (member_id for member_id in list(self._found) if member_id in self)

    def __contains__(self, member_id: object) -> bool:
        found = self._found.get(member_id) if isinstance(member_id, str) else None
        return found is not None and self._placed(str(member_id)) in {None, found[0]}

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Changed:
    """What was read above the sequences that were known."""

    standings: Mapping[str, Placed[Standing]]
    facts: Mapping[str, Mapping[str, Placed[Fact]]]
    seqs: tuple[int, int]
    is_anew: bool
    """Whether everything was read: a copy of the registry was put back."""


@dataclass(slots=True)
class Known:
    """Standings and facts as far as they were read."""

    standings: dict[str, Placed[Standing]] = field(default_factory=dict)
    facts: dict[str, dict[str, Placed[Fact]]] = field(default_factory=dict)
    """By name, then by member."""
    seqs: tuple[int, int] = (0, 0)
    """How far standings and facts were read."""

    async def read(self, connection: AsyncConnection) -> Changed:
        """Read what is newer than what is known."""
        newest = await _newest(connection, STANDINGS), await _newest(connection, FACTS_OF_MEMBERS)
        is_anew = any(there < mine for there, mine in zip(newest, self.seqs, strict=True))
        above = (0, 0) if is_anew else self.seqs
        standings: dict[str, Placed[Standing]] = {}
        facts: dict[str, dict[str, Placed[Fact]]] = {}
        slices = Slices()
        if newest[0] > above[0]:
            for row in await _above(connection, STANDINGS, STANDINGS.c.seq > above[0]):
                standing = standing_of(row.document, row.member_id)
                standings[row.member_id] = row.place, standing
                await slices.pause()
        if newest[1] > above[1]:
            chosen = FACTS_OF_MEMBERS.c.seq > above[1]
            for row in await _above(connection, FACTS_OF_MEMBERS, chosen):
                fact = Fact(moment(row.at), _document(row))
                facts.setdefault(row.name, {})[row.member_id] = row.place, fact
                await slices.pause()
        return Changed(standings, facts, newest, is_anew)

    def take_in(self, changed: Changed) -> set[str]:
        """Make it known; gives the ids of members whose standing changed."""
        before = dict(self.standings)
        if changed.is_anew:
            self.standings, self.facts = {}, {}
        self.standings |= changed.standings
        for name, facts in changed.facts.items():
            self.facts.setdefault(name, {}).update(facts)
        self.seqs = changed.seqs
        looked = {*changed.standings, *(before if changed.is_anew else ())}
        return {one for one in looked if self.standings.get(one) != before.get(one)}

    def put(self, member_id: str, name: str, place: str, fact: Fact) -> None:
        """Make a fact known that was just written, before it is read."""
        self.facts.setdefault(name, {})[member_id] = place, fact


async def _newest(connection: AsyncConnection, table: Table) -> int:
    found = await connection.execute(select(func.max(table.c.seq)))
    return found.scalar_one() or 0


async def _above(
    connection: AsyncConnection, table: Table, chosen: ColumnElement[bool]
) -> list[Row[Any]]:
    return list(await connection.execute(select(table).where(chosen)))


def _document(row: Row[Any]) -> Mapping[str, Any]:
    try:
        read = msgspec.json.decode(row.document)
    except msgspec.DecodeError:
        read = None
    if isinstance(read, dict):
        return read
    log.warning("a fact of a member cannot be read", member=row.member_id, fact=row.name)
    return {}
