"""Takes declared members into the registry: a seed file's, or those of a registry it follows.

What an operator changed in the registry stays; what stays is told (`Changes.kept`), see
`registry.declaring`. All of a declaration is taken in, or nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError
from sqlalchemy import insert, select, update

from registry.database import Change, Database
from registry.declaring import join, moved
from registry.health_forgetting import forget_earlier
from registry.keys import revoke_service_keys
from registry.models import Group, MemberEntry, describe_problems
from registry.named import problem_of_ca_file, unknown_members
from registry.places import may_be_one, place_of_url
from registry.records import IMPORT, SEED, Changes, MemberRecord, MemberState, moment
from registry.rows import load_all, next_position, save, tell
from registry.slices import Slices
from registry.snapshot import RegisteredMember
from registry.tables import FACTS, GROUPS, MEMBERS

ORDERED: Final = "members ordered by an operator"
"""The fact that the seed does not decide the order of members any more."""


class Seeder:
    """Takes declarations in."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def declare(
        self, entries: Sequence[MemberEntry], groups: Sequence[Group] = (), *, origin: str = SEED
    ) -> Changes:
        """Take in everything that `origin` declares; what it declares no more leaves.

        Members of another origin that are declared here for the first time are taken over by the
        seed, and by nobody else.
        """

        async def take(change: Change) -> Changes:
            taking = _Taking(change, self._now(), origin)
            await taking.read()
            await taking.members(entries)
            if origin == SEED:
                await taking.groups(groups)
                await taking.doubt(entries)
            return taking.changes()

        return await self._database.change(take)


async def take_list(
    change: Change,
    decide: Callable[[Mapping[str, MemberRecord]], tuple[Sequence[MemberEntry], bool]],
    *,
    origin: str,
    waits: bool,
    now: datetime,
) -> Changes:
    """Take in the list of a registry that is followed, as a part of a change.

    `decide` is shown every member and says what is declared, and whether members leave that are
    declared no more. New ones wait for an operator if the list `waits`; so do other addresses of
    members then, and always of those a credential is sent to.
    """
    taking = _Taking(change, now, origin, waits=waits)
    # beside the event loop: of thousands it takes longer than a question should wait
    entries, taking.lets_go = await asyncio.to_thread(decide, await taking.read())
    await taking.members(entries)
    return taking.changes()


@dataclass
class _Taking:
    """One declaration being taken in."""

    change: Change
    now: datetime
    origin: str
    waits: bool = False
    """Whether an operator has to say yes to new members and other addresses."""
    lets_go: bool = True
    """Whether members leave that are declared no more."""
    held: dict[str, MemberRecord] = field(default_factory=dict)
    """Every member as it is by now."""
    new: set[str] = field(default_factory=set)
    """Those that were not held before."""
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubtful: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def changes(self) -> Changes:
        added, changed, removed = map(tuple, (self.added, self.changed, self.removed))
        return Changes(added, changed, removed, self.kept, self.doubtful)

    async def read(self) -> Mapping[str, MemberRecord]:
        """Read every member, before anything is taken in."""
        self.held = {record.id: record for record in await load_all(self.change.connection)}
        return self.held

    async def members(self, entries: Sequence[MemberEntry]) -> None:
        position = await next_position(self.change.connection)
        slices = Slices()
        for entry in entries:
            await slices.pause()
            record = self.held.get(entry.id)
            if record is None:
                await self._add(entry, position)
                position += 1
            elif self.origin not in {record.origin, SEED}:
                self.kept[entry.id] = (f"(known from {record.origin})",)
            elif record.state is MemberState.ACTIVE or self._waits_here(record):
                await self._join(record, entry)
            elif self._stays_out(record):
                self.kept[entry.id] = (f"({record.state})",)
            else:
                await self._take_over(record, entry)
        declared = {entry.id for entry in entries}
        for record in tuple(self.held.values()) if self.lets_go else ():
            await slices.pause()
            is_ours = record.origin == self.origin or self._is_the_seeds(record)
            if record.declared is not None and is_ours and record.id not in declared:
                await self._let_go(record)
        await self._tell_alike(slices)
        if self.origin == SEED:
            await self._order([entry.id for entry in entries])

    @property
    def _is_list(self) -> bool:
        """Whether a registry that is followed declares, and not an operator."""
        return self.origin.startswith(IMPORT)

    def _stays_out(self, record: MemberRecord) -> bool:
        """Whether an operator has said no to who is no member, and declaring it says nothing new.

        A list brings back only what it took away itself.
        """
        if record.state is MemberState.REMOVED and record.declared is not None:
            return True
        return self._is_list and record.left_by != self.origin

    def _is_the_seeds(self, record: MemberRecord) -> bool:
        """Whether what is declared of this member was declared in the seed, and this is it."""
        return self.origin == SEED and not record.origin.startswith(IMPORT)

    async def groups(self, groups: Sequence[Group]) -> None:
        rows = (await self.change.connection.execute(select(GROUPS))).all()
        held = {row.id: row for row in rows}
        for group in groups:
            row = held.get(group.id)
            if row is None:
                await self._write_group(group, group, is_new=True)
            elif row.is_removed and row.declared is not None:
                self.kept[f"group {group.id}"] = ("(removed)",)
            else:
                before = None if row.declared is None else Group.model_validate_json(row.declared)
                mine = Group.model_validate_json(row.document)
                joined = join(before, group if row.is_removed else mine, group)
                made = Group.model_validate(joined.document)
                if joined.kept:
                    self.kept[f"group {group.id}"] = joined.kept
                if made != mine or before != group or row.is_removed:
                    await self._write_group(made, group, before=None if row.is_removed else mine)
        declared = {group.id for group in groups}
        for row in rows:
            if row.declared is None or row.id in declared:
                continue
            is_unchanged = row.declared == row.document
            if not is_unchanged and not row.is_removed:
                self.kept[f"group {row.id}"] = ("(not in the seed)",)
            await self.change.connection.execute(
                update(GROUPS)
                .where(GROUPS.c.id == row.id)
                .values(
                    declared=None,
                    is_removed=row.is_removed or is_unchanged,
                    revision=self.change.revision,
                )
            )

    async def doubt(self, entries: Sequence[MemberEntry]) -> None:
        """Tell of members and files that are named and not there, once all is taken in."""
        opaque = {
            row.id
            for row in await self.change.connection.execute(select(GROUPS))
            if not row.is_removed and Group.model_validate_json(row.document).opaque
        }
        known = {*self.held, *opaque}
        of_files = await asyncio.to_thread(_problems_of_files, entries)
        for entry in entries:
            problems = unknown_members(entry, entry.same_as, known)
            problems += filter(None, (of_files.get(entry.ca_file or ""),))
            if problems:
                self.doubtful[entry.id] = tuple(problems)

    def _waits_here(self, record: MemberRecord) -> bool:
        """Whether this list has named it and no operator has said yes yet."""
        return self._is_list and record.state is MemberState.PENDING

    @property
    def _state_of_new(self) -> MemberState:
        return MemberState.PENDING if self.waits else MemberState.ACTIVE

    async def _add(self, entry: MemberEntry, position: int) -> None:
        at = moment(self.now)
        record = MemberRecord(
            member=RegisteredMember(entry),
            state=self._state_of_new,
            origin=self.origin,
            position=position,
            created_at=at,
            updated_at=at,
            declared=entry,
        )
        await save(self.change, record, is_new=True)
        await self._tell("add", None, record)
        self.held[entry.id] = record
        self.new.add(entry.id)
        self.added.append(entry.id)

    async def _tell_alike(self, slices: Slices) -> None:
        """Tell of new members that are where another one is, which was there before them."""
        if not self.new:
            return
        at: dict[str, list[MemberRecord]] = {}
        for record in self.held.values():
            await slices.pause()
            here = at.setdefault(place_of_url(record.entry.url), [])
            for other in here if record.id in self.new else ():
                if may_be_one(other.entry.protocol, record.entry.protocol):
                    # an operator may mean it; what both count is then counted twice
                    self.kept[record.id] = (f"(at the address of {other.id})",)
            if record.state is MemberState.ACTIVE:
                here.append(record)

    async def _join(self, record: MemberRecord, entry: MemberEntry) -> None:
        before = record
        if self.origin == SEED and record.origin.startswith(IMPORT):
            # what its registry declared gives way to the seed, what an operator set does not
            record = replace(record, origin=SEED, proposed=None)
        joined = join(record.declared, record.entry, entry)
        try:
            made = MemberEntry.model_validate({**joined.document, "id": entry.id})
        except ValidationError as error:
            # what an operator set and what is declared now do not fit together
            why = describe_problems("", error.errors())
            self.kept[entry.id] = (*joined.kept, *(f"(not taken: {one})" for one in why))
            return
        if joined.kept:
            self.kept[entry.id] = joined.kept
        proposed, state = record.proposed, record.state
        if self._waits_here(record):
            state = self._state_of_new
        elif self._is_list:
            made, proposed = moved(record, made, entry, waits=self.waits)
        member = record.member.with_facts(entry=made)
        after = replace(record, member=member, declared=entry, proposed=proposed, state=state)
        if after == before:
            return
        if after.state is not before.state:
            await self._write(before, after, "approve")
            self.added.append(entry.id)
            return
        await self._write(before, after, "edit" if made != record.entry else "declare")
        if made != record.entry or after.proposed != record.proposed:
            self.changed.append(entry.id)

    async def _take_over(self, record: MemberRecord, entry: MemberEntry) -> None:
        """Declare a member that waits, was rejected, or was removed: it is the operator's now."""
        is_back = record.left_by == self.origin and record.entry.url == entry.url
        if not is_back:
            # whoever asked to join under this id, or was thrown out, does not get this member
            await revoke_service_keys(self.change, record.id, now=self.now)
            await forget_earlier(self.change, record.entry, entry, now=self.now)
        state = record.left_as if is_back and record.left_as else self._state_of_new
        after = replace(
            record,
            member=RegisteredMember(entry),
            state=state,
            origin=self.origin,
            declared=entry,
            proposed=None,
            note="",
            left_by="",
            left_as=None,
        )
        await self._write(record, after, "add")
        self.added.append(entry.id)

    async def _let_go(self, record: MemberRecord) -> None:
        """Take back a declaration: the member leaves, unless somebody else wants it."""
        is_untouched = record.origin == self.origin and not record.differences
        is_here = record.state is MemberState.ACTIVE or self._waits_here(record)
        if is_here and is_untouched:
            after = replace(
                record,
                state=MemberState.REMOVED,
                declared=None,
                note="declared no more",
                left_by=self.origin,
                left_as=record.state,
            )
            await self._write(record, after, "remove")
            self.removed.append(record.id)
            return
        if record.state is MemberState.ACTIVE:
            self.kept[record.id] = ("(not in the seed)",)
        await self._write(record, replace(record, declared=None), "declare no more")

    async def _order(self, ids: Sequence[str]) -> None:
        """Put members in the order of the seed, unless an operator has ordered them."""
        query = select(FACTS.c.value).where(FACTS.c.name == ORDERED)
        if (await self.change.connection.execute(query)).scalar_one_or_none() is not None:
            return
        rows = await self.change.connection.execute(
            select(MEMBERS.c.id, MEMBERS.c.position).order_by(MEMBERS.c.position, MEMBERS.c.id)
        )
        places = {row.id: row.position for row in rows}
        listed = {member_id: None for member_id in ids if member_id in places}
        wanted = [*listed, *(member_id for member_id in places if member_id not in listed)]
        for position, member_id in enumerate(wanted):
            if places[member_id] != position:
                await self.change.connection.execute(
                    update(MEMBERS)
                    .where(MEMBERS.c.id == member_id)
                    .values(position=position, revision=self.change.revision)
                )

    async def _write(self, before: MemberRecord, after: MemberRecord, action: str) -> None:
        after = replace(after, updated_at=moment(self.now))
        await save(self.change, after)
        await self._tell(action, before, after)
        self.held[after.id] = after

    async def _tell(self, action: str, before: MemberRecord | None, after: MemberRecord) -> None:
        await tell(
            self.change,
            now=self.now,
            by=self.origin,
            action=action,
            subject=after.id,
            before=None if before is None else before.document(),
            after=after.document(),
        )

    async def _write_group(
        self, group: Group, declared: Group, *, is_new: bool = False, before: Group | None = None
    ) -> None:
        values = {
            "document": group.model_dump_json(exclude_defaults=True),
            "declared": declared.model_dump_json(exclude_defaults=True),
            "is_removed": False,
            "revision": self.change.revision,
        }
        if is_new:
            await self.change.connection.execute(insert(GROUPS).values(id=group.id, **values))
        else:
            chosen = GROUPS.c.id == group.id
            await self.change.connection.execute(update(GROUPS).where(chosen).values(**values))
        await tell(
            self.change,
            now=self.now,
            by=self.origin,
            action="describe group",
            subject=f"group:{group.id}",
            before=None if before is None else before.model_dump(mode="json"),
            after=group.model_dump(mode="json"),
        )


def _problems_of_files(entries: Sequence[MemberEntry]) -> dict[str, str]:
    return {path: problem_of_ca_file(path) for path in {one.ca_file for one in entries} if path}
