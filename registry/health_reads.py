"""Reads the history of members' health, a few members at a time and in slices."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from operator import add
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.health import Check
from registry.health_rows import (
    KIND_CODES,
    LENGTHS_S,
    bucket_of,
    check_of,
    chunks,
    event_of,
    incident_of,
)
from registry.health_tables import BUCKETS, CHECKS, EVENTS, INCIDENTS
from registry.history import Bucket, Figures, Histogram, Kind, Span, Uptime, Window
from registry.incidents import Event, Incident, IncidentKey
from registry.slices import Slices
from registry.tables import MEMBERS

MEMBERS_AT_ONCE: Final = 25
"""Whose buckets one query reads: a year of days is 400 rows for each."""
BEGUN_AT_ONCE: Final = 100


class _Sum:
    """The buckets of one member over a window."""

    __slots__ = ("counts", "times")

    def __init__(self) -> None:
        self.counts: tuple[int, ...] = (0,) * 6
        self.times = Histogram()

    def add(self, row: Row[Any]) -> None:
        counts: tuple[int, ...] = row[1:7]
        self.counts = tuple(map(add, self.counts, counts))
        self.times.take_in_written(row.times)

    def figures(self) -> Figures:
        up, down, unknown, paused, timed_out, slow = self.counts
        return Figures(
            uptime=Uptime(up, down, unknown, paused),
            slow=slow,
            timed_out=timed_out,
            p50_ms=self.times.quantile(0.5),
            p95_ms=self.times.quantile(0.95),
            p99_ms=self.times.quantile(0.99),
        )


_COUNTED: Final[Select[Any]] = select(
    BUCKETS.c.member_id,
    BUCKETS.c.up,
    BUCKETS.c.down,
    BUCKETS.c.unknown,
    BUCKETS.c.paused,
    BUCKETS.c.timed_out,
    BUCKETS.c.slow,
    BUCKETS.c.times,
)


async def read_figures(
    connection: AsyncConnection,
    window: Window,
    kind: Kind,
    member_ids: Collection[str] | None,
    now: datetime,
) -> dict[str, Figures]:
    """Add up a window that ends at `now`, by member id; None: everybody's."""
    sums: defaultdict[str, _Sum] = defaultdict(_Sum)
    slices = Slices()
    async for part in _members(connection, member_ids):
        for span in window.spans(now):
            query = _COUNTED.where(_of(kind, span, part))
            for row in await connection.execute(query):
                sums[row.member_id].add(row)
                await slices.pause()
    return {member_id: made.figures() for member_id, made in sums.items()}


async def read_buckets(
    connection: AsyncConnection,
    span: Span,
    kind: Kind,
    member_ids: Collection[str] | None,
) -> dict[str, tuple[Bucket, ...]]:
    """Read the buckets of a span, oldest first, by member id."""
    found: defaultdict[str, list[Bucket]] = defaultdict(list)
    slices = Slices()
    async for part in _members(connection, member_ids):
        query = select(BUCKETS).where(_of(kind, span, part))
        for row in await connection.execute(query.order_by(BUCKETS.c.member_id, BUCKETS.c.start)):
            found[row.member_id].append(bucket_of(row, kind, span.tier))
            await slices.pause()
    return {member_id: tuple(buckets) for member_id, buckets in found.items()}


async def read_checks(connection: AsyncConnection, member_id: str) -> tuple[Check, ...]:
    """Read the last checks of a member, newest first."""
    query = select(CHECKS.c.document).where(CHECKS.c.member_id == member_id)
    rows = await connection.execute(query.order_by(CHECKS.c.at.desc()))
    return tuple(check for each in rows.scalars() if (check := check_of(each)) is not None)


async def read_incidents(
    connection: AsyncConnection,
    member_ids: Collection[str] | None,
    *,
    since: datetime | None,
    below: int | None,
    is_open: bool | None,
    limit: int,
) -> tuple[Incident, ...]:
    """Read incidents, newest first."""
    query = select(INCIDENTS)
    if since is not None:
        ended = INCIDENTS.c.ended
        query = query.where(ended.is_(None) | (ended >= since.timestamp()))
    if below is not None:
        query = query.where(INCIDENTS.c.number < below)
    if is_open is not None:
        ended = INCIDENTS.c.ended
        query = query.where(ended.is_(None) if is_open else ended.is_not(None))
    newest = query.order_by(INCIDENTS.c.number.desc()).limit(limit)
    rows = await _of_members(connection, newest, INCIDENTS.c.member_id, member_ids)
    found = sorted(map(incident_of, rows), key=lambda one: one.number, reverse=True)
    return tuple(found[:limit])


async def read_begun(
    connection: AsyncConnection, keys: Collection[IncidentKey]
) -> tuple[Incident, ...]:
    """Read the incidents that are these, whose beginning may be told to the millisecond only."""
    found: list[Incident] = []
    for part in chunks(keys, BEGUN_AT_ONCE):
        rows = await connection.execute(select(INCIDENTS).where(or_(*map(_begins, part))))
        found += map(incident_of, rows)
    return tuple(found)


def _begins(key: IncidentKey) -> ColumnElement[bool]:
    column, around = INCIDENTS.c, timedelta(milliseconds=2)
    first, last = (key.began - around).timestamp(), (key.began + around).timestamp()
    of_member = and_(column.member_id == key.member_id, column.topic == key.topic.value)
    return and_(of_member, column.began.between(first, last))


async def read_number(connection: AsyncConnection, key: IncidentKey) -> int | None:
    """Read the number of an incident; None where there is none."""
    query = select(INCIDENTS.c.number).where(
        INCIDENTS.c.member_id == key.member_id,
        INCIDENTS.c.topic == key.topic.value,
        INCIDENTS.c.began == key.began.timestamp(),
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def read_events(
    connection: AsyncConnection,
    member_ids: Collection[str] | None,
    *,
    above: int,
    limit: int,
    is_newest_first: bool,
) -> tuple[Event, ...]:
    """Read events above a number, from one end."""
    number = EVENTS.c.number
    order = number.desc() if is_newest_first else number
    query = select(EVENTS).where(number > above).order_by(order).limit(limit)
    rows = await _of_members(connection, query, EVENTS.c.member_id, member_ids)
    found = sorted(map(event_of, rows), key=lambda one: one.number, reverse=is_newest_first)
    return tuple(found[:limit])


async def _of_members(
    connection: AsyncConnection,
    query: Select[Any],
    column: ColumnElement[str],
    member_ids: Collection[str] | None,
) -> Sequence[Row[Any]]:
    """Run a query, or one for each part of the members; each gives what is asked for at most."""
    if member_ids is None:
        return list(await connection.execute(query))
    found: list[Row[Any]] = []
    for part in chunks(member_ids):
        found += await connection.execute(query.where(column.in_(part)))
    return found


async def _members(
    connection: AsyncConnection, member_ids: Collection[str] | None
) -> AsyncIterator[Sequence[str]]:
    """Give the members in parts."""
    if member_ids is None:
        member_ids = list((await connection.execute(select(MEMBERS.c.id))).scalars())
    for part in chunks(member_ids, MEMBERS_AT_ONCE):
        yield part


def _of(kind: Kind, span: Span, member_ids: Sequence[str]) -> ColumnElement[bool]:
    return (
        BUCKETS.c.member_id.in_(member_ids)
        & (BUCKETS.c.kind == KIND_CODES[kind])
        & (BUCKETS.c.length_s == LENGTHS_S[span.tier])
        & (BUCKETS.c.start >= span.start)
        & (BUCKETS.c.start < span.end)
    )
