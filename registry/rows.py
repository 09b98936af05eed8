"""Between rows and records, inside a transaction of the caller."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Row, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.capabilities import Capabilities
from registry.database import Change
from registry.models import MEMBER_ID, Dialect, Group, MemberEntry
from registry.places import place_of, place_of_url
from registry.records import AuditEntry, MemberRecord, MemberState, moment
from registry.slices import Slices
from registry.snapshot import RegisteredMember
from registry.tables import AUDIT, GROUPS, LEARNED, MEMBERS

log = structlog.get_logger(__name__)

MEMBER_ROWS: Final[Select[Any]] = select(
    MEMBERS,
    LEARNED.c.place,
    LEARNED.c.capabilities,
    LEARNED.c.dialect,
    LEARNED.c.probes,
    LEARNED.c.revision.label("learned_revision"),
).outerjoin(LEARNED, LEARNED.c.member_id == MEMBERS.c.id)
"""Every member with what was learned of it, if anything was."""

_SENTENCES: Final = TypeAdapter(tuple[str, ...])


def record_of(row: Row[Any], known: RegisteredMember | None = None) -> MemberRecord:
    """Read a row of `MEMBER_ROWS`; `known` already has all that was learned, if it is given."""
    entry = MemberEntry.model_validate_json(row.entry)
    member = RegisteredMember(entry)
    if row.place == place_of(entry):
        is_known = known is not None and place_of(known.entry) == row.place
        member = known.with_facts(entry=entry) if known and is_known else learned_by(member, row)
    return MemberRecord(
        member=member,
        state=MemberState(row.state),
        origin=row.origin,
        position=row.position,
        created_at=row.created_at,
        updated_at=row.updated_at,
        declared=_entry(row.declared),
        proposed=_entry(row.proposed),
        contact=row.contact,
        note=row.note,
        left_by=row.left_by,
        left_as=None if row.left_as is None else MemberState(row.left_as),
    )


def learned_by(member: RegisteredMember, row: Row[Any]) -> RegisteredMember:
    """Join a member with what a row says was learned of it; what is no longer readable is not."""
    try:
        return member.with_facts(
            capabilities=Capabilities.model_validate_json(row.capabilities),
            learned=Dialect.model_validate_json(row.dialect),
            probes=_SENTENCES.validate_json(row.probes),
        )
    except ValidationError:
        # of another version of this software; it is learned again
        log.warning("what was learned of a member cannot be read", member=member.id)
        return member


def address_of(url: str) -> str:
    """Give a digest of an address, equal for all spellings of the same one."""
    return hashlib.blake2b(place_of_url(url).encode(), digest_size=16).hexdigest()


async def load(connection: AsyncConnection, member_id: str) -> MemberRecord | None:
    """Read one member, whatever its state."""
    if not MEMBER_ID.fullmatch(member_id):
        return None  # nor could every database be asked for any text
    found = await connection.execute(MEMBER_ROWS.where(MEMBERS.c.id == member_id))
    row = found.one_or_none()
    return None if row is None else record_of(row)


async def load_all(
    connection: AsyncConnection,
    above: int = -1,
    known: Mapping[str, MemberRecord] = MappingProxyType({}),
) -> tuple[MemberRecord, ...]:
    """Read every member in registry order, or those that changed above a revision.

    What was learned of those `known` at that revision, and not since, is not read again.
    """
    rows = MEMBER_ROWS.order_by(MEMBERS.c.position, MEMBERS.c.id)
    if above >= 0:
        rows = rows.where((MEMBERS.c.revision > above) | (LEARNED.c.revision > above))
    records, slices = [], Slices()
    for row in await connection.execute(rows):
        is_old = row.learned_revision is not None and row.learned_revision <= above
        mine = known.get(row.id) if is_old else None
        records.append(record_of(row, None if mine is None else mine.member))
        await slices.pause()
    return tuple(records)


async def load_alike(connection: AsyncConnection, entry: MemberEntry) -> tuple[MemberRecord, ...]:
    """Read the members of whatever state that have the id or the address of an entry."""
    alike = (MEMBERS.c.id == entry.id) | (MEMBERS.c.address == address_of(entry.url))
    rows = await connection.execute(MEMBER_ROWS.where(alike).order_by(MEMBERS.c.position))
    return tuple(record_of(row) for row in rows)


async def save(change: Change, record: MemberRecord, *, is_new: bool = False) -> None:
    """Write a member; what was learned of it is not touched."""
    values: dict[str, Any] = {
        "position": record.position,
        "state": record.state.value,
        "origin": record.origin,
        "url": record.entry.url,
        "address": address_of(record.entry.url),
        "entry": record.entry.model_dump_json(exclude_defaults=True),
        "declared": _text(record.declared),
        "proposed": _text(record.proposed),
        "contact": record.contact,
        "note": storable(record.note),
        "left_by": storable(record.left_by),
        "left_as": None if record.left_as is None else record.left_as.value,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "revision": change.revision,
    }
    if is_new:
        await change.connection.execute(insert(MEMBERS).values(id=record.id, **values))
    else:
        chosen = MEMBERS.c.id == record.id
        await change.connection.execute(update(MEMBERS).where(chosen).values(**values))


async def next_position(connection: AsyncConnection) -> int:
    """Give the position after every member's."""
    last = (await connection.execute(select(func.max(MEMBERS.c.position)))).scalar_one()
    return 0 if last is None else int(last) + 1


async def tell(
    change: Change,
    *,
    now: datetime,
    by: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """Write a line of the log of changes, in the transaction of the change itself."""
    await change.connection.execute(
        insert(AUDIT).values(
            at=moment(now),
            actor=storable(by[:200]),
            action=action,
            subject=subject,
            before=None if before is None else _json(before),
            after=None if after is None else _json(after),
            note=storable(note[:2_000]),
        )
    )


async def hides_behind(connection: AsyncConnection, group_id: str) -> bool:
    """Whether this is the id of an opaque group, which is shown as a member."""
    query = select(GROUPS.c.document).where(GROUPS.c.id == group_id, ~GROUPS.c.is_removed)
    document = (await connection.execute(query)).scalar_one_or_none()
    return document is not None and Group.model_validate_json(document).opaque


def storable(text: str) -> str:
    """Give a text without what no database takes: U+0000, and halves of a character."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def audit_of(row: Row[Any]) -> AuditEntry:
    """Read a row of the log of changes."""
    return AuditEntry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        before=None if row.before is None else msgspec.json.decode(row.before),
        after=None if row.after is None else msgspec.json.decode(row.after),
        note=row.note,
    )


def _entry(text: str | None) -> MemberEntry | None:
    return None if text is None else MemberEntry.model_validate_json(text)


def _text(entry: MemberEntry | None) -> str | None:
    return None if entry is None else entry.model_dump_json(exclude_defaults=True)


def _json(document: Mapping[str, Any]) -> str:
    return msgspec.json.encode(document).decode()
