"""Whether what is told arrives: since when nothing does at an address, and why.

A message that waits for another try says so whatever came of later tests: those behind it wait for
it. Else what ended last counts. Messages that were never tried say nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from registry.alerts import State
from registry.database import Database
from registry.health_rows import chunks, moment
from registry.health_tables import ALERT_DELIVERIES

_D: Final = ALERT_DELIVERIES.c


@dataclass(frozen=True, slots=True)
class Failing:
    """Nothing arrives at an address."""

    since: datetime
    """When the first message began to be sent that was not taken."""
    result: str
    """What came of the last try, as in the log of messages."""
    next_at: datetime | None
    """When it is tried again; None: not at all, the next message is."""


async def read_failing(database: Database, target_ids: Collection[str]) -> Mapping[str, Failing]:
    """Give those at which nothing arrives, by id; raises `RegistryUnavailable`."""
    found: dict[str, Failing] = {}

    async def read(connection: AsyncConnection) -> None:
        for part in chunks(target_ids):
            rows: dict[str, list[Row[Any]]] = {}
            for row in await connection.execute(_not_taken(_D.target_id.in_(part))):
                rows.setdefault(row.target_id, []).append(row)
            found.update({target_id: _failing(those) for target_id, those in rows.items()})

    await database.read(read)
    return found


def _not_taken(mine: ColumnElement[bool]) -> Any:
    """Choose what was tried and not taken since something was; what is tried again is last."""
    sent = mine & (_D.state == State.SENT.value)
    taken = select(_D.target_id, func.max(_D.ended_at).label("at")).where(sent)
    last = taken.group_by(_D.target_id).subquery()
    is_since = or_(last.c.at.is_(None), _D.ended_at > last.c.at)
    is_over = and_(_D.state == State.FAILED.value, is_since)
    columns = (_D.target_id, _D.created_at, _D.ready_at, _D.next_at, _D.ended_at, _D.result)
    return (
        select(*columns)
        .outerjoin_from(ALERT_DELIVERIES, last, last.c.target_id == _D.target_id)
        .where(mine, _D.attempts > 0, or_(_D.state == State.DUE.value, is_over))
        .order_by(_D.ended_at.is_(None), _D.ended_at, _D.number)
    )


def _failing(rows: list[Row[Any]]) -> Failing:
    newest = rows[-1]
    began = min(one.created_at if one.ready_at is None else one.ready_at for one in rows)
    is_over = newest.ended_at is not None
    next_at = None if is_over else moment(newest.next_at)
    return Failing(moment(began), newest.result, next_at)
