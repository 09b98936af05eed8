"""Lists and registries that members come from: taken in once, or followed.

What is kept of a registry that is followed is a row of its own; that it was followed, and each
member that came or went, is in the log of changes.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from aggregator.base.errors import Conflict, NotFound
from registry.database import Change
from registry.followed import Followed, followed_now, followed_of
from registry.intake import Placed, place
from registry.looks import Taken, forget_missed, take_look
from registry.models import MemberEntry
from registry.records import OPERATOR, MemberRecord, MemberState, moment
from registry.rows import load_all, next_position, save, tell
from registry.slices import Slices
from registry.snapshot import RegisteredMember
from registry.store import RegistryStore
from registry.tables import FOLLOWED, GROUPS


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of taking members in."""

    added: tuple[str, ...]
    known: tuple[str, ...]
    """Were here already, by id or address; nothing was changed."""
    problems: tuple[str, ...]


class SourceBook:
    """Takes lists in, and keeps what is followed."""

    def __init__(
        self,
        store: RegistryStore,
        *,
        changed: Callable[[], Awaitable[object]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = store.database
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
    ) -> Taken | None:
        """Take in what a followed registry listed when it was looked at, see `registry.looks`.

        None: it is followed no more, or in another way, and nothing was changed.
        """

        async def take(change: Change) -> Taken | None:
            return await take_look(
                change,
                source,
                listed,
                is_whole=is_whole,
                reserved=await _opaque_groups(change.connection),
                now=self._now(),
            )

        async def do() -> Taken | None:
            taken = await self._database.change(take)
            await self._changed()
            return taken

        return await self._database.finish(do())

    async def all(self) -> tuple[Followed, ...]:
        """Give the registries that are followed."""

        async def read(connection: AsyncConnection) -> tuple[Followed, ...]:
            rows = await connection.execute(select(FOLLOWED).order_by(FOLLOWED.c.id))
            return tuple(followed_of(row) for row in rows)

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
            before = await followed_now(change.connection, source.id)
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

        async def write(change: Change) -> None:
            source = await followed_now(change.connection, source_id)
            if source is None:
                raise NotFound(f"No registry “{source_id[:80]}” is followed.")
            await forget_missed(change, source.origin)
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


async def _opaque_groups(connection: AsyncConnection) -> frozenset[str]:
    """Give ids that no member can have: an opaque group is shown as a member itself."""
    rows = await connection.execute(select(GROUPS.c.id, GROUPS.c.document, GROUPS.c.is_removed))
    return frozenset(
        row.id for row in rows if not row.is_removed and json.loads(row.document).get("opaque")
    )
