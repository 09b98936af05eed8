"""Drops what is older than it is kept, a few members at a time: nobody waits long for it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement, Table, TextClause, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change, Database
from registry.health_rows import KIND_CODES, LENGTHS_S, chunks
from registry.health_tables import EVENTS, INCIDENTS, WRITERS
from registry.history import Tier
from registry.tables import MEMBERS

KEPT_FOR: Final = timedelta(days=400)
"""How long incidents that ended and events are kept."""
KEPT_EACH: Final = 500
"""How many incidents and events of one member are kept at most, the newest."""
_WRITERS_KEPT: Final = timedelta(days=1)
"""A process that has not written for longer does not repeat a batch."""
_FUTURE: Final = timedelta(days=1)
"""What is less far ahead stays, for it may be our clock that is behind."""
_AT_ONCE: Final = 100

_OLD_BUCKETS: Final = text(
    "DELETE FROM health_buckets WHERE member_id = :member_id AND kind = :kind "
    "AND length_s = :length_s AND start < :oldest"
)
_FUTURE_BUCKETS: Final = text(
    "DELETE FROM health_buckets WHERE member_id = :member_id AND kind = :kind "
    "AND length_s = :length_s AND start >= :end"
)


async def prune(database: Database, now: datetime, *, writers: Collection[str] = ()) -> None:
    """Drop old buckets, ended incidents, events and writers.

    Buckets of the future go too: a clock that was far ahead made them. Not if others than these
    `writers` wrote in that future: then it may be our clock that is behind, and they are true.
    """
    latest = (now + _FUTURE).timestamp()
    others = WRITERS.c.writer.not_in(writers) & (WRITERS.c.at > latest)

    async def look(connection: AsyncConnection) -> tuple[list[str], bool]:
        ids = list((await connection.execute(select(MEMBERS.c.id))).scalars())
        ahead = await connection.execute(select(WRITERS.c.writer).where(others).limit(1))
        return ids, ahead.first() is not None

    ids, is_behind = await database.read(look)
    statements = [_OLD_BUCKETS] if is_behind else [_OLD_BUCKETS, _FUTURE_BUCKETS]
    for part in chunks(ids, _AT_ONCE):
        drop = partial(_drop_buckets, statements, part, now)
        await database.change(drop, is_news=False)
    await database.change(lambda change: _drop_rest(change.connection, now), is_news=False)


async def _drop_buckets(
    statements: Sequence[TextClause], member_ids: Sequence[str], now: datetime, change: Change
) -> None:
    spans = [
        {
            "member_id": member_id,
            "kind": kind,
            "length_s": LENGTHS_S[tier],
            "oldest": tier.oldest(now),
            "end": tier.end_of(now + _FUTURE),
        }
        for member_id in member_ids
        for kind in KIND_CODES.values()
        for tier in Tier
    ]
    for statement in statements:
        await change.connection.execute(statement, spans)


async def _drop_rest(connection: AsyncConnection, now: datetime) -> None:
    ended = INCIDENTS.c.ended
    oldest = (now - KEPT_FOR).timestamp()
    await connection.execute(delete(INCIDENTS).where(ended.is_not(None) & (ended < oldest)))
    await connection.execute(delete(EVENTS).where(EVENTS.c.at < oldest))
    writers = WRITERS.c.at < (now - _WRITERS_KEPT).timestamp()
    await connection.execute(delete(WRITERS).where(writers))
    for table in (INCIDENTS, EVENTS):
        await _drop_beyond(connection, table)


async def _drop_beyond(connection: AsyncConnection, table: Table) -> None:
    """Keep the newest of each member."""
    place = func.row_number().over(partition_by=table.c.member_id, order_by=table.c.number.desc())
    placed = select(table.c.number, place.label("place")).subquery()
    beyond = select(placed.c.number).where(placed.c.place > KEPT_EACH)
    dropped: ColumnElement[bool] = table.c.number.in_(beyond)
    if table is INCIDENTS:
        dropped = dropped & INCIDENTS.c.ended.is_not(None)
    await connection.execute(delete(table).where(dropped))
