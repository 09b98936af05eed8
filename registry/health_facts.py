"""Writes and reads what is looked at more rarely: facts, and the runs of conformance."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.database import Change
from registry.health_batch import Fact
from registry.health_rows import encoded, moment, upsert
from registry.health_tables import CONFORMANCE_RUNS, FACTS_OF_MEMBERS, KEPT_RUNS
from registry.places import place_of
from registry.records import MemberState
from registry.rows import load

_PUT_FACT: Final = upsert(FACTS_OF_MEMBERS)
_MOMENTS: Final = ("at", "checkedAt")
"""What may differ between two runs that found the same."""


async def put_fact(change: Change, member_id: str, name: str, fact: Fact, place: str) -> bool:
    """Keep a fact, if its member is still where it was found; says whether it is."""
    record = await load(change.connection, member_id)
    if record is None or record.state is not MemberState.ACTIVE or place_of(record.entry) != place:
        return False
    newest = await change.connection.execute(select(func.max(FACTS_OF_MEMBERS.c.seq)))
    values = {
        "member_id": member_id,
        "name": name,
        "place": place,
        "at": fact.at.timestamp(),
        "document": encoded(fact.document),
        "seq": (newest.scalar_one() or 0) + 1,
    }
    await change.connection.execute(_PUT_FACT, values)
    return True


async def add_run(connection: AsyncConnection, member_id: str, run: Fact) -> None:
    """Keep a run, unless it is the second of a day that found the same."""
    if await load(connection, member_id) is None:
        return
    table = CONFORMANCE_RUNS
    of_member = table.c.member_id == member_id
    known = await read_runs(connection, member_id, 1)
    if known and known[0].at.date() == run.at.date() and _is_same(known[0], run):
        return
    values = {
        "member_id": member_id,
        "at": run.at.timestamp(),
        "document": encoded(run.document),
    }
    await connection.execute(insert(table).values(**values))
    kept = (
        select(table.c.number)
        .where(of_member)
        .order_by(table.c.number.desc())
        .limit(KEPT_RUNS)
        .scalar_subquery()
    )
    await connection.execute(delete(table).where(of_member & table.c.number.not_in(kept)))


async def read_runs(connection: AsyncConnection, member_id: str, limit: int) -> tuple[Fact, ...]:
    """Read the runs of conformance of a member, newest first."""
    table = CONFORMANCE_RUNS
    query = select(table).where(table.c.member_id == member_id)
    rows = await connection.execute(query.order_by(table.c.number.desc()).limit(limit))
    return tuple(Fact(moment(row.at), msgspec.json.decode(row.document)) for row in rows)


def _is_same(one: Fact, other: Fact) -> bool:
    """Whether two runs found the same, as they are kept."""
    return _lasting(one.document) == _lasting(msgspec.json.decode(encoded(other.document)))


def _lasting(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _MOMENTS}
