"""What operators do beside members: keys, groups, and reading the log of changes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from aggregator.base.errors import BadQuery, Conflict, NotFound
from registry.database import Change
from registry.keys import (
    AccessKey,
    KeyKind,
    find_key,
    key_of,
    keys_of,
    make_key,
    revoke_key,
    revoke_service_keys,
)
from registry.models import MEMBER_ID, Group
from registry.records import AuditEntry, MemberState
from registry.rows import audit_of, load, storable, tell
from registry.store import RegistryStore
from registry.tables import AUDIT, GROUPS, KEYS, MEMBERS

T = TypeVar("T")


class Keyring:
    """Makes, finds and revokes keys."""

    def __init__(
        self, store: RegistryStore, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = store.database
        self._now = now

    async def holder(self, key: str, kind: KeyKind) -> AccessKey | None:
        """Give the key that was shown, if it opens anything now."""
        if not key.strip() or len(key) > 200:
            return None
        found = await self._database.read(lambda connection: find_key(connection, key, kind))
        return None if found is None or found.refusal(self._now()) else found

    async def invite(
        self, *, by: str, note: str = "", days: int | None = None, uses: int | None = 1
    ) -> tuple[str, AccessKey]:
        """Make an invitation key: for one beacon unless `uses` says more, None for any number."""
        if days is not None and not 0 < days <= 3650:
            raise BadQuery(["days: a number from 1 to 3,650, or none for an open end"])
        if uses is not None and not 0 < uses <= 100_000:
            raise BadQuery(["uses: a number from 1 to 100,000, or none for any number"])
        expires_at = None if days is None else self._now() + timedelta(days=days)
        return await self._make(
            KeyKind.INVITATION, owner="", by=by, note=note, expires_at=expires_at, uses=uses
        )

    async def appoint(self, name: str, *, by: str) -> tuple[str, AccessKey]:
        """Make an operator's token; the name stands in the log of changes."""
        if not MEMBER_ID.fullmatch(name):
            raise BadQuery(["name: 1 to 63 lower-case letters, digits and hyphens"])
        return await self._make(KeyKind.OPERATOR, owner=name, by=by)

    async def rotate(self, member_id: str, *, by: str) -> str:
        """Give a member a new service key; its earlier ones open nothing any more."""

        async def put(change: Change) -> str:
            record = await load(change.connection, member_id)
            if record is None or record.state is MemberState.REMOVED:
                raise NotFound(f"There is no member “{member_id[:80]}”.")
            await revoke_service_keys(change, member_id, now=self._now())
            key, kept = await make_key(change, KeyKind.SERVICE, owner=member_id, now=self._now())
            await tell(
                change,
                now=self._now(),
                by=by,
                action="new service key",
                subject=member_id,
                after={"key": kept.id},
            )
            return key

        return await self._database.change(put, is_news=False)

    async def revoke(self, key_id: str, *, by: str) -> None:
        """Make a key open nothing any more; raises `NotFound`."""

        async def put(change: Change) -> None:
            known = {key.id: key for key in await keys_of(change.connection)}
            key = known.get(key_id)
            if key is None:
                raise NotFound(f"There is no key “{key_id[:80]}”.")
            if key.revoked_at is not None:
                return
            await revoke_key(change, key_id, now=self._now())
            await tell(
                change,
                now=self._now(),
                by=by,
                action="revoke key",
                subject=f"key:{key_id}",
                before=key.document(),
            )

        await self._database.change(put, is_news=False)

    async def keys(self, kind: KeyKind | None = None) -> tuple[AccessKey, ...]:
        """Give what is known of the keys there are, the newest first."""
        return await self._database.read(lambda connection: keys_of(connection, kind))

    async def by_id(self, key_id: str) -> AccessKey | None:
        """Give the key of this id, if it opens anything now."""
        query = select(KEYS).where(KEYS.c.id == storable(key_id))

        async def read(connection: AsyncConnection) -> AccessKey | None:
            row = (await connection.execute(query)).one_or_none()
            return None if row is None else key_of(row)

        found = await self._database.read(read)
        return None if found is None or found.refusal(self._now()) else found

    async def operators(self) -> tuple[AccessKey, ...]:
        """Give the tokens of operators that are good now."""
        held = await self.keys(KeyKind.OPERATOR)
        return tuple(key for key in held if key.refusal(self._now()) is None)

    async def _make(
        self, kind: KeyKind, *, owner: str, by: str, note: str = "", **rest: Any
    ) -> tuple[str, AccessKey]:
        async def put(change: Change) -> tuple[str, AccessKey]:
            told = storable(note.strip()[:500])
            key, kept = await make_key(
                change, kind, owner=owner, now=self._now(), note=told, **rest
            )
            await tell(
                change,
                now=self._now(),
                by=by,
                action=f"new {kind.value} key",
                subject=f"key:{kept.id}",
                after=kept.document(),
            )
            return key, kept

        return await self._database.change(put, is_news=False)


class GroupBook:
    """Describes groups; who belongs to one is said in the members' entries."""

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

    async def describe(self, group: Group, *, by: str) -> Group:
        """Describe a group, or change its description."""

        async def put(change: Change) -> Group:
            query = select(MEMBERS.c.id).where(MEMBERS.c.id == group.id)
            if group.opaque and (await change.connection.execute(query)).first() is not None:
                raise Conflict(
                    f"id: “{group.id}” is a member; an opaque group is asked and shown as one "
                    "member and needs an id of its own."
                )
            row = await _group_row(change.connection, group.id)
            before = None if row is None or row.is_removed else row.document
            document = group.model_dump_json(exclude_defaults=True)
            if before == document:
                return group
            values = {"document": document, "is_removed": False, "revision": change.revision}
            if row is None:
                await change.connection.execute(insert(GROUPS).values(id=group.id, **values))
            else:
                chosen = GROUPS.c.id == group.id
                await change.connection.execute(update(GROUPS).where(chosen).values(**values))
            told = None if before is None else Group.model_validate_json(before)
            await tell(
                change,
                now=self._now(),
                by=by,
                action="describe group",
                subject=f"group:{group.id}",
                before=None if told is None else told.model_dump(mode="json"),
                after=group.model_dump(mode="json"),
            )
            return group

        return await self._do(put)

    async def drop(self, group_id: str, *, by: str) -> None:
        """Forget the description of a group; its members stay, and an opaque one opens."""

        async def put(change: Change) -> None:
            row = await _group_row(change.connection, group_id)
            if row is None or row.is_removed:
                raise NotFound(f"There is no description of a group “{group_id[:80]}”.")
            chosen = GROUPS.c.id == group_id
            values = {"is_removed": True, "revision": change.revision}
            await change.connection.execute(update(GROUPS).where(chosen).values(**values))
            await tell(
                change,
                now=self._now(),
                by=by,
                action="drop group",
                subject=f"group:{group_id}",
                before=Group.model_validate_json(row.document).model_dump(mode="json"),
            )

        await self._do(put)

    async def _do(self, put: Callable[[Change], Awaitable[T]]) -> T:
        async def do() -> T:
            made = await self._database.change(put)
            await self._changed()
            return made

        return await self._database.finish(do())


class Journal:
    """Reads the log of changes."""

    def __init__(self, store: RegistryStore) -> None:
        self._database = store.database

    async def read(
        self, *, subject: str | None = None, below: int | None = None, limit: int = 100
    ) -> tuple[AuditEntry, ...]:
        """Give lines, the newest first: of one subject, with numbers below one."""
        query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
        if subject is not None:
            query = query.where(AUDIT.c.subject == storable(subject))
        if below is not None:
            query = query.where(AUDIT.c.number < below)

        async def read(connection: AsyncConnection) -> tuple[AuditEntry, ...]:
            return tuple(audit_of(row) for row in await connection.execute(query))

        return await self._database.read(read)


async def _group_row(connection: AsyncConnection, group_id: str) -> Any:
    if not MEMBER_ID.fullmatch(group_id):
        return None  # nor could every database be asked for any text
    return (await connection.execute(select(GROUPS).where(GROUPS.c.id == group_id))).one_or_none()
