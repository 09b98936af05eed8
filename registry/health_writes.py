"""Writes a batch of members' health inside one change of the registry."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from aggregator.base.errors import Conflict
from registry.health import Check, Standing
from registry.health_batch import Batch, IncidentChange
from registry.health_late import settled
from registry.health_rows import (
    KIND_CODES,
    LENGTHS_S,
    bucket_values,
    chunks,
    encoded,
    event_values,
    incident_values,
    notes_of,
    standing_of,
    upsert,
    upsert_on,
)
from registry.health_tables import (
    BUCKETS,
    CHECKS,
    EVENTS,
    INCIDENTS,
    KEPT_CHECKS,
    STANDINGS,
    WRITERS,
)
from registry.history import Bucket, Kind, Tier
from registry.incidents import Note, Topic
from registry.store import CLOCKS_DIFFER_S
from registry.tables import MEMBERS

MOST_NOTES: Final = 50
"""How many notes one incident can have."""

_PUT_STANDING: Final = upsert(STANDINGS)
_PUT_CHECK: Final = upsert(CHECKS)
_PUT_BUCKET: Final = upsert(BUCKETS)
_PUT_WRITER: Final = upsert(WRITERS)
_PUT_INCIDENT: Final = upsert_on(
    INCIDENTS,
    ("member_id", "topic", "began"),
    ("member_id", "topic", "began", "ended", "document", "notes"),
    keep={"notes"},
)
_KEEP_INCIDENT: Final = sql(
    "UPDATE health_incidents SET ended = :ended, document = :document "
    "WHERE member_id = :member_id AND topic = :topic AND began = :began"
)
_PUT_EVENT: Final = upsert_on(
    EVENTS, ("key",), ("key", "member_id", "at", "document"), keep={"member_id", "at", "document"}
)


async def write_batch(connection: AsyncConnection, batch: Batch, now: datetime) -> None:
    """Write a batch, without what is of members that are not there; `now` decides what is old."""
    if batch.writer and not await _is_new(connection, batch, now):
        return
    there = await members_there(connection, batch.member_ids)
    newer = await _write_standings(connection, batch, there, now)
    await _write_buckets(connection, [one for one in batch.buckets if one.member_id in there], now)
    there = {*there, ""}
    batch = settled(batch, newer, now, open_there=await _open_of(connection, newer))
    incidents = [one for one in batch.incidents if one.member_id in there]
    events = [event_values(one) for one in batch.events if one.member_id in there]
    await _write_incidents(connection, incidents)
    if events:
        await connection.execute(_PUT_EVENT, events)


async def members_there(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Say which of these the registry has, of whatever state."""
    found: set[str] = set()
    for part in chunks(ids):
        rows = await connection.execute(select(MEMBERS.c.id).where(MEMBERS.c.id.in_(part)))
        found.update(rows.scalars())
    return found


async def add_note(
    connection: AsyncConnection, number: int, *, by: str, text: str, at: datetime
) -> bool:
    """Add an operator's note to an incident; False if there is none of that number."""
    chosen = INCIDENTS.c.number == number
    row = (await connection.execute(select(INCIDENTS.c.notes).where(chosen))).one_or_none()
    if row is None:
        return False
    notes = (*notes_of(row.notes), Note(at, by, text))
    if len(notes) > MOST_NOTES:
        raise Conflict(f"Incident {number} has {MOST_NOTES} notes already: no more fit.")
    await connection.execute(update(INCIDENTS).where(chosen).values(notes=encoded(notes)))
    return True


async def _write_incidents(connection: AsyncConnection, changes: Sequence[IncidentChange]) -> None:
    """Write incidents; one that goes on takes no other number, so that there are no gaps."""
    incidents = [(incident_values(one), one) for one in changes]
    columns = (INCIDENTS.c.member_id, INCIDENTS.c.topic, INCIDENTS.c.began, INCIDENTS.c.ended)
    known: dict[tuple[Any, ...], float | None] = {}
    for part in chunks({one.member_id for one in changes}):
        first = min(one["began"] for one, _ in incidents)
        chosen = INCIDENTS.c.member_id.in_(part) & (INCIDENTS.c.began >= first)
        rows = await connection.execute(select(*columns).where(chosen))
        known |= {tuple(row[:3]): row[3] for row in rows}
    kept: list[Mapping[str, Any]] = []
    new: list[Mapping[str, Any]] = []
    for one, change in incidents:
        key = one["member_id"], one["topic"], one["began"]
        if key in known:
            kept += [one] if _may_change(change, known[key]) else []
        elif not change.is_there:
            new.append(one)
    if kept:
        await connection.execute(_KEEP_INCIDENT, kept)
    if new:
        await connection.execute(_PUT_INCIDENT, new)


def _may_change(change: IncidentChange, ended: float | None) -> bool:
    """Whether an incident that ended then changes; what is over stays so, whoever writes late.

    Only a control may be failed again since the same moment, by who opened it after that end.
    """
    if ended is None:
        return True
    is_again = change.opened is not None and change.opened.timestamp() >= ended
    return change.topic is Topic.CONTROL and is_again


async def _open_of(
    connection: AsyncConnection, member_ids: Collection[str]
) -> set[tuple[str, str, float]]:
    """Say which incidents of these members are open: whose, of what topic, since when."""
    columns = (INCIDENTS.c.member_id, INCIDENTS.c.topic, INCIDENTS.c.began)
    found: set[tuple[str, str, float]] = set()
    for part in chunks(member_ids):
        chosen = INCIDENTS.c.member_id.in_(part) & INCIDENTS.c.ended.is_(None)
        rows = await connection.execute(select(*columns).where(chosen))
        found |= {(row.member_id, row.topic, row.began) for row in rows}
    return found


async def _is_new(connection: AsyncConnection, batch: Batch, now: datetime) -> bool:
    known = await connection.execute(
        select(WRITERS.c.number).where(WRITERS.c.writer == batch.writer)
    )
    number = known.scalar_one_or_none()
    if number is not None and number >= batch.number:
        return False
    values = {"writer": batch.writer, "number": batch.number, "at": now.timestamp()}
    await connection.execute(_PUT_WRITER, values)
    return True


async def _write_standings(
    connection: AsyncConnection, batch: Batch, there: set[str], now: datetime
) -> dict[str, Standing]:
    """Write standings and checks; the standing numbers the checks of its ring.

    Gives the standings that stay because another process checked later.
    """
    checks: dict[str, list[Check]] = defaultdict(list)
    for member_id, check in batch.checks:
        if member_id in there:
            checks[member_id].append(check)
    ids = there & {*batch.standings, *checks}
    newer: dict[str, Standing] = {}
    if not ids:
        return newer
    known = await _standing_rows(connection, ids)
    newest = await connection.execute(select(func.max(STANDINGS.c.seq)))
    seq = (newest.scalar_one() or 0) + 1
    rings: list[dict[str, Any]] = []
    for member_id in sorted(ids):
        row = known.get(member_id)
        number = 0 if row is None else int(row["checks"])
        rings += _ring(member_id, checks[member_id], number)
        given = batch.standings.get(member_id)
        if row is not None and given and _is_newer(row["document"], member_id, given[1], now):
            newer[member_id] = standing_of(row["document"], member_id)
        values = _standing_values(member_id, given, row, now)
        values |= {"checks": number + len(checks[member_id]), "seq": seq}
        await connection.execute(_PUT_STANDING, values)
    if rings:
        await connection.execute(_PUT_CHECK, rings)
    return newer


async def _standing_rows(
    connection: AsyncConnection, ids: Collection[str]
) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for part in chunks(ids):
        rows = await connection.execute(select(STANDINGS).where(STANDINGS.c.member_id.in_(part)))
        found |= {row["member_id"]: dict(row) for row in rows.mappings()}
    return found


def _standing_values(
    member_id: str,
    given: tuple[str, Standing] | None,
    row: Mapping[str, Any] | None,
    now: datetime,
) -> dict[str, Any]:
    """Give the newer of the standing that is given and the one that is there."""
    if row is not None and (given is None or _is_newer(row["document"], member_id, given[1], now)):
        return dict(row)
    place, standing = ("", Standing()) if given is None else given
    return {"member_id": member_id, "place": place, "document": encoded(standing)}


def _is_newer(document: str, member_id: str, given: Standing, now: datetime) -> bool:
    """Whether another process checked later; one whose clock was far ahead did not."""
    there = standing_of(document, member_id).checked_at
    if there is None or given.checked_at is None:
        return False
    return given.checked_at < there and (there - now).total_seconds() <= CLOCKS_DIFFER_S


def _ring(member_id: str, checks: Sequence[Check], number: int) -> list[dict[str, Any]]:
    """Give the rows of checks whose first has this number; only the last of many are kept."""
    first = max(0, len(checks) - KEPT_CHECKS)
    return [
        {
            "member_id": member_id,
            "slot": (number + index) % KEPT_CHECKS,
            "at": check.at.timestamp(),
            "document": encoded(check),
        }
        for index, check in enumerate(checks[first:], start=first)
    ]


async def _write_buckets(
    connection: AsyncConnection, buckets: Sequence[Bucket], now: datetime
) -> None:
    """Add buckets to those that are there; what is older than it is kept is left out."""
    parts: dict[tuple[Kind, Tier], list[Bucket]] = defaultdict(list)
    for bucket in buckets:
        if bucket.start >= bucket.tier.oldest(now):
            parts[bucket.kind, bucket.tier].append(bucket)
    for (kind, tier), part in parts.items():
        rows = await _bucket_rows(connection, kind, tier, part)
        made: dict[tuple[str, int], dict[str, Any]] = {}
        for bucket in part:
            key = bucket.member_id, bucket.start
            made[key] = bucket_values(bucket, made.get(key) or rows.get(key))
        await connection.execute(_PUT_BUCKET, list(made.values()))


async def _bucket_rows(
    connection: AsyncConnection, kind: Kind, tier: Tier, buckets: Sequence[Bucket]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    chosen = (BUCKETS.c.kind == KIND_CODES[kind]) & (BUCKETS.c.length_s == LENGTHS_S[tier])
    ids = {bucket.member_id for bucket in buckets}
    for starts in chunks({bucket.start for bucket in buckets}):
        for part in chunks(ids):
            query = select(BUCKETS).where(
                chosen & BUCKETS.c.member_id.in_(part) & BUCKETS.c.start.in_(starts)
            )
            rows = await connection.execute(query)
            found |= {(row["member_id"], row["start"]): row for row in rows.mappings()}
    return found
