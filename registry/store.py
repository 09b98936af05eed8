"""The registry of a network: members, what was learned of them, groups; kept in a database.

A store holds what it has read in memory and reads what changed above the revision it knows, so
that a question never waits for the database. Facts are kept apart by who states them: entries are
declared by people, capabilities and dialects are found out. A new address or protocol makes what
was found out worthless.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.capabilities import Capabilities
from registry.database import Change, Database
from registry.models import Dialect, Group, MemberEntry
from registry.places import place_of
from registry.records import MemberRecord, MemberState
from registry.rows import load, load_all
from registry.slices import Slices
from registry.snapshot import RegisteredMember
from registry.tables import GROUPS, LEARNED, LEASES, STATE

_OF_A_LOOK: Final = ("fetched_at", "updated_at")
"""What may differ between two looks that show the same."""
CLOCKS_DIFFER_S: Final = 600.0
"""How much the clocks of processes on one registry may differ."""
_TIMES_KEPT: Final = timedelta(hours=1)
"""How much older than the last look the one in the database may be, if both showed the same."""
_SENTENCES: Final = TypeAdapter(tuple[str, ...])
_IN_ORDER: Final = attrgetter("position", "member.entry.id")
"""The order of the registry."""


class RegistryStore:
    """What this process knows of the registry, and the way to what is newer."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self._now = now
        self._records: dict[str, MemberRecord] = {}
        self._groups: dict[str, Group] = {}
        self._revision = -1
        self._times: dict[str, datetime | None] = {}
        self._reading = asyncio.Lock()

    @property
    def records(self) -> Mapping[str, MemberRecord]:
        """Every member of whatever state, in registry order, as of the last `refresh`."""
        return self._records

    @property
    def members(self) -> tuple[RegisteredMember, ...]:
        """The members of the network in registry order, as of the last `refresh`."""
        active = MemberState.ACTIVE
        return tuple([one.member for one in self._records.values() if one.state is active])

    @property
    def revision(self) -> int:
        """The registry's revision as of the last `refresh`."""
        return self._revision

    @property
    def groups(self) -> Mapping[str, Group]:
        """The groups that are described, by id, as of the last `refresh`."""
        return self._groups

    async def refresh(self) -> bool:
        """Read what changed since the last time; False if nothing did."""
        async with self._reading:
            known, records = self._revision, dict(self._records)
            newest = await self.database.revision()
            if newest == known:
                return False
            is_older = newest < known
            if is_older:  # a copy was put back: nothing of what is known may be left
                known, records = -1, {}

            async def read(
                connection: AsyncConnection,
            ) -> tuple[tuple[MemberRecord, ...], dict[str, Group | None], int]:
                # the revision first: what is read after it is at least as new
                revision = await _revision(connection)
                changed = await load_all(connection, above=known, known=records)
                return changed, await _groups(connection, above=known), revision

            changed, groups, revision = await self.database.read(read)
            if is_older:
                self._records, self._groups, self._times = {}, {}, {}
            await self._take_in(changed)
            for group_id, group in groups.items():
                if group is None:
                    self._groups.pop(group_id, None)
                else:
                    self._groups[group_id] = group
            in_order = sorted(self._records.values(), key=_IN_ORDER)
            self._records = {record.member.entry.id: record for record in in_order}
            self._revision = revision
            return True

    async def learn_capabilities(
        self, member_id: str, capabilities: Capabilities, *, place: str | None = None
    ) -> bool:
        """Keep what a member said of itself; False if only its times are new.

        `place` is where it was found out (`places.place_of`): of another place it is worthless.
        """
        record = self._records.get(member_id)
        if record is None or not _is_there(record, place):
            return False
        known = record.member.capabilities
        again = known.model_copy(update={name: getattr(capabilities, name) for name in _OF_A_LOOK})
        is_new = again != capabilities
        # where nothing is new the values known stay: others compare and keep them by identity
        member = record.member.with_facts(capabilities=capabilities if is_new else again)
        if is_new or self._is_old(member_id, capabilities.fetched_at):
            told = {"capabilities": member.capabilities.model_dump_json(exclude_defaults=True)}
            await self._keep(member, lambda _: told, is_news=True)
            self._times[member_id] = capabilities.fetched_at
        self._learn(member.id, member.entry, capabilities=member.capabilities)
        return is_new

    async def learn_dialect(
        self,
        member_id: str,
        dialect: Dialect,
        probes: tuple[str, ...] | None = None,
        *,
        place: str | None = None,
    ) -> bool:
        """Join a learned dialect to what is known; False if that changed nothing.

        `probes` are the sentences of a probing, which replace those of the last.
        """
        record = self._records.get(member_id)
        if record is None or not _is_there(record, place):
            return False
        known = record.member
        learned = known.learned.merged(dialect)
        told = known.probes if probes is None else probes
        if learned == known.learned and told == known.probes:
            return False

        def joined(current: RegisteredMember) -> dict[str, Any]:
            # another process may have learned something else meanwhile
            all_learned = current.learned.merged(dialect)
            return {
                "dialect": all_learned.model_dump_json(exclude_defaults=True),
                "probes": _SENTENCES.dump_json(told).decode(),
            }

        await self._keep(known, joined, is_news=True)
        self._learn(member_id, known.entry, learned=learned, probes=told)
        return True

    async def take_lease(self, name: str, holder: str, ttl_s: float) -> bool:
        """Take or renew the right to do background work for all processes, for `ttl_s`."""
        until = self._now().timestamp()

        async def take(change: Change) -> bool:
            query = select(LEASES.c.holder, LEASES.c.until).where(LEASES.c.name == name)
            held = (await change.connection.execute(query)).one_or_none()
            # one that ends further away than any lease can was taken by a clock that was wrong
            latest = until + ttl_s + CLOCKS_DIFFER_S
            is_held = held is not None and until < held.until <= latest
            if held is not None and held.holder != holder and is_held:
                return False
            values = {"holder": holder, "until": until + ttl_s}
            if held is None:
                await change.connection.execute(insert(LEASES).values(name=name, **values))
            else:
                chosen = LEASES.c.name == name
                await change.connection.execute(update(LEASES).where(chosen).values(**values))
            return True

        return await self.database.change(take, is_news=False)

    async def drop_lease(self, name: str, holder: str) -> None:
        """Let another process do the work at once."""

        async def drop(change: Change) -> None:
            mine = (LEASES.c.name == name) & (LEASES.c.holder == holder)
            await change.connection.execute(delete(LEASES).where(mine))

        await self.database.change(drop, is_news=False)

    def _is_old(self, member_id: str, fetched_at: datetime | None) -> bool:
        kept = self._times.get(member_id)
        return fetched_at is not None and (kept is None or fetched_at - kept >= _TIMES_KEPT)

    def _learn(self, member_id: str, about: MemberEntry, **facts: Any) -> None:
        """Take in what this process found out, if the member is still where it was found."""
        record = self._records.get(member_id)
        if record is not None and place_of(record.entry) == place_of(about):
            self._records[member_id] = replace(record, member=record.member.with_facts(**facts))

    async def _keep(
        self,
        member: RegisteredMember,
        found: Callable[[RegisteredMember], Mapping[str, str]],
        *,
        is_news: bool,
    ) -> None:
        """Write what was found out, if the member is still at the place it was found at."""
        place = place_of(member.entry)

        async def write(change: Change) -> None:
            current = await load(change.connection, member.id)
            if current is None or place_of(current.entry) != place:
                return
            chosen = LEARNED.c.member_id == member.id
            known = await change.connection.execute(
                select(LEARNED.c.place, LEARNED.c.revision).where(chosen)
            )
            row = known.one_or_none()
            values: dict[str, Any] = dict(found(current.member))
            if row is None or row.place != place:
                values = {"capabilities": "{}", "dialect": "{}", "probes": "[]", **values}
            if is_news or row is None:
                values["revision"] = change.revision
            values["place"] = place
            if row is None:
                values["member_id"] = member.id
                await change.connection.execute(insert(LEARNED).values(**values))
            else:
                await change.connection.execute(update(LEARNED).where(chosen).values(**values))

        await self.database.change(write, is_news=is_news)

    async def _take_in(self, changed: Sequence[MemberRecord]) -> None:
        """Take in records as read, all at once; values that did not change keep their identity."""
        joined, slices = [], Slices()
        for record in changed:
            known = self._records.get(record.id)
            joined.append((record.id, record, known, _joined(known, record)))
            await slices.pause()
        for member_id, record, known, made in joined:  # one piece: nothing dear here
            now = self._records.get(member_id)
            self._times[member_id] = record.member.capabilities.fetched_at
            # something was learned of it meanwhile, or not
            self._records[member_id] = made if now is known else _joined(now, record)


def _joined(known: MemberRecord | None, record: MemberRecord) -> MemberRecord:
    """Give a record as read with the values that are known and equal."""
    if known is None:
        return record
    mine, read = known.member, record.member
    told = read.capabilities
    if told.filtering_terms == mine.capabilities.filtering_terms:
        kept = {"filtering_terms": mine.capabilities.filtering_terms}
        told = told.model_copy(update=kept)
    member = mine.with_facts(
        entry=read.entry, capabilities=told, learned=read.learned, probes=read.probes
    )
    return replace(record, member=member if member != mine else mine)


async def _revision(connection: AsyncConnection) -> int:
    return int((await connection.execute(select(STATE.c.revision))).scalar_one())


async def _groups(connection: AsyncConnection, above: int) -> dict[str, Group | None]:
    rows = await connection.execute(select(GROUPS).where(GROUPS.c.revision > above))
    return {
        row.id: None if row.is_removed else Group.model_validate_json(row.document) for row in rows
    }


def _is_there(record: MemberRecord, place: str | None) -> bool:
    """Whether a member is one, at the place that something was found out about."""
    is_at = place is None or place == place_of(record.entry)
    return record.state is MemberState.ACTIVE and is_at
