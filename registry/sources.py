"""Lists and registries that members come from: taken in once, or followed.

What is kept of a registry that is followed is a row of its own; that it was followed, and each
member that came or went, is in the log of changes.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from aggregator.base.errors import Conflict, NotFound
from registry.database import Change
from registry.intake import Placed, place
from registry.models import MemberEntry
from registry.records import IMPORT, OPERATOR, Changes, MemberRecord, MemberState, moment
from registry.rows import load_all, next_position, save, tell
from registry.seeding import Seeder
from registry.slices import Slices
from registry.snapshot import RegisteredMember
from registry.store import RegistryStore
from registry.tables import FOLLOWED, GROUPS


@dataclass(frozen=True, slots=True)
class Followed:
    """A registry whose members are followed."""

    id: str
    url: str
    form: str
    groups: tuple[str, ...]
    is_trusted: bool
    """Whether its new members are members here at once; else they wait for an operator."""
    created_at: str
    looked_at: str | None
    result: str
    """What the last look showed, in words."""

    @property
    def origin(self) -> str:
        """The origin of its members."""
        return f"{IMPORT}{self.id}"

    def document(self) -> dict[str, Any]:
        """Give what an operator decided about it, for the log of changes."""
        return {
            "url": self.url,
            "form": self.form,
            "groups": list(self.groups),
            "trusted": self.is_trusted,
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of taking members in."""

    added: tuple[str, ...]
    known: tuple[str, ...]
    """Were here already, by id or address; nothing was changed."""
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a look at a registry that is followed."""

    changes: Changes
    known: tuple[str, ...]
    """Members that do not come from it, and are in its list."""
    stayed: int
    """How many are listed no more and stay, because the list is not to be believed in that."""


class SourceBook:
    """Takes lists in, and keeps what is followed."""

    def __init__(
        self,
        store: RegistryStore,
        seeder: Seeder,
        *,
        changed: Callable[[], Awaitable[object]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = store.database
        self._seeder = seeder
        self._changed = changed
        self._now = now

    async def take_in(
        self, listed: Sequence[MemberEntry], *, by: str, waits: bool, keeps_ids: bool
    ) -> Imported:
        """Add what is not here yet, all of it or nothing: at once, or (`waits`) to be approved."""

        async def put(change: Change) -> Placed:
            held = {record.id: record for record in await load_all(change.connection)}
            reserved = await _opaque_groups(change.connection)
            placed = await asyncio.to_thread(
                place, listed, held, reserved=reserved, keeps_ids=keeps_ids
            )
            position = await next_position(change.connection)
            state = MemberState.PENDING if waits else MemberState.ACTIVE
            slices = Slices()
            for number, entry in enumerate(placed.entries):
                await slices.pause()
                await self._add(change, entry, state, position + number, by=by)
            return placed

        placed = await self._database.change(put)
        await self._changed()
        added = tuple(entry.id for entry in placed.entries)
        return Imported(added, tuple(placed.known), tuple(placed.problems))

    async def declare(
        self, source: Followed, listed: Sequence[MemberEntry], *, is_whole: bool
    ) -> Taken:
        """Take in what a followed registry lists now.

        Members leave that it lists no more, unless the list is not whole or has lost more than
        half of them: then something is wrong with it.
        """
        placed, gone, lets_go = Placed(), 0, False
        reserved = await self._database.read(_opaque_groups)

        def decide(held: Mapping[str, MemberRecord]) -> tuple[Sequence[MemberEntry], bool]:
            nonlocal placed, gone, lets_go
            placed = place(listed, held, origin=source.origin, reserved=reserved)
            named = {entry.id for entry in placed.entries}
            mine = [
                record.id
                for record in held.values()
                if record.origin == source.origin and record.declared is not None
            ]
            gone = sum(member_id not in named for member_id in mine)
            lets_go = is_whole and 2 * gone <= len(mine)
            return placed.entries, lets_go

        changes = await self._seeder.declare_list(
            decide, origin=source.origin, waits=not source.is_trusted
        )
        await self._changed()
        return Taken(changes, tuple(placed.known), 0 if lets_go else gone)

    async def all(self) -> tuple[Followed, ...]:
        """Give the registries that are followed."""

        async def read(connection: AsyncConnection) -> tuple[Followed, ...]:
            rows = await connection.execute(select(FOLLOWED).order_by(FOLLOWED.c.id))
            return tuple(_followed(row) for row in rows)

        return await self._database.read(read)

    async def get(self, source_id: str) -> Followed:
        """Give a registry that is followed; raises `NotFound`."""
        for source in await self.all():
            if source.id == source_id:
                return source
        raise NotFound(f"No registry “{source_id[:80]}” is followed.")

    async def put(self, source: Followed, *, by: str) -> None:
        """Follow a registry, or follow it in another way; raises `Conflict`."""

        async def write(change: Change) -> None:
            chosen = FOLLOWED.c.id == source.id
            row = (await change.connection.execute(select(FOLLOWED).where(chosen))).one_or_none()
            before = None if row is None else _followed(row)
            if before is not None and before.url != source.url:
                raise Conflict(
                    f"id: “{source.id}” follows {before.url} already; choose another id, or "
                    "unfollow that one first."
                )
            if before is not None and before.document() == source.document():
                return
            values = {
                "form": source.form,
                "groups": json.dumps(source.groups),
                "is_trusted": source.is_trusted,
            }
            if before is None:
                made = {"id": source.id, "url": source.url, "created_at": source.created_at}
                await change.connection.execute(
                    insert(FOLLOWED).values(**made, **values, looked_at=None, result="")
                )
            else:
                await change.connection.execute(update(FOLLOWED).where(chosen).values(**values))
            await tell(
                change,
                now=self._now(),
                by=by,
                action="follow",
                subject=f"registry:{source.id}",
                before=None if before is None else before.document(),
                after=source.document(),
            )

        await self._database.change(write, is_news=False)

    async def looked(self, source_id: str, result: str) -> None:
        """Keep what a look showed."""

        async def write(change: Change) -> None:
            chosen = FOLLOWED.c.id == source_id
            values = {"looked_at": moment(self._now()), "result": result[:2_000]}
            await change.connection.execute(update(FOLLOWED).where(chosen).values(**values))

        await self._database.change(write, is_news=False)

    async def drop(self, source_id: str, *, by: str) -> None:
        """Follow a registry no more: its members are the operator's now. Raises `NotFound`."""
        source = await self.get(source_id)

        async def write(change: Change) -> None:
            await change.connection.execute(delete(FOLLOWED).where(FOLLOWED.c.id == source_id))
            slices = Slices()
            for record in await load_all(change.connection):
                await slices.pause()
                # whom the list itself took away may come back with it
                if record.origin == source.origin and record.left_by != source.origin:
                    await self._keep(change, record, by=by)
            await tell(
                change,
                now=self._now(),
                by=by,
                action="unfollow",
                subject=f"registry:{source_id}",
                before=source.document(),
            )

        await self._database.change(write)
        await self._changed()

    async def _add(
        self, change: Change, entry: MemberEntry, state: MemberState, position: int, *, by: str
    ) -> None:
        at = moment(self._now())
        record = MemberRecord(
            member=RegisteredMember(entry),
            state=state,
            origin=OPERATOR,
            position=position,
            created_at=at,
            updated_at=at,
        )
        await save(change, record, is_new=True)
        await tell(
            change,
            now=self._now(),
            by=by,
            action="import",
            subject=entry.id,
            after=record.document(),
        )

    async def _keep(self, change: Change, record: MemberRecord, *, by: str) -> None:
        """Make a member the operator's own."""
        at = moment(self._now())
        after = replace(record, origin=OPERATOR, declared=None, updated_at=at)
        await save(change, after)
        await tell(
            change,
            now=self._now(),
            by=by,
            action="unfollow",
            subject=record.id,
            before=record.document(),
            after=after.document(),
        )


def _followed(row: Row[Any]) -> Followed:
    return Followed(
        id=row.id,
        url=row.url,
        form=row.form,
        groups=tuple(json.loads(row.groups)),
        is_trusted=row.is_trusted,
        created_at=row.created_at,
        looked_at=row.looked_at,
        result=row.result,
    )


async def _opaque_groups(connection: AsyncConnection) -> frozenset[str]:
    """Give ids that no member can have: an opaque group is shown as a member itself."""
    rows = await connection.execute(select(GROUPS.c.id, GROUPS.c.document, GROUPS.c.is_removed))
    return frozenset(
        row.id for row in rows if not row.is_removed and json.loads(row.document).get("opaque")
    )
